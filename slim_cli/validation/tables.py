"""The figures of an evaluation as tables: the same ones on screen, in Markdown for a model card, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slim_cli.assessment.metrics import Estimate
from slim_cli.corpora.channel_conditions import SURROUNDINGS
from slim_cli.evidence.names import safe_name
from slim_cli.validation.breakdown import Breakdown, Degradation, Row

SCHEMA = "slim-evaluation/1"
MIN_SHOWN = 5

_WORDS = {
    "eer": "EER, %",
    "f1": "F1 at the EER's threshold",
    "auc": "AUC",
    "min_dcf": "minDCF",
    "act_dcf": "actDCF",
    "cllr": "Cllr, bits",
    "cllr_min": "Cllr_min, bits",
}
_STATED_TITLES = {
    "subset": "Subsets of a dataset with at least 10 clips of each class",
    "codec": "Codecs that a dataset states, with at least 10 clips of each class",
    "condition": "Channels or sources that a dataset states, with at least 10 clips of each class",
}
_UNITS = "95 % intervals by bootstrap over speakers (bona fide) and systems (spoof)"
_LOW = "A resample repeats clips, which lowers minDCF and Cllr_min: their intervals lie low."
_PLAIN = str.maketrans({c: f"\\{c}" for c in "\\|`*[]"} | {"<": "&lt;", "&": "&amp;"})


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes:
        title: what it shows.
        note: how to read it.
        header: column titles.
        rows: cells; names in them are hostile until `markdown` or the screen has made them safe.
    """

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(result: Breakdown, lacking: Mapping[str, str] | None = None) -> list[Table]:
    """Every table that has rows.

    Args:
        result: the figures.
        lacking: conditions that could not be measured, with the reason.
    """
    return [
        table
        for table in (
            _headline(result),
            _overall(result),
            _channels(result, lacking or {}),
            _surroundings(result, lacking or {}),
            _parts(result),
            _corpora(result),
            _several_channels(result),
            _rows("Origins with at least 10 clips of each class", "origin", result.origins),
            _rows("Duration of the clip", "duration", result.durations),
            *(_rows(title, about, result.said[about]) for about, title in _STATED_TITLES.items()),
            _systems(result.systems),
            _confusions(result),
        )
        if table.rows
    ]


def markdown(shown: Iterable[Table]) -> str:
    """The tables in Markdown."""
    parts = []
    for table in shown:
        rule = "|".join(["---"] + ["---:"] * (len(table.header) - 1))
        lines = [" | ".join([_plain(row[0]), *row[1:]]) for row in (table.header, *table.rows)]
        body = "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])
        parts.append(f"### {table.title}\n\n{table.note}\n\n{body}\n")
    return "\n".join(parts)


def _plain(name: str) -> str:
    """Hostile text without any meaning in Markdown."""
    return safe_name(name).translate(_PLAIN)


def record(result: Breakdown, facts: Mapping[str, Any]) -> str:
    """The figures as JSON of schema `slim-evaluation/1`; what cannot be computed is null.

    Args:
        result: the figures.
        facts: what was evaluated with what, by name.
    """
    return json.dumps(_finite({"schema": SCHEMA, **facts, **asdict(result)}), indent=1, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _percent(value: Estimate) -> str:
    return value.text(100, 1)


def _number(value: Estimate) -> str:
    return value.text()


def _figure(name: str, value: Estimate) -> str:
    return _percent(value) if name == "eer" else _number(value)


def _counts(part: tuple[int, int, Estimate]) -> tuple[str, str, str]:
    return str(part[1]), str(part[0]), _percent(part[2])


def _headline(result: Breakdown) -> Table:
    summary, clips = result.summary, result.overall[0]
    rows = (
        ("pooled over the origins with spoof clips", str(summary.pooled)),
        ("all clips", str(summary.all_clips)),
        (f"mean of the {len(summary.origins)} origins with at least 10 clips of each class", str(summary.mean_origin)),
        ("mismatch alone, pooled", str(summary.mismatch)),
    )
    note = f"{clips.n_bona_fide} bona fide and {clips.n_spoof} spoof clips; 95 % intervals by bootstrap over origins."
    if result.unscored:
        statuses = ", ".join(f"{count} {status}" for status, count in result.unscored.items())
        note += f" Not scored, and in no figure: {sum(result.unscored.values())} clips ({statuses})."
    known = tuple(row for row in rows if not row[1].startswith("nan"))
    return Table("Equal error rates", note, ("figure", "EER, %"), known)


def _overall(result: Breakdown) -> Table:
    reading = "calibrated likelihood ratios" if result.calibrated else "the uncalibrated scores as if they were ratios"
    note = (
        "minDCF and actDCF with the costs of ASVspoof 5 (prior of spoof 0.05, false alarm 1, miss 10); actDCF and Cllr "
        f"read {reading}. {_UNITS}, and over origins. {_LOW}"
    )
    header = ["figure"]
    for row in result.overall:
        header += [f"{row.name} ({row.n_bona_fide} + {row.n_spoof})", "over origins"]
    rows = []
    for name, words in _WORDS.items():
        cells = [words]
        for row in result.overall:
            over = _figure(name, row.over_origins[name]).partition(" ")[2]
            cells += [_figure(name, row.figures[name]), over or "–"]
        rows.append(tuple(cells))
    return Table("All figures", note, tuple(header), tuple(rows))


def _channels(result: Breakdown, lacking: Mapping[str, str]) -> Table:
    rows = [one for one in result.conditions if one.row.name not in SURROUNDINGS]
    missing = {name: reason for name, reason in lacking.items() if name not in SURROUNDINGS}
    return _conditions("Channels", "Every clip coded and decoded whole.", result, rows, missing)


def _surroundings(result: Breakdown, lacking: Mapping[str, str]) -> Table:
    rows = [one for one in result.conditions if one.row.name in SURROUNDINGS]
    missing = {name: reason for name, reason in lacking.items() if name in SURROUNDINGS}
    words = "; ".join(f"{name}: {SURROUNDINGS[name][0]}" for name in (*(one.row.name for one in rows), *missing))
    note = f"All of it generated, and drawn once for each clip ({words})."
    return _conditions("Noise and rooms", note, result, rows, missing)


def _conditions(
    title: str, note: str, result: Breakdown, conditions: Sequence[Degradation], lacking: Mapping[str, str]
) -> Table:
    pooled, header = result.overall[1], ("condition", "EER, %", "change, points", "false alarms, %", "misses, %")
    rows = [
        (
            one.row.name,
            _percent(one.row.figures["eer"]),
            _percent(one.change).replace("-", "−"),
            _percent(one.false_alarms),
            _percent(one.misses),
        )
        for one in conditions
    ]
    if rows:
        at_threshold = _percent(result.false_alarms[2]), _percent(result.misses[2])
        rows.insert(0, ("as it is", _percent(pooled.figures["eer"]), "–", *at_threshold))
    rows += [(name, f"not measured: {reason}", "", "", "") for name, reason in lacking.items()]
    note += (
        f" EER pooled over the origins with spoof clips; the change is paired, clip by clip; {_UNITS}. Rates of all "
        f"clips at {_threshold(result)}, with Wilson's intervals."
    )
    return Table(title, note, header, tuple(rows))


def _parts(result: Breakdown) -> Table:
    note = f"EER with 95 % intervals by bootstrap over origins; rates at {_threshold(result)} with Wilson's."
    rows = tuple(
        (
            part.name,
            str(part.n_bona_fide),
            str(part.n_spoof),
            *("–" if value is None else _percent(value) for value in (part.eer, part.false_alarms, part.misses)),
        )
        for part in result.parts
    )
    header = ("part", "bona fide", "spoof", "EER, %", "false alarms, %", "misses, %")
    return Table("Parts of the clips", note, header, rows)


def _confusions(result: Breakdown) -> Table:
    note = f"Spoof clips with the lowest scores and bona fide clips with the highest, beyond {_threshold(result)}."
    rows = tuple(
        (
            "missed" if one.label == "spoof" else "false alarm",
            one.name,
            one.system,
            f"{one.score:.2f}",
            "–" if one.duration_s is None else f"{one.duration_s:.1f}",
        )
        for one in result.confusions
    )
    return Table("Worst confusions", note, ("error", "clip", "system", "score", "seconds"), rows)


def _corpora(result: Breakdown) -> Table:
    note = f"Bona fide clips at or above {_threshold(result)}; Wilson's 95 % intervals."
    rows = [(name, *_counts(part)) for name, part in sorted(result.corpora.items(), key=lambda item: item[0].lower())]
    rows += [("all bona fide clips", *_counts(result.false_alarms)), ("(spoof clips missed)", *_counts(result.misses))]
    return Table("False alarms by corpus", note, ("bona fide corpus", "clips", "flagged", "%"), tuple(rows))


def _several_channels(result: Breakdown) -> Table:
    note = f"Bona fide clips whose highest channel lies at or above {_threshold(result)}; Wilson's 95 % intervals."
    rows = [(str(count), *_counts(part)) for count, part in sorted(result.channels.items())]
    rows = rows if max(result.channels, default=1) > 1 else []
    return Table("False alarms by number of channels", note, ("channels", "clips", "flagged", "%"), tuple(rows))


def _threshold(result: Breakdown) -> str:
    return f"score {result.threshold:.2f} ({result.threshold_source})"


def _rows(title: str, column: str, rows: Sequence[Row]) -> Table:
    names = ("eer", "auc", "min_dcf", "act_dcf", "cllr", "cllr_min")
    header = (column, "bona fide", "spoof", *(_WORDS[name] for name in names))
    cells = tuple(
        (row.name, str(row.n_bona_fide), str(row.n_spoof), *(_figure(name, row.figures[name]) for name in names))
        for row in rows
    )
    return Table(title, f"{_UNITS}, by clips where there are fewer than five of them. {_LOW}", header, cells)


def _systems(rows: Sequence[Row]) -> Table:
    shown = sorted((row for row in rows if row.n_spoof >= MIN_SHOWN), key=lambda row: -row.figures["eer"].value)
    table = _rows("Systems", "system", shown)
    note = f"Spoof clips of each system against all bona fide clips, worst first; {table.note}"
    if len(shown) < len(rows):
        note += f" {len(rows) - len(shown)} systems with fewer than {MIN_SHOWN} clips stand in the JSON file only."
    return Table(table.title, note, table.header, table.rows)
