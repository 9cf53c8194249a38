"""Artefact measures of one file, streaming at the native rate. They describe the signal and never enter a score.

Spectral measures read one frame per speech chunk (32 ms); speech and what lies outside it are summed apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from slim_cli.audio.silero import CHUNK
from slim_cli.audio.spectra import frame_length, power_spectra
from slim_cli.audio.speech import ChannelSpeech, SpeechTrack
from slim_cli.audio.stream import Passage
from slim_cli.observations.background import Background
from slim_cli.observations.mains_hum import MainsHum
from slim_cli.observations.spectrum import MeanSpectrum, noise_observations, speech_observations
from slim_cli.results import MODEL_RATE_HZ, Observation, Remark

CLIPPING_LEVEL = 0.999
CONSTANT_FRAME_S = 0.010
MIN_PAUSE_S = 0.192  # six speech chunks
MIN_PAUSES = 3
LEVELS_DB = np.arange(-120.0, 1.0)  # below the first, a frame counts as digital silence
NOISE_PERCENTILE = 10
MIN_FRAMES = 31  # 1 s
MIN_NOISE_FRAMES = 3
HANN_NOISE_BANDWIDTH = 1.5


@dataclass
class _Frames:
    """Sums over the frames of one kind (speech, or outside it)."""

    spectrum: np.ndarray
    count: int = 0
    audible: int = 0
    zeros: int = 0
    power: float = 0.0
    levels: np.ndarray = field(default_factory=lambda: np.zeros(len(LEVELS_DB), np.int64))

    def add(self, spectra: np.ndarray, zeros: np.ndarray) -> None:
        """Adds frames: power spectra (F, bins) and the number of samples equal to zero in each (F,)."""
        powers = spectra.sum(axis=1, dtype=np.float64) / (2 * HANN_NOISE_BANDWIDTH)  # mean square of the frame
        audible = powers > 10 ** (LEVELS_DB[0] / 10)
        self.spectrum += spectra.sum(axis=0, dtype=np.float64)
        self.count += len(spectra)
        self.audible += int(np.count_nonzero(audible))
        self.zeros += int(zeros.sum())
        self.power += float(powers.sum())
        places = np.clip(np.rint(10 * np.log10(powers[audible]) - LEVELS_DB[0]), 0, len(LEVELS_DB) - 1)
        self.levels += np.bincount(places.astype(int), minlength=len(LEVELS_DB))


@dataclass
class _Tally:
    """What is summed over one channel."""

    speech: _Frames
    outside: _Frames
    samples: int = 0
    total: float = 0.0
    clipped: int = 0
    constant_frames: int = 0
    frames: int = 0


class Measures:
    """Accumulates the measures of every channel of a stream, in memory that does not grow.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate = rate_hz
        self._frame = frame_length(rate_hz)
        bins = self._frame // 2 + 1
        self._tallies = [_Tally(_Frames(np.zeros(bins)), _Frames(np.zeros(bins))) for _ in range(channels)]
        self._spectra = [np.zeros((0, bins), np.float32) for _ in range(channels)]
        self._zeros = [np.zeros(0, np.int64) for _ in range(channels)]
        self._hum = MainsHum(rate_hz, channels)
        self._products = np.zeros((channels, channels))  # of the samples of two channels, summed
        self._background = Background(rate_hz / self._frame, CHUNK / MODEL_RATE_HZ, channels)
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
        self._hum.push(block)
        if len(block) > 1:
            precise = block.astype(np.float64)
            self._products += precise @ precise.T
        self._count_constant(block)
        self._take_frames(block)

    def decide(self, decisions: list[np.ndarray]) -> None:
        """Tells which of the next chunks hold speech: per channel a bool array, in order."""
        for channel, (tally, speech) in enumerate(zip(self._tallies, decisions, strict=True)):
            spectra, zeros = self._spectra[channel][: len(speech)], self._zeros[channel][: len(speech)]
            told = speech[: len(spectra)]
            self._background.push(channel, spectra)
            tally.speech.add(spectra[told], zeros[told])
            tally.outside.add(spectra[~told], zeros[~told])
            self._spectra[channel] = self._spectra[channel][len(speech) :]
            self._zeros[channel] = self._zeros[channel][len(speech) :]

    def speech_frames(self, channel: int) -> int:
        """Frames of speech so far; -1 where there is no such channel."""
        return self._tallies[channel].speech.count if channel < len(self._tallies) else -1

    def observe(self, channel: int, track: SpeechTrack) -> dict[str, Observation]:
        """The observations of a channel by name, from its speech; call after the last `decide`."""
        tally = self._tallies[channel]
        speech, outside = tally.speech, tally.outside
        return {
            **speech_observations(self._mean(speech), speech.count),
            "snr_db": _signal_to_noise(tally),
            **noise_observations(self._mean(outside), outside.count, outside.audible),
            "pause_zero_fraction": _zeros(outside, self._frame),
            **_pauses(track.pauses_s()),
            "digital_silence_fraction": _fraction(tally.constant_frames, tally.frames),
            "clipping_fraction": _fraction(tally.clipped, tally.samples),
            **self._hum.observe(channel),
            **self._difference(channel),
            **self._background.observe(channel),
            "dc_offset": Observation(tally.total / tally.samples if tally.samples else None, "full scale"),
        }

    def _difference(self, channel: int) -> dict[str, Observation]:
        """How far a channel differs from the one most like it; nothing where it is alone or silent."""
        energy = np.diag(self._products)
        others = np.delete(energy + energy[channel] - 2 * self._products[channel], channel)
        if not len(others) or not energy[channel]:
            return {}
        ratio = max(float(others.min() / energy[channel]), 10 ** (LEVELS_DB[0] / 10))
        return {"channel_difference_db": Observation(float(10 * np.log10(ratio)), "dB")}

    def noise(self, channel: int) -> MeanSpectrum | None:
        """Mean power spectrum outside speech; None where there was too little to tell."""
        outside = self._tallies[channel].outside
        return self._mean(outside) if outside.count >= MIN_NOISE_FRAMES else None

    def _mean(self, frames: _Frames) -> MeanSpectrum:
        return MeanSpectrum(frames.spectrum / max(frames.count, 1), self._rate / self._frame)

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

    def _take_frames(self, block: np.ndarray) -> None:
        self._held = np.concatenate([self._held, block], axis=1)
        end = self._held_start + self._held.shape[1]
        last = ((end - self._frame) * MODEL_RATE_HZ) // (CHUNK * self._rate)
        if last < self._next_chunk:
            return
        starts = np.arange(self._next_chunk, last + 1) * CHUNK * self._rate // MODEL_RATE_HZ - self._held_start
        spectra = power_spectra(self._held, starts, self._frame)
        so_far = np.cumsum(self._held == 0, axis=1, dtype=np.int32)
        zeros = so_far[:, starts + self._frame - 1] - so_far[:, starts] + (self._held[:, starts] == 0)
        self._spectra = [np.concatenate(pair) for pair in zip(self._spectra, spectra, strict=True)]
        self._zeros = [np.concatenate(pair) for pair in zip(self._zeros, zeros, strict=True)]
        self._next_chunk = last + 1
        keep = self._next_chunk * CHUNK * self._rate // MODEL_RATE_HZ - self._held_start
        keep = min(keep, self._held.shape[1])
        self._held, self._held_start = self._held[:, keep:].copy(), self._held_start + keep


class FileMeasures:
    """The measures of each segment of a file; those of a channel are taken from the segment with most of its speech."""

    stage = "pictures"

    def __init__(self) -> None:
        self._segments: list[Measures] = []

    def take(self, passage: Passage) -> None:
        """See `slim_cli.audio.stream.Consumer`."""
        if passage.first:
            self._segments.append(Measures(passage.rate_hz, len(passage.native)))
        if passage.native.shape[1]:
            self._segments[-1].push(passage.native)
        self._segments[-1].decide(passage.decisions)

    def finish(self, channel: int, speech: ChannelSpeech) -> dict[str, Observation]:
        """The observations of a channel by name; call after the last passage."""
        own = [segment for segment in self._segments if segment.speech_frames(channel) >= 0]
        best = self._best(channel)
        return best.observe(channel, speech.tracks[own.index(best)])

    def noise(self, channel: int) -> MeanSpectrum | None:
        """Mean power spectrum outside speech; None where there was too little to tell."""
        return self._best(channel).noise(channel)

    def _best(self, channel: int) -> Measures:
        return max(self._segments, key=lambda segment: segment.speech_frames(channel))


def _signal_to_noise(tally: _Tally) -> Observation:
    """Mean level of speech frames over the 10th percentile of the levels of all frames but digital silence."""
    speech, levels = tally.speech, tally.speech.levels + tally.outside.levels
    if speech.count < MIN_FRAMES or not levels.sum():
        return Observation(None, "dB", False, Remark("little_speech_to_measure", {"needed_s": 1.0}))
    noise = LEVELS_DB[np.searchsorted(np.cumsum(levels), levels.sum() * NOISE_PERCENTILE / 100)]
    return Observation(float(10 * np.log10(speech.power / speech.count) - noise), "dB")


def _zeros(outside: _Frames, length: int) -> Observation:
    if outside.count < MIN_FRAMES // 2:
        return Observation(None, "", False, Remark("little_background", {"needed_s": 0.5}))
    return Observation(outside.zeros / (outside.count * length), "")


def _pauses(pauses_s: tuple[np.ndarray, float]) -> dict[str, Observation]:
    """Pause statistics between the first and the last speech of a channel."""
    gaps, span_s = pauses_s
    gaps = gaps[gaps >= MIN_PAUSE_S]
    few = len(gaps) < MIN_PAUSES
    note = Remark("few_pauses", {"needed": MIN_PAUSES}) if few else None
    mean = float(gaps.mean()) if len(gaps) else None
    spread = float(gaps.std(ddof=1) / gaps.mean()) if not few else None
    rate = 60 * len(gaps) / span_s if span_s else None
    return {
        "pause_count_per_min": Observation(rate, "1/min", not few, note if span_s else Remark("no_speech_to_measure")),
        "pause_mean_s": Observation(mean, "s", not few, note),
        "pause_cv": Observation(spread, "", not few, note),
    }


def _fraction(part: int, whole: int) -> Observation:
    return Observation(part / whole if whole else None, "")
