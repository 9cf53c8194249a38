"""`results.csv`: one row per file for spreadsheets, harmless when opened there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.assessment.reference import Reference
from slim_cli.audio.stretches import HIGHEST, LENGTHS_S
from slim_cli.evidence.names import safe_name
from slim_cli.reporting.hear_first import highest_of_file, rejected_of_file
from slim_cli.reporting.view import FileRow
from slim_cli.results import FileResult
from slim_cli.words import Words

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(findings: Findings, target: Path) -> None:
    """Writes `results.csv`, UTF-8 with a byte order mark, rows in the order found."""
    with open(target, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for number, row in enumerate(flat(findings)):
            if not number:
                writer.writerow(row)
            writer.writerow([cell(value) for value in row.values()])


def flat(findings: Findings) -> Iterator[dict[str, Any]]:
    """One mapping of column to text or number per file, in the order found; what is not known is None.

    Observations stand only where their conditions are met.
    """
    report = findings.report
    words, names = report.words, {kind: sorted(found) for kind, found in report.observed.items()}
    for number, result in enumerate(findings.results, start=1):
        yield (
            _fixed(report.standings.row(number, result, words), words)
            | _to_hear(result, findings.reference)
            | _opinions(result, names["opinions"])
            | _stability(result, names["stability"])
            | _observations(result, names["observations"])
        )


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> cell("=cmd()"), cell(-1.5), cell("a.wav")
    ("'=cmd()", -1.5, 'a.wav')
    """
    if not isinstance(value, str):
        return "" if value is None else value
    guard = "'" if value.startswith(_FORMULA_STARTS) else ""
    return guard + safe_name(value)


def _fixed(row: FileRow, words: Words) -> dict[str, Any]:
    result = row.result
    return {
        "number": row.number,
        "path": result.path,
        "path_hex": result.path_hex,
        "status": result.status,
        "reason": words.sentence(result.reason) or None,
        "rank": row.rank,
        "flagged": {True: "yes", False: "no"}[row.flagged] if row.rank else None,
        "score": _number(result.score),
        "mismatch": _number(result.mismatch),
        "lr_status": result.lr_status if row.rank else None,
        **_ratio(result, words),
        "net_speech_s": _number(row.net_speech_s),
        "sha256": result.sha256,
        "size_bytes": result.size_bytes,
        "modified": result.modified,
        **_media(result),
        "remarks": words.sentences(result.remarks) or None,
        "fingerprint": result.fingerprint,
        "from_run": result.from_ledger.run if result.from_ledger else None,
        "from_date": result.from_ledger.date if result.from_ledger else None,
    }


def _ratio(result: FileResult, words: Words) -> dict[str, Any]:
    ratio = result.lr
    return {
        "lr_reasons": words.sentences(result.lr_reasons) or None,
        "log10_lr": _number(ratio.log10) if ratio else None,
        "log10_lr_low": _number(ratio.low) if ratio else None,
        "log10_lr_high": _number(ratio.high) if ratio else None,
        "lr_bounded": ("yes" if ratio.bounded else "no") if ratio else None,
    }


def _to_hear(result: FileResult, reference: Reference) -> dict[str, Any]:
    """The highest stretches, and voiced sound that was not taken for speech; channels count from 1."""
    marked = reference.marks_any(result)
    columns: dict[str, Any] = {"stretch_marked": None if marked is None else "yes" if marked else "no"}
    for length in LENGTHS_S:
        found = highest_of_file(result, length)
        for place in range(HIGHEST):
            channel, one = found[place] if place < len(found) else (None, None)
            name = f"stretch_{length:.0f}s_{place + 1}"
            columns[f"{name}_score"] = _number(one.score) if one else None
            columns[f"{name}_start_s"] = _number(one.start_s) if one else None
            columns[f"{name}_end_s"] = _number(one.end_s) if one else None
            columns[f"{name}_channel"] = None if channel is None else channel + 1
    _, rejected = rejected_of_file(result)
    columns["rejected_voiced_s"] = _number(sum(v.end_s - v.start_s for v in rejected))
    columns["rejected_voiced_score"] = _number(max((v.score for v in rejected if v.score is not None), default=None))
    return columns


def _media(result: FileResult) -> dict[str, Any]:
    names = ("container", "codec", "sample_rate_hz", "channels", "duration_s", "decoder", "decoder_version")
    values = {name: getattr(result.media, name, None) for name in names}
    return {name: _number(value) if isinstance(value, float) else value for name, value in values.items()}


def _stability(result: FileResult, names: list[str]) -> dict[str, Any]:
    return {f"score_{name}": _number(result.stability.get(name)) for name in names}


def _opinions(result: FileResult, names: list[str]) -> dict[str, Any]:
    found = {name: result.opinions.get(name) for name in names}
    return {f"opinion_{name}": _number(one.score) if one else None for name, one in found.items()}


def _observations(result: FileResult, names: list[str]) -> dict[str, Any]:
    measured = {name: result.observations.get(name) for name in names}
    return {name: _number(one.value) if one and one.usable else None for name, one in measured.items()}


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
