"""How much sound a container's header announces, and how much is there: chunks, boxes, elements, objects."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.mpeg_audio import adts_chain, chain
from slim_cli.results import Remark

_TOLERATED_BYTES = 8
_MAX_CHUNKS = 10_000
# why: recorders and pipes that did not know the length write these (SoX: 0x7FFFF000 and what its header adds).
_UNKNOWN_FROM, _UNKNOWN_SOX = 0xFFFF_F000, range(0x7FFF_0000, 0x8000_0000)


@dataclass(frozen=True)
class _Form:
    """How one container writes its chunks: where the first stands, and what a chunk's header looks like."""

    first: int
    name: int
    size: str
    align: int
    data: bytes
    lead: int = 0
    inclusive: bool = False


_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_FORMS: Mapping[str, _Form] = MappingProxyType(
    {
        "WAV": _Form(12, 4, "<I", 2, b"data"),
        "RIFX": _Form(12, 4, ">I", 2, b"data"),
        "RF64": _Form(12, 4, "<I", 2, b"data"),
        "AIFF": _Form(12, 4, ">I", 2, b"SSND", lead=8),
        "CAF": _Form(8, 4, ">Q", 1, b"data", lead=4),
        "W64": _Form(40, 16, "<Q", 8, _W64_DATA, inclusive=True),
    }
)


@dataclass(frozen=True)
class StoredLength:
    """What a header says of the length of its sound, against the file.

    Attributes:
        data: first byte of the sound.
        announced: bytes that the header announces, None where it leaves that open.
        room: bytes from there to the end.
        stop: where the recording ends by its own account, with all chunks behind the sound.
        unfinished: whether the header announces nothing although there is something.
        size_fields: where the length is written, as (position, format, what to subtract from the sound's bytes).
    """

    data: int
    announced: int | None
    room: int
    stop: int
    unfinished: bool = False
    size_fields: tuple[tuple[int, str, int], ...] = ()

    @property
    def announced_stop(self) -> int:
        """Where the announced sound ends."""
        return self.data + (self.announced or 0)

    @property
    def open_ended(self) -> bool:
        """Whether more sound follows than the header announces."""
        return self.unfinished or (self.announced is not None and self.stop > self.announced_stop and self._stale)

    _stale: bool = False

    def remarks(self, stop: int) -> tuple[Remark, ...]:
        """What is to be said, where the recording really ends at `stop`."""
        if self.unfinished:
            return (Remark("header_unfinished", {"bytes": stop - self.data}),)
        if self.open_ended and self.announced is not None:
            values: dict[str, str | int | float] = {"announced": self.announced, "more": stop - self.announced_stop}
            return (Remark("bytes_behind_announced", values),)
        if self.announced is not None and self.announced > self.room + _TOLERATED_BYTES:
            return (Remark("bytes_missing", {"announced": self.announced, "present": self.room}),)
        return ()

    def patches(self, stop: int) -> tuple[tuple[int, bytes], ...]:
        """The length fields as they would stand in a header that tells the truth."""
        if not self.open_ended:
            return ()
        made = []
        for position, form, subtracted in self.size_fields:
            most = 256 ** struct.calcsize(form) - 1
            made.append((position, struct.pack(form, min(stop - self.data - subtracted, most))))
        return tuple(made)


def measure(view: ByteView, label: str) -> StoredLength | None:
    """The length that the header of a chunked container announces; None where it has no sound chunk."""
    if label == "AU":
        return _measure_au(view)
    form = _FORMS["RIFX" if view.peek(0, 4) == b"RIFX" else label]
    width = form.name + struct.calcsize(form.size)
    position, wide, fields = form.first, None, list[tuple[int, str, int]]()
    for _ in range(_MAX_CHUNKS):
        head = view.peek(position, width)
        if len(head) < width:
            return None
        name, (size,) = head[: form.name], struct.unpack(form.size, head[form.name :])
        if form.inclusive:
            size -= width
        if name == b"ds64" and label == "RF64":
            wide = int.from_bytes(view.peek(position + 16, 8), "little")
            fields.append((position + 16, "<Q", 0))
        if name == form.data:
            break
        if size < 0:
            return None
        position += width + size + -(width + size) % form.align
    else:
        return None
    data, room = position + width + form.lead, view.size - (position + width + form.lead)
    if wide is not None and size == 0xFFFF_FFFF:
        size = wide
    else:
        fields = [(position + form.name, form.size, -form.lead - (width if form.inclusive else 0))]
    announced: int | None = size - form.lead
    if size > room and (size >= _UNKNOWN_FROM or size in _UNKNOWN_SOX) and struct.calcsize(form.size) == 4:
        announced = None
    if size >= 2**63:  # CAF: -1 for "up to the end"
        announced = None
    if announced is None or announced >= room:
        return StoredLength(data, announced, max(room, 0), view.size)
    end = data + max(announced, 0)
    padded = end + -(end - form.first) % form.align
    for behind in (padded, end):  # some writers do not pad
        stop = _chunks_end(view, form, behind, width)
        if stop is not None:
            return StoredLength(data, announced, room, stop)
    return StoredLength(data, announced, room, view.size, announced <= 0, tuple(fields), True)


def _measure_au(view: ByteView) -> StoredLength | None:
    head = view.peek(0, 12)
    if len(head) < 12:
        return None
    data, announced = struct.unpack(">4xII", head)
    room = view.size - data
    if announced == 0xFFFF_FFFF or announced >= room:
        return StoredLength(data, None if announced == 0xFFFF_FFFF else announced, max(room, 0), view.size)
    if room - announced <= _TOLERATED_BYTES:
        return StoredLength(data, announced, room, view.size)
    return StoredLength(data, announced, room, view.size, not announced, ((8, ">I", 0),), True)


def _chunks_end(view: ByteView, form: _Form, position: int, width: int) -> int | None:
    """Where the chunks behind the sound end; None where what follows is no chunk, so that the sound goes on."""
    first = True
    for _ in range(_MAX_CHUNKS):
        head = view.peek(position, width)
        if (
            len(head) < width
            or _another(view, position)
            or (not head.strip(b"\0") and view.zeros_end(position) == view.size)
        ):
            return position
        name, (size,) = head[: form.name], struct.unpack(form.size, head[form.name :])
        size -= width if form.inclusive else 0
        fits = 0 <= size <= view.size - position - width + 1
        if not (fits and all(0x20 <= byte < 0x7F for byte in name[:4])):
            return None if first else position
        position, first = min(view.size, position + width + size + -(width + size) % form.align), False
    return position


def _another(view: ByteView, position: int) -> bool:
    """Whether a recording or a tag begins here."""
    head = view.peek(position, 4)
    if head[:1] == b"\xff" and (chain(view, position) or adts_chain(view, position)):
        return True
    return head in (b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS", b".snd", b"caff") or head[:3] in (b"ID3", b"TAG")


def boxes_end(view: ByteView) -> tuple[int, int]:
    """Where an MP4/MOV ends (before a second `ftyp` box), and how many announced bytes lie behind the end of file."""
    position, first = 0, True
    for _ in range(100 * _MAX_CHUNKS):
        head = view.peek(position, 16)
        if len(head) < 8:
            break
        size, name = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if size == 0:
            return view.size, 0  # by definition up to the end
        if size < 8 or (name == b"ftyp" and not first) or not all(0x20 <= b < 0x7F or b == 0xA9 for b in name):
            return position, 0
        if position + size > view.size:
            return view.size, position + size - view.size if name in (b"mdat", b"moov", b"moof") else 0
        position, first = position + size, False
    return view.size if view.size - position < 8 else position, 0


def _matroska_end(view: ByteView) -> tuple[int, int]:
    """EBML header and segment (RFC 8794); a segment of unknown size ends where the file does."""
    position = 0
    for wanted in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):
        head = view.peek(position, 12)
        if head[:4] != wanted or len(head) < 5 or not head[4]:
            return 0, 0
        width = 9 - head[4].bit_length()
        size = int.from_bytes(head[4 : 4 + width], "big") & (1 << 7 * width) - 1
        if size == (1 << 7 * width) - 1:
            return view.size, 0
        position += 4 + width + size
    return min(position, view.size), max(0, position - view.size)


def _avi_end(view: ByteView) -> tuple[int, int]:
    """RIFF chunks of an AVI; parts behind the first are `RIFF....AVIX`."""
    position = 0
    while (head := view.peek(position, 12))[:4] == b"RIFF" and (not position or head[8:] == b"AVIX"):
        size = int.from_bytes(head[4:8], "little")
        if not size or size >= _UNKNOWN_FROM:
            return view.size, 0
        position += 8 + size + size % 2
    return min(position, view.size), max(0, position - view.size)


def _asf_end(view: ByteView) -> tuple[int, int]:
    """Objects of an ASF file; one that is broadcast announces nothing."""
    position = 0
    for count in range(_MAX_CHUNKS):
        head = view.peek(position, 24)
        if len(head) < 24 or (count and head[:4] == b"\x30\x26\xb2\x75"):
            break
        size = int.from_bytes(head[16:24], "little")
        data = head[:4] == b"\x36\x26\xb2\x75"
        if size < 24 or (data and size <= 50):
            return (view.size, 0) if data or not count else (position, 0)
        if position + size > view.size:
            return view.size, position + size - view.size
        position += size
    return position, 0


MEDIA_ENDS: Mapping[str, Callable[[ByteView], tuple[int, int]]] = MappingProxyType(
    {"Matroska/WebM": _matroska_end, "AVI": _avi_end, "ASF/WMA": _asf_end}
)


def _crc8(byte: int) -> int:
    """One step of the checksum of a FLAC frame's header (polynomial 0x07)."""
    for _ in range(8):
        byte = (byte << 1) ^ (0x107 if byte & 0x80 else 0)
    return byte


_CRC8 = tuple(map(_crc8, range(256)))


def flac_end(tail: bytes, head: bytes) -> tuple[int, int] | None:
    """The last frame found in the tail of a FLAC stream (RFC 9639, section 9.1).

    Args:
        tail: the last bytes.
        head: `fLaC` and the STREAMINFO block.

    Returns:
        samples up to its end, and how many bytes of the tail lie behind the longest frame that may begin there.
    """
    smallest, largest = struct.unpack(">HH", head[8:12])
    place = len(tail)
    while (place := tail.rfind(b"\xff", 0, place)) >= 0:
        if tail[place + 1 : place + 2] in (b"\xf8", b"\xf9"):
            end = _flac_frame_end(tail[place : place + 16], largest if smallest == largest else 0)
            if end is not None:
                longest = int.from_bytes(head[15:18], "big")
                plain = largest * ((head[20] >> 1 & 7) + 1) * 4 + 1024  # samples of up to 32 bits, not compressed
                return end, max(0, len(tail) - place - (longest or plain))
    return None


def _flac_frame_end(frame: bytes, fixed: int) -> int | None:
    """Number of the sample behind a frame, None where its header is none."""
    if len(frame) < 16 or frame[3] & 1 or frame[2] >> 4 == 0 or frame[2] & 15 == 15:
        return None
    ones = 8 - (frame[4] ^ 0xFF).bit_length()
    if ones in (1, 8):
        return None
    length = max(1, ones)
    number = frame[4] & (0x7F >> ones)
    for byte in frame[5 : 4 + length]:
        if byte >> 6 != 2:
            return None
        number = number << 6 | byte & 0x3F
    place, code = 4 + length, frame[2] >> 4
    extra = {6: 1, 7: 2}.get(code, 0)
    size = int.from_bytes(frame[place : place + extra], "big") + 1 if extra else _flac_block(code)
    place += extra + {12: 1, 13: 2, 14: 2}.get(frame[2] & 15, 0)
    check = 0
    for byte in frame[:place]:
        check = _CRC8[check ^ byte]
    if place >= len(frame) or check != frame[place]:
        return None
    return number + size if frame[1] & 1 else number * (fixed or size) + size


def _flac_block(code: int) -> int:
    return 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8
