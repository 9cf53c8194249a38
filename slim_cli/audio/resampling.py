"""Streaming conversion of any sample rate to another, by default to the 16 kHz that detectors read."""

from __future__ import annotations

import numpy as np
import soxr

from slim_cli.results import MODEL_RATE_HZ


class Resampler:
    """Converts blocks of several channels with soxr (quality HQ); passes the wanted rate through untouched.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
        wanted_hz: sample rate of the result.
    """

    def __init__(self, rate_hz: int, channels: int, wanted_hz: int = MODEL_RATE_HZ) -> None:
        self._channels = channels
        self._stream = (
            None
            if rate_hz == wanted_hz
            else soxr.ResampleStream(rate_hz, wanted_hz, channels, dtype="float32", quality="HQ")
        )

    def push(self, block: np.ndarray, last: bool = False) -> np.ndarray:
        """The next block.

        Args:
            block: (C, n) float32 at the native rate.
            last: whether the signal ends with it.

        Returns:
            (C, m) float32 at the wanted rate; m lags behind until the end.
        """
        if self._stream is None:
            return block
        converted = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        return np.ascontiguousarray(converted.reshape(-1, self._channels).T)


class FirstRate:
    """The native signal of every segment at the rate and with the channels of the first.

    A channel that a later segment lacks is silent there; one that the first lacks is left out.

    Attributes:
        rate_hz: sample rate of the first segment, 0 before it.
        channels: its number of channels.
    """

    def __init__(self) -> None:
        self.rate_hz = self.channels = 0

    def push(self, rate_hz: int, block: np.ndarray, first: bool, last: bool) -> np.ndarray:
        """The next block.

        Args:
            rate_hz: sample rate of the segment at hand.
            block: (C, n) float32.
            first: whether its segment begins with it.
            last: whether its segment ends with it.

        Returns:
            (`channels`, m) float32 at `rate_hz` of the first segment.
        """
        if first:
            if not self.rate_hz:
                self.rate_hz, self.channels = rate_hz, len(block)
            self._resampler = Resampler(rate_hz, len(block), self.rate_hz)
        block = self._resampler.push(block, last)[: self.channels]
        return np.pad(block, ((0, self.channels - len(block)), (0, 0)))
