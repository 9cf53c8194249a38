"""The report on paper: PDF/A-3a with the results attached, printed by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.errors import EnvironmentUnfit
from slim_cli.reporting.build import reference_document
from slim_cli.reporting.lines import jsonl
from slim_cli.reporting.templates import render

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


_PRESS = Path(__file__).with_name("press.py")


def write_pdf(findings: Findings, target: Path) -> None:
    """Writes `report.pdf`; the same findings give the same bytes.

    The press runs as a child, so that its memory is given back and its clock can be set to the start of the scan.

    Raises:
        EnvironmentUnfit: the press failed, with the first cause it named.
    """
    with tempfile.TemporaryDirectory(prefix="slim-report-") as scratch:
        folder = Path(scratch)
        for name, text in _documents(findings).items():
            (folder / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-P", str(_PRESS), str(folder), str(target.resolve())]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(_epoch(findings.run.started))}
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if printed.returncode:
        cause = printed.stderr.strip().splitlines()[-1:] or [f"exit code {printed.returncode}"]
        raise EnvironmentUnfit(
            f"The PDF could not be written: {cause[0]}. On Debian the packages libpango-1.0-0, libpangoft2-1.0-0, "
            "libharfbuzz-subset0 and fonts-dejavu-core are needed; the other formats do not need them."
        )


def _documents(findings: Findings) -> dict[str, str]:
    reference = json.dumps(reference_document(findings.reference), indent=1) + "\n"
    return {
        "report.html": render(findings.report, "pdf"),
        "results.jsonl": jsonl(findings.results),
        "run.json": findings.run.to_json(),
        "reference.json": reference,
    }


def _epoch(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())
