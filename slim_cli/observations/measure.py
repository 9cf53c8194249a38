"""Artefact measures of one file, streaming at the native rate. They describe the signal and never enter a score.

Spectral measures read one frame per speech chunk (32 ms), only where speech was found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from slim_cli.audio.silero import CHUNK
from slim_cli.audio.spectra import frame_length, power_spectra
from slim_cli.audio.speech import SpeechTrack
from slim_cli.results import MODEL_RATE_HZ, Observation

BANDWIDTH_DB = -70.0
SMOOTHING_HZ = 200.0
SPLIT_HZ, TOP_HZ = 4000.0, 8000.0
CLIPPING_LEVEL = 0.999
CONSTANT_FRAME_S = 0.010
MIN_PAUSE_S = 0.192  # six speech chunks
MIN_PAUSES = 3
MIN_SPEECH_FRAMES = 31


@dataclass
class _Tally:
    """What is summed over one channel."""

    samples: int = 0
    total: float = 0.0
    clipped: int = 0
    constant_frames: int = 0
    frames: int = 0
    speech_frames: int = 0
    spectrum: np.ndarray = field(default_factory=lambda: np.zeros(0))


class Measures:
    """Accumulates the measures of every channel of a stream, in memory that does not grow.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate = rate_hz
        self._frame = frame_length(rate_hz)
        self._tallies = [_Tally(spectrum=np.zeros(self._frame // 2 + 1)) for _ in range(channels)]
        self._waiting = [np.zeros((0, self._frame // 2 + 1), np.float32) for _ in range(channels)]
        self._held = np.zeros((channels, 0), np.float32)
        self._held_start = 0  # position of the first held sample
        self._next_chunk = 0  # the chunk whose spectrum comes next
        self._rest = np.zeros((channels, 0), np.float32)

    def push(self, block: np.ndarray) -> None:
        """Adds the next block, (C, n) float32 at the native rate."""
        clipped = np.count_nonzero(np.abs(block) >= CLIPPING_LEVEL, axis=1)
        for tally, total, count in zip(self._tallies, block.sum(axis=1, dtype=np.float64), clipped, strict=True):
            tally.samples += block.shape[1]
            tally.total += float(total)
            tally.clipped += int(count)
        self._count_constant(block)
        self._take_spectra(block)

    def decide(self, decisions: list[np.ndarray]) -> None:
        """Tells which of the next chunks hold speech: per channel a bool array, in order."""
        for channel, (tally, speech) in enumerate(zip(self._tallies, decisions, strict=True)):
            spectra = self._waiting[channel][: len(speech)]
            tally.spectrum += spectra[speech[: len(spectra)]].sum(axis=0, dtype=np.float64)
            tally.speech_frames += int(np.count_nonzero(speech[: len(spectra)]))
            self._waiting[channel] = self._waiting[channel][len(speech) :]

    def finish(self, tracks: list[SpeechTrack]) -> list[dict[str, Observation]]:
        """The observations of each channel by name; call after the last `decide`."""
        return [self._observe(tally, track) for tally, track in zip(self._tallies, tracks, strict=True)]

    def _count_constant(self, block: np.ndarray) -> None:
        size = round(self._rate * CONSTANT_FRAME_S)
        joined = np.concatenate([self._rest, block], axis=1)
        frames = joined.shape[1] // size
        pieces = joined[:, : frames * size].reshape(len(joined), frames, size)
        self._rest = joined[:, frames * size :].copy()
        constant = np.count_nonzero(pieces.min(2) == pieces.max(2), axis=1) if frames else np.zeros(len(joined), int)
        for tally, count in zip(self._tallies, constant, strict=True):
            tally.frames += frames
            tally.constant_frames += int(count)

    def _take_spectra(self, block: np.ndarray) -> None:
        self._held = np.concatenate([self._held, block], axis=1)
        end = self._held_start + self._held.shape[1]
        last = ((end - self._frame) * MODEL_RATE_HZ) // (CHUNK * self._rate)
        if last < self._next_chunk:
            return
        starts = np.arange(self._next_chunk, last + 1) * CHUNK * self._rate // MODEL_RATE_HZ
        spectra = power_spectra(self._held, starts - self._held_start, self._frame)
        self._waiting = [np.concatenate(pair) for pair in zip(self._waiting, spectra, strict=True)]
        self._next_chunk = last + 1
        keep = self._next_chunk * CHUNK * self._rate // MODEL_RATE_HZ - self._held_start
        keep = min(keep, self._held.shape[1])
        self._held, self._held_start = self._held[:, keep:].copy(), self._held_start + keep

    def _observe(self, tally: _Tally, track: SpeechTrack) -> dict[str, Observation]:
        return {
            **self._spectral(tally),
            **_pauses(track.pauses_s()),
            "digital_silence_fraction": _fraction(tally.constant_frames, tally.frames),
            "clipping_fraction": _fraction(tally.clipped, tally.samples),
            "dc_offset": Observation(tally.total / tally.samples if tally.samples else None, "full scale"),
        }

    def _spectral(self, tally: _Tally) -> dict[str, Observation]:
        if tally.speech_frames < MIN_SPEECH_FRAMES:
            note = "less than 1 s of speech"
            return {
                "effective_bandwidth_hz": Observation(None, "Hz", False, note),
                "hf_energy_ratio_db": Observation(None, "dB", False, note),
            }
        mean, hz = tally.spectrum / tally.speech_frames, np.arange(self._frame // 2 + 1) * self._rate / self._frame
        bandwidth = Observation(_bandwidth_hz(mean, hz), "Hz")
        if self._rate < 2 * TOP_HZ:
            note = f"needs a sample rate of 16 kHz or more; this one is {self._rate} Hz"
            return {
                "effective_bandwidth_hz": bandwidth,
                "hf_energy_ratio_db": Observation(None, "dB", False, note),
            }
        low, high = mean[hz < SPLIT_HZ].sum(), mean[(hz >= SPLIT_HZ) & (hz <= TOP_HZ)].sum()
        ratio = float(10 * np.log10(high / low)) if low > 0 and high > 0 else None
        return {"effective_bandwidth_hz": bandwidth, "hf_energy_ratio_db": Observation(ratio, "dB", ratio is not None)}


def _bandwidth_hz(mean: np.ndarray, hz: np.ndarray) -> float | None:
    """Highest frequency at which the smoothed long-term spectrum lies within 70 dB of its maximum."""
    width = max(1, round(SMOOTHING_HZ / hz[1]))
    smooth = np.convolve(mean, np.ones(width) / width, mode="same")
    if not smooth.max() > 0:
        return None
    return float(hz[np.flatnonzero(smooth >= smooth.max() * 10 ** (BANDWIDTH_DB / 10))[-1]])


def _pauses(pauses_s: tuple[np.ndarray, float]) -> dict[str, Observation]:
    """Pause statistics between the first and the last speech of a channel."""
    gaps, span_s = pauses_s
    gaps = gaps[gaps >= MIN_PAUSE_S]
    few = len(gaps) < MIN_PAUSES
    note = f"fewer than {MIN_PAUSES} pauses" if few else ""
    mean = float(gaps.mean()) if len(gaps) else None
    spread = float(gaps.std(ddof=1) / gaps.mean()) if not few else None
    rate = 60 * len(gaps) / span_s if span_s else None
    return {
        "pause_count_per_min": Observation(rate, "1/min", not few, note if span_s else "no speech"),
        "pause_mean_s": Observation(mean, "s", not few, note),
        "pause_cv": Observation(spread, "", not few, note),
    }


def _fraction(part: int, whole: int) -> Observation:
    return Observation(part / whole if whole else None, "")
