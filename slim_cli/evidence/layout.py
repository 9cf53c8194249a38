"""Where in a file recordings stand, told from the containers' own structure and not from what one header announces."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from slim_cli.evidence import mpeg_audio, ogg, stored_length
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.formats import CONTAINERS
from slim_cli.evidence.sniffing import Kind, stored
from slim_cli.results import Remark

_BLOCK = 2**20
_OVERLAP = 4096
SIZE_BYTES = 8  # the zeros before a recording may be the first bytes of its size
_FLAC_TAIL = 2**17  # more than the longest frame


@dataclass(frozen=True)
class Part:
    """A stretch of a file that one decoder reads.

    Attributes:
        view: the stretch, its header made true.
        kind: what it is.
        expected_s: duration that its frames or pages hold, counted without decoding; None where that is not known.
        goes_on: whether it belongs to the recording of the part before it, behind something that is no sound.
        closed: whether its end is known from its structure; otherwise the decoder's last packet tells.
        reach: bytes that it accounts for where that is less than the view, None otherwise.
        remarks: what was noticed.
    """

    view: ByteView
    kind: Kind
    expected_s: float | None = None
    closed: bool = True
    goes_on: bool = False
    reach: int | None = None
    remarks: tuple[Remark, ...] = ()


def parts(view: ByteView, kind: Kind) -> list[Part]:
    """The parts of the recording that begins at the start of a view, at least one."""
    reader = _READERS.get(kind.label)
    found = reader(view, kind) if reader else []
    return found or [Part(view, kind, closed=False)]


def _sized(view: ByteView, kind: Kind) -> list[Part]:
    told = stored_length.measure(view, kind.label)
    if told is None:
        return []
    stop, behind = told.stop, None
    if told.open_ended:  # the header tells less than is there: the sound ends where another recording begins
        behind = find_recording(view, told.announced_stop, strong=True)
        stop = behind[0] if behind else view.size
    remarks = told.remarks(stop)
    patches = told.patches(stop)
    return [Part(view.part(0, stop, patches), kind, remarks=remarks)]


def _flac(view: ByteView, kind: Kind) -> list[Part]:
    head = view.peek(0, 42)
    if len(head) < 42:
        return []
    stop = _next(view, _FLAC_START, 4) or view.size
    rate, announced = int.from_bytes(head[18:21], "big") >> 4, int.from_bytes(head[18:26], "big") & (2**36 - 1)
    tail = view.peek(max(0, stop - _FLAC_TAIL), min(_FLAC_TAIL, stop))
    last, behind = stored_length.flac_end(tail, head) or (0, 0)
    remarks: tuple[Remark, ...] = ()
    if 0 < announced < last:
        remarks = (Remark("samples_behind_announced", {"announced": announced, "found": last}),)
    trusted = 0 < announced == last and stop == view.size
    stop -= behind
    expected_s = max(announced, last) / rate if rate and max(announced, last) else None
    return [Part(view.part(0, stop), replace(kind, sndfile=trusted), expected_s, remarks=remarks)]


def _mp3(view: ByteView, kind: Kind) -> list[Part]:
    found = mpeg_audio.joined(mpeg_audio.runs(view))
    if not found:
        return []
    first, frames = found[0], sum(run.frames for run in found)
    told = first.frames - 1 == first.announced if first.announced is not None else first.steady
    plain = len(found) == 1 and not view.start and told
    made = []
    for number, run in enumerate(found):
        start, stop = (0, view.size) if plain else (run.start, run.stop)
        last = found[number - 1] if number else None
        goes_on = last is not None and run.announced is None and (last.form == run.form)
        remarks: tuple[Remark, ...] = ()
        held = (frames if len({each.form for each in found}) == 1 else run.frames) - 1
        if run.announced and run.announced > held:
            remarks = (Remark("frames_missing", {"announced": run.announced, "found": held}),)
        part = Part(
            view.part(start, stop),
            replace(kind, sndfile=plain),
            run.samples / run.rate_hz,
            goes_on=goes_on,
            reach=run.stop if plain else None,
            remarks=remarks,
        )
        made.append(part)
    return made


def _ogg(view: ByteView, kind: Kind) -> list[Part]:
    return [
        Part(
            view.part(link.start, link.stop),
            replace(kind, sndfile=link.sound and link.alone),
            link.seconds,
            remarks=link.remarks(),
        )
        for link in ogg.links(view)
    ]


def _amr(view: ByteView, kind: Kind) -> list[Part]:
    stop = _next(view, _AMR_START, 6)
    return [Part(view.part(0, stop), kind, closed=stop is not None)]


def _boxes(view: ByteView, kind: Kind) -> list[Part]:
    """MP4/MOV: a second `ftyp` box begins another recording (ISO/IEC 14496-12, section 4)."""
    stop, missing = stored_length.boxes_end(view)
    remarks = (Remark("bytes_missing", {"announced": view.size + missing, "present": view.size}),) if missing else ()
    return [Part(view.part(0, stop), kind, remarks=remarks)]


def _elements(view: ByteView, kind: Kind) -> list[Part]:
    stop, missing = stored_length.MEDIA_ENDS[kind.label](view)
    remarks = (Remark("bytes_missing", {"announced": view.size + missing, "present": view.size}),) if missing else ()
    return [Part(view.part(0, stop), kind, remarks=remarks)] if stop else []


_READERS: Mapping[str, Callable[[ByteView, Kind], list[Part]]] = MappingProxyType(
    {
        **dict.fromkeys(("WAV", "RF64", "W64", "AIFF", "AU", "CAF"), _sized),
        **dict.fromkeys(stored_length.MEDIA_ENDS, _elements),
        "FLAC": _flac,
        "MP3": _mp3,
        "Ogg": _ogg,
        "AMR": _amr,
        "MP4/MOV": _boxes,
    }
)

_FLAC_START = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_AMR_START = re.compile(rb"#!AMR(?:-WB)?\n")
_STRONG = {
    "WAV": rb"RIFF.{4}WAVEfmt ",
    "RF64": rb"(?:RF64|BW64).{4}WAVEds64",
    "AIFF": rb"FORM.{4}AIF[FC]",
    "CAF": rb"caff\x00\x01\x00\x00desc",
    "AU": rb"\.snd\x00\x00[\x00-\x0f].{8}\x00{3}[\x01-\x1b]",
    "FLAC": _FLAC_START.pattern,
    "Ogg": rb"OggS\x00\x02",
    "MP4/MOV": rb"\x00\x00\x00[\x10-\x40]ftyp[ -~]{4}",
    "Matroska/WebM": rb"\x1a\x45\xdf\xa3.{1,40}(?:webm|matroska)",
    "AVI": rb"RIFF.{4}AVI LIST",
    "AMR": _AMR_START.pattern,
    "ASF/WMA": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa",
    "FLV": rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09",
    "WavPack": rb"wvpk.{4}[\x02-\x10]\x04",
    "TTA": rb"TTA1[\x01\x02]\x00",
}
_WEAK = {"MP3": rb"\xff[\xe2-\xff]", "AAC (ADTS)": rb"\xff[\xf0\xf1\xf8\xf9]", "MPEG-TS": rb"\x47"}
_KINDS = {entry.name: stored(entry) for entry in reversed(CONTAINERS)}


def _pattern(names: Mapping[str, bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(b"(%s)" % pattern for pattern in names.values()), re.DOTALL)


_SEARCH = {True: (_pattern(_STRONG), tuple(_STRONG)), False: (_pattern(_STRONG | _WEAK), (*_STRONG, *_WEAK))}


def find_recording(
    view: ByteView, position: int, stop: int | None = None, strong: bool = False
) -> tuple[int, Kind] | None:
    """The next place where a recording begins.

    Args:
        view: where to look.
        position: from here on.
        stop: up to here; None for the end.
        strong: whether only long signatures count, for places where samples may look like frames.
    """
    pattern, names = _SEARCH[strong]
    end = view.size if stop is None else min(stop, view.size)
    while position < end:
        block = view.peek(position, min(_BLOCK, view.size - position))
        for found in pattern.finditer(block):
            label = names[(found.lastindex or 1) - 1]
            place = position + found.start()
            if place < end and _CHAINS.get(label, _always)(view, place):
                return place, _KINDS[label]
        if len(block) <= _OVERLAP or position + len(block) >= view.size:
            return None
        position += len(block) - _OVERLAP
    return None


def _always(_: ByteView, __: int) -> bool:
    return True


def _packets(view: ByteView, position: int) -> bool:
    """Whether transport packets of 188 bytes, or of 192 with time codes, follow each other."""
    return any(all(view.peek(position + n * size, 1) == b"\x47" for n in range(8)) for size in (188, 192))


_CHAINS: Mapping[str, Callable[[ByteView, int], bool]] = MappingProxyType(
    {"MP3": mpeg_audio.chain, "AAC (ADTS)": mpeg_audio.adts_chain, "MPEG-TS": _packets}
)


def _next(view: ByteView, pattern: re.Pattern[bytes], position: int) -> int | None:
    while position < view.size:
        block = view.peek(position, min(_BLOCK, view.size - position))
        if found := pattern.search(block):
            return position + found.start()
        if len(block) <= 64:
            return None
        position += len(block) - 64
    return None


def content_end(view: ByteView) -> int:
    """Where the tags at the end of a file begin: ID3v1, APE and Lyrics3."""
    end = view.size
    if view.peek(max(0, end - 128), 3) == b"TAG":
        end -= 128
    foot = view.peek(max(0, end - 32), 32)
    if foot[:8] == b"APETAGEX":
        size, flags = struct.unpack("<I4xI", foot[12:24])
        end -= size + (32 if flags & 0x8000_0000 else 0)
    foot = view.peek(max(0, end - 15), 15)
    if foot[6:] == b"LYRICS200" and foot[:6].isdigit():
        end -= int(foot[:6]) + 15
    return end if end > 0 else view.size


def tags_end(view: ByteView, position: int) -> int:
    """Skips what belongs to no sound: ID3 and APE tags, zeros and line ends."""
    while position < view.size:
        head = view.peek(position, 32)
        if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 0x80:
            a, b, c, d = head[6:10]
            position += 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if head[5] & 0x10 else 0)
        elif head[:3] == b"TAG":
            position += 128
        elif head[:8] == b"APETAGEX" and len(head) == 32:
            size, flags = struct.unpack("<I4xI", head[12:24])
            position += 32 + (size if flags & 0x2000_0000 else 0)
        elif not head.strip(b"\0"):
            position = view.zeros_end(position)
        else:
            return position
    return min(position, view.size)
