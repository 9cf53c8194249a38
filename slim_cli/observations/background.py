"""Abrupt changes of what lies behind the speech: the level of the noise floor and the width of the band.

A recording that was cut together, or in which a passage was put, often changes its background from one moment to the
next. Levels and spectra of blocks of 2 s are compared: three before a moment with three after it.
"""

from __future__ import annotations

import numpy as np

from slim_cli.results import Observation, Remark

BLOCK_S = 2.0
SIDE = 3
FLOOR_PERCENTILE = 10
SILENT_DB = -120.0
BAND_DB = -50.0
SMOOTHING_HZ = 200.0


class Background:
    """Compares each moment's before and after in every channel, in memory that does not grow.

    Args:
        step_hz: distance between the lines of the spectra, Hz.
        frame_s: time between two frames, seconds.
        channels: number of channels.
    """

    def __init__(self, step_hz: float, frame_s: float, channels: int) -> None:
        self._channels = [_Blocks(step_hz, frame_s) for _ in range(channels)]

    def push(self, channel: int, spectra: np.ndarray) -> None:
        """Adds the next frames of a channel: power spectra (F, bins) in which a full-scale sine reads 1."""
        self._channels[channel].push(spectra)

    def observe(self, channel: int) -> dict[str, Observation]:
        """The observations of a channel by name."""
        return self._channels[channel].observe()


class _Blocks:
    """The last blocks of one channel, and the largest steps between them so far."""

    def __init__(self, step_hz: float, frame_s: float) -> None:
        self._size, self._step_hz = max(1, round(BLOCK_S / frame_s)), step_hz
        self._width = max(1, round(SMOOTHING_HZ / step_hz))
        self._held: list[np.ndarray] = []
        self._count = self._blocks = 0
        self._floors: list[float] = []
        self._bands: list[float] = []
        self._floor_step = (-1.0, 0.0)
        self._band_step = (-1.0, 0.0)

    def push(self, spectra: np.ndarray) -> None:
        """Adds frames, and closes blocks that are full."""
        while len(spectra):
            taken = spectra[: self._size - self._count]
            self._held.append(taken)
            self._count += len(taken)
            spectra = spectra[len(taken) :]
            if self._count == self._size:
                self._close(np.concatenate(self._held))
                self._held, self._count = [], 0

    def _close(self, block: np.ndarray) -> None:
        powers = block.sum(axis=1, dtype=np.float64)
        levels = 10 * np.log10(np.maximum(powers, 10 ** (SILENT_DB / 10)))
        self._floors.append(float(np.percentile(levels, FLOOR_PERCENTILE)))
        mean = np.convolve(block.mean(axis=0, dtype=np.float64), np.ones(self._width) / self._width, mode="same")
        reached = np.flatnonzero(mean >= mean.max() * 10 ** (BAND_DB / 10)) if mean.max() > 0 else np.zeros(1, int)
        self._bands.append(float(reached[-1] * self._step_hz))
        self._blocks += 1
        if len(self._floors) == 2 * SIDE:
            at_s = (self._blocks - SIDE) * BLOCK_S
            self._floor_step = max(self._floor_step, (_step(self._floors), at_s))
            self._band_step = max(self._band_step, (_step(self._bands), at_s))
            del self._floors[0], self._bands[0]

    def observe(self) -> dict[str, Observation]:
        """The observations by name."""
        found = (("floor_step_db", "dB", self._floor_step), ("band_step_hz", "Hz", self._band_step))
        if self._floor_step[0] < 0:
            short = Remark("too_short_for_changes", {"needed_s": 2 * SIDE * BLOCK_S})
            return {name: Observation(None, unit, False, short) for name, unit, _ in found}
        return {
            name: Observation(step, unit, True, Remark("largest_change_at", {"at_s": at_s}))
            for name, unit, (step, at_s) in found
        }


def _step(values: list[float]) -> float:
    """Distance between the medians before and after; the ranges of both sides must not touch, or there is no step."""
    before, after = values[:SIDE], values[SIDE:]
    apart = max(min(after) - max(before), min(before) - max(after))
    return abs(float(np.median(after) - np.median(before))) if apart > 0 else 0.0
