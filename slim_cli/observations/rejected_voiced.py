"""Voiced sound that the speech detector does not take for speech: measured by level and periodicity, and scored apart.

A frame of 64 ms is read every 128 ms where no part of it was taken for speech. It is voiced where its level reaches
-60 dBFS and its autocorrelation at the pitch period 0.6. Voiced frames no more than 0.5 s apart make a stretch; one
that lasts 1 s, with every second frame voiced and a pitch that moves as in speech, is kept: hum and tones stand still.
The windows over stretches of 2 s and more are scored like all others; what they give is no part of the file's score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slim_cli.audio.scoring import ScoredWindow, WindowBatches
from slim_cli.audio.silero import CHUNK
from slim_cli.audio.stream import Passage, WeightedWindow
from slim_cli.observations.voice import FRAME, HOP, VOICED, pitch
from slim_cli.results import MIN_NET_SPEECH_S, MODEL_RATE_HZ, ChannelResult, Remark, VoicedStretch

LEAST_DB = -60.0
LONGEST_GAP = 4  # frames, 0.5 s
SHORTEST = 8  # frames, 1 s
VOICED_SHARE = 0.5
LEAST_MOVEMENT = 0.02  # standard deviation of the pitch, octaves
MOST_WINDOWS = 64  # that are scored of a channel, since music can fill hours
WINDOW_FRAMES = 8  # voiced ones that a window needs to be scored, 1 s
_CHUNKS = HOP // CHUNK


def voiced_rule() -> dict[str, float]:
    """The rule above, for the record."""
    return {
        "level_dbfs": LEAST_DB,
        "periodicity": VOICED,
        "gap_s": LONGEST_GAP * HOP / MODEL_RATE_HZ,
        "shortest_s": SHORTEST * HOP / MODEL_RATE_HZ,
        "share": VOICED_SHARE,
        "movement_octaves": LEAST_MOVEMENT,
        "scored_from_s": MIN_NET_SPEECH_S,
        "scored_windows": MOST_WINDOWS,
    }


class _Track:
    """One channel of one segment: the pitch of every frame, not a number where it is not voiced or is speech.

    Args:
        start: the segment's first sample at 16 kHz.
    """

    def __init__(self, start: int) -> None:
        self._start, self._octaves = start, bytearray()

    def add(self, octaves: np.ndarray) -> None:
        """Appends the next frames: logarithm (base 2) of the pitch period in samples."""
        self._octaves += octaves.astype(np.float16).tobytes()

    def stretches(self) -> list[tuple[int, int]]:
        """The stretches that are kept, first sample and the one behind the last, counted from the file's start."""
        octaves = np.frombuffer(self._octaves, np.float16)
        voiced = np.flatnonzero(np.isfinite(octaves))
        runs = np.split(voiced, np.flatnonzero(np.diff(voiced) > LONGEST_GAP) + 1)
        kept = [run for run in runs if _long_enough(run) and _moves(octaves[run])]
        return [(self._start + int(run[0]) * HOP, self._start + int(run[-1] + 1) * HOP) for run in kept]

    def voiced(self, start: int, stop: int) -> np.ndarray:
        """The voiced frames between two positions."""
        first, end = (max(0, (at - self._start) // HOP) for at in (start, stop))
        inside = np.frombuffer(self._octaves, np.float16)[first:end]
        return inside[np.isfinite(inside)]


def _long_enough(run: np.ndarray) -> bool:
    """Whether voiced frames, given by their numbers, last long enough and are many enough."""
    frames = run[-1] - run[0] + 1 if len(run) else 0
    return bool(frames >= SHORTEST and len(run) >= VOICED_SHARE * frames)


def _moves(octaves: np.ndarray) -> bool:
    """Whether the pitch moves as in speech."""
    return bool(np.std(octaves.astype(float)) >= LEAST_MOVEMENT)


class RejectedVoiced:
    """Finds the stretches of every channel; two bytes are kept of each frame.

    Args:
        batches: where windows are scored; None where nothing is.
    """

    stage = "pictures"

    def __init__(self, batches: WindowBatches | None = None) -> None:
        self._batches = batches
        self._tracks: list[list[_Track]] = []
        self._scored: list[list[ScoredWindow]] = []
        self._samples = np.zeros((0, 0), np.float32)
        self._decided: list[np.ndarray] = []

    def take(self, passage: Passage) -> None:
        """See `slim_cli.audio.stream.Consumer`."""
        if passage.first:
            self._begin(len(passage.samples), passage.start)
        self._samples = np.concatenate([self._samples, passage.samples], axis=1)
        self._decided = [np.concatenate(pair) for pair in zip(self._decided, passage.decisions, strict=True)]
        ready = min(min(map(len, self._decided)) // _CHUNKS, self._samples.shape[1] // HOP)
        for channel, (row, speech) in enumerate(zip(self._samples, self._decided, strict=True)):
            frames = row[: ready * HOP].reshape(ready, HOP)[:, :FRAME]
            taken = speech[: ready * _CHUNKS].reshape(ready, _CHUNKS)[:, : FRAME // CHUNK]
            self._tracks[channel][-1].add(_octaves(frames, taken.max(axis=1)))
        self._samples = self._samples[:, ready * HOP :].copy()
        self._decided = [speech[ready * _CHUNKS :] for speech in self._decided]
        if self._batches:
            self._score(self._batches, passage.windows)

    def finish(self, channel: int) -> tuple[VoicedStretch, ...]:
        """The stretches of a channel in time order; call when all windows have been scored."""
        if channel >= len(self._tracks):
            return ()
        found = [(track, *stretch) for track in self._tracks[channel] for stretch in track.stretches()]
        return tuple(
            VoicedStretch(start / MODEL_RATE_HZ, stop / MODEL_RATE_HZ, self._mean(channel, track, start, stop))
            for track, start, stop in found
        )

    def _begin(self, channels: int, start: int) -> None:
        """Starts a segment."""
        more = max(0, channels - len(self._tracks))
        self._tracks += [[] for _ in range(more)]
        self._scored += [[] for _ in range(more)]
        for tracks in self._tracks[:channels]:
            tracks.append(_Track(start))
        self._samples = np.zeros((channels, 0), np.float32)
        self._decided = [np.zeros(0, bool) for _ in range(channels)]

    def _score(self, batches: WindowBatches, windows: Sequence[WeightedWindow]) -> None:
        """Hands over the windows that hold enough voiced sound."""
        for window in (weighted.window for weighted in windows):
            for channel, scored in enumerate(self._scored[: len(window.samples)]):
                voiced = self._tracks[channel][-1].voiced(window.start, window.stop)
                if len(voiced) >= WINDOW_FRAMES and _moves(voiced) and len(scored) < MOST_WINDOWS:
                    scored.append(ScoredWindow(window.start, window.stop, 0.0))
                    batches.add(window.of(channel), scored[-1].receive)

    def _mean(self, channel: int, track: _Track, start: int, stop: int) -> float | None:
        """Mean score of the windows over a stretch, None where it is short or none was scored."""
        if stop - start < MIN_NET_SPEECH_S * MODEL_RATE_HZ:
            return None
        over = [w for w in self._scored[channel] if w.start < stop and w.stop > start and w.values is not None]
        weights = [len(track.voiced(max(start, w.start), min(stop, w.stop))) for w in over]
        if not any(weights):
            return None
        return float(np.average([float((w.values or (0.0,))[0]) for w in over], weights=weights))


def rejected_voiced_remarks(channels: Sequence[ChannelResult]) -> list[Remark]:
    """How much there is, of the channel that holds most; nothing where there is none."""
    seconds, n = max((sum(v.end_s - v.start_s for v in c.rejected_voiced), len(c.rejected_voiced)) for c in channels)
    return [Remark("voiced_not_speech", {"seconds": seconds, "n": n})] if n else []


def _octaves(frames: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Logarithm of the pitch period of frames (F, FRAME); not a number where not voiced or taken for speech."""
    found = np.full(len(frames), np.nan)
    loud = np.flatnonzero(~taken & ((frames**2).mean(axis=1) >= 10 ** (LEAST_DB / 10)))
    if len(loud):
        period, strength = pitch(frames[loud])
        found[loud] = np.where(strength >= VOICED, np.log2(period), np.nan)
    return found
