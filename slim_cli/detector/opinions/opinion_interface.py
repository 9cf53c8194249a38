"""What every second opinion is to the rest: windows in, its own scores out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np


class SecondOpinion:
    """A detector of another maker.

    Attributes:
        kind: its name in the registry.
        name: its name in the settings.
        label: its own word for the class that its score stands for.
        digests: SHA-256 of the files that decide its scores, by name.
        fingerprint: SHA-256 over these, its table and its package.
    """

    kind: ClassVar[str]
    name: str = ""
    label: str = ""
    digests: Mapping[str, str] = {}
    fingerprint: str = ""

    @classmethod
    def from_table(cls, table: Mapping[str, Any], device: str) -> Self:
        """Loads what a table of the settings names.

        Raises:
            UsageError: the table is wrong.
            EnvironmentUnfit: what it needs is not on this machine.
            IntegrityError: a file differs from what was recorded at the first pull.
        """
        raise NotImplementedError

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Scores windows.

        Args:
            waveforms: (B, T) float32 at 16 kHz, any level, zero beyond `lengths`.
            lengths: (B,) valid samples.

        Returns:
            (B,), positive = synthetic, uncalibrated; each independent of its neighbours.
        """
        raise NotImplementedError
