"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slim_cli.evidence.formats import CONTAINERS, MP3, Container
from slim_cli.evidence.mpeg_audio import frame_at

HEAD_BYTES = 65_536


@dataclass(frozen=True)
class Kind:
    """What the first bytes say.

    Attributes:
        verdict: `media` (decode it), `refused` (playlist or archive) or `other` (no audio).
        label: printed name of a medium, e.g. `WAV`; what else there is by its key in `[content]`, e.g. `archive_zip`.
        demuxer: the FFmpeg demuxer used when libsndfile does not read the file, empty for none.
        sndfile: whether libsndfile is asked first.
        start: first byte of the recording.
        rate_hz: assumed sample rate of audio without a header; 0 where a header tells.
    """

    verdict: str
    label: str
    demuxer: str = ""
    sndfile: bool = False
    start: int = 0
    rate_hz: int = 0


def stored(container: Container) -> Kind:
    """What a container of the table is as a kind."""
    return Kind("media", container.name, container.demuxer, container.sndfile)


_PLAYLIST = Kind("refused", "playlist")
_OFFICE = Kind("other", "office_document")
_REFUSED: tuple[tuple[str, Kind], ...] = (
    (r"\s*(#EXTM3U|\[playlist\]|ffconcat version|v=0\r?\n|<smil|<asx|\[Reference\]|<\?wpl)", _PLAYLIST),
    (r"\s*<\?xml[^>]*>\s*<(MPD|playlist|smil)", _PLAYLIST),
    (r"PK\x03\x04.{26}(\[Content_Types\]|mimetype|_rels/|docProps/|word/|xl/|ppt/|META-INF/container\.xml)", _OFFICE),
    (r"PK\x03\x04.*(\[Content_Types\]\.xml|_rels/\.rels|mimetypeapplication/vnd)", _OFFICE),
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
    (r"\xd0\xcf\x11\xe0", _OFFICE),
    (r"\x00\x05\x16\x07\x00\x02\x00\x00", Kind("other", "apple_double")),
    (r"version https://git-lfs\.github\.com/spec/", Kind("other", "git_lfs_pointer")),
    (r"(?i)\s*(<!--.*?-->\s*)*<(!doctype html|html)", Kind("other", "web_page")),
)

_SIGNATURES = tuple(
    (re.compile(pattern.encode("latin-1"), re.DOTALL), kind)
    for pattern, kind in (
        (r"ID3[\x02-\x04]", stored(MP3)),
        *((container.magic, stored(container)) for container in CONTAINERS if container.magic),
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
    frame = frame_at(head)
    if frame and frame_at(head, frame.length):
        return stored(MP3)
    return Kind("other", _describe(head))


def _describe(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "zero_bytes"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "plain_text_utf16"
    if _TEXT.fullmatch(head):
        try:
            # why: the head may end within a character.
            head[: len(head) - 3].decode("utf-8") if len(head) == HEAD_BYTES else head.decode("utf-8")
        except UnicodeDecodeError as error:
            return "unknown_binary" if error.end < len(head) - 3 else "plain_text"
        return "plain_text"
    return "unknown_binary"
