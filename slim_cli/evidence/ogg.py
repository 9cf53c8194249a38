"""Ogg pages (RFC 3533): chains of logical streams, lost and damaged pages, and how much sound they hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from slim_cli.evidence.byte_views import ByteView
from slim_cli.results import Remark

_HEADER = struct.Struct("<4sBBqIIIB")
_UNKNOWN = -1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_BLOCK, _BROADCAST_S = 2**20, 10


@dataclass(frozen=True)
class _Page:
    start: int
    stop: int
    flags: int
    granule: int
    serial: int
    sequence: int
    data: bytes
    sound: bool  # whether its checksum holds


@dataclass
class Link:
    """The logical streams that begin together, up to where the next ones begin.

    Attributes:
        start, stop: first byte, and the one behind the last page.
        codec: of its first sound stream, empty where there is none.
        rate_hz: clock of the granule positions.
        alone: whether it holds one stream only.
        sound: whether no page is missing or damaged.
        lost_pages, junk_bytes: what is missing, and what is no page.
        ended: whether the last page is marked as the last.
    """

    start: int
    stop: int
    codec: str = ""
    rate_hz: int = 0
    alone: bool = True
    sound: bool = True
    lost_pages: int = 0
    junk_bytes: int = 0
    ended: bool = False
    serial: int | None = None
    delay: int = 0
    first: int = 0
    last: int = 0
    sequences: dict[int, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """Duration that its granule positions announce, None where their clock is not known."""
        if not (self.rate_hz and self.last):
            return None
        # why: what was recorded from a running broadcast does not begin at position 0.
        begin = self.first if self.first > _BROADCAST_S * self.rate_hz else self.delay
        return max(0, self.last - begin) / self.rate_hz

    def remarks(self) -> tuple[Remark, ...]:
        """What is to be said of it."""
        told = []
        if not self.sound:
            told.append(Remark("pages_lost", {"n": max(1, self.lost_pages), "bytes": self.junk_bytes}))
        if not self.ended:
            told.append(Remark("end_page_missing"))
        return tuple(told)


def links(view: ByteView) -> list[Link]:
    """The links of a chain, in order; empty where no stream begins."""
    found: list[Link] = []
    heads = False  # whether only first pages have come in the present link
    end = 0
    for page in _pages(view):
        begins = bool(page.flags & 2)
        if begins and not heads:
            found.append(Link(page.start, page.stop))
        if not found:
            continue
        link, heads = found[-1], begins
        if begins:
            link.alone = not link.sequences
            _open(link, page)
        elif page.sequence != link.sequences.get(page.serial, page.sequence - 1) + 1:
            link.sound, link.lost_pages = False, link.lost_pages + 1
        if page.start > end and end and not begins:
            link.sound, link.junk_bytes = False, link.junk_bytes + page.start - end
        link.sound = link.sound and page.sound
        link.sequences[page.serial] = page.sequence
        link.stop = end = page.stop
        if page.serial == link.serial:
            link.ended = link.ended or bool(page.flags & 4)
            if page.granule != _UNKNOWN:
                link.first = link.first or max(0, page.granule)
                link.last = max(link.last, page.granule)
    return found


def _open(link: Link, page: _Page) -> None:
    """Notes the stream that a first page opens, where it is the link's first with sound."""
    data = page.data
    codec, rate, delay = "", 0, 0
    if data[:8] == b"OpusHead" and len(data) >= 19:
        codec, rate, delay = "opus", 48_000, int.from_bytes(data[10:12], "little")
    elif data[:7] == b"\x01vorbis" and len(data) >= 16:
        codec, rate = "vorbis", int.from_bytes(data[12:16], "little")
    elif data[:5] == b"\x7fFLAC" and len(data) >= 39:
        codec, rate = "flac", int.from_bytes(data[27:30], "big") >> 4
    elif data[:8] == b"Speex   " and len(data) >= 40:
        codec, rate = "speex", int.from_bytes(data[36:40], "little")
    if codec and not link.codec:
        link.codec, link.rate_hz, link.delay, link.serial = codec, rate, delay, page.serial


def _pages(view: ByteView) -> Iterator[_Page]:
    """Pages in order; what is none is passed over."""
    position = 0
    while position + 27 <= view.size:
        head = view.peek(position, 282)
        capture, version, flags, granule, serial, sequence, checksum, count = _HEADER.unpack(head[:27])
        body = sum(head[27 : 27 + count])
        stop = position + 27 + count + body
        if capture != b"OggS" or version or len(head) < 27 + count or stop > view.size:
            found = _capture(view, position + 1)
            if found is None:
                return
            position = found
            continue
        raw = view.peek(position, stop - position)
        plain = raw[:22] + b"\0\0\0\0" + raw[26:]
        data, intact = raw[27 + count : 91 + count], _crc(plain) == checksum
        yield _Page(position, stop, flags, granule, serial, sequence, data, intact)
        position = stop


def _capture(view: ByteView, position: int) -> int | None:
    while position < view.size:
        block = view.peek(position, min(_BLOCK, view.size - position))
        if (place := block.find(b"OggS")) >= 0:
            return position + place
        if len(block) <= 4:
            return None
        position += len(block) - 3
    return None


def _crc(page: bytes) -> int:
    """The page checksum (polynomial 0x04C11DB7, most significant bit first), by zlib's mirrored one."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{mirrored:032b}"[::-1], 2)
