"""Rows on their way to the disk: first the row, then the log, each handed over before anything rests on it.

A thread hands over what has come since it did so last, so that no scan waits for the disk twice a file. What an abrupt
end leaves unlogged is cut off and examined again.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from slim_cli import portable
from slim_cli.custody import audit
from slim_cli.results import FileResult

MOST_WAITING = 1000  # rows that may not be on the disk yet; then the scan does wait


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
        self._changed, self._settling = threading.Condition(), 0
        self._failure: OSError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._settle_on, name="slim-rows", daemon=True)
        self._thread.start()

    def add(self, result: FileResult, files: Mapping[str, str]) -> None:
        """Keeps a row: it is in the file now, and shortly on the disk and in the log.

        Args:
            result: the row.
            files: what was written for it, SHA-256 by name.

        Raises:
            OSError: this row or an earlier one could not be written.
        """
        row = result.to_json().encode()
        entry = {"path": result.path, "sha256": result.sha256, "row": hashlib.sha256(row).hexdigest()}
        with self._changed:
            self._changed.wait_for(lambda: self._failure or len(self._waiting) + self._settling < MOST_WAITING)
            if self._failure:
                raise self._failure
            self._file.write(row + b"\n")
            self._file.flush()
            self._digest.update(row + b"\n")
            self._waiting.append((audit.EXAMINED, {**entry, **({"files": dict(files)} if files else {})}))
            self._changed.notify_all()

    def settle(self) -> None:
        """Waits until all rows so far are on the disk and in the log.

        Raises:
            OSError: one could not be written.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failure or not (self._waiting or self._settling))
            if self._failure:
                raise self._failure

    @property
    def digest(self) -> str:
        """SHA-256 of the file so far."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Settles and closes."""
        try:
            self.settle()
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._thread.join()
            self._file.close()

    def _settle_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting or self._failure:
                    return
                told, self._waiting = self._waiting, []
                self._settling = len(told)
                self._changed.notify_all()
            try:
                _sync({self._folder / name for _, payload in told for name in payload.get("files", ())})
                os.fsync(self._file.fileno())
                self._log.extend(told)
            except OSError as error:
                self._failure = error
            with self._changed:
                self._settling = 0
                self._changed.notify_all()
            if self._failure:
                return


def _sync(paths: Collection[Path]) -> None:
    """Hands files and their names to the disk."""
    for path in paths:
        descriptor = os.open(path, portable.flags("O_RDWR" if os.name == "nt" else "O_RDONLY"))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    for folder in {path.parent for path in paths}:
        portable.sync_folder(folder)
