"""`slim verify`: whether an output folder is still what the audit log says."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli import hashing
from slim_cli.cli.console import show
from slim_cli.custody import audit
from slim_cli.custody.run_folder import ROWS, digests
from slim_cli.errors import IntegrityError, UsageError


def verify(
    output: Annotated[Path, typer.Argument(help="Output folder of a scan.")],
    evidence: Annotated[Path | None, typer.Option(help="Also hash the examined files again, found below this.")] = None,
    json_line: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Check the audit log, the result rows and the reports of a scan; exit with 4 if anything was changed."""
    rows, files, head, count = [], {}, "", 0
    try:
        for entry in audit.entries(output):
            head, count = entry.digest, entry.number
            rows += [entry.payload.get("row")] if entry.event == "file_examined" else []
            files.update(entry.payload.get("files", {}))
    except audit.BrokenChain as error:
        raise IntegrityError(f"The audit log {output / audit.FILE_NAME} was changed: {error}.") from error
    except OSError as error:
        raise UsageError(f"The folder {output} has no audit log that can be read: {error.strerror}.") from error
    changed = [*_rows(output, rows), *_files(output, files), *(_evidence(output, evidence) if evidence else [])]
    _tell({"entries": count, "head": head, "changed": changed}, json_line)
    if changed:
        raise IntegrityError(f"{output} is not what the audit log says: {'; '.join(changed)}.")


def _rows(output: Path, logged: list[str | None]) -> list[str]:
    """What is wrong with the result rows, in words; the first row that differs."""
    try:
        with (output / ROWS).open("rb") as lines:
            found = [hashlib.sha256(line.rstrip(b"\n")).hexdigest() for line in lines]
    except OSError as error:
        return [f"{ROWS} cannot be read ({error.strerror})"]
    for number, (row, line) in enumerate(zip(found, logged, strict=False), start=1):
        if row != line:
            return [f"row {number} of {ROWS} was changed"]
    return [] if len(found) == len(logged) else [f"{ROWS} holds {len(found)} rows, {len(logged)} were logged"]


def _files(output: Path, logged: dict[str, str]) -> list[str]:
    """Files that were changed or are gone since the last entry that names them."""
    now = digests(output)
    return [
        f"{name} {'was changed' if name in now else 'is gone'}"
        for name, digest in sorted(logged.items())
        if now.get(name) != digest
    ]


def _evidence(output: Path, folder: Path) -> list[str]:
    """Examined files that were changed or are gone; those that nobody could read then are left out."""
    wrong = []
    for line in (output / ROWS).read_bytes().splitlines():
        row = json.loads(line)
        name = os.fsdecode(bytes.fromhex(row["path_hex"])) if row.get("path_hex") else row["path"]
        try:
            found = hashing.file_sha256(folder / name)
        except OSError:
            found = None
        if row["sha256"] and found != row["sha256"]:
            wrong.append(f"the examined file {row['path']} {'was changed' if found else 'is gone'}")
    return wrong


def _tell(found: dict[str, Any], json_line: bool) -> None:
    if json_line:
        show(json.dumps(found))
        return
    show(f"Audit log: {found['entries']} entries, the chain is whole.", f"Hash of the last entry: {found['head']}")
