"""Regularity of voiced speech: jitter, shimmer and harmonics-to-noise ratio, streaming at 16 kHz.

A frame of 64 ms is read every 128 ms where it lies inside speech. Pitch and HNR follow Boersma (1993), "Accurate
short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound": the
autocorrelation of the Hann-windowed frame divided by that of the window. Cycles are the highest peaks one pitch period
apart; jitter and shimmer (local) are defined as in the manual of Praat ("Voice 2. Jitter", "Voice 3. Shimmer").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy.fft import irfft, rfft

from slim_cli.audio.silero import CHUNK
from slim_cli.audio.stream import Passage
from slim_cli.results import MODEL_RATE_HZ, Observation, Remark

FRAME, HOP = 2 * CHUNK, 4 * CHUNK
PITCH_HZ = (75.0, 500.0)
VOICED = 0.6  # least autocorrelation at the pitch period
FIRST_PEAK = 0.9  # the shortest period this close to the best one is taken, against octave errors
LEEWAY = 0.2  # how far a cycle may depart from the frame's period
MAX_PERIOD_RATIO, MAX_AMPLITUDE_RATIO = 1.3, 1.6  # as in Praat: greater steps are errors of the search
MIN_VOICED_FRAMES = 16  # 2 s
MIN_SNR_DB = 15.0
BATCH = 32  # frames read at once


@dataclass
class _Steps:
    """Values of successive cycles: their mean, and the mean absolute step from one to the next."""

    largest_ratio: float
    values: int = 0
    total: float = 0.0
    steps: int = 0
    change: float = 0.0

    def add(self, values: np.ndarray) -> None:
        """Adds rows of successive values (F, K), not a number where there is none; unlikely steps are left out."""
        known = values[np.isfinite(values)]
        self.values += len(known)
        self.total += float(known.sum())
        left, right = values[:, :-1], values[:, 1:]
        with np.errstate(invalid="ignore"):
            steps = np.abs(left - right)[np.maximum(left, right) <= self.largest_ratio * np.minimum(left, right)]
        self.steps += len(steps)
        self.change += float(steps.sum())

    @property
    def local(self) -> float:
        """Mean absolute step over the mean."""
        return self.change / self.steps / (self.total / self.values)


@dataclass
class _Sums:
    """Sums over the voiced frames of one channel."""

    frames: int = 0
    harmonicity: float = 0.0
    periods: _Steps = field(default_factory=lambda: _Steps(MAX_PERIOD_RATIO))
    amplitudes: _Steps = field(default_factory=lambda: _Steps(MAX_AMPLITUDE_RATIO))


class VoiceQuality:
    """Accumulates the voice measures of every channel, in memory that does not grow.

    Args:
        channels: number of channels of the first segment, where it does not come as passages.
    """

    stage = "pictures"

    def __init__(self, channels: int = 0) -> None:
        self._sums: list[_Sums] = []
        self._waiting: list[np.ndarray] = []
        self._held = np.zeros((0, 0), np.float32)
        self._decided: list[np.ndarray] = []
        self._begin(channels)

    def take(self, passage: Passage) -> None:
        """See `slim_cli.audio.stream.Consumer`."""
        if passage.first:
            self._begin(len(passage.samples))
        self.push(passage.samples, passage.decisions)

    def push(self, samples: np.ndarray, decisions: list[np.ndarray]) -> None:
        """Adds the next samples, (C, n) at 16 kHz, and the next decisions of each channel, one per 32 ms."""
        self._held = np.concatenate([self._held, samples], axis=1)
        self._decided = [np.concatenate(pair) for pair in zip(self._decided, decisions, strict=True)]
        ready = min(min(map(len, self._decided)) * CHUNK, self._held.shape[1]) // HOP
        if not ready:
            return
        for channel, (row, speech) in enumerate(zip(self._held, self._decided, strict=True)):
            inside = speech[: ready * HOP // CHUNK].reshape(ready, -1)[:, : FRAME // CHUNK].all(axis=1)
            frames = row[: ready * HOP].reshape(ready, HOP)[inside, :FRAME]
            self._waiting[channel] = np.concatenate([self._waiting[channel], frames])
            if len(self._waiting[channel]) >= BATCH:
                self._read(channel)
        self._held = self._held[:, ready * HOP :].copy()
        self._decided = [speech[ready * HOP // CHUNK :] for speech in self._decided]

    def finish(self, channel: int, snr: Observation | None) -> dict[str, Observation]:
        """The observations of a channel.

        Args:
            channel: its index.
            snr: its signal-to-noise ratio, which decides whether they can be read.
        """
        self._read(channel)
        sums, noisy = self._sums[channel], snr is None or snr.value is None or snr.value < MIN_SNR_DB
        units = {"jitter_local": "", "shimmer_local": "", "hnr_db": "dB"}
        if sums.frames < MIN_VOICED_FRAMES or not (sums.periods.steps and sums.amplitudes.steps):
            note = Remark("little_voiced_speech", {"needed_s": MIN_VOICED_FRAMES * HOP / MODEL_RATE_HZ})
            return {name: Observation(None, unit, False, note) for name, unit in units.items()}
        values = (sums.periods.local, sums.amplitudes.local, sums.harmonicity / sums.frames)
        low = Remark("low_snr", {"limit_db": MIN_SNR_DB}) if noisy else None
        seen = zip(units.items(), values, strict=True)
        return {name: Observation(value, unit, not noisy, low) for (name, unit), value in seen}

    def _begin(self, channels: int) -> None:
        """Starts a segment."""
        more = max(0, channels - len(self._sums))
        self._sums += [_Sums() for _ in range(more)]
        self._waiting += [np.zeros((0, FRAME), np.float32) for _ in range(more)]
        self._held = np.zeros((channels, 0), np.float32)
        self._decided = [np.zeros(0, bool) for _ in range(channels)]

    def _read(self, channel: int) -> None:
        frames, self._waiting[channel] = self._waiting[channel], self._waiting[channel][:0].copy()
        if len(frames):
            _add(self._sums[channel], frames)


@cache
def _window() -> tuple[np.ndarray, np.ndarray]:
    """Hann window of a frame, and its normalised autocorrelation up to the longest period."""
    window = np.hanning(FRAME + 2)[1:-1]
    return window.astype(np.float32), _autocorrelation(window[None])[0]


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """(F, FRAME) to (F, lags), normalised to 1 at lag 0, up to one lag beyond the longest period."""
    lags = int(MODEL_RATE_HZ / PITCH_HZ[0]) + 2
    spectrum = rfft(frames, 2 * FRAME, axis=1)
    correlation = irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, :lags]
    return correlation / np.maximum(correlation[:, :1], 1e-30)


def pitch(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitch period in samples (F,) and autocorrelation there (F,), interpolated by a parabola."""
    window, own = _window()
    correlation = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * window) / own.astype(np.float32)
    first = int(MODEL_RATE_HZ / PITCH_HZ[1])
    inner = correlation[:, first:-1]
    peak = (inner >= correlation[:, first - 1 : -2]) & (inner >= correlation[:, first + 1 :])
    heights = np.where(peak, inner, -1.0)
    near = heights >= FIRST_PEAK * heights.max(axis=1, keepdims=True)
    lag = first + np.argmax(near & peak, axis=1)
    return _parabola(correlation, lag)


def _parabola(rows: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position and height of the peak of a parabola through each row's values around an index."""
    here = np.arange(len(rows))
    left, middle, right = rows[here, at - 1], rows[here, at], rows[here, at + 1]
    bend = np.minimum(left - 2 * middle + right, -1e-12)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return at + shift, middle - 0.25 * (left - right) * shift


def _add(sums: _Sums, frames: np.ndarray) -> None:
    period, strength = pitch(frames)
    voiced = strength >= VOICED
    if not voiced.any():
        return
    frames, period = frames[voiced], period[voiced]
    strength = np.clip(strength[voiced], None, 0.9999)
    sums.frames += len(frames)
    sums.harmonicity += float((10 * np.log10(strength / (1 - strength))).sum())
    times, heights = _cycles(frames, period)
    sums.periods.add(np.diff(times, axis=1))
    sums.amplitudes.add(heights)


def _cycles(frames: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times (F, K) in samples and heights (F, K) of each frame's cycle peaks; not a number where there is none."""
    upside_down = -frames.min(axis=1) > frames.max(axis=1)
    frames = np.where(upside_down[:, None], -frames, frames)
    here, reach = np.arange(len(frames)), int(LEEWAY * period.max()) + 1
    offsets = np.arange(-reach, reach + 1)
    narrow = np.abs(offsets) <= LEEWAY * period[:, None]
    head = frames[:, 1 : int(1.2 * period.max()) + 1]
    start = np.argmax(np.where(np.arange(head.shape[1]) < 1.2 * period[:, None], head, -np.inf), axis=1) + 1
    times, heights = [], []
    expected, alive = start.astype(float), np.ones(len(frames), bool)
    for number in range(int(FRAME / period.min()) + 1):
        if number:
            places = np.rint(expected).astype(int)[:, None] + offsets
            alive = alive & (expected + LEEWAY * period < FRAME - 2)
            inside = narrow & (places > 0) & (places < FRAME - 1)
            values = np.where(inside, frames[here[:, None], np.clip(places, 0, FRAME - 1)], -np.inf)
            start = np.clip(np.rint(expected).astype(int) + offsets[values.argmax(axis=1)], 1, FRAME - 2)
        if not alive.any():
            break
        exact, height = _parabola(frames, start)
        times.append(np.where(alive, exact, np.nan))
        heights.append(np.where(alive & (height > 0), height, np.nan))
        expected = exact + period
    return np.stack(times, axis=1), np.stack(heights, axis=1)
