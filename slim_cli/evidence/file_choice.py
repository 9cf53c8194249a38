"""Which of the entries found are examined: by pattern, by age, and by share of the work."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slim_cli.errors import UsageError
from slim_cli.evidence.discovery import Candidate

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|w)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class FileChoice:
    """What narrows a scan down.

    Attributes:
        include: patterns; where there are any, an entry must match one.
        exclude: patterns; an entry that matches one is left out.
        since: entries modified before it are left out, seconds since the epoch; None for no such limit.
        shard: (i, n): of n shares of about equal size the i-th, from 1; an entry's share depends on its path alone.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: float | None = None
    shard: tuple[int, int] | None = None

    def takes(self, candidate: Candidate) -> bool:
        """Whether an entry is examined.

        >>> call = Candidate(Path("2026/Call 7.WAV"), "2026/Call 7.WAV")
        >>> [FileChoice(include=(pattern,)).takes(call) for pattern in ("*.wav", "2026/*", "call*", "2025/*", "*.mp3")]
        [True, True, True, False, False]
        >>> FileChoice(exclude=("*.wav",)).takes(call)
        False
        >>> sum(FileChoice(shard=(i, 3)).takes(call) for i in (1, 2, 3))
        1
        """
        if self.include and not any(_matches(candidate.name, pattern) for pattern in self.include):
            return False
        if any(_matches(candidate.name, pattern) for pattern in self.exclude):
            return False
        return self._mine(candidate) and self._new(candidate)

    def _mine(self, candidate: Candidate) -> bool:
        if self.shard is None:
            return True
        number, shards = self.shard
        path = candidate.path_hex or candidate.name.encode().hex()
        return int(hashlib.sha256(path.encode()).hexdigest(), 16) % shards == number - 1

    def _new(self, candidate: Candidate) -> bool:
        if self.since is None:
            return True
        try:
            return os.lstat(candidate.path).st_mtime >= self.since
        except OSError:
            return True  # why: what cannot be looked at is told of, not left out


def _matches(name: str, pattern: str) -> bool:
    """A pattern with a slash is for the whole path, any other for the last part; neither minds upper and lower case."""
    subject = name if "/" in pattern else name.rpartition("/")[2]
    return fnmatch.fnmatchcase(subject.casefold(), pattern.casefold())


def parse_since(text: str, now: float | None = None) -> float:
    """A date, a time, or how long ago, as seconds since the epoch; without a zone, in this machine's.

    >>> parse_since("36h", now=200_000.0)
    70400.0
    >>> parse_since("1970-01-02T00:00Z")
    86400.0

    Raises:
        UsageError: it is none of these.
    """
    if span := _SPAN.fullmatch(text.strip()):
        return (time.time() if now is None else now) - float(span[1]) * _SECONDS[span[2]]
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except ValueError as error:
        raise UsageError(
            f"--since takes a date, a time or a span (2026-11-01, 2026-11-01T06:00Z, 36h); not {text!r}."
        ) from error


def parse_shard(text: str) -> tuple[int, int]:
    """A share of the work.

    >>> parse_shard("2/8")
    (2, 8)

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard takes i/n with i from 1 to n, such as 2/8; it was given {text!r}.")
    return int(found[1]), int(found[2])


def read_list(source: str) -> Iterator[bytes]:
    """Paths of a list, separated by NUL where it holds any, else by line ends.

    Args:
        source: the file, or `-` for standard input.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"The list of files {source} cannot be read: {error.strerror}.") from error
    parts = text.split(b"\0") if b"\0" in text else text.replace(b"\r\n", b"\n").split(b"\n")
    return (part for part in parts if part)
