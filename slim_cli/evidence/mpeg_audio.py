"""Frames of MPEG audio (layers I to III) and of AAC in ADTS: where they stand, and how much sound they hold."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from slim_cli.evidence.byte_views import ByteView

CHAIN = 4  # frames in a row that make a beginning; fewer occur by chance
_BLOCK = 2**20
_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SYNC = re.compile(rb"\xff[\xe2-\xff]")


@dataclass(frozen=True)
class FrameKind:
    """What a frame's header says (ISO/IEC 11172-3, 2.4.1.3).

    Attributes:
        length: of the frame, bytes.
        samples: per channel.
        rate_hz: sample rate.
        layer: 1 to 3.
        version: 1, 2 or 2.5 as 1, 2, 3.
    """

    length: int
    samples: int
    rate_hz: int
    layer: int
    version: int


@cache
def frame_kinds() -> Mapping[int, FrameKind]:
    """Every valid second and third byte of a header, as one 16-bit number."""
    known = {b << 8 | c: kind for b in range(0xE2, 0x100) for c in range(0x100) if (kind := _frame_kind(b, c))}
    return MappingProxyType(known)


def _frame_kind(second: int, third: int) -> FrameKind | None:
    code, layer = (second >> 3) & 3, 4 - ((second >> 1) & 3)
    bit_rate, rate, padding = third >> 4, (third >> 2) & 3, (third >> 1) & 1
    if code == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    version = {3: 1, 2: 2, 0: 3}[code]
    kbps = _KBPS[min(version, 2), layer][bit_rate - 1]
    rate_hz = (44_100, 48_000, 32_000)[rate] >> (version - 1)
    if layer == 1:
        return FrameKind((12_000 * kbps // rate_hz + padding) * 4, 384, rate_hz, layer, version)
    samples = 576 if layer == 3 and version > 1 else 1152
    return FrameKind(samples * 125 * kbps // rate_hz + padding, samples, rate_hz, layer, version)


def frame_at(data: bytes, offset: int = 0) -> FrameKind | None:
    """The frame whose header stands at an offset, None where none does."""
    if len(data) < offset + 4 or data[offset] != 0xFF:
        return None
    return frame_kinds().get(data[offset + 1] << 8 | data[offset + 2])


@dataclass(frozen=True)
class FrameRun:
    """Frames of one kind that follow each other without a gap.

    Attributes:
        start, stop: first byte, and the one behind the last.
        frames: complete frames.
        samples: per channel, of all frames.
        rate_hz, layer: as in the headers.
        channels: 1 or 2.
        steady: whether all have one bit rate.
        announced: frames that its first one announces (Xing, Info, VBRI), None without.
    """

    start: int
    stop: int
    frames: int
    samples: int
    rate_hz: int
    layer: int
    channels: int
    steady: bool
    announced: int | None

    @property
    def form(self) -> tuple[int, int, int]:
        """What frames of one recording share: rate, layer, channels."""
        return self.rate_hz, self.layer, self.channels


def runs(view: ByteView) -> list[FrameRun]:
    """All runs of a stretch, in order; what lies between them is no MPEG audio."""
    found, position = [], 0
    while (start := find_frames(view, position)) is not None:
        found.append(_follow(view, start))
        position = found[-1].stop
    return found


def find_frames(view: ByteView, position: int, stop: int | None = None) -> int | None:
    """The next place from which `CHAIN` frames of one kind follow, or as many as there is room for."""
    end = view.size if stop is None else min(stop, view.size)
    while position < end:
        block = view.peek(position, min(_BLOCK, end - position))
        for found in _SYNC.finditer(block):
            if chain(view, position + found.start()):
                return position + found.start()
        position += max(1, len(block) - 1)
    return None


def chain(view: ByteView, position: int) -> bool:
    """Whether a chain of frames begins here."""
    first = frame_at(view.peek(position, 4))
    kind, count = first, 0
    while kind and first and (kind.rate_hz, kind.layer) == (first.rate_hz, first.layer):
        count, position = count + 1, position + kind.length
        if count == CHAIN or (count >= 2 and position >= view.size):
            return True
        kind = frame_at(view.peek(position, 4))
    return False


def _follow(view: ByteView, start: int) -> FrameRun:
    """The run that begins here."""
    head = view.peek(start, 4)
    first = frame_at(head)
    assert first is not None
    mono = head[3] >> 6 == 3
    alike = {
        word: kind.length
        for word, kind in frame_kinds().items()
        if (kind.rate_hz, kind.layer, kind.version) == (first.rate_hz, first.layer, first.version)
    }
    position, frames, rates = start, 0, 0
    while position + 4 <= view.size:
        block = view.peek(position, min(_BLOCK, view.size - position))
        at, end, room, broken = 0, len(block) - 4, view.size - position, False
        while at <= end:
            length = alike.get(block[at + 1] << 8 | block[at + 2], room + 1)
            broken = block[at] != 0xFF or (block[at + 3] >> 6 == 3) != mono or at + length > room
            if broken:
                break
            rates |= 1 << (block[at + 2] >> 4)
            frames, at = frames + 1, at + length
        position += at
        if broken:
            break
    told, steady = _announced(view.peek(start, 256)), rates.bit_count() == 1
    return FrameRun(
        start, position, frames, frames * first.samples, first.rate_hz, first.layer, 1 if mono else 2, steady, told
    )


def _announced(frame: bytes) -> int | None:
    """Frames that a first frame announces, without itself; None where it is an ordinary one."""
    for mark in (b"Xing", b"Info"):
        place = frame.find(mark, 4, 64)
        if place > 0 and frame[place + 7 : place + 8] and frame[place + 7] & 1:
            return int(struct.unpack(">I", frame[place + 8 : place + 12])[0])
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        return int(struct.unpack(">I", frame[50:54])[0])
    return None


def adts_chain(view: ByteView, position: int) -> bool:
    """Whether a chain of AAC frames (ADTS, ISO/IEC 14496-3, 1.A.3) begins here."""
    first = b""
    for count in range(CHAIN):
        head = view.peek(position, 7)
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if len(head) == 7 else 0
        if length < 8 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or (head[2] >> 2) & 15 > 12:
            return count >= 2 and position >= view.size
        fixed = bytes((head[1], head[2] & 0xFD, head[3] & 0xC0))
        if first and fixed != first:
            return False
        first, position = fixed, position + length
    return True


def joined(found: list[FrameRun]) -> list[FrameRun]:
    """Runs that follow each other with nothing but tags between them, as one where their kind is the same."""
    kept: list[FrameRun] = []
    for run in found:
        last = kept[-1] if kept else None
        if last and last.stop == run.start and last.form == run.form:
            both = replace(last, stop=run.stop, frames=last.frames + run.frames, samples=last.samples + run.samples)
            kept[-1] = replace(both, steady=False)
        else:
            kept.append(run)
    return kept
