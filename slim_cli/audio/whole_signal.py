"""The whole signal of a file at 16 kHz, for what cannot work block by block."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from slim_cli.audio.stream import AudioPass, Passage
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.exhibits import Exhibit


class WholeSignal:
    """Keeps every sample at 16 kHz; a channel that a segment lacks is silent there."""

    stage = "decode"

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        self._pieces.append(passage.samples)

    @property
    def samples(self) -> np.ndarray:
        """The samples so far, (C, T) float32."""
        most = max(map(len, self._pieces), default=0)
        padded = [np.pad(piece, ((0, most - len(piece)), (0, 0))) for piece in self._pieces]
        return np.concatenate([np.zeros((most, 0), np.float32), *padded], axis=1)


def read_channels(path: Path, decoder: Decoder | None = None) -> np.ndarray:
    """Decodes a file as a scan does, in an isolated process.

    Args:
        path: the file.
        decoder: where it is decoded; for many files one is faster than one each, which is the default.

    Returns:
        (C, T) float32 at 16 kHz.

    Raises:
        EvidenceError: it cannot be read, is no audio, or cannot be decoded.
    """
    signal = WholeSignal()
    with ExitStack() as stack:
        decoder = decoder or stack.enter_context(Decoder())
        exhibit = stack.enter_context(Exhibit(path))
        AudioPass([signal], None).read(stack.enter_context(decoder.open(exhibit, exhibit.kind(), Limits())))
    return signal.samples
