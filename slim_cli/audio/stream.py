"""The one way from decoded audio to weighted windows: channels, resampling, speech, windows, once for all consumers.

A file is a row of segments, each a signal of its own with one sample rate and one number of channels: no window, no
stretch of speech and no filter reaches from one into the next. Positions count samples at 16 kHz from the file's start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slim_cli.audio.resampling import Resampler
from slim_cli.audio.silero import Network
from slim_cli.audio.speech import ChannelSpeech, SpeechDetector, SpeechTrack
from slim_cli.audio.stage_times import StageTimes
from slim_cli.audio.windows import Window, WindowCutter
from slim_cli.evidence.audio_stream import AudioStream

LOUDEST = 1e6  # louder samples would overflow the measures


@dataclass(frozen=True)
class WeightedWindow:
    """A window of all channels with its weights.

    Attributes:
        window: the samples and where they lie.
        speech_s: net speech inside it, seconds, one per channel.
    """

    window: Window
    speech_s: tuple[float, ...]


@dataclass(frozen=True)
class Passage:
    """What one block of decoded audio gave.

    Attributes:
        rate_hz: native sample rate of the segment.
        start: the segment's first sample at 16 kHz, counted from the start of the file.
        first: whether the segment begins with it.
        last: whether it ends with it.
        decoded: (C, n) float32 at the native rate, as decoded.
        native: (C, n) the same, with silence where values are no numbers, and none beyond a million times full scale.
        samples: (C, m) float32 at 16 kHz; they lag behind until the segment ends.
        decisions: per channel, the speech decisions that became final (bool, one per 32 ms, in order).
        windows: the windows whose weights became final, in order.
    """

    rate_hz: int
    start: int
    first: bool
    last: bool
    decoded: np.ndarray
    native: np.ndarray
    samples: np.ndarray
    decisions: list[np.ndarray]
    windows: tuple[WeightedWindow, ...]


class Consumer(Protocol):
    """What reads a file's audio as it passes.

    Attributes:
        stage: the stage of `StageTimes` that its work counts for.
    """

    stage: str

    def take(self, passage: Passage) -> None:
        """Reads the next passage."""


class SpeechWindows:
    """From the samples of one segment at 16 kHz to its weighted windows.

    Args:
        network: weights of the speech detector.
        channels: number of channels.
        start: position of the first sample.

    Attributes:
        tracks: the speech of each channel so far.
    """

    def __init__(self, network: Network, channels: int, start: int = 0) -> None:
        self._detector = SpeechDetector(network, channels)
        self._cutter = WindowCutter(channels, start)
        self._undecided: deque[Window] = deque()
        self._stop = start
        self.tracks = [SpeechTrack(start) for _ in range(channels)]

    def push(self, samples: np.ndarray, last: bool = False) -> tuple[list[np.ndarray], tuple[WeightedWindow, ...]]:
        """The next samples, (C, n).

        Args:
            samples: float32 at 16 kHz.
            last: whether the segment ends with them.

        Returns:
            each channel's speech decisions that became final, and the windows whose weights did.
        """
        self._stop += samples.shape[1]
        decisions = self._detector.push(samples, last)
        for track, final in zip(self.tracks, decisions, strict=True):
            track.add(final)
            track.stop = self._stop if last else None
        self._undecided.extend(self._cutter.push(samples, last))
        decided, ready = min(track.decided_samples for track in self.tracks), []
        while self._undecided and self._undecided[0].stop <= decided:
            window = self._undecided.popleft()
            seconds = tuple(track.speech_s(window.start, window.stop) for track in self.tracks)
            ready.append(WeightedWindow(window, seconds))
        return decisions, tuple(ready)


class AudioPass:
    """One pass over the audio of a file, of which every consumer is told.

    Args:
        consumers: they are told in this order.
        network: weights of the speech detector; None where no consumer reads decisions or windows.
        times: where the time per stage is added up.

    Attributes:
        speech: the speech of each channel so far.
        samples: samples at 16 kHz so far.
        seconds: decoded audio so far.
        not_numbers: decoded values that are no numbers.
        low: lowest decoded sample of each channel, full scale = 1.
        high: highest decoded sample of each channel.
    """

    def __init__(self, consumers: Sequence[Consumer], network: Network | None, times: StageTimes | None = None) -> None:
        self._consumers, self._network, self._times = consumers, network, times or StageTimes()
        self.speech: list[ChannelSpeech] = []
        self.samples, self.seconds, self.not_numbers = 0, 0.0, 0
        self.low: list[float] = []
        self.high: list[float] = []

    def read(self, stream: AudioStream, tell: Callable[[float], None] | None = None) -> None:
        """Reads the decoded audio of a file to its end.

        Args:
            stream: the open file.
            tell: called with the seconds decoded so far, after each block.

        Raises:
            EvidenceError: decoding fails, crashes or stalls.
        """
        self.segment(stream.media.sample_rate_hz, stream, tell)

    def segment(self, rate_hz: int, blocks: Iterable[np.ndarray], tell: Callable[[float], None] | None = None) -> None:
        """Reads one segment to its end; call once for each, in order.

        Args:
            rate_hz: its sample rate.
            blocks: its blocks, (C, n) float32, at least one.
            tell: called with the seconds decoded so far, after each block.
        """
        source, part, start = iter(blocks), None, self.samples
        while True:
            with self._times.measure("decode"):
                block = next(source, None)
            if part is None:
                if block is None:
                    return
                part = _Segment(rate_hz, len(block), start, self._network)
                self._open(part)
            last = block is None
            self._pass(part, np.zeros((part.channels, 0), np.float32) if block is None else block, last)
            if last:
                return
            if tell:
                tell(self.seconds)

    def _open(self, part: _Segment) -> None:
        more = part.channels - len(self.low)
        self.low += [np.inf] * more
        self.high += [-np.inf] * more
        self.speech += [ChannelSpeech() for _ in range(more)]
        if part.speech:
            for speech, track in zip(self.speech, part.speech.tracks, strict=False):
                speech.tracks.append(track)

    def _pass(self, part: _Segment, block: np.ndarray, last: bool) -> None:
        times, first = self._times, part.untouched
        decisions: list[np.ndarray] = []
        windows: tuple[WeightedWindow, ...] = ()
        with times.measure("decode"):
            native = self._numbers(block)
            samples = part.resampler.push(native, last)
        part.untouched = False
        self.samples += samples.shape[1]
        self.seconds += block.shape[1] / part.rate_hz
        times.audio_s += block.shape[1] / part.rate_hz
        if part.speech:
            with times.measure("speech"):
                decisions, windows = part.speech.push(samples, last)
        passage = Passage(part.rate_hz, part.start, first, last, block, native, samples, decisions, windows)
        for consumer in self._consumers:
            with times.measure(consumer.stage):
                consumer.take(passage)

    def _numbers(self, block: np.ndarray) -> np.ndarray:
        """The block without values that are no numbers; notes the range of each channel."""
        if not block.shape[1]:
            return block
        low, high = block.min(axis=1), block.max(axis=1)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            self.not_numbers += int(np.count_nonzero(~np.isfinite(block)))
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
            low, high = block.min(axis=1), block.max(axis=1)
        for channel, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            self.low[channel] = min(self.low[channel], least)
            self.high[channel] = max(self.high[channel], most)
        return np.clip(block, -LOUDEST, LOUDEST) if max(high.max(), -low.min()) > LOUDEST else block


class _Segment:
    """What a pass keeps of the segment at hand."""

    def __init__(self, rate_hz: int, channels: int, start: int, network: Network | None) -> None:
        self.rate_hz, self.channels, self.start = rate_hz, channels, start
        self.resampler = Resampler(rate_hz, channels)
        self.speech = SpeechWindows(network, channels, start) if network else None
        self.untouched = True
