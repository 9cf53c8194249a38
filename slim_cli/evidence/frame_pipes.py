"""Where the frames of a decoding process come from: a pipe, or a thread where the system cannot wait for one."""

from __future__ import annotations

import os
import queue
import select
import threading
from typing import BinaryIO, Protocol

_BLOCK, _AHEAD = 2**18, 8


class FramePipe(Protocol):
    """Bytes as they come."""

    def read_into(self, target: memoryview, timeout_s: float) -> int | None:
        """Fills a part of a buffer; 0 at the end, None where nothing came for so long."""
        ...


class DescriptorPipe:
    """A pipe by its descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read_into(self, target: memoryview, timeout_s: float) -> int | None:
        """See `FramePipe.read_into`."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        return os.readv(self._fd, [target]) if ready else None


class ThreadPipe:
    """A file that a thread reads ahead, for systems on which nothing but sockets can be waited for.

    Args:
        file: what a child process writes to; closed by its owner once the child has ended.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._blocks: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._rest = b""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read_on, name="slim-frames", daemon=True)
        self._thread.start()

    def read_into(self, target: memoryview, timeout_s: float) -> int | None:
        """See `FramePipe.read_into`."""
        if not self._rest:
            try:
                self._rest = self._blocks.get(timeout=timeout_s)
            except queue.Empty:
                return None
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def stop(self) -> None:
        """Ends the thread; the child must have ended."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._blocks.get(timeout=0.1)
            except queue.Empty:
                continue

    def _read_on(self) -> None:
        while not self._stopped.is_set():
            block = self._file.read1(_BLOCK)  # type: ignore[attr-defined]
            self._blocks.put(block)
            if not block:
                return
