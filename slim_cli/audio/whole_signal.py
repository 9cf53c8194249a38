"""The whole signal of a file at 16 kHz, for what cannot work block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slim_cli.audio.stream import AudioPass, Passage
from slim_cli.evidence.decoding import open_audio


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


def read_channels(path: Path) -> np.ndarray:
    """Decodes a file as a scan does, in an isolated process.

    Returns:
        (C, T) float32 at 16 kHz.

    Raises:
        EvidenceError: it cannot be read, is no audio, or cannot be decoded.
    """
    signal = WholeSignal()
    with open_audio(path) as stream:
        AudioPass([signal], None).read(stream)
    return signal.samples
