"""Where a score came from: what happens to it when a stretch of the file is replaced by the file's own noise.

The file is cut into at most 60 equal stretches. A replaced stretch holds no speech any more, so that windows weigh by
the speech they keep, as in the scan itself; only windows that a stretch touches and that keep speech are scored again.
In long files these are the windows at the stretches' ends, so that the cost does not grow with the duration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from slim_cli.audio.scoring import BATCH_WINDOWS, Score
from slim_cli.audio.stream import Passage
from slim_cli.audio.windows import WINDOW, Window, WindowCutter
from slim_cli.results import MODEL_RATE_HZ, Occlusion, WindowScore

MAX_STRETCHES = 60
STRETCH_S = 1.0
SETS, SET_SHARE = 16, 0.25
MIN_FOR_FAITHFULNESS = 6
FADE = 80  # samples over which signal and noise are blended, 5 ms
NOISE_SAMPLES = 2**16
SEED = 0


@dataclass(frozen=True)
class ScoredChannel:
    """What the scan found in the scored channel.

    Attributes:
        index: its number, from 0.
        windows: its scored windows.
        samples: samples of the file at 16 kHz.
        speech_s: net speech between two positions (samples at 16 kHz), seconds.
        noise: a loop of the channel's own noise at 16 kHz.
    """

    index: int
    windows: tuple[WindowScore, ...]
    samples: int
    speech_s: Callable[[int, int], float]
    noise: np.ndarray


def occlusion_rule() -> dict[str, float]:
    """The parameters of the curve, for the record."""
    return {"stretch_s": STRETCH_S, "max_stretches": MAX_STRETCHES, "sets": SETS, "set_share": SET_SHARE, "seed": SEED}


def noise_like(power: np.ndarray, step_hz: float) -> np.ndarray:
    """A loop of noise with a given spectrum and random phases, always the same.

    Args:
        power: (bins,) mean power per line of a Hann-windowed spectrum in which a full-scale sine reads 1.
        step_hz: distance between lines, Hz.

    Returns:
        (65536,) float32 at 16 kHz, no sound above the last line.
    """
    hz = np.fft.rfftfreq(NOISE_SAMPLES, 1 / MODEL_RATE_HZ)
    # why: a line of Hann's window gathers the noise of 1.5 lines, and white noise of variance v reads 6 v / length.
    density = np.interp(hz, np.arange(len(power)) * step_hz, power, right=0.0) / (3 * step_hz)
    phases = np.random.default_rng(SEED).uniform(0, 2 * np.pi, len(hz))
    lines = np.sqrt(density * MODEL_RATE_HZ / NOISE_SAMPLES) * NOISE_SAMPLES / np.sqrt(2) * np.exp(1j * phases)
    lines[0] = lines[-1] = 0
    return np.fft.irfft(lines).astype(np.float32)


class Occluder:
    """Replaces stretches of one channel by noise, in one pass over it, and gives the change of its score.

    The faithfulness compares the changes of 16 random sets, each a quarter of the stretches, with the sums of the
    changes of their members (Spearman's rank correlation).

    Args:
        score: from waveforms (B, 64000) and lengths (B,) to scores (B,) and mismatches (B,).
        scored: what the scan found.
    """

    stage = "encoders"

    def __init__(self, score: Score, scored: ScoredChannel) -> None:
        count = int(np.clip(round(scored.samples / MODEL_RATE_HZ / STRETCH_S), 1, MAX_STRETCHES))
        self._score, self._found = score, scored
        self._edges = np.rint(np.linspace(0, scored.samples, count + 1)).astype(int)
        rng, size = np.random.default_rng(SEED), max(2, round(count * SET_SHARE))
        sets = [rng.permutation(count) < size for _ in range(SETS)] if count >= MIN_FOR_FAITHFULNESS else []
        self._cases = np.array([*np.eye(count, dtype=bool), *sets])  # one row per case: which stretches it replaces
        self._windows = {round(w.start_s * MODEL_RATE_HZ): w for w in scored.windows}
        self._weights = np.full(len(self._cases), sum(w.speech_s for w in scored.windows))
        self._sums = np.full(len(self._cases), sum(w.speech_s * w.score for w in scored.windows))
        self._cutter = WindowCutter(1)
        self._waiting: list[tuple[np.ndarray, int, np.ndarray, float]] = []

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        if passage.first:
            self._cutter = WindowCutter(1, passage.start)
        if self._found.index < len(passage.samples):
            self.push(passage.samples[self._found.index], passage.last)

    def push(self, samples: np.ndarray, last: bool = False) -> None:
        """The next samples of the channel, (n,) float32 at 16 kHz."""
        for window in self._cutter.push(samples[None], last):
            if window.start in self._windows:
                self._occlude(window, self._windows[window.start])
        if last:
            self._flush()

    def finish(self) -> Occlusion | None:
        """The curve; None where there are fewer than two stretches to compare."""
        count = len(self._edges) - 1
        total = sum(w.speech_s for w in self._found.windows)
        if count < 2 or not total:
            return None
        score = sum(w.speech_s * w.score for w in self._found.windows) / total
        kept = self._weights > 1e-6 * total
        change = np.where(kept, self._sums / np.where(kept, self._weights, 1), np.nan) - score
        single, told = change[:count], np.isfinite(change[:count])
        return Occlusion(
            starts_s=tuple((self._edges[:-1][told] / MODEL_RATE_HZ).tolist()),
            length_s=self._found.samples / MODEL_RATE_HZ / count,
            change=tuple(single[told].tolist()),
            faithfulness=_agreement(self._cases[count:] @ np.nan_to_num(single), change[count:]),
        )

    def _occlude(self, window: Window, scored: WindowScore) -> None:
        """Queues the window once for every different way in which the cases change it."""
        starts, stops = self._edges[:-1], self._edges[1:]
        touched = np.flatnonzero((starts < window.stop) & (stops > window.start))
        ways, which = np.unique(self._cases[:, touched], axis=0, return_inverse=True)
        for number, way in enumerate(ways):
            stretches = [(starts[i], stops[i]) for i in touched[way]]
            if not stretches:
                continue
            cases = np.flatnonzero(which.ravel() == number)
            lost = sum(self._found.speech_s(max(a, window.start), min(b, window.stop)) for a, b in stretches)
            weight = max(0.0, scored.speech_s - lost)
            self._weights[cases] += weight - scored.speech_s
            self._sums[cases] -= scored.speech_s * scored.score
            if weight > 0:
                self._waiting.append((self._replaced(window, stretches), window.length, cases, weight))
            if len(self._waiting) == BATCH_WINDOWS:
                self._flush()

    def _replaced(self, window: Window, stretches: Sequence[tuple[int, int]]) -> np.ndarray:
        places = window.start + np.arange(WINDOW)
        inside = np.zeros(WINDOW, np.float32)
        for start, stop in stretches:
            inside[max(0, start - window.start) : max(0, stop - window.start)] = 1
        inside = uniform_filter1d(inside, FADE) * (places < window.stop)
        return window.samples[0] * (1 - inside) + self._found.noise[places % len(self._found.noise)] * inside

    def _flush(self) -> None:
        if not self._waiting:
            return
        waveforms, lengths, cases, weights = zip(*self._waiting, strict=True)
        self._waiting = []
        scores = self._score(np.stack(waveforms).astype(np.float32), np.array(lengths))[0]
        for rows, weight, score in zip(cases, weights, scores, strict=True):
            self._sums[rows] += weight * float(score)


def _agreement(predicted: np.ndarray, measured: np.ndarray) -> float | None:
    """Spearman's correlation, None where it is not defined."""
    known = np.isfinite(measured)
    if known.sum() < MIN_FOR_FAITHFULNESS or not (np.ptp(predicted[known]) and np.ptp(measured[known])):
        return None
    return spearman(predicted[known], measured[known])


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation; ties share their mean rank. Written out because scipy.stats takes a second to load.

    >>> spearman(np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.0, 1.0, 1.0, 9.0]))
    1.0
    """
    return round(float(np.corrcoef(_ranks(first), _ranks(second))[0, 1]), 12)


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks
