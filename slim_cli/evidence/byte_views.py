"""A stretch of a file as if it were a file of its own, with some bytes read as others."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

from slim_cli import portable

_BLOCK = 2**20


class ByteView(io.RawIOBase):
    """Bytes `start` to `stop` of an open file, read-only; the file's own position is left alone.

    Args:
        fd: the file.
        start: first byte.
        stop: the one behind the last; None for the end of the file.
        patches: bytes that replace those of the file, with their positions in the view: the evidence stays as it is, a
            decoder reads a header that tells the truth.
    """

    def __init__(
        self, fd: int, start: int = 0, stop: int | None = None, patches: Sequence[tuple[int, bytes]] = ()
    ) -> None:
        super().__init__()
        size = os.fstat(fd).st_size
        self.fd, self.start, self.stop = fd, start, size if stop is None else min(stop, size)
        self.patches = tuple(patches)
        self._position = 0
        self._block_start, self._block = 0, b""

    @property
    def size(self) -> int:
        """Length of the stretch, bytes."""
        return max(0, self.stop - self.start)

    @property
    def whole(self) -> bool:
        """Whether it is the file itself."""
        return not (self.start or self.patches) and self.stop == os.fstat(self.fd).st_size

    def rewound(self) -> int:
        """The file's descriptor, at its start: for a view of the whole file."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        return self.fd

    def part(self, start: int, stop: int | None = None, patches: Sequence[tuple[int, bytes]] = ()) -> ByteView:
        """A stretch of this one; positions count from its start, patches from that of the new one."""
        return ByteView(self.fd, self.start + start, self.stop if stop is None else self.start + stop, patches)

    def peek(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at an offset, through a cache of one block; patches do not apply."""
        if offset >= self.size:
            return b""
        begin = offset - self._block_start
        if not (begin >= 0 and offset + count <= self._block_start + len(self._block)):
            length = min(max(count, _BLOCK), max(0, self.size - offset))
            self._block_start, self._block = offset, portable.read_at(self.fd, length, self.start + offset)
            begin = 0
        return self._block[begin : begin + count]

    def zeros_end(self, offset: int) -> int:
        """The first byte from an offset on that is not zero, or the end."""
        while offset < self.size:
            block = self.peek(offset, min(_BLOCK, self.size - offset))
            if rest := block.lstrip(b"\0"):
                return offset + len(block) - len(rest)
            offset += len(block)
        return min(offset, self.size)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves there; a place before the start becomes the start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer from the present position; gives the number of bytes."""
        target = memoryview(buffer).cast("B")
        count = min(len(target), max(0, self.size - self._position))
        count = portable.read_into(self.fd, target[:count], self.start + self._position) if count else 0
        for place, patch in self.patches:
            first, last = max(place, self._position), min(place + len(patch), self._position + count)
            if first < last:
                target[first - self._position : last - self._position] = patch[first - place : last - place]
        self._position += count
        return count
