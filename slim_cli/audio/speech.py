"""Speech activity: which 32 ms chunks of each channel hold speech.

Rule (Silero's own defaults): speech starts at a probability of 0.5 and ends where it stays below 0.35 for 96 ms;
stretches of speech shorter than 256 ms are dropped. The network reads whole groups of chunks, whatever the blocks in
which the samples come, so that no decision depends on how a decoder cuts them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slim_cli.audio.silero import CHUNK, RATE_HZ, Network, SileroStream

CHUNK_S = CHUNK / RATE_HZ
ON, OFF = 0.5, 0.35
MIN_SPEECH_CHUNKS = 8
HANGOVER_CHUNKS = 3
GROUP = 32 * CHUNK  # samples that the network reads at once


def speech_rule() -> dict[str, float]:
    """The parameters of the rule above, for the record."""
    return {
        "chunk_s": CHUNK_S,
        "on": ON,
        "off": OFF,
        "min_speech_s": MIN_SPEECH_CHUNKS * CHUNK_S,
        "hangover_s": HANGOVER_CHUNKS * CHUNK_S,
        "read_s": GROUP / RATE_HZ,
    }


class Segmenter:
    """Turns chunk probabilities of one channel into final decisions, at most 11 chunks late."""

    def __init__(self) -> None:
        self._inside = False
        self._open = 0  # undecided chunks since speech started
        self._quiet = 0  # how many of the last of them lie below OFF
        self._confirmed = False  # whether the present stretch is long enough already

    def push(self, probabilities: np.ndarray, last: bool = False) -> np.ndarray:
        """Decisions that became final.

        Args:
            probabilities: (K,) of the next chunks.
            last: whether the signal ends with them.

        Returns:
            bool array; the decisions of all calls together follow the chunks in order.
        """
        final: list[bool] = []
        for probability in probabilities.tolist():
            if not self._inside and probability < ON:
                final.append(False)
                continue
            self._inside = True
            self._open += 1
            self._quiet = self._quiet + 1 if probability < OFF else 0
            if self._quiet == HANGOVER_CHUNKS:
                self._settle(final)
                self._inside = False
            elif self._long_enough:
                final += [True] * (self._open - self._quiet)
                self._open = self._quiet
                self._confirmed = True
        if last and self._inside:
            self._settle(final)
        return np.array(final, bool)

    @property
    def _long_enough(self) -> bool:
        return self._confirmed or self._open - self._quiet >= MIN_SPEECH_CHUNKS

    def _settle(self, final: list[bool]) -> None:
        """Closes a stretch: its speech counts if it is long enough, the quiet chunks behind it do not."""
        final += [self._long_enough] * (self._open - self._quiet) + [False] * self._quiet
        self._open = self._quiet = 0
        self._confirmed = False


class SpeechDetector:
    """Streaming speech decisions for the channels of one file.

    Args:
        network: the detector's weights.
        channels: number of channels.
    """

    def __init__(self, network: Network, channels: int) -> None:
        self._stream = SileroStream(network, channels)
        self._segmenters = [Segmenter() for _ in range(channels)]
        self._rest = np.zeros((channels, 0), np.float32)

    def push(self, samples: np.ndarray, last: bool = False) -> list[np.ndarray]:
        """The next samples.

        Args:
            samples: (C, n) float32 at 16 kHz.
            last: whether the signal ends with them; a partial last chunk is filled with zeros.

        Returns:
            per channel, the decisions that became final (bool, one per chunk, in order).
        """
        joined = np.concatenate([self._rest, samples], axis=1)
        if last:
            joined = np.pad(joined, ((0, 0), (0, -joined.shape[1] % CHUNK)))
        ready = joined.shape[1] if last else joined.shape[1] // GROUP * GROUP
        self._rest = joined[:, ready:]
        groups = (joined[:, at : min(at + GROUP, ready)] for at in range(0, ready, GROUP))
        read = [self._stream.probabilities(np.clip(group, -1, 1)) for group in groups]
        rows = np.concatenate([np.zeros((len(joined), 0), np.float32), *read], axis=1)
        return [segmenter.push(row, last) for segmenter, row in zip(self._segmenters, rows, strict=True)]


class SpeechTrack:
    """The decisions of one channel of one segment, one byte each, with sums over any stretch of time.

    Args:
        start: the segment's first sample at 16 kHz; all positions count from the start of the file.

    Attributes:
        total_s: net speech so far, seconds; the last chunk may reach beyond the segment's end.
        stop: the sample behind the segment's last, None while it goes on.
    """

    def __init__(self, start: int = 0) -> None:
        self.start, self.total_s = start, 0.0
        self.stop: int | None = None
        self._chunks = bytearray()

    def add(self, decisions: np.ndarray) -> None:
        """Appends final decisions."""
        self._chunks += decisions.astype(np.uint8).tobytes()
        self.total_s += int(np.count_nonzero(decisions)) * CHUNK_S

    @property
    def decided_samples(self) -> int:
        """How far the decisions reach, in samples at 16 kHz."""
        return self.start + len(self._chunks) * CHUNK

    def speech_s(self, start: int, stop: int) -> float:
        """Net speech between two positions, in seconds; chunks that lie partly inside count by their part.

        Args:
            start: first sample at 16 kHz.
            stop: the one behind the last.
        """
        stop = stop if self.stop is None else min(stop, self.stop)
        start, stop = max(0, start - self.start), max(0, stop - self.start)
        first, end = start // CHUNK, -(-stop // CHUNK)
        chunks = np.frombuffer(self._chunks, np.uint8)[first:end]
        edges = np.arange(first, first + len(chunks) + 1) * CHUNK
        inside = np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start)
        return float(inside @ chunks) / RATE_HZ

    def stretches(self) -> np.ndarray:
        """Stretches of speech, (N, 2) first sample and the one behind the last, at 16 kHz, in order."""
        chunks = np.frombuffer(self._chunks, np.int8)
        edges = np.diff(np.concatenate([[0], chunks, [0]]).astype(np.int8))
        found = np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1) * CHUNK + self.start
        return found if self.stop is None else np.minimum(found, self.stop)

    def pauses_s(self) -> tuple[np.ndarray, float]:
        """Gaps between stretches of speech, and the time from the first speech to the last, both in seconds."""
        found = self.stretches()
        if not len(found):
            return np.zeros(0), 0.0
        return (found[1:, 0] - found[:-1, 1]) / RATE_HZ, float(found[-1, 1] - found[0, 0]) / RATE_HZ


class ChannelSpeech:
    """The speech of one channel in all segments of a file.

    Attributes:
        tracks: one per segment that holds the channel, in order.
    """

    def __init__(self, tracks: Sequence[SpeechTrack] = ()) -> None:
        self.tracks = list(tracks)

    @property
    def net_s(self) -> float:
        """Speech inside the signal, seconds."""
        return sum(track.speech_s(track.start, track.decided_samples) for track in self.tracks)

    def speech_s(self, start: int, stop: int) -> float:
        """Net speech between two positions (samples at 16 kHz), seconds."""
        return sum(track.speech_s(start, stop) for track in self.tracks)

    def stretches(self) -> np.ndarray:
        """Stretches of speech, (N, 2) first sample and the one behind the last, at 16 kHz, in order."""
        return np.concatenate([np.zeros((0, 2), int), *(track.stretches() for track in self.tracks)])
