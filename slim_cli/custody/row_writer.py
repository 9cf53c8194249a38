"""Rows on their way to the disk: first the row, then the log, each handed over before anything rests on it.

Rows that come quickly are handed over together, at the latest after `SETTLE_S`, so that a scan of many short files does
not wait for the disk twice a file. What an abrupt end leaves unlogged is cut off and examined again.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slim_cli.custody import audit
from slim_cli.results import FileResult

SETTLE_S = 0.25


class RowWriter:
    """Appends rows to a file and tells a log of them.

    Args:
        path: the file of rows.
        log: the log.
        goes_on: whether the file is there and grows; otherwise it is made.
    """

    def __init__(self, path: Path, log: audit.AuditLog, goes_on: bool = False) -> None:
        self._file, self._log, self._folder = path.open("a+b" if goes_on else "xb"), log, path.parent
        self._digest = hashlib.sha256()
        if goes_on:
            self._file.seek(0)
            while block := self._file.read(2**20):
                self._digest.update(block)
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._lock, self._settled = threading.RLock(), 0.0
        self._timer: threading.Timer | None = None
        self._failure: OSError | None = None

    def add(self, result: FileResult, files: Mapping[str, str]) -> None:
        """Keeps a row: handed to the disk now, or with others shortly.

        Args:
            result: the row.
            files: what was written for it, SHA-256 by name.

        Raises:
            OSError: this row or an earlier one could not be written.
        """
        row = result.to_json().encode()
        entry = {"path": result.path, "sha256": result.sha256, "row": hashlib.sha256(row).hexdigest()}
        with self._lock:
            if self._failure:
                raise self._failure
            self._file.write(row + b"\n")
            self._file.flush()
            self._digest.update(row + b"\n")
            self._waiting.append((audit.EXAMINED, {**entry, **({"files": dict(files)} if files else {})}))
            wait = self._settled + SETTLE_S - time.monotonic()
            if wait <= 0:
                self.settle()
            elif self._timer is None:
                self._timer = threading.Timer(wait, self._settle_later)
                self._timer.daemon = True
                self._timer.start()

    def settle(self) -> None:
        """Hands to the disk what waits: all rows, then their entries in the log."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
                self._timer = None
            if self._waiting:
                for _, payload in self._waiting:
                    for name in payload.get("files", ()):
                        _sync(self._folder / name)
                os.fsync(self._file.fileno())
                self._log.extend(self._waiting)
                self._waiting = []
            self._settled = time.monotonic()

    @property
    def digest(self) -> str:
        """SHA-256 of the file so far."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Settles and closes."""
        try:
            self.settle()
        finally:
            self._file.close()

    def _settle_later(self) -> None:
        try:
            self.settle()
        except OSError as error:
            self._failure = error


def _sync(path: Path) -> None:
    """Hands a file and its name to the disk."""
    for place, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(place, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
