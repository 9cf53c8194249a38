"""The output folder: never one that holds other work, and every finished file is on disk at once."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from types import TracebackType

from slim_cli import hashing
from slim_cli.custody import audit
from slim_cli.errors import UsageError
from slim_cli.results import FileResult

ROWS = "results.jsonl"
OVERVIEWS = "overview"
OWN = (
    *(ROWS, "results.csv", "results.parquet", "results.jsonld", "report.html", "report.pdf"),
    audit.FILE_NAME,
    *("run.json", "reference.json", "report.json", OVERVIEWS, "proxy", "audacity", "raven", "case"),
)


class OutputFolder:
    """Where a scan writes.

    Args:
        path: the folder; made when needed.
        force: whether results of an earlier scan there may be replaced.

    Raises:
        UsageError: it is no folder, or holds results of an earlier scan.
    """

    def __init__(self, path: Path, force: bool) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise UsageError(f"The output {path} is a file; name a folder.")
        if not force and any(os.path.lexists(path / name) for name in OWN):
            raise UsageError(
                f"{path} holds results of an earlier scan; name another folder, or replace them by --force."
            )

    def prepare(self) -> None:
        """Makes the folder and removes what an earlier scan wrote there, nothing else.

        Raises:
            UsageError: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for place in (self.path / name for name in OWN):
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                else:
                    place.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"The output folder {self.path} cannot be written: {error.strerror}.") from error


class Journal:
    """`results.jsonl`, row by row: what was written survives a crash of everything that follows."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / ROWS).open("x", encoding="utf-8")
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of the rows so far."""
        return self._digest.hexdigest()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, result: FileResult) -> str:
        """Writes one row and hands it to the disk; returns its SHA-256, without the end of the line."""
        row = result.to_json()
        self._file.write(row + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._digest.update(row.encode() + b"\n")
        return hashlib.sha256(row.encode()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that stands in the output folder itself, but the audit log."""
    names = sorted(set(OWN) - {audit.FILE_NAME})
    return {name: hashing.file_sha256(folder / name) for name in names if (folder / name).is_file()}


def log_report(folder: Path, event: str, **payload: str) -> None:
    """Adds to the audit log that the report was made, with the hashes of all files; only where the scan began one."""
    if (folder / audit.FILE_NAME).is_file():
        with audit.AuditLog(folder) as log:
            log.append(event, files=digests(folder), **payload)
