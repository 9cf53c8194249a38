"""Finding evidence: every entry below the given folders, in a fixed order, with a reason where one is not opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slim_cli.errors import UsageError
from slim_cli.evidence.exhibits import error_name
from slim_cli.results import Remark, Status


@dataclass(frozen=True)
class Candidate:
    """One entry that gets a result row.

    Attributes:
        path: where it is.
        name: path below its root, `/`-separated, undecodable bytes as U+FFFD; shown to people, hostile.
        path_hex: the raw bytes of that path in hex, only when they are not UTF-8.
        refusal: why it is not opened; None for a regular file.
        status: status of its row when it is not opened.
        root: the file or folder that it was found by, only where several were named.
        url: where it is, if no file system of this machine holds it; `path` then is its name only.
    """

    path: Path
    name: str
    path_hex: str | None = None
    refusal: Remark | None = None
    status: Status = "refused"
    root: str | None = None
    url: str | None = None


def discover(roots: Sequence[Path]) -> Iterator[Candidate]:
    """Walks folders recursively, in the order of the raw bytes of the paths; a root may be one file.

    Overlapping roots give each file once. With several roots, names start with the root's own name, and with as many
    folders above it as it takes to tell the roots apart.

    Raises:
        UsageError: a root does not exist, or nothing at all was found.
    """
    if not roots:
        raise UsageError("Nothing to scan was named; give at least one file or folder.")
    for root in roots:
        if not os.path.lexists(root):
            raise UsageError(f"There is no file or folder {_display(os.fsencode(root))}; check the path.")
    seen: set[bytes] = set()
    for root, anchor in zip(roots, _anchors(roots), strict=True):
        for candidate in _below(root, anchor):
            place = os.path.join(os.path.realpath(os.fsencode(candidate.path.parent)), os.fsencode(candidate.path.name))
            if place not in seen:
                seen.add(place)
                yield replace(candidate, root=_display(os.fsencode(root))) if len(roots) > 1 else candidate
    if not seen:
        names = ", ".join(_display(os.fsencode(root)) for root in roots)
        raise UsageError(f"There are no files in {names}; nothing was scanned.")


def discover_listed(listed: Iterable[bytes]) -> Iterator[Candidate]:
    """Entries named one by one, in byte order, each once; a listed folder stands for all that it holds.

    They are named as they were listed. What is no longer there is an entry with a reason, since a list may be older
    than what it lists.

    Raises:
        UsageError: nothing was listed.
    """
    seen: set[bytes] = set()
    for path in sorted(set(listed)):
        whole = os.path.abspath(path)
        anchor = whole[: -len(path)] if whole.endswith(b"/" + path) else b"/"
        if not os.path.lexists(whole):
            yield _candidate(whole, anchor, Remark("unreachable", {"error": "ENOENT"}), "unreadable")
            seen.add(whole)
            continue
        folder = os.path.isdir(whole) and not os.path.islink(whole)
        tree = os.path.realpath(whole if folder else os.path.dirname(whole))
        for found in _walk(whole, anchor, tree) if folder else [_entry(whole, anchor, tree)]:
            place = os.fsencode(found.path)
            if place not in seen:
                seen.add(place)
                yield found
    if not seen:
        raise UsageError("The list of files names none; nothing was scanned.")


def _anchors(roots: Sequence[Path]) -> list[bytes]:
    """The folder that each root's names count from."""
    places = [os.fsencode(os.path.abspath(root)) for root in roots]
    if len(places) == 1:
        return [places[0] if os.path.isdir(places[0]) else os.path.dirname(places[0])]
    depth, parts = 1, [place.split(b"/") for place in places]
    while depth < max(map(len, parts)) and len({tuple(p[-depth:]) for p in parts}) < len(set(places)):
        depth += 1
    return [b"/".join(p[:-depth]) or b"/" for p in parts]


def _below(root: Path, anchor: bytes) -> Iterator[Candidate]:
    base = os.fsencode(os.path.abspath(root))
    if os.path.isdir(base):
        yield from _walk(base, anchor, os.path.realpath(base))
    else:
        yield _entry(base, anchor, os.path.dirname(os.path.realpath(base)))


def _walk(folder: bytes, anchor: bytes, tree: bytes) -> Iterator[Candidate]:
    """Entries below a folder; a folder sorts as its path with a slash, so that whole paths are in byte order."""
    pending = [folder + b"/"]
    while pending:
        path = pending.pop()
        if not path.endswith(b"/"):
            yield _entry(path, anchor, tree)
            continue
        try:
            with os.scandir(path) as entries:
                found = [
                    os.path.join(path, e.name) + (b"/" if e.is_dir(follow_symlinks=False) else b"") for e in entries
                ]
        except OSError as error:
            reason = Remark("folder_unreadable", {"error": error_name(error)})
            yield _candidate(path.rstrip(b"/"), anchor, reason, "unreadable")
            continue
        pending += sorted(found, reverse=True)


def _entry(path: bytes, anchor: bytes, tree: bytes) -> Candidate:
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISLNK(mode):
            return _candidate(path, anchor, _special(mode))
        target_mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _candidate(path, anchor, Remark("link_leads_nowhere"))
    except OSError as error:
        if error.errno == errno.ELOOP:
            return _candidate(path, anchor, Remark("link_leads_to_itself"))
        return _candidate(path, anchor, Remark("unreachable", {"error": error_name(error)}), "unreadable")
    target = os.path.realpath(path)
    if os.path.commonpath([target, tree]) != tree:
        return _candidate(path, anchor, Remark("link_leads_out"))
    if stat.S_ISDIR(target_mode):
        return _candidate(path, anchor, Remark("link_to_folder"))
    return _candidate(path, anchor, _special(target_mode))


def _special(mode: int) -> Remark | None:
    kinds = (
        (stat.S_ISFIFO, Remark("named_pipe")),
        (stat.S_ISSOCK, Remark("socket")),
        (stat.S_ISCHR, Remark("character_device")),
        (stat.S_ISBLK, Remark("block_device")),
    )
    return next((reason for test, reason in kinds if test(mode)), None)


def _candidate(path: bytes, anchor: bytes, refusal: Remark | None, status: Status = "refused") -> Candidate:
    relative = os.path.relpath(path, anchor)
    name = _display(relative)
    raw = None if name.encode() == relative else relative.hex()
    return Candidate(Path(os.fsdecode(path)), name, raw, refusal, status)


def _display(path: bytes) -> str:
    return path.decode("utf-8", "replace")
