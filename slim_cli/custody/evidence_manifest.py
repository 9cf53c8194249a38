"""Every file of an output folder with its SHA-256, in the form that `sha256sum -c manifest.sha256` checks."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from slim_cli.custody import audit, lock
from slim_cli.hashing import file_sha256

FILE_NAME = "manifest.sha256"
UNLISTED = (audit.FILE_NAME, lock.FILE_NAME, FILE_NAME)

_LINE = re.compile(r"(\\?)([0-9a-f]{64})  (.+)")
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"))


def files(folder: Path, others: Collection[str] = ()) -> Iterator[str]:
    """Every file below a folder, relative and `/`-separated, in byte order, but those that a manifest cannot list.

    Args:
        folder: the output folder.
        others: entries directly in it that are none of the run's: they stood there before.
    """
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        if Path(place) == folder:
            folders[:] = [name for name in folders if name not in others]
            names = [name for name in names if name not in others]
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in [*names, *links]]
    yield from sorted(set(found) - set(UNLISTED), key=os.fsencode)


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 by name of those that are there; a link is no file of this folder and has none."""
    return {name: file_sha256(folder / name) for name in names if _regular(folder / name)}


def to_text(listed: dict[str, str]) -> str:
    r"""The manifest's text.

    >>> to_text({"a\nb": "0" * 64}).startswith("\\0000") and r"a\nb" in to_text({"a\nb": "0" * 64})
    True
    """
    lines = []
    for name, digest in listed.items():
        escaped = name
        for plain, written in _ESCAPES:
            escaped = escaped.replace(plain, written)
        lines.append(("\\" if escaped != name else "") + f"{digest}  {escaped}\n")
    return "".join(lines)


def from_text(text: str) -> dict[str, str]:
    r"""SHA-256 by name.

    >>> from_text(to_text({"a\nb\\": "0" * 64})) == {"a\nb\\": "0" * 64}
    True

    Raises:
        ValueError: a line is none of a manifest.
    """
    listed = {}
    for line in text.split("\n")[:-1]:
        if not (found := _LINE.fullmatch(line)):
            raise ValueError(f"not a line of a manifest: {line[:80]!r}")
        name = found[3]
        if found[1]:
            name = re.sub(r"\\([\\nr])", lambda escape: {"\\": "\\", "n": "\n", "r": "\r"}[escape[1]], name)
        listed[name] = found[2]
    return listed


def differences(folder: Path, listed: dict[str, str], others: Collection[str] = ()) -> Iterator[str]:
    """What differs between a folder and its manifest, in words; `others` as for `files`."""
    present = set(files(folder, others))
    for name, digest in listed.items():
        if name not in present:
            yield f"{name} is gone"
        elif not _regular(folder / name) or file_sha256(folder / name) != digest:
            yield f"{name} was changed"
    for name in sorted(present - set(listed)):
        yield f"{name} was added"


def _regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
