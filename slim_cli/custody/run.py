"""A run: one scan that owns its output folder from the first row to the last report, and that can go on after any end.

A row is on the disk before the log tells of it. Whatever ends the run, the rows that the log holds are whole; going on
cuts off what follows them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from slim_cli import __version__
from slim_cli.custody import audit, manifest
from slim_cli.custody.folder import OUTPUTS, ROWS, History, OutputFolder, read_history, remove_run
from slim_cli.custody.lock import FolderLock, Owner
from slim_cli.custody.row_writer import RowWriter
from slim_cli.errors import UsageError
from slim_cli.results import FileResult

DECIDING = ("fingerprint", "model", "calibration", "configuration", "evidence")


def open_run(output: OutputFolder) -> Run:
    """Takes an output folder: the results of an earlier run are removed, or cut to what its log holds.

    Raises:
        UsageError: another process writes there, or the folder cannot be written.
    """
    try:
        output.path.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(output.path)
        if output.history is None:
            remove_run(output.path)
    except OSError as error:
        raise UsageError(f"The output folder {output.path} cannot be written: {error.strerror}.") from error
    return Run(output.path, output.history, lock)


class Run:
    """The run that holds a folder; use as a context manager.

    Args:
        folder: the folder, made and free of an earlier run's files.
        history: the run that goes on, None for a new one.
        lock: its lock.

    Attributes:
        folder: as given.
        earlier: the rows of the run that goes on, none for a new one.
    """

    def __init__(self, folder: Path, history: History | None, lock: FolderLock) -> None:
        self.folder, self._history, self._lock = folder, history, lock
        self.earlier = history.rows if history else ()
        self._others = history.opening.get("others", ()) if history else _others(folder)
        self._log = audit.AuditLog(folder)
        if history:
            self._cut(history)
        self._rows = RowWriter(folder / ROWS, self._log, goes_on=history is not None)
        _sync_folder(folder)

    def begin(self, files_found: int, sources: Mapping[str, str], stored: Sequence[str] = (), **opening: Any) -> None:
        """Tells the log that the scan begins or goes on.

        Args:
            files_found: how many files it is to examine.
            sources: what the report needs beside the rows, text by file name; written now, so that an unfinished run
                can be reported.
            stored: files written already, to be told of.
            opening: what decides its results and its record; those of `DECIDING` must be equal where it goes on.

        Raises:
            UsageError: it goes on with another model or other options.
        """
        if self._history:
            self._check(opening)
        if self._lock.left_by:
            self._log.append("lock_taken_over", left_by=vars(self._lock.left_by))
        for name, text in sources.items():
            _write(self.folder / name, text)
        who = Owner.here()
        self._log.append(
            "scan_resumed" if self._history else audit.FIRST,
            version=__version__,
            user=who.user,
            host=who.host,
            files_found=files_found,
            others=sorted(self._others),
            files=manifest.digests(self.folder, [*sources, *stored]),
            **opening,
        )

    def record(self, result: FileResult, files: Sequence[str] = ()) -> None:
        """Keeps a row: first the row, then the log, handed to the disk at once or with others shortly.

        Args:
            result: the row.
            files: what was written for it below the folder.
        """
        self._rows.add(result, manifest.digests(self.folder, [name for name in files if (self.folder / name).exists()]))

    def end(self, complete: bool, rows: int) -> None:
        """Tells the log that the scan came to an end."""
        self._rows.settle()
        self._log.append(audit.LAST, complete=complete, rows=rows, results=self._rows.digest)

    def close(self, event: str, **payload: Any) -> None:
        """Lists every file of the folder in the manifest and tells the log its hash; call when all is written."""
        close_folder(self.folder, self._log, event, self._others, **payload)

    def _check(self, opening: Mapping[str, Any]) -> None:
        assert self._history
        for name in DECIDING:
            before = self._history.opening.get(name)
            if name in opening and before != opening[name]:
                raise UsageError(
                    f"The run in {self.folder} was begun with another {name} ({before}; now {opening[name]}): go on as "
                    "it was begun, or begin anew with --force or in another folder."
                )

    def _cut(self, history: History) -> None:
        """Cuts off what follows the rows that the log holds."""
        path, rest = self.folder / ROWS, b""
        if path.exists():
            with path.open("rb") as rows:
                rows.seek(history.row_bytes)
                rest = rows.read()
        if rest:
            os.truncate(path, history.row_bytes)
            self._log.append("unlogged_row_removed", sha256=hashlib.sha256(rest).hexdigest(), size_bytes=len(rest))
        for partial in self.folder.glob(".*.part"):
            if partial.name.removeprefix(".").removesuffix(".part") in OUTPUTS:
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._rows.close()
        finally:
            self._log.__exit__(kind, error, trace)
            self._lock.release()


def close_folder(folder: Path, log: audit.AuditLog, event: str, others: Sequence[str], **payload: Any) -> None:
    """Writes the manifest of a folder and tells a log its hash.

    The manifest takes its place after the log knows it, so that a log without its end does not fit the folder.
    """
    listed = manifest.digests(folder, manifest.files(folder, others))
    text = manifest.to_text(listed).encode("utf-8", "surrogateescape")
    partial = folder / f".{manifest.FILE_NAME}.part"
    with partial.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    log.append(event, manifest=hashlib.sha256(text).hexdigest(), **payload)
    partial.replace(folder / manifest.FILE_NAME)
    _sync_folder(folder)


def log_report(folder: Path, event: str, **payload: Any) -> None:
    """Tells the log of a folder that its report was made again; only where a run began one.

    Raises:
        UsageError: another process writes there.
    """
    history = read_history(folder)
    if history is None:
        return
    lock = FolderLock(folder)
    try:
        with audit.AuditLog(folder) as log:
            close_folder(folder, log, event, history.opening.get("others", ()), **payload)
    finally:
        lock.release()


def _others(folder: Path) -> list[str]:
    return sorted(set(os.listdir(folder)) - {audit.FILE_NAME, manifest.FILE_NAME, ".lock"})


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
