"""Section E: the error rates that are known of the model, one row per condition, and how often its ratios mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slim_cli.assessment.calibration import family_name
from slim_cli.assessment.metrics import wilson
from slim_cli.reporting.comparison_records import ConditionRow, Figure, OriginRate
from slim_cli.reporting.numbers import DASH, Numbers
from slim_cli.words import Words

BY_CONDITION = "eer_by_condition"
_TABLES = {
    "eer": BY_CONDITION,
    "false_alarms": "false_alarms_by_condition",
    "misses": "misses_by_condition",
}


def rates(metrics: Mapping[str, Any], table: str) -> tuple[OriginRate, ...]:
    """The rows of a table of error rates in the reference statistics."""
    return tuple(OriginRate.stored(name, entry) for name, entry in metrics.get(table, {}).items())


def condition_rows(metrics: Mapping[str, Any], words: Words) -> tuple[ConditionRow, ...]:
    """Every condition of the validation with the rates that were measured under it."""
    tables = {name: {row.origin: row for row in rates(metrics, table)} for name, table in _TABLES.items()}
    named = dict.fromkeys(condition for table in tables.values() for condition in table)
    return tuple(
        ConditionRow(words.label("condition", condition), **{name: t.get(condition) for name, t in tables.items()})
        for condition in named
    )


def condition_files(rows: Sequence[ConditionRow], words: Words) -> str:
    """On how many files each column of that table rests."""

    def span(column: str, kind: str) -> str:
        counts = [getattr(rate, kind) for row in rows if (rate := getattr(row, column))]
        if not counts:
            return DASH
        low, high = (Numbers(words).plain(end, 0) for end in (min(counts), max(counts)))
        return low if low == high else words.say("span", low=low, high=high)

    return words.say(
        "validation.condition_note",
        n_bona_fide=span("eer", "n_bona_fide"),
        n_spoof=span("eer", "n_spoof"),
        alarms=span("false_alarms", "n_bona_fide"),
        missed=span("misses", "n_spoof"),
    )


def figures(metrics: Mapping[str, Any], named: Mapping[str, str]) -> tuple[Figure, ...]:
    """The figures that have a name, in the order of the names; with an interval where one is stored."""
    entries = ((key, _named(metrics[key])) for key in named if key in metrics)
    return tuple(Figure(key, float(e["value"]), e.get("low"), e.get("high")) for key, e in entries)


def codec_rates(calibration: Mapping[str, Any], words: Words) -> tuple[OriginRate, ...]:
    """Equal error rates of the calibration files by how they are coded."""
    return tuple(
        OriginRate.stored(words.label("calibration.codec", family_name(codec)), {**row, **_named(row["eer"])})
        for codec, row in calibration.get("metrics", {}).get("by_codec", {}).items()
    )


def misleading(calibration: Mapping[str, Any], words: Words) -> str:
    """How often ratios of files of known origin pointed the wrong way; empty where that was not measured."""
    measured, data = calibration.get("metrics", {}), calibration.get("data", {})
    if not {"misleading_bona_fide", "misleading_spoof"} <= measured.keys():
        return ""
    shares = {
        kind: words.within(Numbers(words).percent, one["value"], one.get("low"), one.get("high"))
        for kind in ("bona_fide", "spoof")
        for one in [_named(measured[f"misleading_{kind}"])]
    }
    counts = {name: Numbers(words).plain(data.get(name), 0) for name in ("n_bona_fide", "n_spoof")}
    return words.say("summary.misleading_rates", **shares, **counts)


def share(rate: float, files: int, words: Words) -> str:
    """A stored share with its interval by Wilson."""
    found = wilson(round(rate * files), files)
    return words.within(Numbers(words).percent, rate, *((found.low, found.high) if files else (None, None)))


def _named(figure: Any) -> Mapping[str, Any]:
    return figure if isinstance(figure, Mapping) else {"value": figure}
