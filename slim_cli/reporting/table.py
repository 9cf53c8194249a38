"""`results.csv`: one row per file for spreadsheets, harmless when opened there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.evidence.names import safe_name
from slim_cli.reporting.view import Row
from slim_cli.results import FileResult

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(findings: Findings, target: Path) -> None:
    """Writes `results.csv`, UTF-8 with a byte order mark, rows in the order found."""
    with open(target, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        rows = sorted(findings.report.rows, key=lambda row: row.number)
        observed = sorted({name for result in findings.results for name in result.observations})
        writer.writerow([*_fixed(rows[0]), *observed] if rows else [])
        for row in rows:
            values = (row.result.observations.get(name) for name in observed)
            measured = [_number(v.value) if v and v.usable else "" for v in values]
            writer.writerow([cell(v) for v in [*_fixed(row).values(), *measured]])


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> cell("=cmd()"), cell(-1.5), cell("a.wav")
    ("'=cmd()", -1.5, 'a.wav')
    """
    if not isinstance(value, str):
        return value
    guard = "'" if value.startswith(_FORMULA_STARTS) else ""
    return guard + safe_name(value)


def _fixed(row: Row) -> dict[str, Any]:
    result = row.result
    return {
        "number": row.number,
        "path": result.path,
        "path_hex": result.path_hex or "",
        "status": result.status,
        "reason": result.reason,
        "rank": row.rank or "",
        "flagged": {True: "yes", False: "no"}[row.flagged] if row.rank else "",
        "score": _number(result.score),
        "mismatch": _number(result.mismatch),
        "lr_status": result.lr_status if row.rank else "",
        "net_speech_s": _number(row.net_speech_s),
        "sha256": result.sha256 or "",
        "size_bytes": "" if result.size_bytes is None else result.size_bytes,
        "modified": result.modified or "",
        **_media(result),
        "warnings": "; ".join(result.warnings),
        "fingerprint": result.fingerprint,
    }


def _media(result: FileResult) -> dict[str, Any]:
    names = ("container", "codec", "sample_rate_hz", "channels", "duration_s", "decoder", "decoder_version")
    if result.media is None:
        return dict.fromkeys(names, "")
    values = {name: getattr(result.media, name) for name in names}
    return {name: _number(value) if isinstance(value, float) else value for name, value in values.items()}


def _number(value: float | None) -> float | str:
    return "" if value is None else round(value, 4)
