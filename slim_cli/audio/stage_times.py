"""How long each stage of a scan took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

STAGES = ("decode", "speech", "encoders", "opinions", "pictures")


@dataclass
class StageTimes:
    """Wall time per stage, summed over a scan.

    Attributes:
        seconds: by stage. `decode` includes reading, hashing and resampling, and of decoding itself the time spent
            waiting for it, because it works in a process of its own.
        audio_s: decoded audio, seconds.
    """

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    audio_s: float = 0.0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the time spent inside to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start

    def add(self, other: StageTimes) -> None:
        """Adds what was measured elsewhere."""
        for stage, seconds in other.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self.audio_s += other.audio_s
