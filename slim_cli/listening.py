"""Hearing one file: every block goes once through hashing, speech activity, windows, pictures and measures."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from slim_cli.audio.overview import Overview, OverviewBuilder
from slim_cli.audio.resampling import Resampler
from slim_cli.audio.scoring import Score, WindowScorer, weighted_mean
from slim_cli.audio.silero import Network
from slim_cli.audio.speech import SpeechDetector, SpeechTrack
from slim_cli.audio.windows import Window, WindowCutter
from slim_cli.observations.measure import Measures
from slim_cli.results import ChannelResult, FileResult, Media, WindowScore

STAGES = ("decode", "speech", "encoders", "pictures")
_LOUDEST = 1e6  # louder samples would overflow the measures


@dataclass
class StageTimes:
    """Wall time per stage, summed over a scan.

    Attributes:
        seconds: by stage. `decode` includes reading, hashing and resampling, and of decoding itself the time spent
            waiting for it, because it works in a process of its own.
        audio_s: decoded audio, seconds.
    """

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    audio_s: float = 0.0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the time spent inside to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


@dataclass(frozen=True)
class Hearing:
    """What one file is heard with.

    Attributes:
        score: from waveforms (B, 64000) and lengths (B,) to scores (B,) and mismatches (B,).
        network: weights of the speech detector.
        min_speech_s: net speech that a channel needs to be scored, seconds.
        times: where the time per stage is added up.
        draw: whether overviews are wanted.
    """

    score: Score
    network: Network
    min_speech_s: float
    times: StageTimes
    draw: bool


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
        self._detector = SpeechDetector(hearing.network, channels)
        self._tracks = [SpeechTrack() for _ in range(channels)]
        self._cutter = WindowCutter(channels)
        self._undecided: deque[Window] = deque()
        self._scorer = WindowScorer(hearing.score, channels)
        self._measures = Measures(rate, channels)
        self._pictures = OverviewBuilder(rate, channels) if hearing.draw else None
        self._samples = self._resampled = self._not_numbers = 0
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
        with self._hearing.times.measure("encoders"):
            windows = self._scorer.finish()
        channels = tuple(self._channel(index, scored) for index, scored in enumerate(windows))
        result = replace(result, media=media, channels=channels, status="scored")
        top = result.top_channel
        shown = self._shown(channels, top)
        with self._hearing.times.measure("pictures"):
            observations = self._measures.finish(self._tracks)[shown]
        result = replace(result, observations=observations, warnings=result.warnings + self._warnings(channels, top))
        if top is None:
            return replace(result, status="insufficient_speech", reason=self._shortage(range(self._channels)))
        return replace(result, score=top.score, mismatch=top.mismatch)

    def overview(self, result: FileResult) -> Overview | None:
        """The picture of the channel that stands for the file; call once, after `finish`."""
        if self._pictures is None:
            return None
        with self._hearing.times.measure("pictures"):
            return self._pictures.finish()[self._shown(result.channels, result.top_channel)]

    def _sound(self, block: np.ndarray) -> np.ndarray:
        """The block without values that are no numbers; notes the range of each channel."""
        low, high = block.min(axis=1), block.max(axis=1)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            self._not_numbers += int(np.count_nonzero(~np.isfinite(block)))
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
            low, high = block.min(axis=1), block.max(axis=1)
        self._floors, self._peaks = np.minimum(self._floors, low), np.maximum(self._peaks, high)
        return np.clip(block, -_LOUDEST, _LOUDEST) if max(high.max(), -low.min()) > _LOUDEST else block

    def _attend(self, block: np.ndarray, last: bool) -> None:
        times = self._hearing.times
        with times.measure("decode"):
            resampled = self._resampler.push(block, last)
            self._resampled += resampled.shape[1]
        with times.measure("speech"):
            decisions = self._detector.push(resampled, last)
            for track, final in zip(self._tracks, decisions, strict=True):
                track.add(final)
        with times.measure("pictures"):
            self._measures.decide(decisions)
        self._undecided.extend(self._cutter.push(resampled, last))
        decided = min(track.decided_samples for track in self._tracks)
        while self._undecided and self._undecided[0].stop <= decided:
            window = self._undecided.popleft()
            self._scorer.offer(window, [track.speech_s(window.start, window.stop) for track in self._tracks])
        with times.measure("encoders"):
            self._scorer.release([track.total_s >= self._hearing.min_speech_s for track in self._tracks])

    def _channel(self, index: int, windows: tuple[WindowScore, ...]) -> ChannelResult:
        net = self._net_speech_s(index)
        channel = ChannelResult(index, self._hashes[index].hexdigest(), net)
        if net < self._hearing.min_speech_s or not windows:
            return channel
        weights = [w.speech_s for w in windows]
        return replace(
            channel,
            score=weighted_mean([w.score for w in windows], weights),
            mismatch=weighted_mean([w.mismatch for w in windows], weights),
            windows=windows,
        )

    def _net_speech_s(self, channel: int) -> float:
        return self._tracks[channel].speech_s(0, self._resampled)

    def _shown(self, channels: tuple[ChannelResult, ...], top: ChannelResult | None) -> int:
        """The channel that measures and picture describe: the one that stands for the file, else the most spoken."""
        return (top or max(channels, key=lambda c: c.net_speech_s)).index

    def _warnings(self, channels: tuple[ChannelResult, ...], top: ChannelResult | None) -> tuple[str, ...]:
        warnings = []
        if self._not_numbers:
            warnings.append(f"{self._not_numbers} samples are not numbers; they were taken as silence")
        peak = max(self._peaks.max(), -self._floors.min())
        if peak > 1.5:
            warnings.append(f"samples go up to {peak:.1f} times full scale")
        if top is not None:
            unscored = [c.index for c in channels if c.score is None]
            warnings += [f"channel {i + 1} of {len(channels)} was not scored: {self._shortage([i])}" for i in unscored]
        return tuple(warnings)

    def _shortage(self, channels: range | list[int]) -> str:
        """Why none of these channels is scored, in words."""
        need = f"{self._hearing.min_speech_s:.1f} s"
        speech = max(self._net_speech_s(c) for c in channels)
        if speech > 0:
            return f"{speech:.1f} s of speech found, {need} needed"
        if all(self._floors[c] == self._peaks[c] for c in channels):
            return f"digital silence, every sample has the same value; {need} of speech needed"
        return f"no speech found in {self.seconds:.1f} s of music, noise or silence; {need} needed"
