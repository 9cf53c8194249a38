"""Hashes of decoded samples: float32 little-endian at the native rate, by channel."""

from __future__ import annotations

import hashlib

from slim_cli.audio.stream import Passage


class PcmDigests:
    """SHA-256 of each channel, over the file and over each of its segments.

    Attributes:
        segments: SHA-256 of each channel of each segment that has ended.
    """

    stage = "decode"

    def __init__(self) -> None:
        self.segments: list[list[str]] = []
        self._file: list[hashlib._Hash] = []
        self._segment: list[hashlib._Hash] = []

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        if passage.first:
            self._segment = [hashlib.sha256() for _ in passage.decoded]
            self._file += self._segment[len(self._file) :]  # the first segment of a channel is hashed once for both
        for whole, part, samples in zip(self._file, self._segment, passage.decoded, strict=False):
            part.update(samples)
            if whole is not part:
                whole.update(samples)
        if passage.last:
            self.segments.append([digest.hexdigest() for digest in self._segment])

    @property
    def channels(self) -> list[str]:
        """SHA-256 of each channel so far, over all segments that hold it."""
        return [digest.hexdigest() for digest in self._file]
