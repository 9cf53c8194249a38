"""Hearing one file: every block goes once through hashing, speech activity, windows, pictures and measures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from slim_cli.assessment.occlusion import Heard, Occluder, noise_like
from slim_cli.audio.hearing import Ear, Hearing, StageTimes
from slim_cli.audio.overview import Overview, OverviewBuilder
from slim_cli.audio.resampling import Resampler
from slim_cli.audio.speech import SpeechTrack
from slim_cli.observations.measure import Measures
from slim_cli.observations.spectrum import MeanSpectrum
from slim_cli.observations.stability import Extent, Stability
from slim_cli.observations.voice import VoiceQuality
from slim_cli.results import ChannelResult, FileResult, Media, Remark

__all__ = ["Hearing", "Listener", "SecondListener", "StageTimes"]

_LOUDEST = 1e6  # louder samples would overflow the measures


@dataclass(frozen=True)
class Impression:
    """What a second hearing needs to know from the first.

    Attributes:
        channel: the channel that stands for the file.
        samples: its length at 16 kHz.
        track: its speech.
        noise: its mean spectrum outside speech, None where there was too little.
    """

    channel: ChannelResult
    samples: int
    track: SpeechTrack
    noise: MeanSpectrum | None


class Listener:
    """Takes the blocks of one file and gives its result.

    Args:
        media: how the audio is stored.
        hearing: what to hear it with.
    """

    def __init__(self, media: Media, hearing: Hearing) -> None:
        channels, rate = media.channels, media.sample_rate_hz
        self._hearing, self._rate, self._channels = hearing, rate, channels
        self._hashes = [hashlib.sha256() for _ in range(channels)]
        self._resampler = Resampler(rate, channels)
        self._ear = Ear(hearing, channels)
        self._measures = Measures(rate, channels)
        self._voice = VoiceQuality(channels)
        self._pictures = OverviewBuilder(rate, channels) if hearing.draw else None
        self._samples = self._not_numbers = 0
        self._peaks, self._floors = np.full(channels, -np.inf), np.full(channels, np.inf)

    @property
    def seconds(self) -> float:
        """Audio heard so far, seconds."""
        return self._samples / self._rate

    def push(self, block: np.ndarray) -> None:
        """Hears the next block, (C, n) float32 at the native rate."""
        self._samples += block.shape[1]
        with self._hearing.times.measure("decode"):
            for digest, samples in zip(self._hashes, block, strict=True):
                digest.update(samples)
            block = self._sound(block)
        with self._hearing.times.measure("pictures"):
            self._measures.push(block)
            if self._pictures:
                self._pictures.push(block)
        self._attend(block, last=False)

    def finish(self, result: FileResult, media: Media) -> FileResult:
        """The result of the whole file.

        Args:
            result: what is known of the file already.
            media: final description of the audio.
        """
        self._attend(np.zeros((self._channels, 0), np.float32), last=True)
        heard = zip(self._ear.finish(), self._hashes, strict=True)
        channels = tuple(replace(channel, pcm_sha256=digest.hexdigest()) for channel, digest in heard)
        result = replace(result, media=media, channels=channels, status="scored")
        top = result.top_channel
        shown = self._shown(channels, top)
        with self._hearing.times.measure("pictures"):
            measured = self._measures.finish(self._ear.tracks)[shown]
            observations = {**measured, **self._voice.finish(shown, measured["snr_db"])}
        result = replace(result, observations=observations, remarks=result.remarks + self._remarks(channels, top))
        if top is None:
            return replace(result, status="insufficient_speech", reason=self._shortage(range(self._channels)))
        return replace(result, score=top.score, mismatch=top.mismatch)

    def overview(self, result: FileResult) -> Overview | None:
        """The picture of the channel that stands for the file; call once, after `finish`."""
        if self._pictures is None:
            return None
        with self._hearing.times.measure("pictures"):
            return self._pictures.finish()[self._shown(result.channels, result.top_channel)]

    def impression(self, result: FileResult) -> Impression | None:
        """What a second hearing needs; None where no channel was scored."""
        top = result.top_channel
        if top is None:
            return None
        return Impression(top, self._ear.samples, self._ear.tracks[top.index], self._measures.noise(top.index))

    def _sound(self, block: np.ndarray) -> np.ndarray:
        """The block without values that are no numbers; notes the range of each channel."""
        low, high = block.min(axis=1), block.max(axis=1)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            self._not_numbers += int(np.count_nonzero(~np.isfinite(block)))
            block = _numbers(block)
            low, high = block.min(axis=1), block.max(axis=1)
        self._floors, self._peaks = np.minimum(self._floors, low), np.maximum(self._peaks, high)
        return np.clip(block, -_LOUDEST, _LOUDEST) if max(high.max(), -low.min()) > _LOUDEST else block

    def _attend(self, block: np.ndarray, last: bool) -> None:
        with self._hearing.times.measure("decode"):
            resampled = self._resampler.push(block, last)
        decisions = self._ear.push(resampled, last)
        with self._hearing.times.measure("pictures"):
            self._measures.decide(decisions)
            self._voice.push(resampled, decisions)

    def _shown(self, channels: tuple[ChannelResult, ...], top: ChannelResult | None) -> int:
        """The channel that measures and picture describe: the one that stands for the file, else the most spoken."""
        return (top or max(channels, key=lambda c: c.net_speech_s)).index

    def _remarks(self, channels: tuple[ChannelResult, ...], top: ChannelResult | None) -> tuple[Remark, ...]:
        remarks = []
        if self._not_numbers:
            remarks.append(Remark("samples_not_numbers", {"n": self._not_numbers}))
        peak = max(self._peaks.max(), -self._floors.min())
        if peak > 1.5:
            remarks.append(Remark("over_full_scale", {"factor": float(peak)}))
        if top is not None:
            unscored = [c.index for c in channels if c.score is None]
            remarks += [self._unscored(index, len(channels)) for index in unscored]
        return tuple(remarks)

    def _shortage(self, channels: range) -> Remark:
        """Why none of these channels is scored."""
        needed = self._hearing.min_speech_s
        speech = max(self._ear.net_speech_s(c) for c in channels)
        if speech > 0:
            return Remark("little_speech", {"speech_s": speech, "needed_s": needed})
        if all(self._floors[c] == self._peaks[c] for c in channels):
            return Remark("digital_silence", {"needed_s": needed})
        return Remark("no_speech", {"seconds": self.seconds, "needed_s": needed})

    def _unscored(self, index: int, count: int) -> Remark:
        """Why one channel beside others is not scored."""
        shortage = self._shortage(range(index, index + 1))
        values = {"channel": index + 1, "channels": count, **shortage.values}
        if shortage.code == "little_speech":
            return Remark("channel_little_speech", values)
        return Remark("channel_digital_silence" if shortage.code == "digital_silence" else "channel_no_speech", values)


class SecondListener:
    """Hears the scored channel of a file once more, changed in small ways or with stretches replaced.

    Args:
        media: how the audio is stored.
        hearing: what to hear it with.
        first: what the first hearing found.
        stability: whether small changes are wanted.
        occlusion: whether stretches are to be replaced.
    """

    def __init__(
        self, media: Media, hearing: Hearing, first: Impression, stability: bool = False, occlusion: bool = False
    ) -> None:
        self._hearing, self._index = hearing, first.channel.index
        self._resampler = Resampler(media.sample_rate_hz, 1)
        start, stop = first.track.extent()
        extent = Extent(first.samples, start, min(stop, first.samples))
        self._stability = Stability(hearing, extent) if stability else None
        self._occluder = None
        if occlusion and first.noise is not None:
            noise = noise_like(first.noise.power, first.noise.step_hz)
            heard = Heard(first.channel.windows, first.samples, first.track.speech_s, noise)
            self._occluder = Occluder(hearing.score, heard)

    def push(self, block: np.ndarray, last: bool = False) -> None:
        """Hears the next block, (C, n) float32 at the native rate."""
        channel = np.clip(_numbers(block[self._index : self._index + 1]), -_LOUDEST, _LOUDEST)
        with self._hearing.times.measure("decode"):
            samples = self._resampler.push(channel, last)[0]
        if self._stability:
            self._stability.push(samples, last)
        if self._occluder:
            with self._hearing.times.measure("encoders"):
                self._occluder.push(samples, last)

    def finish(self, result: FileResult) -> FileResult:
        """The result with what was heard; call after the last block."""
        return replace(
            result,
            stability=self._stability.finish() if self._stability else result.stability,
            occlusion=self._occluder.finish() if self._occluder else result.occlusion,
        )


def _numbers(block: np.ndarray) -> np.ndarray:
    """The block with silence where values are no numbers."""
    return np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
