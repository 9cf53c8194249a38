"""System calls that not every platform has, with what stands in for them elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

_LINUX_CALLS = ("fork", "pidfd_open", "pipe2", "readv")
FORKS_DECODERS = all(hasattr(os, name) for name in _LINUX_CALLS) and hasattr(socket, "SOCK_SEQPACKET")
"""Whether decoding processes are forked from one that has loaded the decoders; else each is started anew."""

_LOCKED_AT = 2**30  # far behind the text of a lock file, which others must be able to read


def flags(*names: str) -> int:
    """The flags of `os.open` by these names, as far as the platform has them; binary where it tells that apart."""
    return sum({getattr(os, name, 0) for name in (*names, "O_BINARY")})


def read_at(fd: int, count: int, offset: int) -> bytes:
    """Up to `count` bytes of a file from an offset on; where it is read otherwise stays as it was."""
    if hasattr(os, "pread"):
        return os.pread(fd, count, offset)
    here = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, count)
    finally:
        os.lseek(fd, here, os.SEEK_SET)


def read_into(fd: int, target: memoryview, offset: int) -> int:
    """Fills a buffer of bytes from an offset on; gives the number of bytes."""
    if hasattr(os, "preadv"):
        return os.preadv(fd, [target], offset)
    block = read_at(fd, len(target), offset)
    target[: len(block)] = block
    return len(block)


def sync_folder(folder: Path) -> None:
    """Hands the names in a folder to the disk, where a folder can be opened for that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def lock_file(fd: int) -> None:
    """Locks an open file for this process alone, until it closes it or ends.

    Raises:
        BlockingIOError: another holds it.
    """
    if fcntl is not None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    windows: Any = msvcrt
    os.lseek(fd, _LOCKED_AT, os.SEEK_SET)
    try:
        windows.locking(fd, windows.LK_NBLCK, 1)
    except OSError as error:
        raise BlockingIOError from error


def widen_pipe(fd: int, size: int) -> None:
    """Gives a pipe more room, where the system can and lets this user."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, size)
        except PermissionError:
            return  # the system's default size is only slower
