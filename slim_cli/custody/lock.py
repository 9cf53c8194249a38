"""One writer for an output folder: a lock that says who holds it, and that ends with its owner."""

from __future__ import annotations

import getpass
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from slim_cli import portable
from slim_cli.errors import UsageError

FILE_NAME = ".lock"


@dataclass(frozen=True)
class Owner:
    """Who writes to a folder.

    Attributes:
        user: name of the account.
        host: name of the machine.
        process: process number there.
        since: when it began, ISO 8601 UTC.
    """

    user: str
    host: str
    process: int
    since: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        return cls(user_name(), socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))


def user_name() -> str:
    """Name of the account that runs this process; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


class FolderLock:
    """Holds a folder until `release`, or until this process ends, however it ends.

    The system drops the lock with its owner (`flock`); the file that remains tells who that was.

    Args:
        folder: an existing folder.

    Attributes:
        left_by: the owner that ended without releasing it, None where there was none.

    Raises:
        UsageError: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._fd = self._acquire()
        self.left_by = _owner(self._fd)
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, json.dumps(asdict(Owner.here())).encode())
        os.fsync(self._fd)

    def release(self) -> None:
        """Gives the folder back."""
        os.ftruncate(self._fd, 0)
        with suppress(PermissionError):  # why: some systems remove no open file; an empty one tells of no owner
            self._path.unlink(missing_ok=True)
        os.close(self._fd)

    def _acquire(self) -> int:
        while True:
            fd = os.open(self._path, portable.flags("O_RDWR", "O_CREAT", "O_CLOEXEC", "O_NOFOLLOW"), 0o600)
            try:
                portable.lock_file(fd)
            except BlockingIOError:
                owner = _owner(fd)
                os.close(fd)
                raise UsageError(_taken(self._path.parent, owner)) from None
            try:  # why: between open and lock the last owner may have removed the file; then it locks nobody out
                if os.path.samestat(os.fstat(fd), self._path.lstat()):
                    return fd
            except FileNotFoundError:
                pass  # why: removed and not made again; the loop makes it
            os.close(fd)


def _owner(fd: int) -> Owner | None:
    try:
        return Owner(**json.loads(portable.read_at(fd, 4096, 0)))
    except (ValueError, TypeError):
        return None


def _taken(folder: Path, owner: Owner | None) -> str:
    who = "another process"
    if owner:
        who = f"process {owner.process} of {owner.user} on {owner.host} since {owner.since}"
    return f"{folder} is written to by {who}; wait for its end, or name another folder."
