"""What a file holds, and where in it a recording begins: from its content, from its name where nothing else tells."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from itertools import pairwise

from slim_cli.errors import EvidenceError
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.formats import HEADERLESS_BY_SUFFIX, MEDIA_SUFFIXES, Headerless
from slim_cli.evidence.layout import SIZE_BYTES, find_recording, tags_end
from slim_cli.evidence.mpeg_audio import adts_chain, chain
from slim_cli.evidence.sniffing import HEAD_BYTES, Kind, sniff
from slim_cli.results import Remark

_HTTP = re.compile(rb"HTTP/\d(\.\d)? \d{3}.*?\r?\n\r?\n", re.DOTALL)
_UNTOLD = ("unknown_binary", "zero_bytes")  # kinds of content in which a recording may begin later
_NO_EVIDENCE = ("web_page", "git_lfs_pointer", "apple_double", "office_document")  # whatever their names promise
_GSM_FRAME, _GSM_MAGIC = 33, 0xD
_ROUGH = 1.1  # mean step between samples over mean level; 1.33 for bytes at random, below 1 for sound
_CHAINS = {"AAC (ADTS)": adts_chain, "MP3": chain}


def identify(view: ByteView, suffix: str) -> Kind:
    """The kind of a file that holds audio, with the place where its first recording begins.

    Args:
        view: the whole file, not empty.
        suffix: ending of its name, in lower case, with the dot.

    Raises:
        EvidenceError: it holds no audio, is only named like audio, or is refused.
    """
    kind = sniff(view.peek(0, HEAD_BYTES))
    if kind.verdict == "refused":
        raise EvidenceError(Remark("content_refused", {"content": kind.label}), "refused")
    assumed = HEADERLESS_BY_SUFFIX.get(suffix)
    if kind.verdict == "media" and not (assumed and _weak(view, kind)):
        return _behind_tags(view, kind)
    if assumed and (kind.verdict == "media" or kind.label == "unknown_binary"):
        return _headerless(view, suffix, assumed)
    found = _later(view, kind, suffix)
    if found is not None:
        return found
    named = suffix in MEDIA_SUFFIXES and kind.label not in _NO_EVIDENCE
    values: dict[str, str | int | float] = {"suffix": suffix, "content": kind.label}
    if named:
        raise EvidenceError(Remark("named_unlike_content", values), "decode_failed")
    raise EvidenceError(Remark("not_audio", {"content": kind.label}), "no_audio")


def _weak(view: ByteView, kind: Kind) -> bool:
    """Whether a kind was told from two bytes that samples may hold by chance."""
    if kind.label in ("AC-3", "DTS"):
        return True
    return kind.label in _CHAINS and view.peek(0, 3) != b"ID3" and not _CHAINS[kind.label](view, 0)


def _behind_tags(view: ByteView, kind: Kind) -> Kind:
    """The kind of what stands behind tags at the start; MP3 where that is not known."""
    start = tags_end(view, 0)
    if not start or kind.label != "MP3":
        return kind
    behind = sniff(view.peek(start, HEAD_BYTES)) if start < view.size else kind
    if behind.verdict == "media":
        return kind if behind.label == "MP3" else replace(behind, start=start)
    found = find_recording(view, start)
    return kind if found is None or found[1].label == "MP3" else replace(found[1], start=found[0])


def _later(view: ByteView, kind: Kind, suffix: str) -> Kind | None:
    """A recording behind something else at the start of the file."""
    head = view.peek(0, HEAD_BYTES)
    http = _HTTP.match(head)
    start = http.end() if http else tags_end(view, 0)
    if start and start < view.size:
        behind = sniff(view.peek(start, HEAD_BYTES))
        if behind.verdict == "media":
            return replace(behind, start=start)
    if not http and kind.label not in _UNTOLD and not (start and kind.verdict == "other" and head[:8] == b"APETAGEX"):
        return None
    stop = view.size if suffix in MEDIA_SUFFIXES else HEAD_BYTES
    found = find_recording(view, max(0, start - SIZE_BYTES), stop)
    return replace(found[1], start=found[0]) if found else None


def _headerless(view: ByteView, suffix: str, assumed: Headerless) -> Kind:
    """Telephone audio without a header, by the ending of its name.

    Raises:
        EvidenceError: the content does not look like it.
    """
    head = view.peek(0, HEAD_BYTES)
    if assumed.demuxer == "gsm":
        fits = all(byte >> 4 == _GSM_MAGIC for byte in head[: 20 * _GSM_FRAME : _GSM_FRAME])
    elif assumed.demuxer == "s16le":
        fits = _smooth(head)
    else:
        fits = True
    if not fits:
        raise EvidenceError(Remark("headerless_unlike", {"suffix": suffix, "codec": assumed.name}), "decode_failed")
    sndfile = not assumed.demuxer
    return Kind("media", f"{assumed.name}", assumed.demuxer, sndfile, rate_hz=assumed.rate_hz)


def _smooth(head: bytes) -> bool:
    """Whether 16-bit samples follow each other as those of a sound do."""
    count = len(head) // 2
    samples = struct.unpack(f"<{count}h", head[: 2 * count])
    level = sum(map(abs, samples))
    step = sum(abs(a - b) for a, b in pairwise(samples))
    return step < _ROUGH * level or not level
