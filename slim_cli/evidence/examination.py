"""A whole file, recording by recording: nothing of it is left unexamined without being named."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from slim_cli.errors import EvidenceError
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.codecs import Break, Header, Source, failed
from slim_cli.evidence.ffmpeg_source import FfmpegSource
from slim_cli.evidence.layout import SIZE_BYTES, Part, content_end, find_recording, parts, tags_end
from slim_cli.evidence.sndfile_source import DELAYS_SAMPLES, SndfileSource
from slim_cli.evidence.sniffing import Kind
from slim_cli.results import Remark

_MAX_PARTS = 10_000
_FEW_BYTES = 256  # less than any frame that can be decoded
_LOST_S = 0.1
_READ_TO_THE_END = ("mpegts", "mpeg", "mxf", "rm", "dhav")  # their demuxers stop at the end of the file only


@dataclass(frozen=True)
class Opening:
    """Where a recording begins: what follows is decoded from there.

    Attributes:
        offset: its first byte in the file.
        header: what is known of it.
    """

    offset: int
    header: Header


class Examination:
    """Decodes everything in a file that a decoder can read; iterate `events` once.

    Args:
        fd: the file, read-only.
        kind: what it is, and where its first recording begins.
        track: number of the audio track to decode, from 0; None for the first that can be decoded.

    Attributes:
        remarks: what was noticed; complete after the last event.
        bytes_unexamined: bytes in which sound may be that was not decoded.
        seconds_unexamined: audio that is known to be missing, seconds.
    """

    def __init__(self, fd: int, kind: Kind, track: int | None = None) -> None:
        self._view, self._kind, self._track = ByteView(fd), kind, track
        self.remarks: list[Remark] = []
        self.bytes_unexamined = 0
        self.seconds_unexamined = 0.0
        self._recordings = 0
        self._heard_s = 0.0
        self._first_error: EvidenceError | None = None

    def events(self) -> Iterator[Opening | Break | np.ndarray]:
        """An `Opening` for each recording, then its blocks (n, C) float32, with a `Break` where clock or form change.

        Raises:
            EvidenceError: nothing at all could be decoded.
        """
        position, kind = self._kind.start, self._kind
        if position > tags_end(self._view, 0):
            self.remarks.append(Remark("recording_starts_late", {"offset": position}))
        if kind.rate_hz:
            self.remarks.append(Remark("headerless", {"codec": kind.label, "rate_hz": kind.rate_hz}))
        end = content_end(self._view)
        for _ in range(_MAX_PARTS):
            reached = position
            for part in parts(self._view.part(position, end), replace(kind, start=0)):
                reached = yield from self._part(part, reached)
            found = self._behind(max(reached, position + 1), end)
            if found is None:
                break
            position, kind = found
        if not self._recordings:
            raise self._first_error or failed(Remark("no_samples"))
        if self._recordings > 1:
            self.remarks.insert(0, Remark("several_recordings", {"n": self._recordings}))

    def _part(self, part: Part, reached: int) -> Generator[Opening | Break | np.ndarray, None, int]:
        """One part; gives the byte up to which the file is accounted for."""
        view = part.view
        self._skipped(reached, view.start)
        try:
            source = _open(part, self._track)
        except EvidenceError as error:
            self._first_error = self._first_error or error
            if self._recordings or view.start > self._kind.start:
                self._lost(view.start, view.stop, error)
            return view.stop if part.closed else view.start
        self._recordings += not part.goes_on
        yield Opening(view.start, source.header)
        yield from self._blocks(source)
        if source.broken and isinstance(source, SndfileSource):
            source = yield from self._again(part, source)
        self.remarks += [*part.remarks, *source.remarks]
        self.seconds_unexamined += source.lost_s
        self._count(part, source)
        closed = part.closed or part.kind.demuxer in _READ_TO_THE_END
        if source.end is None or (closed and not (source.broken and isinstance(source, FfmpegSource))):
            return view.stop if part.reach is None else view.start + part.reach
        return view.start + source.end

    def _blocks(self, source: Source) -> Iterator[np.ndarray | Break]:
        rate = source.header.sample_rate_hz
        try:
            for event in source.blocks():
                if isinstance(event, Break):
                    rate = event.sample_rate_hz
                else:
                    self._heard_s += len(event) / rate
                yield event
        except EvidenceError as error:  # a form that cannot be examined, behind one that could
            source.broken = True
            self.remarks.append(error.remark)

    def _again(self, part: Part, first: Source) -> Generator[np.ndarray | Break, None, Source]:
        """Goes on with FFmpeg where libsndfile gave up; gives the source that ended the part."""
        rate = first.header.sample_rate_hz
        try:
            second = FfmpegSource(part.view, part.kind, self._track, skip=first.decoded)
        except EvidenceError:
            first.remarks.append(Remark("decoding_stopped", {"after_s": first.decoded / rate}))
            return first
        yield from self._blocks(second)
        lost_s = 0.0 if part.expected_s is None else part.expected_s - (first.decoded + second.decoded) / rate
        second.remarks.append(Remark("damaged", {"after_s": first.decoded / rate, "lost_s": max(0.0, lost_s)}))
        second.lost_s = max(second.lost_s, lost_s)
        second.decoded += first.decoded
        return second

    def _count(self, part: Part, source: Source) -> None:
        """Compares what came out with what the part's frames or pages hold."""
        if part.expected_s is None:
            return
        rate = source.header.sample_rate_hz
        tolerated = {"FLAC": 0, "MP3": DELAYS_SAMPLES}.get(part.kind.label, _LOST_S * rate)
        short = round(part.expected_s * rate) - source.decoded
        if short > tolerated and source.lost_s < 0.5 * short / rate:
            self.seconds_unexamined += short / rate - source.lost_s
            values: dict[str, str | int | float] = {"announced": source.decoded + short, "decoded": source.decoded}
            self.remarks.append(Remark("samples_missing", values))

    def _behind(self, position: int, end: int) -> tuple[int, Kind] | None:
        """The next recording behind a place; what lies between, or all the rest, is accounted for."""
        first, position = position, tags_end(self._view, position)
        if end - position < _FEW_BYTES:
            return None
        found = find_recording(self._view, max(first, position - SIZE_BYTES), end)
        self._skipped(position, found[0] if found else end)
        return found

    def _skipped(self, start: int, stop: int) -> None:
        start = min(stop, tags_end(self._view, start))
        if stop - start >= _FEW_BYTES:
            self.bytes_unexamined += stop - start
            values: dict[str, str | int | float] = {"bytes": stop - start, "offset": start, "after_s": self._heard_s}
            self.remarks.append(Remark("bytes_not_examined", values))

    def _lost(self, start: int, stop: int, error: EvidenceError) -> None:
        """A recording that could not be decoded, beside others that could."""
        self.bytes_unexamined += stop - start
        self.remarks.append(Remark("recording_not_decoded", {"bytes": stop - start, "offset": start}))
        self.remarks.append(error.remark)


def _open(part: Part, track: int | None) -> Source:
    """The decoder of a part, by the fixed rule: libsndfile where it reads the part, else FFmpeg."""
    kind = part.kind
    if not kind.sndfile:
        if not kind.demuxer:
            raise failed(Remark("audio_not_examined", {"container": kind.label}))
        return FfmpegSource(part.view, kind, track)
    try:
        return SndfileSource(part.view, kind, part.expected_s)
    except soundfile.LibsndfileError as error:
        if not kind.demuxer:
            raise failed(Remark("sndfile_failed", {"message": error.error_string})) from error
    source = FfmpegSource(part.view, kind, track)
    source.remarks.append(Remark("ffmpeg_instead"))
    return source
