"""From weighted windows to channel scores: which are scored, in which batches, and how they become one number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from slim_cli.audio.speech import CHUNK_S, ChannelSpeech
from slim_cli.audio.stream import Passage, WeightedWindow
from slim_cli.audio.stretches import highest_stretches
from slim_cli.audio.windows import Window
from slim_cli.results import MODEL_RATE_HZ, ChannelResult, WindowScore

BATCH_WINDOWS = 16
UNSPOKEN = 16  # windows of a channel without speech that wait for some, where every channel is scored

Score = Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]


def weighted_mean(values: Sequence[np.ndarray] | Sequence[float], weights: Sequence[float]) -> np.ndarray:
    """Mean of window values (...) weighted by each window's net speech; unweighted where none holds any."""
    return np.average(np.array(values), axis=0, weights=weights if any(weights) else None)


class WindowBatches:
    """Windows of any files, scored in batches of one size; equal waveforms in a batch are scored once.

    Args:
        score: from waveforms (B, 64000) and lengths (B,) to one or more arrays (B, ...).
        size: windows per batch.
    """

    def __init__(self, score: Score, size: int = BATCH_WINDOWS) -> None:
        self._score, self._size = score, size
        self._waiting: dict[object, tuple[Window, list[_Receiver]]] = {}

    def add(self, window: Window, receive: _Receiver) -> None:
        """Adds a window of one channel; what is found of it is handed over when its batch has been scored."""
        key = hashlib.sha256(window.samples.tobytes()).digest() + window.length.to_bytes(4)
        if key not in self._waiting and len(self._waiting) == self._size:
            self.flush()
        self._waiting.setdefault(key, (window, []))[1].append(receive)

    def flush(self) -> None:
        """Scores what waits."""
        if not self._waiting:
            return
        rows = list(self._waiting.values())
        self._waiting = {}
        waveforms = np.concatenate([window.samples for window, _ in rows])
        found = self._score(waveforms, np.array([window.length for window, _ in rows]))
        for (_, receivers), *values in zip(rows, *found, strict=True):
            for receive in receivers:
                receive(values)


_Receiver = Callable[[Sequence[np.ndarray]], None]


@dataclass
class ScoredWindow:
    """A window of one channel.

    Attributes:
        start: first sample at 16 kHz.
        stop: the one behind the last.
        speech_s: net speech inside it, seconds: its weight.
        values: what the batch's function found; None until its batch has been scored.
    """

    start: int
    stop: int
    speech_s: float
    values: Sequence[np.ndarray] | None = None

    def receive(self, values: Sequence[np.ndarray]) -> None:
        """Takes what was found."""
        self.values = values


@dataclass
class _Channel:
    """Windows of one channel: those to be scored, and those that wait until it is known whether they are."""

    speech_s: float = 0.0
    scored: list[ScoredWindow] = field(default_factory=list)
    waiting: list[tuple[ScoredWindow, Window]] = field(default_factory=list)
    unspoken: list[ScoredWindow] = field(default_factory=list)


class ChannelScorer:
    """Scores the channels of one file.

    The windows of a channel wait until the channel holds enough speech to be scored at all, so that files without
    speech never reach the detector. Windows without any speech have weight 0 and are left out; only with a gate of 0,
    in a channel without any detected speech, all are scored and weigh the same.

    Args:
        batches: where windows are scored.
        gate_s: net speech that a channel needs to be scored, seconds; 0 scores every channel.
    """

    stage = "encoders"

    def __init__(self, batches: WindowBatches, gate_s: float) -> None:
        self._batches, self._gate = batches, gate_s
        self._channels: list[_Channel] = []

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        self.read(passage.decisions, passage.windows)

    def read(self, decisions: Sequence[np.ndarray], windows: Sequence[WeightedWindow]) -> None:
        """Takes each channel's next speech decisions and the next weighted windows."""
        self._channels += [_Channel() for _ in decisions[len(self._channels) :]]
        for channel, final in zip(self._channels, decisions, strict=False):
            channel.speech_s += int(np.count_nonzero(final)) * CHUNK_S
        for weighted in windows:
            for index, seconds in enumerate(weighted.speech_s):
                self._offer(index, weighted.window, seconds)
        for channel in self._channels:
            if channel.speech_s and channel.speech_s >= self._gate:
                self._send(channel, channel.scored)
                channel.unspoken = []

    def close(self) -> None:
        """Hands over what waits, at the end of the file; `windows` and `channels` are complete after the next flush."""
        for channel in self._channels:
            if not self._gate and not channel.speech_s:
                self._send(channel, channel.unspoken)
                channel.scored = channel.unspoken

    @property
    def complete(self) -> bool:
        """Whether all windows handed over have been scored."""
        return all(w.values is not None for channel in self._channels for w in channel.scored)

    def windows(self, channel: int) -> list[ScoredWindow]:
        """The scored windows of a channel, in time order."""
        return self._channels[channel].scored if channel < len(self._channels) else []

    def channels(self, speech: Sequence[ChannelSpeech]) -> tuple[ChannelResult, ...]:
        """The channels, without hashes.

        Args:
            speech: the speech of each channel.
        """
        return tuple(self._result(index, spoken) for index, spoken in enumerate(speech))

    def _offer(self, index: int, window: Window, seconds: float) -> None:
        channel = self._channels[index]
        if seconds <= 0 and (self._gate or channel.speech_s):
            return
        channel.waiting.append((ScoredWindow(window.start, window.stop, seconds), window.of(index)))
        if not channel.speech_s and len(channel.waiting) > UNSPOKEN:
            self._send(channel, channel.unspoken)

    def _send(self, channel: _Channel, to: list[ScoredWindow]) -> None:
        for scored, window in channel.waiting:
            if scored.speech_s > 0 or to is channel.unspoken:
                to.append(scored)
                self._batches.add(window, scored.receive)
        channel.waiting = []

    def _result(self, index: int, spoken: ChannelSpeech) -> ChannelResult:
        windows, net_s = self.windows(index), spoken.net_s
        if net_s < self._gate or not windows:
            return ChannelResult(index, "", net_s)
        weights, values = [w.speech_s for w in windows], [w.values or () for w in windows]
        score, mismatch = (float(weighted_mean([v[part] for v in values], weights)) for part in (0, 1))
        rows = tuple(
            WindowScore(w.start / MODEL_RATE_HZ, w.stop / MODEL_RATE_HZ, w.speech_s, float(v[0]), float(v[1]))
            for w, v in zip(windows, values, strict=True)
        )
        highest = highest_stretches(rows, spoken.stretches() / MODEL_RATE_HZ)
        return ChannelResult(index, "", net_s, score, mismatch, rows, stretches=highest)
