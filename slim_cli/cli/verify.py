"""`slim verify`: whether an output folder is still what its run left."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.console import show
from slim_cli.errors import IntegrityError


def verify(
    output: Annotated[Path, typer.Argument(help="Check this output folder of a scan.")],
    evidence: Annotated[Path | None, typer.Option(help="Also hash the examined files again, found below this.")] = None,
    seal: Annotated[
        str | None, typer.Option(help="Compare with this slip of slim seal, or the hash printed on it.")
    ] = None,
    json_line: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Check log, rows, files and report of a scan; exit with 4 if anything was changed, with 3 if it is unfinished."""
    from slim_cli.custody.verification import VerifyOptions
    from slim_cli.custody.verification import verify as compare

    found = compare(VerifyOptions(output, evidence, seal))
    if json_line:
        show(json.dumps(asdict(found)))
    elif found.head:
        show(f"Audit log: {found.entries} entries.", f"Hash of the last entry: {found.head}", *found.notes)
        if found.signature:
            show(f"report.pdf: {found.signature}")
    if found.changed:
        raise IntegrityError(f"{output} is not what the audit log says: {'; '.join(found.changed)}.")
    if not json_line:
        state = f"Unfinished: {found.unfinished}" if found.unfinished else "The chain is whole, every file as it was"
        show(f"{state}.")
    if found.unfinished:
        raise typer.Exit(3)
