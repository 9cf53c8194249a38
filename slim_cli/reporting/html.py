"""The report for the screen: one file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.reporting.templates import pieces

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


def write_html(findings: Findings, target: Path) -> None:
    """Writes `report.html`."""
    with target.open("w", encoding="utf-8") as page:
        page.writelines(pieces(findings.report, "html"))
