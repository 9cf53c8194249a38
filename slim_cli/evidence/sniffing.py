"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slim_cli.evidence.formats import CONTAINERS, MP3, Container

HEAD_BYTES = 65_536


@dataclass(frozen=True)
class Kind:
    """What the first bytes say.

    Attributes:
        verdict: `media` (decode it), `refused` (playlist or archive) or `other` (no audio).
        label: printed name of a medium, e.g. `WAV`; what else there is by its key in `[content]`, e.g. `archive_zip`.
        demuxer: the FFmpeg demuxer used when libsndfile does not read the file, empty for none.
        sndfile: whether libsndfile is asked first.
    """

    verdict: str
    label: str
    demuxer: str = ""
    sndfile: bool = False


def _stored(container: Container) -> Kind:
    return Kind("media", container.name, container.demuxer, container.sndfile)


_PLAYLIST = Kind("refused", "playlist")
_REFUSED: tuple[tuple[str, Kind], ...] = (
    (r"\s*(#EXTM3U|\[playlist\]|ffconcat version|v=0\r?\n|<smil|<asx|\[Reference\]|<\?wpl)", _PLAYLIST),
    (r"\s*<\?xml[^>]*>\s*<(MPD|playlist|smil)", _PLAYLIST),
    (r"(PK\x03\x04.{26}(\[Content_Types\]|mimetype|_rels/|word/|xl/|ppt/))", Kind("other", "office_document")),
    (r"PK\x03\x04|PK\x05\x06", Kind("refused", "archive_zip")),
    (r"7z\xbc\xaf\x27\x1c", Kind("refused", "archive_7zip")),
    (r"Rar!\x1a\x07", Kind("refused", "archive_rar")),
    (r"\x1f\x8b", Kind("refused", "archive_gzip")),
    (r"BZh[1-9]1AY", Kind("refused", "archive_bzip2")),
    (r"\xfd7zXZ\x00", Kind("refused", "archive_xz")),
    (r"\x28\xb5\x2f\xfd", Kind("refused", "archive_zstandard")),
    (r".{257}ustar", Kind("refused", "archive_tar")),
)

_OTHER: tuple[tuple[str, Kind], ...] = (
    (r"\x89PNG", Kind("other", "image_png")),
    (r"\xff\xd8\xff", Kind("other", "image_jpeg")),
    (r"GIF8", Kind("other", "image_gif")),
    (r"RIFF.{4}WEBP", Kind("other", "image_webp")),
    (r"%PDF", Kind("other", "pdf_document")),
    (r"\x7fELF|MZ", Kind("other", "program")),
    (r"SQLite format 3", Kind("other", "database_sqlite")),
    (r"\xd0\xcf\x11\xe0", Kind("other", "office_document")),
)

_SIGNATURES = tuple(
    (re.compile(pattern.encode("latin-1"), re.DOTALL), kind)
    for pattern, kind in (
        (r"ID3[\x02-\x04]", _stored(MP3)),
        *((container.magic, _stored(container)) for container in CONTAINERS if container.magic),
        *_REFUSED,
        *_OTHER,
    )
)
_TEXT = re.compile(rb"[\t\n\r\f\x1b\x20-\x7e\x80-\xff]*")


def sniff(head: bytes) -> Kind:
    """Tells a file's kind from its first `HEAD_BYTES` bytes (not empty)."""
    for signature, kind in _SIGNATURES:
        if signature.match(head):
            return kind
    if _is_mpeg_audio(head):
        return _stored(MP3)
    return Kind("other", _describe(head))


def _describe(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "zero_bytes"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "plain_text_utf16"
    if _TEXT.fullmatch(head):
        if re.match(rb"\s*<(!doctype html|html)", head, re.IGNORECASE):
            return "web_page"
        try:
            # why: the head may end within a character.
            head[: len(head) - 3].decode("utf-8") if len(head) == HEAD_BYTES else head.decode("utf-8")
        except UnicodeDecodeError as error:
            return "unknown_binary" if error.end < len(head) - 3 else "plain_text"
        return "plain_text"
    return "unknown_binary"


_MP3_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _is_mpeg_audio(head: bytes) -> bool:
    """Whether a valid MPEG audio frame stands at the start and another right behind it."""
    length = _mpeg_frame_bytes(head)
    return bool(length and _mpeg_frame_bytes(head[length : length + 4]))


def _mpeg_frame_bytes(header: bytes) -> int:
    """Length of the frame that a four-byte header announces (ISO/IEC 11172-3, 2.4.1.3), 0 if it is no header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = (header[1] >> 3) & 3, 4 - ((header[1] >> 1) & 3)
    bit_rate, rate = header[2] >> 4, (header[2] >> 2) & 3
    if version == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return 0
    kbps = _MP3_KBPS[1 if version == 3 else 2, layer][bit_rate - 1]
    rate_hz = (44_100, 48_000, 32_000)[rate] >> (0 if version == 3 else 1 if version == 2 else 2)
    padding = (header[2] >> 1) & 1
    if layer == 1:
        return (12_000 * kbps // rate_hz + padding) * 4
    slots = 72_000 if layer == 3 and version != 3 else 144_000
    return slots * kbps // rate_hz + padding
