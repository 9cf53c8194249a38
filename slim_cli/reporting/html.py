"""The report for the screen: one file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.reporting.templates import render

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


def write_html(findings: Findings, target: Path) -> None:
    """Writes `report.html`."""
    target.write_text(render(findings.report, "html"), encoding="utf-8")
