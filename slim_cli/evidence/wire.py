"""The frames that a decoding process sends through its pipe: kind (1 byte), length (uint32), payload."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

HEADER, BREAK, BLOCK, END, FAILURE = b"H", b"K", b"B", b"E", b"X"
PREFIX = struct.Struct("<cI")
MAX_PAYLOAD = 64 * 2**20


def send(fd: int, kind: bytes, payload: bytes | memoryview) -> None:
    """Writes one frame completely."""
    _write(fd, PREFIX.pack(kind, memoryview(payload).nbytes))
    _write(fd, payload)


def send_json(fd: int, kind: bytes, value: dict[str, Any]) -> None:
    """Writes one frame of JSON; lone surrogates become question marks."""
    send(fd, kind, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _write(fd: int, payload: bytes | memoryview) -> None:
    rest = memoryview(payload).cast("B") if len(payload) else memoryview(b"")
    while rest:
        rest = rest[os.write(fd, rest) :]
