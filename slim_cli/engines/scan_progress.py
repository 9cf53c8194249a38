"""How far a scan has come, told to whoever follows it."""

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
    """Keeps count and tells whoever follows the scan."""

    def __init__(self, follower: Callable[[Progress], None] | None, candidates: Sequence[Candidate]) -> None:
        self._follower = follower
        self._sizes = [0 if c.refusal else _size(c.path) for c in candidates] if follower else [0] * len(candidates)
        self._total, self._done, self._files = sum(self._sizes), 0, 0
        self._name, self._before_s, self._audio_s = "", 0.0, 0.0

    def begin(self, name: str) -> None:
        """Reports on the next file."""
        self._name, self._before_s = name, self._audio_s
        self._tell()

    def tell_audio(self, seconds: float, expected_s: float | None) -> None:
        """Reports on the file at hand, of which so many seconds of perhaps so many are decoded."""
        self._audio_s = self._before_s + seconds
        self._tell(seconds / expected_s if expected_s else 0.0)

    def finished(self) -> None:
        """Counts the file at hand as done."""
        self._done += self._sizes[self._files]
        self._files += 1
        self._name = ""
        self._tell()

    def _tell(self, fraction: float = 0.0) -> None:
        if self._follower:
            inside = int(self._sizes[self._files] * min(1.0, fraction)) if self._files < len(self._sizes) else 0
            files = (self._files, len(self._sizes))
            self._follower(Progress(*files, self._done + inside, self._total, self._audio_s, self._name))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
