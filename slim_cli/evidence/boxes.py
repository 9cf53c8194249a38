"""The top level of an MP4/MOV file, read only to say why it does not open."""

from __future__ import annotations

import os
import struct

_MAX_BOXES = 1000


def missing_index(fd: int) -> bool:
    """Whether an MP4/MOV file holds no `moov` box (ISO/IEC 14496-12, section 8.2.1), as when it was cut short."""
    size, offset = os.fstat(fd).st_size, 0
    for _ in range(_MAX_BOXES):
        head = os.pread(fd, 16, offset)
        if len(head) < 8:
            return True
        length, kind = struct.unpack(">I4s", head[:8])
        if kind == b"moov":
            return offset + length > size
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        if length < 8:
            return True
        offset += length
    return True
