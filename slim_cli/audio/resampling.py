"""Streaming conversion of any sample rate to the 16 kHz that detectors read."""

from __future__ import annotations

import numpy as np
import soxr

from slim_cli.results import MODEL_RATE_HZ


class Resampler:
    """Converts blocks of several channels with soxr (quality HQ); passes 16 kHz through untouched.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._stream = (
            None
            if rate_hz == MODEL_RATE_HZ
            else soxr.ResampleStream(rate_hz, MODEL_RATE_HZ, channels, dtype="float32", quality="HQ")
        )

    def push(self, block: np.ndarray, last: bool = False) -> np.ndarray:
        """The next block.

        Args:
            block: (C, n) float32 at the native rate.
            last: whether the signal ends with it.

        Returns:
            (C, m) float32 at 16 kHz; m lags behind until the end.
        """
        if self._stream is None:
            return block
        converted = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        return np.ascontiguousarray(converted.reshape(-1, self._channels).T)
