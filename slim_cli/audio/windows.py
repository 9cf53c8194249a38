"""Cutting a stream into overlapping analysis windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slim_cli.results import HOP_S, MODEL_RATE_HZ, WINDOW_S

WINDOW = round(WINDOW_S * MODEL_RATE_HZ)
HOP = round(HOP_S * MODEL_RATE_HZ)


@dataclass(frozen=True)
class Window:
    """One window of all channels.

    Attributes:
        start: first sample at 16 kHz.
        length: valid samples; fewer than `WINDOW` only when the whole signal is shorter.
        samples: (C, WINDOW) float32, zero beyond `length`.
    """

    start: int
    length: int
    samples: np.ndarray

    @property
    def stop(self) -> int:
        """The sample behind the last valid one."""
        return self.start + self.length

    def of(self, channel: int) -> Window:
        """A copy of one channel alone."""
        return Window(self.start, self.length, self.samples[channel : channel + 1].copy())


class WindowCutter:
    """Cuts windows of 4 s every 2 s; the last one ends with the signal, a shorter signal gives one padded window.

    Args:
        channels: number of channels.
        start: position of the first sample, which windows count from.
    """

    def __init__(self, channels: int, start: int = 0) -> None:
        self._held = np.zeros((channels, 0), np.float32)
        self._first = self._start = start  # position of the first sample of all, and of the first held one
        self._next = start  # start of the next window
        self._end = start  # end of the last window cut

    def push(self, samples: np.ndarray, last: bool = False) -> Iterator[Window]:
        """Windows that the next samples complete.

        Args:
            samples: (C, n) float32 at 16 kHz.
            last: whether the signal ends with them.
        """
        self._held = np.concatenate([self._held, samples], axis=1)
        total = self._start + self._held.shape[1]
        while self._next + WINDOW <= total:
            yield self._cut(self._next)
            self._next += HOP
        if last and total > self._end:
            yield self._cut(max(self._first, total - WINDOW))
        keep = max(0, min(self._next, total - WINDOW) - self._start)
        self._held, self._start = self._held[:, keep:].copy(), self._start + keep

    def _cut(self, start: int) -> Window:
        piece = self._held[:, start - self._start : start - self._start + WINDOW]
        length = piece.shape[1]
        self._end = start + length
        return Window(start, length, np.pad(piece, ((0, 0), (0, WINDOW - length))))
