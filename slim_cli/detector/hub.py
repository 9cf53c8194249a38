"""Ready-made encoders: fetched by hub id and commit or brought in a folder, and held to the hashes of the first time.

Store: `encoders/<owner>--<name>/<commit>/` in the user's folder holds the files of one encoder; `encoders/SHA256SUMS`,
in the format of `sha256sum`, says what they were when first pulled. Every later pull, check and load compares with it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slim_cli.errors import EnvironmentUnfit, IntegrityError, UsageError
from slim_cli.hashing import file_sha256
from slim_cli.resources import user_dir
from slim_cli.whole_files import replacing

CONFIG, WEIGHTS, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
FILES = (CONFIG, "preprocessor_config.json", WEIGHTS)
SUMS = "SHA256SUMS"

Digests = dict[str, str]


@dataclass(frozen=True)
class HubEncoder:
    """An encoder at one commit of the hub.

    Attributes:
        source: hub id, `owner/name`.
        revision: commit, 40 hexadecimal digits.
    """

    source: str
    revision: str

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> HubEncoder | None:
        """The encoder that a table of a recipe names by `source` and `revision`; None for a local folder without one.

        Raises:
            UsageError: neither a folder nor a hub id at a commit.
        """
        source, revision = str(spec.get("source", "")), str(spec.get("revision", ""))
        if source and not revision and Path(source).is_dir():
            return None
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", source, re.ASCII):
            raise UsageError(f"The encoder {source!r} of a recipe is neither a folder nor a hub id (owner/name).")
        if not re.fullmatch(r"[0-9a-f]{40}", revision):
            raise UsageError(f"The encoder {source} needs a revision of 40 hexadecimal digits, not {revision!r}.")
        return cls(source, revision)

    @property
    def key(self) -> str:
        """Its folder within the store."""
        return f"{self.source.replace('/', '--')}/{self.revision}"

    @property
    def folder(self) -> Path:
        """Where its files are once it is pulled."""
        return store() / self.key


def store() -> Path:
    """The folder of all pulled encoders."""
    return user_dir() / "encoders"


def recorded(encoder: HubEncoder) -> Digests:
    """SHA-256 of each file as first pulled; empty where it never was.

    Raises:
        IntegrityError: the record cannot be read.
    """
    start = f"{encoder.key}/"
    return {name.removeprefix(start): digest for name, digest in _all_records().items() if name.startswith(start)}


def pull(encoder: HubEncoder, disk: Path | None = None, part: str = "") -> Digests:
    """Brings an encoder into the store and records its hashes, or compares it with those of the first time.

    Args:
        encoder: which.
        disk: folder that was brought along; None to fetch from the hub what is not in the store yet.
        part: name of the encoder in its recipe, which may be that of its folder on the disk.

    Returns:
        SHA-256 of each file.

    Raises:
        EnvironmentUnfit: the hub cannot be reached or does not have it.
        UsageError: the disk does not hold it.
        IntegrityError: a file differs from what was recorded at the first pull.
    """
    brought = _on_disk(encoder, disk, part) if disk else None
    if brought:
        _compare(encoder, digests(brought), str(brought))
    if encoder.folder.exists():
        return verify(encoder)
    staging = encoder.folder.with_name(f"{encoder.revision}.part")
    staging.mkdir(parents=True, exist_ok=True)
    if brought:
        for name in digests(brought):
            shutil.copyfile(brought / name, staging / name)
    else:
        _download(encoder, staging)
    found = digests(staging)
    try:
        _compare(encoder, found, f"what came for {encoder.source}")
    except IntegrityError:
        shutil.rmtree(staging)
        raise
    _record(encoder, found)
    shutil.rmtree(staging / ".cache", ignore_errors=True)
    staging.rename(encoder.folder)
    return found


def verify(encoder: HubEncoder) -> Digests:
    """Compares an encoder in the store with what was recorded at its first pull.

    Returns:
        SHA-256 of each file.

    Raises:
        EnvironmentUnfit: it was not pulled.
        IntegrityError: a file differs, or nothing was recorded.
    """
    if not encoder.folder.is_dir():
        raise EnvironmentUnfit(
            f"The encoder {encoder.source} is not on this machine: run slim models pull, with --from DIR if offline."
        )
    if not recorded(encoder):
        raise IntegrityError(f"{encoder.folder} was not put there by slim models pull; delete it and pull again.")
    found = digests(encoder.folder)
    unlisted = {path.name: "" for path in encoder.folder.iterdir() if path.name not in found}
    _compare(encoder, found | unlisted, str(encoder.folder))
    return found


def find_folder(spec: Mapping[str, Any]) -> Path:
    """The folder of the encoder that a recipe's table names, its files compared with the record.

    Raises:
        EnvironmentUnfit, IntegrityError, UsageError: as `verify` and `HubEncoder.of`.
    """
    encoder = HubEncoder.of(spec)
    if encoder is None:
        return Path(str(spec["source"]))
    verify(encoder)
    return encoder.folder


def _download(encoder: HubEncoder, staging: Path) -> None:
    """Fetches configuration and weights, as a pickle only where there are no others; a stopped download goes on."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # it tells of every retry
    try:
        for names in (FILES, (PICKLED,)):
            if not (staging / WEIGHTS).is_file():
                snapshot_download(
                    encoder.source, revision=encoder.revision, local_dir=staging, allow_patterns=list(names)
                )
    except (OSError, ValueError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise EnvironmentUnfit(
            f"The encoder {encoder.source} could not be fetched from the hub; where there is no network, bring its "
            f"folder along and name it with --from DIR ({why})."
        ) from error
    finally:
        logging.set_verbosity(verbosity)


def _on_disk(encoder: HubEncoder, disk: Path, part: str) -> Path:
    """The folder of an encoder on a disk: named like its part or its id, or as in this store or the hub's own cache."""
    flat = encoder.source.replace("/", "--")
    places = (part, encoder.source, encoder.key, f"models--{flat}/snapshots/{encoder.revision}", flat)
    for place in places:
        if place and (disk / place / CONFIG).is_file():
            return disk / place
    raise UsageError(
        f"{disk} does not hold the encoder {encoder.source}: looked for {', '.join(filter(None, places))}."
    )


def digests(folder: Path) -> Digests:
    """SHA-256 of the files that loading reads: of the weights in pickled form only where there are no others."""
    names = [name for name in FILES if (folder / name).is_file()]
    if WEIGHTS not in names and (folder / PICKLED).is_file():
        names.append(PICKLED)
    if CONFIG not in names or not {WEIGHTS, PICKLED} & set(names):
        raise EnvironmentUnfit(f"{folder} is not a whole encoder: it needs {CONFIG} and {WEIGHTS} or {PICKLED}.")
    return {name: file_sha256(folder / name) for name in names}


def _compare(encoder: HubEncoder, found: Digests, where: str) -> None:
    known = recorded(encoder)
    wrong = sorted(name for name in known.keys() | found.keys() if known.get(name) != found.get(name))
    if known and wrong:
        raise IntegrityError(
            f"The encoder {encoder.source} is not as at its first pull; in {where} differ: {', '.join(wrong)}."
        )


def _all_records() -> Digests:
    try:
        return {name: digest for digest, name in _lines(store() / SUMS)}
    except (OSError, ValueError) as error:
        raise IntegrityError(f"The record of hashes {store() / SUMS} cannot be read: {error}.") from error


def _lines(path: Path) -> Iterator[list[str]]:
    if path.exists():
        yield from (line.split("  ", 1) for line in path.read_text("utf-8").splitlines())


def _record(encoder: HubEncoder, found: Digests) -> None:
    records = _all_records() | {f"{encoder.key}/{name}": digest for name, digest in found.items()}
    with replacing(store() / SUMS) as partial:
        partial.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(records.items())), encoding="utf-8")
