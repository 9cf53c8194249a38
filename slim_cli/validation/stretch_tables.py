"""What trials of highest stretches say: false alarms and detection by length, and where the marked stretches lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from slim_cli.assessment.metrics import Estimate, review_threshold, wilson
from slim_cli.assessment.reference import (
    FILE_NAME,
    LEAST_RECORDINGS,
    STRETCH_ALARMS,
    Reference,
    StretchReference,
    load_reference,
)
from slim_cli.audio.stretches import LENGTHS_S
from slim_cli.detector.bundle import write_sums
from slim_cli.validation.stretch_trials import WHOLE, StretchTrial
from slim_cli.validation.tables import Table

LENGTH_EDGES_S = (10.0, 30.0, 120.0, 300.0, 900.0, 2700.0)
OWN, HERE = "the model's own rule", "5 % false alarms here"


@dataclass(frozen=True)
class StretchRate:
    """How often the highest stretch reached a threshold, in recordings of one length with passages of one length.

    Attributes:
        rule: where the threshold comes from.
        length_s: of the stretch, `WHOLE` for the whole recording.
        seconds: of the recordings.
        passage_s: of the passages, 0 for bona fide recordings.
        threshold: the score; None where there is none, and then nothing was counted.
        reached: how many recordings reached it.
        n: of how many.
        overlapping: in how many of all of them the highest stretch holds some of the passage.
        apart_s: median distance of the middles of stretch and passage; None without passages.
    """

    rule: str
    length_s: float
    seconds: float
    passage_s: float
    threshold: float | None
    reached: int
    n: int
    overlapping: int
    apart_s: float | None

    @property
    def rate(self) -> Estimate:
        """The share with its interval."""
        return wilson(self.reached, self.n)


def stretch_rates(trials: Sequence[StretchTrial], reference: Reference | None) -> list[StretchRate]:
    """Rates by rule, stretch, length of the recording and length of the passage; the whole recording beside them.

    Args:
        trials: those of one run.
        reference: of the model that scored them; None where it has none.
    """
    rates = []
    for length in (*LENGTHS_S, WHOLE):
        for seconds in sorted({trial.seconds for trial in trials}):
            alike = [t for t in trials if t.seconds == seconds and t.high(length) is not None]
            for rule, threshold in (
                (OWN, _own(reference, length, seconds)),
                (HERE, _here([t for t in alike if not t.passage_s], length)),
            ):
                rates += [
                    _rate(rule, length, threshold, [t for t in alike if t.passage_s == passage])
                    for passage in sorted({trial.passage_s for trial in alike})
                ]
    return rates


def stretch_tables(trials: Sequence[StretchTrial], rates: Sequence[StretchRate]) -> list[Table]:
    """The rates as tables, one for each rule, and one on what the recordings are made of."""
    header = ("recordings", "stretch", "passage", "n", "threshold", "reached, %", "stretch holds passage", "apart, s")
    note = "Passage 0 s: bona fide recordings, so that what is reached is a false alarm; 95 % intervals by Wilson."
    shown = [
        Table(f"Highest stretches by {rule}", note, header, tuple(_cells(r) for r in rates if r.rule == rule))
        for rule in (OWN, HERE)
    ]
    return [*shown, _made_of(trials)]


def stretch_references(
    recordings: Sequence[StretchTrial], joined: Sequence[StretchTrial], checked: Sequence[StretchTrial] = ()
) -> list[StretchReference]:
    """Reference distributions by length, of the recordings without passages.

    Args:
        recordings: bona fide recordings as they are.
        joined: recordings made of clips.
        checked: other ones, on which the thresholds are tried.
    """
    found = []
    for length in LENGTHS_S:
        for low, high in pairwise(LENGTH_EDGES_S):
            whole, made, others = (_highest(part, length, low, high) for part in (recordings, joined, checked))
            if not whole and not made:
                continue
            reference = StretchReference(length, low, high, tuple(sorted([*whole, *made])), len(made))
            if others and reference.threshold is not None:
                alarms = sum(score >= reference.threshold for score in others)
                reference = replace(reference, checked=len(others), alarms=alarms)
            found.append(reference)
    return found


def write_stretch_references(bundle: Path, references: Sequence[StretchReference]) -> None:
    """Puts the distributions into a bundle's `reference.json`, all else left as it is, and renews its hash list.

    Raises:
        EnvironmentUnfit: the bundle has no reference statistics.
    """
    load_reference(bundle)
    path = bundle / FILE_NAME
    content = json.loads(path.read_text(encoding="utf-8"))
    content["stretches"] = [asdict(reference) for reference in references]
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    write_sums(bundle)


def _highest(trials: Sequence[StretchTrial], length: float, low: float, high: float) -> list[float]:
    alike = (t.high(length) for t in trials if not t.passage_s and low <= t.seconds < high)
    return [round(score, 4) for score in alike if score is not None]


def _own(reference: Reference | None, length: float, seconds: float) -> float | None:
    if reference and length == WHOLE:
        return reference.operating_point.score
    like = reference.stretches_like(length, seconds) if reference else None
    return like.threshold if like else None


def _here(bona_fide: Sequence[StretchTrial], length: float) -> float | None:
    if len(bona_fide) < LEAST_RECORDINGS:
        return None
    return review_threshold(np.array([t.high(length) for t in bona_fide], float), STRETCH_ALARMS)


def _rate(rule: str, length: float, threshold: float | None, trials: Sequence[StretchTrial]) -> StretchRate:
    reached = sum((t.high(length) or 0.0) >= threshold for t in trials) if threshold is not None else 0
    apart = [away for t in trials if (away := t.apart_s(length)) is not None]
    overlapping = sum(t.overlaps(length) for t in trials)
    median = float(np.median(apart)) if apart else None
    first = trials[0]
    return StretchRate(
        rule, length, first.seconds, first.passage_s, threshold, reached, len(trials), overlapping, median
    )


def _cells(rate: StretchRate) -> tuple[str, ...]:
    measured = rate.threshold is not None
    return (
        f"{rate.seconds / 60:g} min",
        "whole" if rate.length_s == WHOLE else f"{rate.length_s:g} s",
        f"{rate.passage_s:g} s",
        str(rate.n),
        f"{rate.threshold:+.2f}" if measured else "not measured",
        str(rate.rate) if measured else "not measured",
        "" if rate.apart_s is None else f"{rate.overlapping} of {rate.n}",
        "" if rate.apart_s is None else f"{rate.apart_s:.1f}",
    )


def _made_of(trials: Sequence[StretchTrial]) -> Table:
    header = (
        "recordings",
        "bona fide",
        "clips in each",
        "origins in each",
        "passage of same origin",
        "of same speaker",
    )
    note = "More origins in a recording than a real one would hold raise the highest stretch by chance."
    rows = []
    for seconds in sorted({t.seconds for t in trials}):
        alike = [t for t in trials if t.seconds == seconds]
        put_in = [t for t in alike if t.passage_s]
        counts = [sorted(getattr(t, name) for t in alike) for name in ("clips", "origins")]
        shares = [sum(getattr(t, name) for t in put_in) for name in ("same_origin", "same_speaker")]
        spans = [f"{low} to {high}" for low, *_, high in ([*c, c[-1]] for c in counts)]
        rows.append(
            (
                f"{seconds / 60:g} min",
                str(len(alike) - len(put_in)),
                *spans,
                *(f"{share} of {len(put_in)}" for share in shares),
            )
        )
    return Table("What the recordings are made of", note, header, tuple(rows))
