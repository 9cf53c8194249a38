"""The report for the screen: one file, no network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.reporting.signatories import signatures_of
from slim_cli.reporting.templates import pieces

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


def write_html(findings: Findings, target: Path) -> None:
    """Writes `report.html`; it tells of the signatures of the PDF beside it, where that is the same report."""
    report = findings.report
    signatures = signatures_of(findings.folder / "report.pdf", report.identity)
    report = replace(report, style=replace(report.style, signatures=signatures))
    with target.open("w", encoding="utf-8") as page:
        page.writelines(pieces(report, "html"))
