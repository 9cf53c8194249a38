"""The audit log: what happened to the evidence, one JSON line each, every line holding the hash of the one before it.

A chain alone shows a change inside, not a whole log written anew: the report prints the hash of the line that ended the
scan, and whoever keeps that number can tell.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from slim_cli.hashing import canonical

FILE_NAME = "audit.jsonl"
START = "0" * 64
FIRST, EXAMINED, LAST = "scan_started", "file_examined", "scan_ended"
_KEYS = {"time", "event", "payload", "previous"}
_TAIL_BYTES = 2**20


@dataclass(frozen=True)
class Entry:
    """One line.

    Attributes:
        number: line number, from 1.
        time: when, ISO 8601 UTC.
        event: what happened.
        payload: its particulars.
        digest: SHA-256 of the line without its end.
    """

    number: int
    time: str
    event: str
    payload: dict[str, Any]
    digest: str


@dataclass(frozen=True)
class Extract:
    """A log up to the end of the scan.

    Attributes:
        entries: how many lines.
        first, last: when the first and the last were written.
        head: hash of the last.
        broken: number of the first line that does not fit, None where all do.
        user, host: account and machine that carried the scan out; empty where the log does not tell.
    """

    entries: int
    first: str
    last: str
    head: str
    broken: int | None = None
    user: str = ""
    host: str = ""


class BrokenChain(ValueError):
    """A line does not follow from the one before it.

    Args:
        number: its number, from 1.
        reason: what is wrong, in words.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number} {reason}")
        self.number = number


class AuditLog:
    """Appends to a log; use as a context manager.

    Every line is on the disk when `append` returns. What a crash left of a half-written line is cut off, and its hash
    is recorded.

    Args:
        folder: the output folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / FILE_NAME).open("a+b")
        self._head, torn = self._resume()
        if torn:
            self.append("torn_line_removed", sha256=hashlib.sha256(torn).hexdigest(), size_bytes=len(torn))

    def append(self, event: str, **payload: Any) -> None:
        """Writes one entry; the payload is anything that JSON can hold."""
        self.extend([(event, payload)])

    def extend(self, events: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Writes entries, event and payload each, and hands them to the disk together."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for event, payload in events:
            entry = {"event": event, "payload": payload, "previous": self._head, "time": now}
            line = canonical(entry)
            self._file.write(line + b"\n")
            self._head = hashlib.sha256(line).hexdigest()
        self._file.flush()
        os.fsync(self._file.fileno())

    def _resume(self) -> tuple[str, bytes]:
        """The hash of the last whole line, and what stands after it, which is removed."""
        size = self._file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        self._file.seek(start)
        whole, _, torn = self._file.read().rpartition(b"\n")
        if torn:
            self._file.truncate(size - len(torn))
        return (hashlib.sha256(whole.rpartition(b"\n")[2]).hexdigest() if whole else START), torn

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def entries(folder: Path, torn_end: bool = False) -> Iterator[Entry]:
    """The entries of a log in order, each checked against the one before it.

    Args:
        folder: the output folder.
        torn_end: whether a last line without its end is passed over, as an abrupt end of a run leaves it.

    Raises:
        BrokenChain: a line does not fit; those before it do.
        OSError: there is no log, or it cannot be read.
    """
    previous = START
    with (folder / FILE_NAME).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                if torn_end:
                    return
                raise BrokenChain(number, "is cut short")
            try:
                content = json.loads(line)
            except ValueError:
                raise BrokenChain(number, "is not JSON") from None
            if not isinstance(content, dict) or content.keys() != _KEYS or not isinstance(content["payload"], dict):
                raise BrokenChain(number, "is no entry of an audit log")
            if content["previous"] != previous:
                raise BrokenChain(number, "does not hold the hash of the line before it")
            previous = hashlib.sha256(line[:-1]).hexdigest()
            yield Entry(number, str(content["time"]), str(content["event"]), content["payload"], previous)


def extract(folder: Path) -> Extract | None:
    """The log up to the end of the last scan it tells of, which no later entry changes; None where there is none."""
    first, last, found, who = "", None, None, ("", "")
    try:
        for last in entries(folder):
            first = first or last.time
            if "user" in last.payload:
                who = (str(last.payload["user"]), str(last.payload["host"]))
            if last.event == LAST:
                found = Extract(last.number, first, last.time, last.digest, None, *who)
    except BrokenChain as error:
        return Extract(last.number if last else 0, first, last.time if last else "", "", error.number)
    except OSError:
        return None
    return found
