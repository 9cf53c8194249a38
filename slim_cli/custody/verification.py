"""Whether an output folder is still what its run left: log, rows, manifest, report and, at wish, the evidence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from slim_cli.custody import audit
from slim_cli.custody import evidence_manifest as manifest
from slim_cli.custody.folder import ROWS, History, read_history
from slim_cli.custody.seal_slip import compare_seal
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.hashing import file_sha256
from slim_cli.results import FileResult
from slim_cli.whole_files import unnamed


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        entries: entries of the log.
        head: hash of the last one; empty where the log is broken.
        unfinished: how far an unfinished run came, such as `500 of 3,000`; empty for a finished one.
        changed: what is not as the log says, in words; empty where all is.
        notes: what follows from an abrupt end and is no change.
        signature: what was found of the signature of the PDF; empty where it has none.
    """

    entries: int
    head: str
    unfinished: str
    changed: tuple[str, ...]
    notes: tuple[str, ...] = ()
    signature: str = ""


@dataclass(frozen=True)
class VerifyOptions:
    """What is verified.

    Attributes:
        folder: output folder of a scan.
        evidence: also hashes the examined files again, found below this folder; None for no such comparison.
        seal: a slip of `slim seal` or the hash printed on it: the log must hold that entry, and nothing may have
            changed since; None for none.
    """

    folder: Path
    evidence: Path | None = None
    seal: Path | str | None = None


def verify(options: VerifyOptions) -> Verification:
    """Compares an output folder with its log.

    Raises:
        UsageError: there is no log that can be read, or no such seal.
    """
    folder, evidence = options.folder, options.evidence
    if not (folder / audit.FILE_NAME).is_file():
        raise UsageError(f"The folder {folder} has no audit log that can be read.")
    log: list[audit.Entry] = []
    changed: list[str] = []
    try:
        for entry in audit.entries(folder, torn_end=True):
            log.append(entry)
    except audit.BrokenChain as error:
        changed.append(f"the audit log {audit.FILE_NAME} was changed: {error}")
    except OSError as error:
        raise UsageError(f"The folder {folder} has no audit log that can be read: {error.strerror}.") from error
    if not log and not changed:
        changed.append(f"the audit log {audit.FILE_NAME} is empty")
    rows, note = _rows(folder, log)
    changed += rows
    notes = [note] if note else []
    changed += _files(folder, log)
    signature = ""
    finished = bool(log) and "manifest" in log[-1].payload  # else a report is that of an earlier end of the run
    if finished and (folder / "report.pdf").is_file():
        from slim_cli.custody.printed import examine_pdf

        differing, signature = examine_pdf(folder)
        changed += differing
    if options.seal is not None:
        changed += compare_seal(options.seal, log)
    if evidence is not None:
        changed += _evidence(folder, evidence)
    head = log[-1].digest if log else ""
    return Verification(len(log), head, _unfinished(log), tuple(dict.fromkeys(changed)), tuple(notes), signature)


def _unfinished(log: list[audit.Entry]) -> str:
    ended = [entry for entry in log if entry.event == audit.LAST]
    if ended and ended[-1].payload.get("complete"):
        return "" if any("manifest" in entry.payload for entry in log) else "the report was not finished"
    rows = sum(entry.event == audit.EXAMINED for entry in log)
    begun = [entry.payload for entry in log if "files_found" in entry.payload]
    return f"{rows:,} of {begun[-1]['files_found']:,}" if begun else f"{rows:,}"


def _rows(folder: Path, log: list[audit.Entry]) -> tuple[list[str], str]:
    """What is wrong with the result rows, and what an abrupt end left behind them."""
    logged = [entry.payload.get("row") for entry in log if entry.event == audit.EXAMINED]
    try:
        lines = (folder / ROWS).read_bytes().splitlines(keepends=True)
    except OSError as error:
        return ([f"{ROWS} cannot be read ({error.strerror})"] if logged else []), ""
    found = [hashlib.sha256(line.rstrip(b"\n")).hexdigest() for line in lines]
    for number, (row, line) in enumerate(zip(found, logged, strict=False), start=1):
        if row != line:
            return [f"row {number} of {ROWS} was changed"], ""
    if any(not line.endswith(b"\n") for line in lines[: len(logged)]):
        return [f"the last row of {ROWS} lost its end"], ""
    if len(found) == len(logged):
        return [], ""
    ended = any(entry.event == audit.LAST for entry in log[-2:])
    if len(found) > len(logged) and not ended:
        return [], f"{len(found) - len(logged)} rows at the end of {ROWS} stand in no log: the run ended before it"
    return [f"{ROWS} holds {len(found)} rows, {len(logged)} were logged"], ""


def _files(folder: Path, log: list[audit.Entry]) -> Iterator[str]:
    """Files that differ from the manifest that the log knows, or, before there is one, from the log's own hashes."""
    others = log[0].payload.get("others", ()) if log else ()
    known = [entry for entry in log if "manifest" in entry.payload]
    path, partial = folder / manifest.FILE_NAME, unnamed(folder / manifest.FILE_NAME)
    last = log[-1] if log else None
    if known and last is known[-1]:
        place = path if path.is_file() and file_sha256(path) == last.payload["manifest"] else partial
        if not place.is_file() or file_sha256(place) != last.payload["manifest"]:
            yield f"{path.name} {'is not the one that the audit log knows' if path.is_file() else 'is gone'}"
            return
        listed = manifest.from_text(place.read_text("utf-8", "surrogateescape"))
        ignored = (*others, partial.name) if place is partial else others
        yield from manifest.differences(folder, listed, ignored)
        return
    if path.is_file() and not any(file_sha256(path) == entry.payload["manifest"] for entry in known):
        yield f"the audit log does not know {path.name}: its end was cut off, or the manifest was made anew"
    logged: dict[str, str] = {}
    for entry in log:
        logged |= entry.payload.get("files", {})
    for name, digest in logged.items():
        places = [place for place in (folder / name, unnamed(folder / name)) if place.is_file()]
        if not any(file_sha256(place) == digest for place in places):
            yield f"{name} {'was changed' if places else 'is gone'}"


def _evidence(folder: Path, evidence: Path) -> Iterator[str]:
    """Examined files that were changed or are gone; those that nobody could read then are left out."""
    try:
        history: History | None = read_history(folder)
    except IntegrityError:
        return  # why: rows that do not fit the log have been told of, and say nothing about evidence
    for row in history.rows if history else ():
        place, digest = find_file(row, evidence)
        if row.sha256 and digest != row.sha256:
            yield f"the examined file {row.path} {'was changed' if place else 'is gone'}"


def find_file(row: FileResult, evidence: Path) -> tuple[Path | None, str]:
    """The file of a row below a folder, and its SHA-256: under its name; of several roots, beside where its own lay.

    Where there are several, the one whose hash is that of the row; None where there is none that can be read.
    """
    name = os.fsdecode(bytes.fromhex(row.path_hex)) if row.path_hex else row.path
    above = Path(row.root).parent.parts if row.root else ()
    found: list[tuple[Path, str]] = []
    for start in range(len(above), -1, -1):
        place = evidence.joinpath(*(part for part in above[start:] if part not in ("/", "..")), name)
        with suppress(OSError):
            found.append((place, file_sha256(place)))
    return next((one for one in found if one[1] == row.sha256), found[0] if found else (None, ""))
