"""Pictures that stand beside the sound of a file: films, and covers of albums or memos."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from av.stream import Disposition

from slim_cli.results import Remark

_TYPES = re.compile(rb"image/([a-z]{2,5})\b")  # of a picture in ID3 tags and in FLAC, before its data
EDGE_BYTES = 65_536


def picture_remarks(streams: Iterable[Any]) -> list[Remark]:
    """What is said of the picture streams of a container, films and covers apart."""
    covers, films = list[str](), list[str]()
    for stream in streams:
        context = stream.codec_context
        size = f" {context.width} × {context.height}" if context and context.width else ""
        name = f"{context.name if context else '?'}{size}"
        (covers if stream.disposition & Disposition.attached_pic else films).append(name)
    return _covers(covers) + ([Remark("video_streams", {"names": "; ".join(films)})] if films else [])


def tagged_pictures(head: bytes) -> list[Remark]:
    """The same of the tags before the sound, from the first bytes of a file."""
    return _covers([found.decode("ascii") for found in _TYPES.findall(head)])


def _covers(names: Sequence[str]) -> list[Remark]:
    return [Remark("cover_pictures", {"n": len(names), "names": "; ".join(names)})] if names else []
