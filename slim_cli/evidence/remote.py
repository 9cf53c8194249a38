"""Files that no file system of this machine holds (`s3://…` and what else fsspec knows): listed, and copied to examine.

A copy is private, lies in the folder for temporary files, and is gone when its file is examined; the original is only
read.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from slim_cli.errors import EnvironmentUnfit, EvidenceError, IntegrityError, UsageError
from slim_cli.evidence.discovery import Candidate
from slim_cli.evidence.exhibits import error_name
from slim_cli.results import Remark

_BLOCK = 2**20
_TIMES = ("LastModified", "mtime", "modified", "last_modified")  # what fsspec's file systems call it
_IDENTITY = ("ETag", "etag", "size", "VersionId", *_TIMES)


def discover_remote(urls: Sequence[str]) -> Iterator[Candidate]:
    """Every file below the given URLs, in the order of the bytes of their paths, each once.

    Raises:
        UsageError: a URL cannot be listed, or nothing was found.
        EnvironmentUnfit: the package that reaches such places is missing.
    """
    seen: set[str] = set()
    for url in urls:
        system, root = _reached(url)
        try:
            found = system.find(root)
        except (OSError, ValueError) as error:
            raise UsageError(f"{url} cannot be listed: {error}.") from error
        for path in sorted(found, key=str.encode):
            place = system.unstrip_protocol(path)
            if place not in seen:
                seen.add(place)
                name = path.removeprefix(root.rstrip("/")).lstrip("/") or PurePosixPath(path).name
                yield Candidate(Path(name), name, root=url, url=place)
    if not seen:
        raise UsageError(f"There are no files in {', '.join(urls)}; nothing was scanned.")


@contextmanager
def at_hand(candidate: Candidate) -> Iterator[Path]:
    """Where a file can be opened: itself, or a copy of a remote one with its time of modification.

    Raises:
        EvidenceError: it cannot be read.
        IntegrityError: the original changed in the meantime.
    """
    if candidate.url is None:
        yield candidate.path
        return
    system, path = _reached(candidate.url)
    with tempfile.TemporaryDirectory(prefix="slim-remote-") as folder:
        copy = Path(folder) / f"copy{candidate.path.suffix}"
        try:
            before = system.info(path)
            with system.open(path, "rb") as source, copy.open("xb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
        except OSError as error:
            raise EvidenceError(Remark("unreadable", {"error": error_name(error)}), "unreadable") from error
        if (modified := _modified(before)) is not None:
            os.utime(copy, (modified, modified))
        yield copy
        system.invalidate_cache()
        try:
            after = system.info(path)
        except FileNotFoundError as error:
            raise IntegrityError(f"was removed while it was examined ({os.strerror(errno.ENOENT)})") from error
        if any(before.get(name) != after.get(name) for name in _IDENTITY):
            raise IntegrityError("changed while it was examined")


def _reached(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise EnvironmentUnfit("Files in other places need fsspec; install slim-audit[ray].") from error
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise EnvironmentUnfit(f"{url} cannot be reached: {error}.") from error
    except ValueError as error:
        raise UsageError(f"{url} is no place that can be reached: {error}.") from error
    return system, path


def _modified(facts: dict[str, Any]) -> float | None:
    """When the original was changed, seconds since 1970; None where its place does not say."""
    told = next((facts[name] for name in _TIMES if facts.get(name)), None)
    return told.timestamp() if isinstance(told, datetime) else told if isinstance(told, int | float) else None
