"""What long-term power spectra tell: where the sound ends and how steeply, regular lines, the colour of the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from slim_cli.results import Observation, Remark

BANDWIDTH_DB = -70.0
SMOOTHING_HZ = 200.0
EDGE_HZ = 500.0
SPLIT_HZ, TOP_HZ = 4000.0, 8000.0
MIN_SPEECH_FRAMES = 31
LINES_FROM_HZ = 1000.0
LINE_PERIODS_HZ = (250.0, 2000.0)
LINE_WIDTH_HZ = 350.0
FLATNESS_HZ = (200.0, 7000.0)
MIN_NOISE_FRAMES = 15
SILENT_DB = -140.0


@dataclass(frozen=True)
class MeanSpectrum:
    """Mean power per line of a short-time spectrum.

    Attributes:
        power: (bins,) mean power; a full-scale sine reads 1 at its line.
        step_hz: distance between lines, Hz.
    """

    power: np.ndarray
    step_hz: float

    @property
    def hz(self) -> np.ndarray:
        """Frequencies of the lines, (bins,) Hz."""
        return np.arange(len(self.power)) * self.step_hz

    def between(self, low_hz: float, high_hz: float) -> np.ndarray:
        """The powers from one frequency to another, both included."""
        return self.power[(self.hz >= low_hz) & (self.hz <= high_hz)]

    def smoothed(self) -> np.ndarray:
        """(bins,) powers averaged over 200 Hz."""
        width = max(1, round(SMOOTHING_HZ / self.step_hz))
        return np.convolve(self.power, np.ones(width) / width, mode="same")


def speech_observations(mean: MeanSpectrum, frames: int) -> dict[str, Observation]:
    """Bandwidth, slope of its edge, high-frequency energy and periodic lines of the long-term spectrum of speech.

    Args:
        mean: mean over speech frames.
        frames: how many there were.
    """
    units = {
        "effective_bandwidth_hz": "Hz",
        "edge_slope_db_per_khz": "dB/kHz",
        "hf_energy_ratio_db": "dB",
        "spectral_line_strength": "",
        "spectral_line_distance_hz": "Hz",
    }
    if frames < MIN_SPEECH_FRAMES or not mean.power.max() > 0:
        little = Remark("little_speech_to_measure", {"needed_s": 1.0})
        return {name: Observation(None, unit, False, little) for name, unit in units.items()}
    bandwidth = _bandwidth_hz(mean)
    strength, distance = _lines(mean, bandwidth)
    seen = (Observation(bandwidth, "Hz"), _edge_slope(mean, bandwidth), _high_frequencies(mean), strength, distance)
    return dict(zip(units, seen, strict=True))


def noise_observations(mean: MeanSpectrum, frames: int, audible: int) -> dict[str, Observation]:
    """Flatness of the mean spectrum outside speech (geometric over arithmetic mean of the powers, in dB; 0 = white).

    Args:
        mean: mean over the frames outside speech.
        frames: how many there were.
        audible: how many of them were not digital silence.
    """
    band = mean.between(FLATNESS_HZ[0], min(FLATNESS_HZ[1], 0.95 * mean.hz[-1]))
    note = None
    if frames < MIN_NOISE_FRAMES:
        note = Remark("little_background", {"needed_s": 0.5})
    elif audible < MIN_NOISE_FRAMES or not (band > 0).all():
        note = Remark("background_silent")
    if note:
        return {"pause_flatness_db": Observation(None, "dB", False, note)}
    flatness = 10 * (np.mean(np.log10(band)) - np.log10(np.mean(band)))
    return {"pause_flatness_db": Observation(float(flatness), "dB")}


def _bandwidth_hz(mean: MeanSpectrum) -> float:
    """Highest frequency at which the smoothed long-term spectrum lies within 70 dB of its maximum."""
    smooth = mean.smoothed()
    return float(mean.hz[np.flatnonzero(smooth >= smooth.max() * 10 ** (BANDWIDTH_DB / 10))[-1]])


def _edge_slope(mean: MeanSpectrum, bandwidth_hz: float) -> Observation:
    """How far the level falls per kHz from 500 Hz below the edge of the bandwidth to 500 Hz above it."""
    if bandwidth_hz + EDGE_HZ > mean.hz[-1]:
        return Observation(None, "dB/kHz", False, Remark("no_edge"))
    decibels = _decibels(mean.smoothed())
    below, above = np.interp([bandwidth_hz - EDGE_HZ, bandwidth_hz + EDGE_HZ], mean.hz, decibels)
    return Observation(float(below - above) * 500 / EDGE_HZ, "dB/kHz")


def _high_frequencies(mean: MeanSpectrum) -> Observation:
    """Energy from 4 to 8 kHz over the energy below 4 kHz."""
    if mean.hz[-1] < TOP_HZ:
        note = Remark("rate_too_low", {"needed_hz": int(2 * TOP_HZ), "rate_hz": round(2 * mean.hz[-1])})
        return Observation(None, "dB", False, note)
    low, high = mean.power[mean.hz < SPLIT_HZ].sum(), mean.between(SPLIT_HZ, TOP_HZ).sum()
    ratio = float(10 * np.log10(high / low)) if low > 0 and high > 0 else None
    return Observation(ratio, "dB", ratio is not None)


def _lines(mean: MeanSpectrum, bandwidth_hz: float) -> tuple[Observation, Observation]:
    """Strength and distance of lines that stand at equal distances in the spectrum above 1 kHz.

    Upsampling layers of neural vocoders leave such lines (Pons et al. 2021, "Upsampling artifacts in neural audio
    synthesis"). What rises above the running median over 350 Hz is correlated with itself, shifted by 250 to 2000 Hz.
    """
    band = mean.between(LINES_FROM_HZ, bandwidth_hz - EDGE_HZ)
    shortest, longest = (round(period / mean.step_hz) for period in LINE_PERIODS_HZ)
    if len(band) < 2 * longest:
        note = Remark("band_too_narrow", {"edge_khz": bandwidth_hz / 1000})
        return Observation(None, "", False, note), Observation(None, "Hz", False, note)
    decibels = _decibels(band)
    rise = np.maximum(decibels - median_filter(decibels, 2 * round(LINE_WIDTH_HZ / mean.step_hz / 2) + 1), 0)
    rise -= rise.mean()
    spread = float(rise @ rise)
    if spread == 0:
        return Observation(0.0, ""), Observation(None, "Hz", False, Remark("no_lines"))
    shifts = np.arange(shortest, longest + 1)
    alike = np.array([rise[s:] @ rise[:-s] for s in shifts]) / spread
    best = int(alike.argmax())
    return Observation(float(alike[best]), ""), Observation(float(shifts[best] * mean.step_hz), "Hz")


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 10 ** (SILENT_DB / 10)))
