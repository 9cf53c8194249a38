"""Boxes of an MP4/MOV file (ISO/IEC 14496-12): whether its index is there, and what it says of each sound track.

Beside them the two other headers that name a coding that no decoder knows: those of CAF and WAV.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from slim_cli.evidence.byte_views import ByteView

_MAX_BOXES = 1000
_ENTRY_BYTES = 4096
_USAC = 42  # audio object type of ISO/IEC 23003-3, which marketing calls xHE-AAC


@dataclass(frozen=True)
class SoundTrack:
    """What the index says of a sound track.

    Attributes:
        entry: four-character code of its coding, e.g. `mp4a`; `usac` where that code stands for several codings and
            this is the one; empty where there is none.
        hidden_s: media that no edit shows (section 8.6.6), seconds.
    """

    entry: str
    hidden_s: float


def missing_index(view: ByteView) -> bool:
    """Whether a file holds no whole `moov` box (section 8.2.1), as when it was cut short."""
    place = next((place for place in boxes(view, 0, view.size) if place[0] == b"moov"), None)
    return place is None or place[2] > view.size


def stated_coding(view: ByteView, demuxer: str) -> str:
    """What a CAF or WAV file calls its coding: a four-character code or a format tag; empty for other containers."""
    head = view.peek(0, _ENTRY_BYTES)
    if demuxer == "caf" and (place := head.find(b"desc")) > 0:
        return head[place + 20 : place + 24].decode("latin-1").strip("\0 ")
    if demuxer == "wav" and (place := head.find(b"fmt ")) > 0:
        return f"format tag 0x{int.from_bytes(head[place + 8 : place + 10], 'little'):04x}"
    return ""


def boxes(view: ByteView, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte of the content and end of each box between two places."""
    for _ in range(_MAX_BOXES):
        head = view.peek(start, 16)
        if start + 8 > stop or len(head) < 8:
            return
        length, name = struct.unpack(">I4s", head[:8])
        content = start + 8
        if length == 1 and len(head) == 16:
            length, content = struct.unpack(">Q", head[8:])[0], start + 16
        if length == 0:
            length = stop - start
        if length < 8:
            return
        yield name, content, start + length
        start += length


def sound_tracks(view: ByteView) -> list[SoundTrack]:
    """The sound tracks of the index, in its order."""
    moov = _inside(view, (0, view.size), b"moov")
    if moov is None:
        return []
    clock = _times(view, _inside(view, moov, b"mvhd"))
    tracks = (content for name, *content in boxes(view, *moov) if name == b"trak")
    return [found for start, stop in tracks if (found := _sound_track(view, (start, stop), clock[0]))]


def _sound_track(view: ByteView, trak: tuple[int, int], movie_scale: int) -> SoundTrack | None:
    handler = _inside(view, trak, b"mdia", b"hdlr")
    if handler is None or view.peek(handler[0] + 8, 4) != b"soun":
        return None
    described = _inside(view, trak, b"mdia", b"minf", b"stbl", b"stsd")
    entry = _coding(view.peek(described[0] + 8, min(_ENTRY_BYTES, described[1] - described[0]))) if described else ""
    scale, duration = _times(view, _inside(view, trak, b"mdia", b"mdhd"))
    edits = _inside(view, trak, b"edts", b"elst")
    if not (edits and scale and movie_scale and duration):
        return SoundTrack(entry, 0.0)
    shown = sum(_shown(view, edits)) / movie_scale
    return SoundTrack(entry, max(0.0, duration / scale - shown))


def _coding(entry: bytes) -> str:
    """The coding that a sample entry (section 8.5.2) names, by its code or by the audio object type in it."""
    name = entry[4:8].decode("latin-1").strip("\0 ")
    place = entry.find(b"esds") + 8  # behind name, version and flags
    for tag, skipped in ((3, 3), (4, 13), (5, 0)):  # descriptors of ISO/IEC 14496-1, section 7.2.6
        if place < 8 or entry[place : place + 1] != bytes([tag]):
            return name
        place += 1
        while entry[place : place + 1] > b"\x7f":
            place += 1
        place += 1 + skipped
    kind = int.from_bytes(entry[place : place + 2].ljust(2, b"\0"), "big")
    return "usac" if kind >> 11 == 31 and 32 + (kind >> 5 & 0x3F) == _USAC else name


def _shown(view: ByteView, edits: tuple[int, int]) -> Iterator[int]:
    """Durations of the edits that show media, in the movie's clock."""
    version, count = view.peek(edits[0], 1), int.from_bytes(view.peek(edits[0] + 4, 4), "big")
    form = ">QqI" if version == b"\x01" else ">IiI"
    width = struct.calcsize(form)
    data = view.peek(edits[0] + 8, width * min(count, _MAX_BOXES))
    for duration, media_time, _ in struct.iter_unpack(form, data[: len(data) // width * width]):
        if media_time >= 0:
            yield duration


def _times(view: ByteView, box: tuple[int, int] | None) -> tuple[int, int]:
    """Ticks per second and duration in ticks, from a movie's or a track's header."""
    data = view.peek(box[0], 32) if box else b""
    if len(data) < 32:
        return 0, 0
    scale, duration = struct.unpack(">IQ" if data[0] == 1 else ">II", data[20:32] if data[0] == 1 else data[12:20])
    return scale, 0 if duration in (2**32 - 1, 2**64 - 1) else duration


def _inside(view: ByteView, place: tuple[int, int], *names: bytes) -> tuple[int, int] | None:
    """The content of the box reached by these names."""
    for wanted in names:
        found = next(((start, stop) for name, start, stop in boxes(view, *place) if name == wanted), None)
        if found is None:
            return None
        place = found
    return place
