"""`slim doctor`: whether this installation can do the work."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from slim_cli.cli.console import show


def doctor(
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON line per finding.")] = False,
) -> None:
    """Examine this installation: versions, devices, decoders, fonts, models; exit code 5 or 4 when unfit."""
    from slim_cli.engines.installation import FAILED, examine_installation

    failures = []
    for finding in examine_installation():
        show(json.dumps(asdict(finding)) if json_lines else f"{finding.state:<6}  {finding.part:<18} {finding.detail}")
        if finding.state == FAILED:
            failures.append(finding.exit_code)
    raise typer.Exit(min(failures, default=0))
