"""How far a scan has come, told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slim_cli.evidence.discovery import Candidate


@dataclass(frozen=True)
class Progress:
    """How far a scan has come; sent before each file, after each block of audio and after each file.

    Attributes:
        files_done, files_total: result rows.
        bytes_done, bytes_total: bytes of evidence; inside a file an estimate from the announced duration.
        audio_s: decoded audio so far, seconds.
        name: the file at hand, text from the evidence and therefore hostile; empty at the end.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    audio_s: float
    name: str


class Reporter:
    """Keeps count and tells whoever listens."""

    def __init__(self, listener: Callable[[Progress], None] | None, candidates: Sequence[Candidate]) -> None:
        self._listener = listener
        self._sizes = [0 if c.refusal else _size(c.path) for c in candidates] if listener else [0] * len(candidates)
        self._total, self._done, self._files, self.audio_s = sum(self._sizes), 0, 0, 0.0

    def tell(self, name: str, fraction: float = 0.0) -> None:
        """Reports on the file at hand, of which a fraction is done."""
        if self._listener:
            inside = int(self._sizes[self._files] * min(1.0, fraction)) if self._files < len(self._sizes) else 0
            files = (self._files, len(self._sizes))
            self._listener(Progress(*files, self._done + inside, self._total, self.audio_s, name))

    def finished(self) -> None:
        """Counts the file at hand as done."""
        self._done += self._sizes[self._files]
        self._files += 1
        self.tell("")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
