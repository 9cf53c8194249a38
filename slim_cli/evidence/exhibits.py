"""One file of evidence: opened read-only, hashed, and checked to be the same file afterwards."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType

from slim_cli import portable
from slim_cli.errors import EvidenceError, IntegrityError
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.formats import MEDIA_SUFFIXES
from slim_cli.evidence.identification import identify
from slim_cli.evidence.sniffing import Kind
from slim_cli.results import Remark

SHA256 = "sha256"
HASHES: Mapping[str, int] = MappingProxyType(
    {"md5": 16, "sha1": 20, "sha224": 28, SHA256: 32, "sha384": 48, "sha512": 64}
)  # algorithms that files are hashed with, and the bytes of their results
_HASH_BLOCK = 2**20


class Exhibit:
    """An open file of evidence; use as a context manager.

    Args:
        path: the file; it is opened read-only and, where permitted, without touching its access time.

    Attributes:
        path: as given.
        fd: open descriptor.
        state: what the system said of it when it was opened.
        size_bytes: size when opened.
        modified: modification time when opened, ISO 8601 UTC.

    Raises:
        EvidenceError: it cannot be opened or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.fd = _open(path)
        except OSError as error:
            raise _unreadable(error) from error
        self.state = os.fstat(self.fd)
        if not stat.S_ISREG(self.state.st_mode):
            os.close(self.fd)
            raise EvidenceError(Remark("not_regular_file"), "refused")
        self.size_bytes = self.state.st_size
        self.modified = datetime.fromtimestamp(self.state.st_mtime, UTC).isoformat(timespec="seconds")

    def sha256(self) -> str:
        """SHA-256 of the whole content, read as a stream.

        Raises:
            EvidenceError: the medium cannot be read.
        """
        return self.hashes((SHA256,))[SHA256]

    def hashes(self, names: Collection[str]) -> dict[str, str]:
        """Hashes of the whole content in hex by algorithm, all in one reading.

        Args:
            names: of `HASHES`.

        Raises:
            EvidenceError: the medium cannot be read.
        """
        # why: old ones are compared with what was received, nothing rests on them
        running, offset = {name: hashlib.new(name, usedforsecurity=False) for name in names}, 0
        try:
            while block := portable.read_at(self.fd, _HASH_BLOCK, offset):
                for one in running.values():
                    one.update(block)
                offset += len(block)
        except OSError as error:
            raise _unreadable(error) from error
        return {name: one.hexdigest() for name, one in running.items()}

    def kind(self) -> Kind:
        """What the content is, told from its first bytes.

        Raises:
            EvidenceError: it holds no audio, is only named like audio, or is refused.
        """
        suffix = self.path.suffix.lower()
        if not self.size_bytes:
            named = suffix in MEDIA_SUFFIXES
            raise EvidenceError(Remark("empty_file"), "decode_failed" if named else "no_audio")
        try:
            return identify(ByteView(self.fd), suffix)
        except OSError as error:
            raise _unreadable(error) from error

    def check_unchanged(self) -> None:
        """Compares the file with what was opened.

        Raises:
            IntegrityError: it was changed, replaced or removed in the meantime.
        """
        try:
            now = [os.fstat(self.fd), os.stat(self.path)]
        except OSError as error:
            raise IntegrityError(f"was removed while it was examined ({error.strerror})") from error
        if any(_identity(state) != _identity(self.state) for state in now):
            raise IntegrityError("changed while it was examined")

    def __enter__(self) -> Exhibit:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.fd)


def _open(path: Path) -> int:
    # why: without O_NONBLOCK, a FIFO put in the file's place would block the scan.
    flags, untouched = portable.flags("O_RDONLY", "O_CLOEXEC", "O_NONBLOCK"), portable.flags("O_NOATIME")
    try:
        return os.open(path, flags | untouched)
    except PermissionError:
        return os.open(path, flags)


def _identity(state: os.stat_result) -> tuple[int, int, int, int]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _unreadable(error: OSError) -> EvidenceError:
    return EvidenceError(Remark("unreadable", {"error": error_name(error)}), "unreadable")


def error_name(error: OSError) -> str:
    """The name of a system error, e.g. `EACCES`; its words stand under `[system_error]`."""
    return errno.errorcode.get(error.errno or errno.EIO, "EIO")
