"""From windows to channel scores: which windows are scored, in which batches, and how they become one number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from slim_cli.audio.windows import WINDOW, Window
from slim_cli.results import MODEL_RATE_HZ, WindowScore

BATCH_WINDOWS = 16

Score = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Mean of window values weighted by each window's net speech; weights must not all be zero."""
    return float(np.average(values, weights=weights))


@dataclass(frozen=True)
class _Piece:
    """One channel's part of a window that waits for its score."""

    channel: int
    start: int
    length: int
    speech_s: float
    samples: np.ndarray


class WindowScorer:
    """Scores the windows that hold speech, in batches of one size; equal waveforms in a batch are scored once.

    The windows of a channel wait until the channel holds enough speech to be scored at all, so that files without
    speech never reach the detector. Windows without any speech have weight 0 and are left out.

    Args:
        score: from waveforms (B, 64000) and lengths (B,) to scores (B,) and mismatches (B,).
        channels: number of channels.
    """

    def __init__(self, score: Score, channels: int) -> None:
        self._score = score
        self._waiting: list[list[_Piece]] = [[] for _ in range(channels)]
        self._batch: dict[object, list[_Piece]] = {}
        self._windows: list[list[WindowScore]] = [[] for _ in range(channels)]

    def offer(self, window: Window, speech_s: Sequence[float]) -> None:
        """Takes a window with each channel's net speech inside it, seconds."""
        for channel, seconds in enumerate(speech_s):
            if seconds > 0:
                samples = window.samples[channel].copy()
                self._waiting[channel].append(_Piece(channel, window.start, window.length, seconds, samples))

    def release(self, enough: Sequence[bool]) -> None:
        """Sends waiting windows to the detector, for channels that hold enough speech."""
        for piece in [p for held, ready in zip(self._waiting, enough, strict=True) if ready for p in held]:
            key = self._key(piece)
            if key not in self._batch and len(self._batch) == BATCH_WINDOWS:
                self._flush()
            self._batch.setdefault(key, []).append(piece)
        self._waiting = [[] if ready else held for held, ready in zip(self._waiting, enough, strict=True)]

    def finish(self) -> list[tuple[WindowScore, ...]]:
        """The scored windows of each channel, in time order."""
        self._flush()
        return [tuple(sorted(windows, key=lambda w: w.start_s)) for windows in self._windows]

    def _key(self, piece: _Piece) -> object:
        """What equal waveforms share; a single channel cannot hold a window twice."""
        return piece.start if len(self._windows) == 1 else hashlib.sha256(piece.samples.tobytes()).digest()

    def _flush(self) -> None:
        if not self._batch:
            return
        rows = list(self._batch.values())
        self._batch = {}
        waveforms = np.stack([row[0].samples for row in rows])
        lengths = np.array([row[0].length for row in rows])
        scores, mismatches = self._score(waveforms.reshape(-1, WINDOW), lengths)
        for row, score, mismatch in zip(rows, scores, mismatches, strict=True):
            for piece in row:
                start, end = piece.start / MODEL_RATE_HZ, (piece.start + piece.length) / MODEL_RATE_HZ
                scored = WindowScore(start, end, piece.speech_s, float(score), float(mismatch))
                self._windows[piece.channel].append(scored)
