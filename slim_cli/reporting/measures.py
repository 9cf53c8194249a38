"""The artefact table: every measure with its reference range, never an input to the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from slim_cli.assessment.reference import Range
from slim_cli.evidence.codec_traces import decided_by
from slim_cli.evidence.formats import codec_of
from slim_cli.reporting.comparison_records import Measure
from slim_cli.reporting.figures.strip import Cell
from slim_cli.reporting.numbers import DASH, Numbers
from slim_cli.results import Media, Observation, Remark
from slim_cli.words import MeasureWords, Words, load_measures


def measure_rows(
    observations: Mapping[str, Observation],
    reference: Mapping[str, Mapping[str, Range]],
    words: Words,
    media: Media | None = None,
) -> tuple[Measure, ...]:
    """One row per measure that the file has, known ones first and explained.

    Args:
        observations: the file's measures by name.
        reference: ranges by measure and class.
        words: the language.
        media: how the recording is stored; what its codec decides itself is said to mean nothing.
    """
    known = {entry.key: entry for entry in load_measures(words.language)}
    unknown = (MeasureWords(name, name, "", "", "") for name in sorted(observations.keys() - known.keys()))
    codec, duration_s = (media.codec, media.duration_s) if media else ("", 0.0)
    idle = Remark("codec_decides", {"codec": codec_of(codec).name})
    seen = {name: replace(observations[name], note=idle) for name in decided_by(codec) if name in observations}
    observations = {**observations, **seen}
    return tuple(
        _row(entry, observations[entry.key], reference.get(entry.key, {}) if _holds(entry, duration_s) else {}, words)
        for entry in (*known.values(), *unknown)
        if entry.key in observations
    )


def _holds(entry: MeasureWords, duration_s: float) -> bool:
    """Whether a reference range holds for a recording of some length."""
    return entry.range_to_s is None or duration_s <= entry.range_to_s


def _row(entry: MeasureWords, seen: Observation, ranges: Mapping[str, Range], words: Words) -> Measure:
    bona_fide, spoof = ranges.get("bona_fide"), ranges.get("spoof")
    value = seen.value if seen.usable else None
    cell = None
    if value is not None and (bona_fide or spoof):
        cell = Cell(entry.title, _number(entry, value, words), value, bona_fide, spoof)
    return Measure(
        words=entry,
        value=_number(entry, seen.value, words),
        usable=seen.usable and seen.value is not None,
        note=words.sentence(seen.note),
        bona_fide=_range(entry, bona_fide, words),
        spoof=_range(entry, spoof, words),
        outside=cell is not None and cell.outside,
        cell=cell,
    )


def _number(entry: MeasureWords, value: float | None, words: Words) -> str:
    if value is None:
        return DASH
    unit = f" {entry.unit}" if entry.unit else ""
    return Numbers(words).plain(value * entry.scale, entry.digits) + unit


def _range(entry: MeasureWords, one: Range | None, words: Words) -> str:
    if one is None:
        return DASH
    low, high = (Numbers(words).plain(end * entry.scale, entry.digits) for end in (one.p5, one.p95))
    return words.say("span", low=low, high=high)
