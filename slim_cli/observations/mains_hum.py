"""The trace of the mains in a recording: hum at 50 or 60 Hz and its multiples, how loud it is, and whether it jumps.

Each frame of 1 s (Hann, every 0.5 s) has lines 1 Hz apart. A multiple of the mains frequency stands out by its power
over the median power of the lines 4 to 9 Hz away. A cut in a recording breaks the phase of the hum that was recorded
with it (Rodríguez, Apolinário, Biscainho 2010, "Audio authenticity: detecting ENF discontinuity with high precision
phase analysis"); here two frames that do not overlap are compared.
"""

from __future__ import annotations

import numpy as np

from slim_cli.results import Observation, Remark

MAINS_HZ = (50, 60)
MULTIPLES = 6
LINES_HZ = np.array([[hz * k for k in range(1, MULTIPLES + 1)] for hz in MAINS_HZ])
AROUND_HZ = np.array([*range(-9, -3), *range(4, 10)])
FRAME_S, HOP_S = 1.0, 0.5
PRESENT_DB = 10.0
BREAK_RAD = np.pi / 3
DRIFT_FRAMES = 9
MIN_FRAMES = 9
RATIOS_DB = np.arange(-40.0, 81.0)
LEVELS_DB = np.arange(-160.0, 1.0)


class MainsHum:
    """Follows the lines of both mains frequencies through every channel of a stream, in memory that does not grow.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._size, self._hop = round(rate_hz * FRAME_S), round(rate_hz * HOP_S)
        window = np.hanning(self._size + 1)[:-1]
        self._window = (window * (2 / window.sum())).astype(np.float32)
        self._held = np.zeros((channels, 0), np.float32)
        self._channels = [_Lines() for _ in range(channels)]

    def push(self, block: np.ndarray) -> None:
        """Adds the next block, (C, n) float32 at the native rate."""
        self._held = np.concatenate([self._held, block], axis=1)
        while self._held.shape[1] >= self._size:
            spectra = np.fft.rfft(self._held[:, : self._size] * self._window, axis=1)
            for lines, spectrum in zip(self._channels, spectra, strict=True):
                lines.add(spectrum)
            self._held = self._held[:, self._hop :]
        self._held = self._held.copy()

    def observe(self, channel: int) -> dict[str, Observation]:
        """The observations of a channel by name: frequency, level and breaks only where there is hum."""
        return self._channels[channel].observe()


class _Lines:
    """The lines of one channel: (2, 6) for the multiples of 50 and of 60 Hz."""

    def __init__(self) -> None:
        shape = LINES_HZ.shape
        self._ratios = np.zeros((*shape, len(RATIOS_DB)), np.int64)
        self._levels = np.zeros((*shape, len(LEVELS_DB)), np.int64)
        self._turns = np.zeros(shape, complex)
        self._breaks = np.zeros(shape, np.int64)
        self._since_break = np.full(shape, 2)
        self._recent: list[
            tuple[np.ndarray, np.ndarray]
        ] = []  # phases of the last frames, and whether a line stood out
        self._drift: list[np.ndarray] = []
        self._frames = 0

    def add(self, spectrum: np.ndarray) -> None:
        """Adds a frame: complex lines (bins,) at 0, 1, 2, … Hz; a full-scale sine has magnitude 1."""
        lines = spectrum[LINES_HZ]
        around = np.median(np.abs(spectrum[LINES_HZ[..., None] + AROUND_HZ]) ** 2, axis=-1)
        power = np.abs(lines) ** 2
        if not (power.any() and around.any()):
            self._recent.clear()  # why: digital silence has no phase
            return
        ratio = 10 * np.log10(np.maximum(power, 1e-16) / np.maximum(around, 1e-16))
        _count(self._ratios, ratio, RATIOS_DB)
        _count(self._levels, 10 * np.log10(np.maximum(power, 1e-16)), LEVELS_DB)
        self._frames += 1
        self._follow(np.angle(lines), ratio >= PRESENT_DB)

    def _follow(self, phase: np.ndarray, stands_out: np.ndarray) -> None:
        """Compares the phase with that of 1 s before: by then every multiple of 50 and 60 Hz has made whole turns."""
        self._recent.append((phase, stands_out))
        if len(self._recent) < 3:
            return
        before, stood_out = self._recent.pop(0)
        turn = _wrapped(phase - before)
        usable = stands_out & stood_out
        usual = np.angle(np.exp(1j * np.array(self._drift or [turn])).mean(axis=0))
        jump = usable & (np.abs(_wrapped(turn - usual)) > BREAK_RAD) & (len(self._drift) >= 3)
        self._turns += np.where(usable & ~jump, np.exp(1j * turn), 0)
        self._breaks += jump & (self._since_break >= 3)
        self._since_break = np.where(jump, 0, self._since_break + 1)
        if not jump.any() or len(self._drift) < 3:
            self._drift = [*self._drift, turn][-DRIFT_FRAMES:]

    def observe(self) -> dict[str, Observation]:
        """The observations by name."""
        if self._frames < MIN_FRAMES:
            little = Remark("little_sound_for_hum", {"needed_s": (MIN_FRAMES + 1) * HOP_S})
            return {"hum_db": Observation(None, "dB", False, little)}
        ratios = _medians(self._ratios, RATIOS_DB)
        strongest_two = np.sort(ratios, axis=1)[:, -2:].mean(axis=1)
        mains = int(strongest_two.argmax())
        line = int(ratios[mains].argmax())
        strength = float(strongest_two[mains])
        if strength < PRESENT_DB:
            return {"hum_db": Observation(strength, "dB", True, Remark("no_hum", {"needed_db": PRESENT_DB}))}
        off_hz = float(np.angle(self._turns[mains, line])) / (2 * np.pi * FRAME_S) / (line + 1)
        minutes = (self._frames + 1) * HOP_S / 60
        return {
            "hum_db": Observation(strength, "dB"),
            "hum_frequency_hz": Observation(MAINS_HZ[mains] + off_hz, "Hz"),
            "hum_level_db": Observation(float(_medians(self._levels, LEVELS_DB)[mains, line]), "dBFS"),
            "hum_breaks_per_min": Observation(float(self._breaks[mains, line]) / minutes, "1/min"),
        }


def _count(histograms: np.ndarray, values: np.ndarray, steps: np.ndarray) -> None:
    places = np.clip(np.rint(values - steps[0]).astype(int), 0, len(steps) - 1)
    np.add.at(histograms, (*np.indices(values.shape), places), 1)


def _medians(histograms: np.ndarray, steps: np.ndarray) -> np.ndarray:
    so_far = np.cumsum(histograms, axis=-1)
    return steps[(so_far >= so_far[..., -1:] / 2).argmax(axis=-1)]


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return np.angle(np.exp(1j * angle))
