"""Writes the parts of a release as a CycloneDX 1.6 bill of materials: `make sbom`, or with the file to write.

Parts are the packages of `requirements.lock` with hash and licence, the native libraries that decode evidence, and
every file of the model.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from slim_cli import __version__
from slim_cli.engines.software_versions import codec_libraries

REPOSITORY = Path(__file__).resolve().parents[1]
MODELS = REPOSITORY / "models"
_LINE = re.compile(r"(?P<name>\S+)==(?P<version>\S+) --hash=sha256:(?P<digest>[0-9a-f]{64})")
_FOUND_IN = {"FFmpeg": "av", "libsndfile": "soundfile"}


def main(target: Path) -> None:
    """Writes the bill of materials."""
    release = Component(
        name="slim-audit",
        version=__version__,
        type=ComponentType.APPLICATION,
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        bom_ref="slim-audit",
    )
    bom = Bom(metadata=BomMetaData(component=release), components=[*packages(), *libraries(), *models()])
    bom.register_dependency(release, list(bom.components))
    target.parent.mkdir(parents=True, exist_ok=True)
    JsonV1Dot6(bom).output_to_file(str(target), allow_overwrite=True, indent=1)


def packages() -> Iterator[Component]:
    """What the lock names."""
    for found in _LINE.finditer((REPOSITORY / "requirements.lock").read_text(encoding="utf-8")):
        name, version = found["name"], found["version"]
        licence = _licence(name)
        yield Component(
            name=name,
            version=version,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=found["digest"])],
            licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
            purl=PackageURL("pypi", None, name, version),
            bom_ref=f"{name}=={version}",
        )


def libraries() -> Iterator[Component]:
    """Native libraries inside packages: hostile files reach these."""
    for name, version in codec_libraries().items():
        yield Component(name=name, version=version, description=f"inside {_FOUND_IN[name]}", bom_ref=name)


def models() -> Iterator[Component]:
    """Every published model with the hashes of its files."""
    for sums in sorted(MODELS.glob("*/SHA256SUMS")):
        files = [
            Component(
                name=name,
                type=ComponentType.FILE,
                hashes=[_hash(sums.parent / name)],
                bom_ref=f"{sums.parent.name}/{name}",
            )
            for name in (line.split(maxsplit=1)[1] for line in sums.read_text(encoding="utf-8").splitlines())
        ]
        yield Component(
            name=sums.parent.name,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            hashes=[_hash(sums)],
            components=files,
            bom_ref=sums.parent.name,
        )


def _hash(path: Path) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())


def _licence(name: str) -> str:
    """What an installed package says of its licence, in one line; empty where that is nothing or a whole text."""
    told = metadata.metadata(name)
    stated = told.get("License-Expression") or told.get("License") or ""
    classified = [
        line.rsplit(" :: ", 1)[-1] for line in told.get_all("Classifier", []) if line.startswith("License ::")
    ]
    return stated if stated and "\n" not in stated and len(stated) < 80 else " AND ".join(classified)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "build" / f"slim-audit-{__version__}.cdx.json")
