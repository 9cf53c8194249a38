"""Where a calibration holds: conditions that both classes cover and under which its ratios seldom mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import numpy as np

from slim_cli.assessment.calibration import Interval, Scope, codec_family, heard_bandwidth_hz, observed
from slim_cli.errors import UsageError
from slim_cli.results import FileResult

MIN_FILES = 30
MIN_PER_CODEC = 10
MOST_MISLEADING = 0.10
EDGES = {"net_speech_s": (0.0, 4.0, 6.0, 8.0, 12.0, 16.0, np.inf), "snr_db": (-np.inf, 15.0, 20.0, 25.0, 35.0, np.inf)}

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

    From every lower limit of speech and of the signal-to-noise ratio, codecs are taken out, the worst first, and the
    ratios of what is left are fitted anew; the scope that holds most files is taken.

    Args:
        results: (N,) scored files.
        spoof: (N,) class of each.
        ratios: log10 LR of the files of a mask (N,), each by a fit that saw nothing of its group.
        most_misleading: highest share of either class, in [0, 1], that may point the wrong way.

    Returns:
        the scope, the mask (N,) of the files that its lower limits and codecs leave, the shares under each condition:
        of codecs that were taken out as they were then.

    Raises:
        UsageError: the classes share no range or no codec, or no condition is left.
    """
    files = _Files(results, spoof, ratios)
    whole = scope_of(results, spoof)
    starts = product(*(_lower_limits(whole, name) for name in EDGES))
    found = [one for limits in starts if (one := files.within(whole, limits, most_misleading))]
    if not found:
        told = "; ".join(
            f"{s.value}: {s.misleading_bona_fide:.2f}, {s.misleading_spoof:.2f}" for s in files.by_codec(whole)
        )
        raise UsageError(
            f"Under no condition do at most {most_misleading:.0%} of the ratios of either class point the wrong way "
            f"(recordings, synthetic files of each codec: {told})."
        )
    return max(found, key=lambda one: int(one[1].sum()))


def _lower_limits(scope: Scope, name: str) -> list[float | None]:
    """Where the range of a measure may begin; None where the measure is not known."""
    limits: Interval | None = getattr(scope, name)
    return [None] if limits is None else [limits[0], *(e for e in EDGES[name] if limits[0] < e < limits[1])]


@dataclass(frozen=True)
class _Files:
    """The files of a calibration.

    Attributes:
        results, spoof, ratios: as `narrowed` takes them.
    """

    results: Sequence[FileResult]
    spoof: np.ndarray
    ratios: Ratios

    def within(
        self, whole: Scope, limits: Sequence[float | None], most_misleading: float
    ) -> tuple[Scope, np.ndarray, list[Stratum]] | None:
        """The largest part of a scope from some lower limits on in which no condition misleads too often, if any."""
        scope, dropped = whole, list[Stratum]()
        for name, low in zip(EDGES, limits, strict=True):
            scope = scope if low is None else _with_limits(scope, name, low, getattr(scope, name)[1])
        while scope.codecs:
            kept = self._meeting(scope, whole)
            if min((kept & ~self.spoof).sum(), (kept & self.spoof).sum()) < MIN_PER_CODEC:
                return None
            held = np.full(len(self.results), np.nan)
            held[kept] = self.ratios(kept)
            strata = list(self._strata(scope, held))
            worst = max(strata, key=lambda stratum: stratum.worst)
            if worst.worst <= most_misleading:
                return scope, kept, strata + dropped
            codecs = [stratum for stratum in strata if stratum.condition == "codec"]
            worst = max(codecs, key=lambda stratum: stratum.worst)
            if worst.worst <= most_misleading:
                return None  # why: a range misleads; another lower limit may do without it
            dropped.append(worst)
            scope = replace(scope, codecs=tuple(codec for codec in scope.codecs if codec != worst.value))
        return None

    def by_codec(self, scope: Scope) -> list[Stratum]:
        """The shares of each codec, all files fitted together."""
        every = self.ratios(np.full(len(self.results), True))
        return [stratum for stratum in self._strata(scope, every) if stratum.condition == "codec"]

    @cached_property
    def _values(self) -> dict[str, np.ndarray]:
        """(N,) of each measure that limits a scope, NaN where it is not known."""
        return {n: np.array([np.nan if (v := MEASURES[n](r)) is None else v for r in self.results]) for n in EDGES}

    @cached_property
    def _families(self) -> np.ndarray:
        return np.array([codec_family(r.media) if r.media else "" for r in self.results])

    def _meeting(self, scope: Scope, whole: Scope) -> np.ndarray:
        """The files without what a scope lacks of the whole: codecs, and values below its lower limits."""
        kept = ~np.isin(self._families, [codec for codec in whole.codecs if codec not in scope.codecs])
        for name in EDGES:
            limits: Interval | None = getattr(scope, name)
            kept &= limits == getattr(whole, name) or ~(self._values[name] < (limits or (-np.inf,))[0])
        return kept

    def _strata(self, scope: Scope, held: np.ndarray) -> Iterator[Stratum]:
        """The conditions into which files that have a ratio fall; of a range, those that enough files of both show."""

        def stratum(condition: str, value: str | Interval, own: np.ndarray) -> Stratum:
            real, fake = held[own & ~self.spoof], held[own & self.spoof]
            shares = (round(float(np.mean(wrong)), 4) if len(wrong) else 0.0 for wrong in (real > 0, fake < 0))
            return Stratum(condition, value, len(real), len(fake), *shares)

        inside = np.isfinite(held)
        for codec in scope.codecs:
            yield stratum("codec", codec, inside & (self._families == codec))
        for name, edges in EDGES.items():
            limits: Interval | None = getattr(scope, name)
            for low, high in pairwise(edges):
                if limits and low < limits[1] and high > limits[0]:
                    values, part = self._values[name], (max(low, limits[0]), min(high, limits[1]))
                    one = stratum(name, part, inside & (values >= part[0]) & (values < high))
                    if min(one.bona_fide, one.spoof) >= MIN_PER_CODEC:
                        yield one


def _with_limits(scope: Scope, name: str, low: float, high: float) -> Scope:
    cut: dict[str, Any] = {name: (low, high)}
    return replace(scope, **cut)


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
