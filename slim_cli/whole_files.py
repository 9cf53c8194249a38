"""Files that appear whole or not at all: written under another name, which then becomes theirs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def unnamed(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path beside the target, for a file or a folder, that takes the target's place when all went well."""
    partial = unnamed(target)
    remove(partial)
    try:
        yield partial
        if partial.is_dir():
            remove(target)
        os.replace(partial, target)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Removes a file, a link or a folder with all it holds; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
