"""Where a calibration holds: conditions that both classes cover and under which its ratios seldom mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from slim_cli.assessment.calibration import Interval, Scope, codec_family, heard_bandwidth_hz, observed
from slim_cli.errors import UsageError
from slim_cli.results import FileResult

MIN_FILES = 30
MIN_PER_CODEC = 10
MOST_MISLEADING = 0.10
EDGES = {
    "net_speech_s": (0.0, 4.0, 8.0, 16.0, 32.0, np.inf),
    "bandwidth_hz": (0.0, 5000.0, np.inf),
    "snr_db": (-np.inf, 15.0, 25.0, 35.0, np.inf),
}

Ratios = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Stratum:
    """How often ratios of files under one condition point the wrong way.

    Attributes:
        condition: `codec`, or the attribute of `Scope` whose range it cuts.
        value: the codec's family, or lowest and highest value.
        bona_fide: recordings under it.
        spoof: synthetic files under it.
        misleading_bona_fide: share of the recordings whose ratio speaks for synthesis.
        misleading_spoof: share of the synthetic files whose ratio speaks against it.
    """

    condition: str
    value: str | Interval
    bona_fide: int
    spoof: int
    misleading_bona_fide: float
    misleading_spoof: float

    @property
    def worst(self) -> float:
        """The larger share; 1 where a class has too few files to tell."""
        few = min(self.bona_fide, self.spoof) < MIN_PER_CODEC
        return 1.0 if few else max(self.misleading_bona_fide, self.misleading_spoof)


def narrowed(
    results: Sequence[FileResult], spoof: np.ndarray, ratios: Ratios, most_misleading: float = MOST_MISLEADING
) -> tuple[Scope, np.ndarray, list[Stratum]]:
    """What both classes cover, without the conditions under which too many ratios point the wrong way.

    The worst condition is taken out, the ratios of what is left are fitted anew, and so on.

    Args:
        results: (N,) scored files.
        spoof: (N,) class of each.
        ratios: log10 LR of the files of a mask (N,), each by a fit that saw nothing of its group.
        most_misleading: highest share of either class, in [0, 1], that may point the wrong way.

    Returns:
        the scope, the mask (N,) of the files under conditions that stayed, and the shares of every condition: of those
        that stayed at the end, of the others as they were when they were taken out.

    Raises:
        UsageError: the classes share no range or no codec, or no condition is left.
    """
    scope, kept, dropped = scope_of(results, spoof), np.full(len(results), True), list[Stratum]()
    while scope.codecs and min((kept & ~spoof).sum(), (kept & spoof).sum()) >= MIN_PER_CODEC:
        held = np.full(len(results), np.nan)
        held[kept] = ratios(kept)
        found = list(_strata(scope, results, spoof, held))
        worst = max(found, key=lambda stratum: stratum.worst)
        if worst.worst <= most_misleading:
            return scope, kept, found + dropped
        dropped.append(worst)
        scope = _without(scope, worst)
        kept &= [_meets(scope, worst, result) for result in results]
    told = "; ".join(
        f"{s.condition} {s.value}: {s.misleading_bona_fide:.2f}, {s.misleading_spoof:.2f}" for s in dropped
    )
    raise UsageError(
        f"Under no condition do at most {most_misleading:.0%} of the ratios of either class point the wrong way "
        f"(recordings, synthetic files by condition: {told})."
    )


def _strata(scope: Scope, results: Sequence[FileResult], spoof: np.ndarray, held: np.ndarray) -> Iterator[Stratum]:
    """The conditions into which the files that have a ratio fall."""

    def stratum(condition: str, value: str | Interval, own: np.ndarray) -> Stratum:
        real, fake = held[own & ~spoof], held[own & spoof]
        shares = (round(float(np.mean(wrong)), 4) if len(wrong) else 0.0 for wrong in (real > 0, fake < 0))
        return Stratum(condition, value, len(real), len(fake), *shares)

    inside = np.isfinite(held)
    families = np.array([codec_family(r.media) if r.media else "" for r in results])
    for codec in scope.codecs:
        yield stratum("codec", codec, inside & (families == codec))
    for name, edges in EDGES.items():
        limits: Interval | None = getattr(scope, name)
        values = np.array([np.nan if (v := MEASURES[name](r)) is None else v for r in results])
        for low, high in pairwise(edges):
            if limits and low < limits[1] and high > limits[0]:
                part = max(low, limits[0]), min(high, limits[1])
                yield stratum(name, part, inside & (values >= low) & (values < high))


def _without(scope: Scope, stratum: Stratum) -> Scope:
    """A scope without one of its conditions; of a range, also without what lies below that, unless it is the top."""
    if isinstance(stratum.value, str):
        return replace(scope, codecs=tuple(codec for codec in scope.codecs if codec != stratum.value))
    low, high = getattr(scope, stratum.condition)
    if stratum.value == (low, high):
        return replace(scope, codecs=())  # why: nothing is left of a scope without a range
    kept = (stratum.value[1], high) if stratum.value[1] < high else (low, stratum.value[0])
    cut: dict[str, Any] = {stratum.condition: kept}
    return replace(scope, **cut)


def _meets(scope: Scope, dropped: Stratum, result: FileResult) -> bool:
    """Whether a file lies on the side of a condition that was taken out on which the scope still is."""
    if isinstance(dropped.value, str):
        return not (result.media and codec_family(result.media) == dropped.value)
    value = MEASURES[dropped.condition](result)
    low, high = getattr(scope, dropped.condition)
    return value is None or (value >= low if dropped.value[1] == low else value < high)


def scope_of(results: Sequence[FileResult], spoof: np.ndarray) -> Scope:
    """The conditions that both classes cover: the 5th to 95th percentile of each, and codecs with ten files of each.

    What only a few files show is left out: one noisy clip among a hundred tells nothing of noisy recordings.

    Raises:
        UsageError: the classes share no range or no codec.
    """
    chosen = [[result for result, own in zip(results, spoof, strict=True) if own == kind] for kind in (False, True)]
    codecs = [Counter(codec_family(r.media) for r in files if r.media) for files in chosen]
    shared = sorted(c for c in codecs[0] if min(codecs[0][c], codecs[1][c]) >= MIN_PER_CODEC)
    if not shared:
        raise UsageError(
            f"No codec holds {MIN_PER_CODEC} files of each class: class and codec go together, so that a ratio would "
            "measure the codec."
        )

    def covered(words: str, measure: Callable[[FileResult], float | None]) -> Interval | None:
        ends = []
        for files in chosen:
            values = [v for r in files if (v := measure(r)) is not None]
            if len(values) < MIN_FILES:
                return None
            ends.append(np.quantile(values, [0.05, 0.95]))
        low, high = round(float(max(e[0] for e in ends)), 3), round(float(min(e[1] for e in ends)), 3)
        if low > high:
            raise UsageError(f"Bona fide and spoof files share no range of {words}: a ratio would measure that.")
        return low, high

    speech = covered("net speech", MEASURES["net_speech_s"])
    if speech is None:
        raise UsageError(f"Fewer than {MIN_FILES} files of a class hold speech.")
    bandwidth, snr = covered("bandwidth", heard_bandwidth_hz), covered("signal-to-noise ratio", MEASURES["snr_db"])
    return Scope(speech, bandwidth, snr, tuple(shared))


def _net_speech(result: FileResult) -> float | None:
    top = result.top_channel
    return top.net_speech_s if top else None


MEASURES: dict[str, Callable[[FileResult], float | None]] = {
    "net_speech_s": _net_speech,
    "bandwidth_hz": heard_bandwidth_hz,
    "snr_db": lambda result: observed(result, "snr_db"),
}
