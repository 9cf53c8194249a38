"""What a release is made of: the lock, its bill of materials and the archive's scripts."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LINE = re.compile(r"([a-z0-9][a-z0-9._-]*)==(\S+) --hash=sha256:([0-9a-f]{64})")


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def locked() -> dict[str, tuple[str, str]]:
    """Version and hash by name."""
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found = [LINE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert found
    assert all(found)
    return {normal(one[1]): (one[2], one[3]) for one in found if one}


def test_the_lock_has_the_versions_that_the_tests_run_with(locked) -> None:
    pins = (line.split("==") for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines())
    versions = {normal(pin[0]): pin[1] for pin in pins if len(pin) == 2}
    assert {name: version.split("+")[0] for name, (version, _) in locked.items()} == {
        name: versions[name] for name in locked
    }


def test_the_lock_holds_all_that_the_package_needs(locked) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    laboratory = [
        extra for name in ("credentials", "parquet", "sign") for extra in project["optional-dependencies"][name]
    ]
    needed = {normal(re.split(r"[^\w.-]", one)[0]) for one in (*project["dependencies"], *laboratory)}
    assert needed <= set(locked)


def test_the_bill_of_materials_names_packages_libraries_and_the_model_with_their_hashes(tmp_path, locked) -> None:
    pytest.importorskip("cyclonedx")
    target = tmp_path / "bill.json"
    subprocess.run([sys.executable, REPOSITORY / "packaging" / "sbom.py", target], check=True, cwd=REPOSITORY)
    told = json.loads(target.read_text(encoding="utf-8"))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["name"]: part for part in told["components"]}
    packages = {normal(name): part for name, part in parts.items() if "purl" in part}
    assert {name: (part["version"], part["hashes"][0]["content"]) for name, part in packages.items()} == locked
    assert {"FFmpeg", "libsndfile"} <= set(parts)
    weights = REPOSITORY / "models" / "slim-mini" / "head.safetensors"
    files = {part["name"]: part["hashes"][0]["content"] for part in parts["slim-mini"]["components"]}
    assert files["head.safetensors"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    related = {entry["ref"]: set(entry.get("dependsOn", ())) for entry in told["dependencies"]}
    assert related["slim-audit"] == {part["bom-ref"] for part in told["components"]}
