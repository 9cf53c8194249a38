"""An output folder as it is found: what a run left there, and whether another may write there."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from slim_cli.custody import audit
from slim_cli.custody import evidence_manifest as manifest
from slim_cli.custody.lock import FILE_NAME
from slim_cli.custody.printed import is_signed
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.output_formats import OUTPUT_FORMATS
from slim_cli.results import FileResult
from slim_cli.whole_files import unnamed

ROWS = OUTPUT_FORMATS["jsonl"].file
REPORTS = "slim-reports"
OUTPUTS = (
    *(one.file for one in OUTPUT_FORMATS.values()),
    *("run.json", "reference.json", "calibration.json", "report.json", "overview", "proxy", "case"),
    *manifest.UNLISTED,
)
_FIRST_ENTRY = f'{{"event":"{audit.FIRST}"'.encode()


def check_apart(output: Path, evidence: Sequence[Path]) -> None:
    """Refuses an output folder in which writing could touch evidence.

    Raises:
        UsageError: it lies inside the evidence, or evidence lies at or below a name that a run writes.
    """
    folder = output.resolve()
    written = [output / name for name in OUTPUTS]
    for root in evidence:
        if root.is_dir() and folder.is_relative_to(root.resolve()):
            raise UsageError(f"The output folder {output} lies inside the evidence {root}; choose one outside it.")
        above = [root.resolve(), *root.resolve().parents]
        for place in written:
            if place.resolve() in above or (place.exists() and any(p.exists() and place.samefile(p) for p in above)):
                raise UsageError(
                    f"The evidence {root} lies where the results would be written ({place}); choose another folder."
                )


def check_file_apart(file: Path, evidence: Sequence[Path], output: Path) -> None:
    """Refuses a file that lies inside the evidence or the output folder.

    Raises:
        UsageError: it does.
    """
    place = file.resolve()
    for root in (*evidence, output):
        if place == root.resolve() or root.resolve() in place.parents:
            raise UsageError(f"{file} lies inside {root}, where it must not be; choose another place.")


def new_folder(evidence: Sequence[Path]) -> Path:
    """A name for an output folder where none was given: `slim-reports/<date>-<folder>`, not taken yet.

    It stands beside where one stands; where that lies inside the evidence, beside the evidence.

    Args:
        evidence: files and folders to examine; the first one gives the name.
    """
    place = Path.cwd()
    roots = [root.resolve() for root in evidence if root.is_dir()]
    while any(place.is_relative_to(root) for root in roots) and place != place.parent:
        place = place.parent
    name = re.sub(r"[^\w.-]+", "-", evidence[0].resolve().name).strip("-.")[:60] or "scan"
    first = f"{date.today().isoformat()}-{name}"
    names = (first if number == 1 else f"{first}-{number}" for number in count(1))
    folder = next(place / REPORTS / name for name in names if not os.path.lexists(place / REPORTS / name))
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


@dataclass(frozen=True)
class History:
    """What the log and the rows of a folder tell of its run.

    Attributes:
        opening: payload of the entry that began it.
        rows: the rows that the log holds, in order.
        row_bytes: their length in the file of rows.
        complete: whether the scan came to its end.
        closed: whether everything that was to be written was.
    """

    opening: dict[str, Any]
    rows: tuple[FileResult, ...]
    row_bytes: int
    complete: bool
    closed: bool


def read_history(folder: Path) -> History | None:
    """Reads the run of a folder; None where there is none.

    Raises:
        IntegrityError: log or rows are not what a run leaves, however it ended.
    """
    try:
        log = list(audit.entries(folder, torn_end=True))
    except FileNotFoundError:
        return None
    except audit.BrokenChain as error:
        raise IntegrityError(f"The audit log {folder / audit.FILE_NAME} was changed: {error}.") from error
    if not log or log[0].event != audit.FIRST:
        return None
    logged = [entry.payload.get("row") for entry in log if entry.event == audit.EXAMINED]
    rows, length = [], 0
    lines = (folder / ROWS).open("rb") if (folder / ROWS).exists() else iter(())
    for number, (digest, line) in enumerate(zip(logged, lines, strict=False), start=1):
        if hashlib.sha256(line.rstrip(b"\n")).hexdigest() != digest:
            raise IntegrityError(f"Row {number} of {folder / ROWS} is not the one that the audit log holds.")
        rows.append(FileResult.from_json(line.decode()))
        length += len(line)
    if len(rows) < len(logged):
        raise IntegrityError(f"{folder / ROWS} holds {len(rows)} rows; the audit log holds {len(logged)}.")
    ended = [entry.payload for entry in log if entry.event == audit.LAST]
    complete = bool(ended) and bool(ended[-1].get("complete"))
    return History(log[0].payload, tuple(rows), length, complete, "manifest" in log[-1].payload)


class OutputFolder:
    """Where a scan is to write, looked at before anything costly begins.

    Args:
        path: the folder; made when needed.
        replace: whether results of an earlier run there may be replaced.
        resume: whether an unfinished run there is to go on.

    Attributes:
        history: the run that goes on, None for a new one.

    Raises:
        UsageError: it is no folder, or holds results of an earlier run, a signed report, or files of a run's names that
            none wrote.
    """

    def __init__(self, path: Path, replace: bool = False, resume: bool = False) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise UsageError(f"The output {path} is a file; name a folder.")
        if (replace or resume) and is_signed(path / "report.pdf"):
            raise UsageError(f"{path / 'report.pdf'} is signed and is not overwritten; name another folder.")
        self.history = read_history(path) if resume else None
        untold = told_nothing(path)
        if resume and self.history is None and not untold:
            raise UsageError(f"{path} holds no run that could go on; leave out --resume.")
        found = [name for name in OUTPUTS if os.path.lexists(path / name) and path / name not in untold]
        if found and self.history is None:
            if not replace:
                raise UsageError(
                    f"{path} holds results of an earlier scan; go on with it by --resume, replace it by --force, or "
                    "name another folder."
                )
            foreign = sorted({Path(name).parts[0] for name in self._foreign(found)})
            if foreign:
                raise UsageError(f"{path / foreign[0]} was written by no run of slim there; name another folder.")

    def _foreign(self, found: Sequence[str]) -> list[str]:
        """Files at or below the names that a run writes which no run wrote, by its own account."""
        own = written_by_run(self.path)
        names = [name for name in manifest.files(self.path) if Path(name).parts[0] in found]
        return [name for name in names if name not in own] if own else list(found)


def written_by_run(folder: Path) -> set[str]:
    """The files that the run of a folder wrote, by its own account: log, rows and manifest."""
    own: set[str] = set()
    try:
        for entry in audit.entries(folder, torn_end=True):
            own |= {audit.FILE_NAME, ROWS, manifest.FILE_NAME, *entry.payload.get("files", {})}
        own |= set(manifest.from_text((folder / manifest.FILE_NAME).read_text("utf-8", "surrogateescape")))
    except (audit.BrokenChain, ValueError, OSError):
        pass  # why: what cannot be read names no more files
    return own


def told_nothing(folder: Path) -> list[Path]:
    """What a run left that ended before its log held a first entry, whose folder is as good as new; else nothing."""
    log, rows = folder / audit.FILE_NAME, folder / ROWS
    if not log.is_file() or (rows.exists() and rows.stat().st_size):
        return []
    begun = log.read_bytes()
    if b"\n" in begun or not begun.startswith(_FIRST_ENTRY[: len(begun)]):
        return []
    return [log, rows, folder / FILE_NAME, *(unnamed(folder / name) for name in OUTPUTS)]


def remove_run(folder: Path) -> None:
    """Removes the files that an earlier run wrote, and folders that this leaves empty; nothing else."""
    own = [*(folder / name for name in written_by_run(folder)), *(set(told_nothing(folder)) - {folder / FILE_NAME})]
    for path in own:
        if path.is_symlink() or path.is_file():
            path.unlink()
    for place in sorted({path.parent for path in own} - {folder}, reverse=True):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
