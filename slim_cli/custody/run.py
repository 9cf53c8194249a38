"""A run: one scan that owns its output folder from the first row to the last report, and that can go on after any end.

A row is on the disk before the log tells of it. Whatever ends the run, the rows that the log holds are whole; going on
cuts off what follows them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from slim_cli import __version__, portable
from slim_cli.custody import audit
from slim_cli.custody import evidence_manifest as manifest
from slim_cli.custody.folder import OUTPUTS, ROWS, History, OutputFolder, read_history, remove_run
from slim_cli.custody.lock import FolderLock, Owner
from slim_cli.custody.row_writer import RowWriter
from slim_cli.errors import UsageError
from slim_cli.results import FileResult
from slim_cli.whole_files import unnamed

DECIDING = ("fingerprint", "model", "calibration", "configuration", "evidence", "choice", "hashes")


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
        portable.sync_folder(folder)

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
        who = Owner.here()
        with self._written(sources) as digests:
            self._log.append(
                "scan_resumed" if self._history else audit.FIRST,
                version=__version__,
                user=who.user,
                host=who.host,
                files_found=files_found,
                others=sorted(self._others),
                files=digests | manifest.digests(self.folder, stored),
                **opening,
            )

    @property
    def name(self) -> str:
        """Names the run to others: its folder and the first digits of the hash of its log's first line."""
        with (self.folder / audit.FILE_NAME).open("rb") as log:
            return f"{self.folder.resolve().name} {hashlib.sha256(log.readline().rstrip()).hexdigest()[:12]}"

    def record(self, result: FileResult, files: Sequence[str] = ()) -> None:
        """Keeps a row: first the row, then the log, handed to the disk at once or with others shortly.

        Args:
            result: the row.
            files: what was written for it below the folder.
        """
        self._rows.add(result, manifest.digests(self.folder, [name for name in files if (self.folder / name).exists()]))

    def end(self, complete: bool, rows: int, sources: Mapping[str, str]) -> None:
        """Tells the log that the scan came to an end; `sources` as for `begin`, as they are now."""
        self._rows.settle()
        with self._written(sources) as files:
            self._log.append(audit.LAST, complete=complete, rows=rows, results=self._rows.digest, files=files)

    @contextmanager
    def _written(self, sources: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """Gives texts their names after the log knows their hashes: whenever that ends, one of the two fits."""
        for name, text in sources.items():
            _store(unnamed(self.folder / name), text.encode())
        portable.sync_folder(self.folder)
        yield {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sources.items()}
        for name in sources:
            unnamed(self.folder / name).replace(self.folder / name)
        portable.sync_folder(self.folder)

    def close(self, event: str, **payload: Any) -> None:
        """Lists every file of the folder in the manifest and tells the log its hash; call when all is written."""
        close_folder(self.folder, self._log, event, others=self._others, **payload)

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
        for rest_of_print in [*self.folder.glob(".*.part"), *self.folder.glob(".printing-*")]:
            named = rest_of_print.name.removeprefix(".").removesuffix(".part")
            if named in OUTPUTS or named.startswith("printing-"):
                shutil.rmtree(rest_of_print) if rest_of_print.is_dir() else rest_of_print.unlink()

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


def close_folder(folder: Path, log: audit.AuditLog, event: str, *, others: Sequence[str], **payload: Any) -> None:
    """Writes the manifest of a folder and tells a log its hash.

    The manifest takes its place after the log knows it, so that a log without its end does not fit the folder.
    """
    listed = manifest.digests(folder, manifest.files(folder, others))
    text = manifest.to_text(listed).encode("utf-8", "surrogateescape")
    target = folder / manifest.FILE_NAME
    _store(unnamed(target), text)
    portable.sync_folder(folder)
    log.append(event, manifest=hashlib.sha256(text).hexdigest(), **payload)
    unnamed(target).replace(target)
    portable.sync_folder(folder)


@contextmanager
def report_again(folder: Path) -> Iterator[Callable[..., None]]:
    """Holds a folder while its report is made again.

    Returns:
        what to call with the event and its particulars when all is written; it tells the log, where a run began one.

    Raises:
        UsageError: another process writes there.
    """
    history = read_history(folder)
    lock = FolderLock(folder)
    try:
        if history is None:
            yield lambda event, **payload: None
            return
        with audit.AuditLog(folder) as log:
            yield partial(close_folder, folder, log, others=history.opening.get("others", ()))
    finally:
        lock.release()


def _others(folder: Path) -> list[str]:
    return sorted(set(os.listdir(folder)) - set(manifest.UNLISTED))


def _store(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
