"""Shards of one scan as one run again: what they must have in common, and their rows in order."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from slim_cli.custody import audit
from slim_cli.custody.folder import ROWS, read_history
from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.results import FileResult

ALIKE = ("fingerprint", "model", "calibration", "configuration")


@dataclass(frozen=True)
class Shard:
    """A finished run that is a part of another.

    Attributes:
        folder: its output folder.
        head: hash of the last entry of its log.
        opening: payload of the entry that began it.
        rows: how many rows it holds.
    """

    folder: Path
    head: str
    opening: dict[str, Any]
    rows: int


def read_shards(folders: Sequence[Path]) -> list[Shard]:
    """Reads and checks the runs that are to become one.

    Raises:
        UsageError: one is no finished run, they were made in different ways, or one of n is missing or given twice.
        IntegrityError: one is not what its log says.
    """
    shards = [_shard(folder) for folder in folders]
    first = shards[0]
    for other in shards[1:]:
        for name in ALIKE:
            if other.opening.get(name) != first.opening.get(name):
                raise UsageError(
                    f"{first.folder} and {other.folder} were scanned with another {name}; runs that are merged must "
                    "have been scanned in the same way."
                )
    _check_complete(shards)
    return shards


def _shard(folder: Path) -> Shard:
    found = verify(VerifyOptions(folder))
    if found.changed:
        raise IntegrityError(f"{folder} is not what its audit log says: {'; '.join(found.changed)}.")
    history = read_history(folder)
    if history is None or found.unfinished:
        raise UsageError(f"The run in {folder} is unfinished ({found.unfinished}); go on with it by --resume first.")
    return Shard(folder, found.head, history.opening, len(history.rows))


def _check_complete(shards: Sequence[Shard]) -> None:
    """Where shares i/n were scanned, all of them must be there, each once."""
    shares = [_share(shard) for shard in shards]
    counts = {share[1] for share in shares}
    if counts == {0}:
        return
    if len(counts) != 1:
        raise UsageError("The runs are shares of different numbers (--shard i/n with different n, or none).")
    total, numbers = counts.pop(), [share[0] for share in shares]
    missing = sorted(set(range(1, total + 1)) - set(numbers))
    if missing:
        raise UsageError(f"Of {total} shares these are missing: {', '.join(map(str, missing))}.")
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise UsageError(f"These shares were given twice: {', '.join(map(str, twice))}.")


def _share(shard: Shard) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", str(shard.opening.get("choice", {}).get("shard") or ""))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def merged_rows(shards: Sequence[Shard]) -> Iterator[tuple[Shard, FileResult]]:
    """The rows of all shards in the order of the bytes of their paths, one in memory at a time.

    Raises:
        UsageError: two shards hold a row of the same path.
    """
    places: list[tuple[bytes, int, int]] = []
    for number, shard in enumerate(shards):
        with (shard.folder / ROWS).open("rb") as lines:
            offset = 0
            for line in lines:
                places.append((_path(FileResult.from_json(line.decode())), number, offset))
                offset += len(line)
    places.sort()
    for (path, one, _), (after, other, _) in pairwise(places):
        if path == after:
            both = f"{shards[one].folder} and {shards[other].folder}"
            raise UsageError(f"{both} both hold a row of {os.fsdecode(path)!r}; they are no shards of one scan.")
    files = [(shard.folder / ROWS).open("rb") for shard in shards]
    try:
        for _, number, offset in places:
            files[number].seek(offset)
            yield shards[number], FileResult.from_json(files[number].readline().decode())
    finally:
        for file in files:
            file.close()


def _path(row: FileResult) -> bytes:
    return bytes.fromhex(row.path_hex) if row.path_hex else row.path.encode()


def copy_drawn(shard: Shard, names: Sequence[str], folder: Path) -> None:
    """Copies what was written for a row into the folder of the merged run; what is there already is equal."""
    for name in names:
        source, target = shard.folder / name, folder / name
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def account(shards: Sequence[Shard]) -> list[dict[str, Any]]:
    """What the log of the merged run says of each shard."""
    return [{"folder": str(s.folder), "head": s.head, "rows": s.rows, "log": audit.FILE_NAME} for s in shards]
