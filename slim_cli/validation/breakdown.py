"""Error rates of scored clips: in all and by what is known of them, with intervals; and false alarms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from slim_cli.assessment.metrics import (
    Estimate,
    actual_cost,
    area_under_curve,
    bootstrap,
    bootstrap_all,
    cllr,
    cllr_min,
    detection_cost,
    equal_error_rate,
    f1_score,
    review_threshold,
    wilson,
)
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.validation.part_rates import Confusion, PartRates, confusions, parts, rate
from slim_cli.validation.resampling_units import rate_of, units
from slim_cli.validation.scores import MIN_PER_CLASS, STATED, Scores, Summary, summarise

FIGURES = ("eer", "f1", "auc", "min_dcf", "act_dcf", "cllr", "cllr_min")
DURATIONS_S = (0.0, 2.0, 4.0, 8.0, 16.0, math.inf)


@dataclass(frozen=True)
class Row:
    """Figures of some clips.

    Attributes:
        name: what they have in common, text from a manifest and therefore hostile.
        n_bona_fide: bona fide clips.
        n_spoof: spoof clips.
        figures: each of `FIGURES`, with its interval over speakers (bona fide) and systems (spoof). F1 is taken at the
            threshold of equal error rates; actDCF and Cllr read the likelihood ratios, uncalibrated scores where none
            are given.
        over_origins: the same figures with intervals over origins; only for rows that span origins.
    """

    name: str
    n_bona_fide: int
    n_spoof: int
    figures: dict[str, Estimate]
    over_origins: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Degradation:
    """What a condition does to the error rates of the same clips.

    Attributes:
        row: figures under the condition, over the origins that have spoof clips.
        change: EER under it minus EER of the same clips as they are, interval over the same resamples.
        false_alarms: share of all bona fide clips at or above the threshold.
        misses: share of all spoof clips below it.
    """

    row: Row
    change: Estimate
    false_alarms: Estimate
    misses: Estimate


@dataclass(frozen=True)
class Breakdown:
    """Everything that `slim validate` reports.

    Attributes:
        summary: headline figures.
        threshold: score from which a clip is flagged.
        threshold_source: where that threshold comes from, in words.
        calibrated: whether actDCF and Cllr read calibrated likelihood ratios.
        overall: all clips, and those of the origins with spoof clips.
        origins: each origin with at least 10 clips of each class.
        systems: each system's spoof clips against all bona fide clips.
        conditions: each condition.
        durations: clips by duration.
        said: clips by what their dataset says of them: each `subset`, `codec` and `condition` of an origin that has at
            least 10 clips of each class.
        corpora: false alarms in each origin without spoof clips: flagged, clips, share with Wilson's interval.
        false_alarms: the same over all bona fide clips.
        misses: spoof clips below the threshold: missed, clips, share.
        unscored: clips that could not be scored, by the status that a scan gives them.
        channels: false alarms by the number of a clip's channels, where it is known; the highest stands for the clip.
        parts: those that share no system and no speaker with training, those without resynthesised copies, each family
            of synthesis against all recordings, and the recordings of each language.
        confusions: the synthetic clips with the lowest scores and the recordings with the highest, worst first.
    """

    summary: Summary
    threshold: float
    threshold_source: str
    calibrated: bool
    overall: tuple[Row, ...]
    origins: tuple[Row, ...]
    systems: tuple[Row, ...]
    conditions: tuple[Degradation, ...]
    durations: tuple[Row, ...]
    said: dict[str, tuple[Row, ...]]
    corpora: dict[str, tuple[int, int, Estimate]]
    false_alarms: tuple[int, int, Estimate]
    misses: tuple[int, int, Estimate]
    unscored: dict[str, int]
    channels: dict[int, tuple[int, int, Estimate]]
    parts: tuple[PartRates, ...] = ()
    confusions: tuple[Confusion, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How scores are to be read.

    Attributes:
        threshold: score from which a clip is flagged; None sets it at 5 % false alarms of the clips themselves.
        threshold_source: where it comes from, in words.
        llr: score → natural-log likelihood ratio; None reads the scores themselves as such.
        rounds: bootstrap rounds of the headline figures; the many rows of a table get a fifth of them.
        unseen: whether training heard neither the system nor the speaker of a clip; None where that is not known.
    """

    threshold: float | None = None
    threshold_source: str = ""
    llr: Callable[[np.ndarray], np.ndarray] | None = None
    rounds: int = 1000
    unseen: Callable[[Clip], bool] | None = None


def break_down(scores: Scores, reading: Reading) -> Breakdown:
    """All figures of scored clips.

    Raises:
        UsageError: there are no undegraded clips of one of the classes.
    """
    plain = scores.undegraded
    spoof = plain.is_spoof
    if spoof.all() or not spoof.any():
        raise UsageError("Error rates need scores of both classes, of clips as they are.")
    threshold, source = reading.threshold, reading.threshold_source
    if threshold is None:
        threshold = review_threshold(plain.score[~spoof])
        source = "set at 5 % false alarms on these clips"
    few = Rows(reading.llr, max(1, reading.rounds // 5))
    both = np.isin(_origins(plain), np.unique(_origins(plain)[spoof]))
    return Breakdown(
        summarise(plain, reading.rounds),
        threshold,
        source,
        reading.llr is not None,
        tuple(
            Rows(reading.llr, reading.rounds).row(name, part, origins=True)
            for name, part in (("all clips", plain), ("origins with spoof clips", plain.take(both)))
        ),
        tuple(few.row(name, part) for name, part in _by_origin(plain)),
        tuple(few.row(name, part) for name, part in _by_system(plain)),
        tuple(_degradations(scores, threshold, Rows(reading.llr, reading.rounds))),
        tuple(few.row(name, part) for name, part in _by_duration(plain)),
        {about: tuple(few.row(name, part) for name, part in _by_said(plain, about)) for about in STATED},
        {
            str(origin): _share(plain.score[_origins(plain) == origin] >= threshold)
            for origin in np.unique(_origins(plain)[~both])
        },
        _share(plain.score[~spoof] >= threshold),
        _share(plain.score[spoof] < threshold),
        scores.unscored_by_status,
        dict(_by_channels(plain, threshold)),
        tuple(rate(name, part, threshold, few.rounds) for name, part in parts(plain, reading.unseen)),
        tuple(confusions(plain, threshold)),
    )


@dataclass(frozen=True)
class Rows:
    """Makes rows.

    Attributes:
        llr: as in `Reading`.
        rounds: bootstrap rounds.
    """

    llr: Callable[[np.ndarray], np.ndarray] | None
    rounds: int

    def row(self, name: str, scores: Scores, origins: bool = False) -> Row:
        """The figures of some clips of both classes.

        Args:
            name: what the clips have in common.
            scores: the clips.
            origins: whether intervals over origins are wanted beside those over speakers and systems.
        """
        spoof, score = scores.is_spoof, scores.score
        llr = self.llr(score) if self.llr else score

        def figures(rows: np.ndarray) -> np.ndarray:
            real, fake = rows[~spoof[rows]], rows[spoof[rows]]
            eer, at = equal_error_rate(score[real], score[fake])
            scored, weighed = (score[real], score[fake]), (llr[real], llr[fake])
            rest = (area_under_curve(*scored), detection_cost(*scored), actual_cost(*weighed), cllr(*weighed))
            return np.array([eer, f1_score(*scored, at), *rest, cllr_min(*scored)])

        def estimates(groups: Sequence[str], strata: np.ndarray | None) -> dict[str, Estimate]:
            return dict(zip(FIGURES, bootstrap_all(groups, figures, self.rounds, 0, strata), strict=True))

        counts = int((~spoof).sum()), int(spoof.sum())
        over_origins = estimates(list(_origins(scores)), None) if origins else {}
        return Row(name, *counts, estimates(units(scores), spoof), over_origins)


def _origins(scores: Scores) -> np.ndarray:
    return np.array([clip.origin for clip in scores.clips], dtype=object).astype(str)


def _share(hits: np.ndarray) -> tuple[int, int, Estimate]:
    return int(hits.sum()), len(hits), wilson(int(hits.sum()), len(hits))


def _by_channels(scores: Scores, threshold: float) -> Iterator[tuple[int, tuple[int, int, Estimate]]]:
    """False alarms of the bona fide clips of each number of channels."""
    real = scores.take(~scores.is_spoof)
    counts = np.array([trial.channels or 0 for trial in real.trials], int)
    for count in np.unique(counts[counts > 0]):
        yield int(count), _share(real.score[counts == count] >= threshold)


def _by_origin(scores: Scores) -> Iterator[tuple[str, Scores]]:
    origins = _origins(scores)
    for origin in np.unique(origins):
        part = scores.take(origins == origin)
        if _enough(part):
            yield str(origin), part


def _by_said(scores: Scores, about: str) -> Iterator[tuple[str, Scores]]:
    """Clips by origin and the dataset's word for them, named by the origin too where several use such words."""
    origins, words = _origins(scores), np.array([getattr(clip, about) for clip in scores.clips], dtype=str)
    using = np.unique(origins[words != ""])
    for origin in using:
        for word in np.unique(words[origins == origin]):
            part = scores.take((origins == origin) & (words == word))
            if _enough(part):
                yield " ".join([*[f"{origin}:"] * (len(using) > 1), str(word) or "(not stated)"]), part


def _enough(scores: Scores) -> bool:
    return bool(np.bincount(scores.is_spoof, minlength=2).min() >= MIN_PER_CLASS)


def _by_system(scores: Scores) -> Iterator[tuple[str, Scores]]:
    spoof, systems = scores.is_spoof, np.array([clip.system for clip in scores.clips])
    for system in np.unique(systems[spoof]):
        yield str(system), scores.take(~spoof | (systems == system))


def _by_duration(scores: Scores) -> Iterator[tuple[str, Scores]]:
    seconds = np.array([np.nan if h.duration_s is None else h.duration_s for h in scores.trials])
    for low, high in pairwise(DURATIONS_S):
        part = scores.take((seconds >= low) & (seconds < high))
        if len(part.clips) and not part.is_spoof.all() and part.is_spoof.any():
            yield f"{low:g} to {high:g} s" if high < math.inf else f"from {low:g} s", part


def _degradations(scores: Scores, threshold: float, rows: Rows) -> Iterator[Degradation]:
    parts = scores.by_condition()
    plain = parts.pop("")
    first = {clip.path: number for number, clip in enumerate(plain.clips)}
    demo = {clip.origin for clip in plain.clips if clip.is_spoof}
    for name, every in parts.items():
        flagged, spoof = every.score >= threshold, every.is_spoof
        part = every.take(np.array([clip.origin in demo and clip.path in first for clip in every.clips], bool))
        before = plain.score[[first[clip.path] for clip in part.clips]]
        yield Degradation(
            rows.row(name, part),
            _change(before, part, rows.rounds),
            _share(flagged[~spoof])[2],
            _share(~flagged[spoof])[2],
        )


def _change(before: np.ndarray, after: Scores, rounds: int) -> Estimate:
    spoof = after.is_spoof

    def change(rows: np.ndarray) -> float:
        return rate_of(after.score, spoof, rows) - rate_of(before, spoof, rows)

    return bootstrap(units(after), change, rounds, 0, spoof)
