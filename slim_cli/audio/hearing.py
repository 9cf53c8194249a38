"""Hearing samples at 16 kHz: which hold speech, which windows are scored, and what each channel scores."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from slim_cli.audio.scoring import Score, WindowScorer, weighted_mean
from slim_cli.audio.silero import Network
from slim_cli.audio.speech import SpeechDetector, SpeechTrack
from slim_cli.audio.windows import Window, WindowCutter
from slim_cli.results import ChannelResult, WindowScore

STAGES = ("decode", "speech", "encoders", "pictures")


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
    """What a file is heard with.

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
    draw: bool = False


class Ear:
    """From a stream at 16 kHz to channel scores.

    Args:
        hearing: what to hear it with.
        channels: number of channels.

    Attributes:
        tracks: the speech decisions of each channel so far.
        samples: samples per channel so far.
    """

    def __init__(self, hearing: Hearing, channels: int) -> None:
        self._hearing = hearing
        self._detector = SpeechDetector(hearing.network, channels)
        self._cutter = WindowCutter(channels)
        self._undecided: deque[Window] = deque()
        self._scorer = WindowScorer(hearing.score, channels)
        self.tracks = [SpeechTrack() for _ in range(channels)]
        self.samples = 0

    def push(self, samples: np.ndarray, last: bool = False) -> list[np.ndarray]:
        """Hears the next samples.

        Args:
            samples: (C, n) float32 at 16 kHz.
            last: whether the signal ends with them.

        Returns:
            per channel, the speech decisions that became final (bool, one per 32 ms, in order).
        """
        times = self._hearing.times
        self.samples += samples.shape[1]
        with times.measure("speech"):
            decisions = self._detector.push(samples, last)
            for track, final in zip(self.tracks, decisions, strict=True):
                track.add(final)
        self._undecided.extend(self._cutter.push(samples, last))
        decided = min(track.decided_samples for track in self.tracks)
        while self._undecided and self._undecided[0].stop <= decided:
            window = self._undecided.popleft()
            self._scorer.offer(window, [track.speech_s(window.start, window.stop) for track in self.tracks])
        with times.measure("encoders"):
            self._scorer.release([track.total_s >= self._hearing.min_speech_s for track in self.tracks])
        return decisions

    def finish(self) -> tuple[ChannelResult, ...]:
        """The channels, without hashes; call after the last samples."""
        with self._hearing.times.measure("encoders"):
            scored = self._scorer.finish()
        return tuple(self._channel(index, windows) for index, windows in enumerate(scored))

    def net_speech_s(self, channel: int) -> float:
        """Speech inside the signal, seconds; the detector's last chunk may reach beyond its end."""
        return self.tracks[channel].speech_s(0, self.samples)

    def _channel(self, index: int, windows: tuple[WindowScore, ...]) -> ChannelResult:
        net = self.net_speech_s(index)
        channel = ChannelResult(index, "", net)
        if net < self._hearing.min_speech_s or not windows:
            return channel
        weights = [w.speech_s for w in windows]
        return replace(
            channel,
            score=weighted_mean([w.score for w in windows], weights),
            mismatch=weighted_mean([w.mismatch for w in windows], weights),
            windows=windows,
        )
