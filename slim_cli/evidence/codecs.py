"""The decoders themselves. This code runs only inside the sandboxed decoding process.

Rule: libsndfile (through soundfile) reads what it can open; what it cannot, and every media container, goes to FFmpeg
(through PyAV), opened as a bare byte stream with one forced demuxer and audio codecs only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import soundfile

from slim_cli.errors import EvidenceError
from slim_cli.evidence.boxes import missing_index
from slim_cli.evidence.formats import PERMITTED_DECODERS, codec_of
from slim_cli.evidence.sniffing import Kind
from slim_cli.results import Remark

MIN_RATE_HZ, MAX_RATE_HZ, MAX_CHANNELS = 6_000, 192_000, 64
BLOCK_S = 1.0

_STREAMED_BYTES = 0xFFFF_F000  # headers of recorders that did not know the length announce about 4 GiB
_TOLERATED_BYTES = 8
_INTEGER_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


@dataclass
class Header:
    """What is known of the audio before it is decoded.

    Attributes:
        container, codec, sample_rate_hz, channels, bit_rate_bps, decoder, decoder_version, tags: as in `Media`.
        expected_samples: samples per channel that the container announces, None where it does not.
        remarks: what was noticed on opening.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    decoder: str
    decoder_version: str
    bit_rate_bps: int | None = None
    expected_samples: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The header as a JSON object; its remarks are told at the end."""
        return {name: value for name, value in asdict(self).items() if name != "remarks"}


class Source:
    """Decoded audio: `header`, then iterate blocks (n, C) float32, then read `remarks`."""

    header: Header

    def __init__(self) -> None:
        self.remarks: list[Remark] = []

    def blocks(self) -> Iterator[np.ndarray]:
        """Blocks of at most about one second, (n, C) float32, in time order."""
        raise NotImplementedError

    def _check_limits(self) -> None:
        rate, channels = self.header.sample_rate_hz, self.header.channels
        if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
            raise _failed(Remark("rate_unsupported", {"rate_hz": rate, "low_hz": MIN_RATE_HZ, "high_hz": MAX_RATE_HZ}))
        if not 1 <= channels <= MAX_CHANNELS:
            raise _failed(Remark("channels_unsupported", {"channels": channels, "limit": MAX_CHANNELS}))

    def _block_frames(self) -> int:
        return min(int(self.header.sample_rate_hz * BLOCK_S), 2**22 // self.header.channels)


def decoder_versions() -> dict[str, str]:
    """Versions of the two decoding libraries with those of the codec libraries behind them."""
    return {
        "soundfile": f"{soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__})",
        "PyAV": f"{av.__version__} (FFmpeg {av.ffmpeg_version_info})",
    }


def open_source(fd: int, kind: Kind) -> Source:
    """Opens a file by the fixed rule.

    Args:
        fd: file descriptor, read-only, at offset 0.
        kind: what the first bytes say.

    Raises:
        EvidenceError: it cannot be decoded.
    """
    if kind.sndfile:
        try:
            return SndfileSource(fd)
        except soundfile.LibsndfileError as error:
            if not kind.demuxer:
                raise _failed(Remark("sndfile_failed", {"message": error.error_string})) from error
            os.lseek(fd, 0, os.SEEK_SET)
            source = FfmpegSource(fd, kind)
            source.header.remarks.append(Remark("ffmpeg_instead"))
            return source
    return FfmpegSource(fd, kind)


def _failed(remark: Remark) -> EvidenceError:
    return EvidenceError(remark, "decode_failed")


class SndfileSource(Source):
    """What libsndfile reads."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._file = soundfile.SoundFile(fd, closefd=False)
        file, self._fd = self._file, fd
        self._counted = file.format in ("FLAC", "MP3")
        announced = file.frames if 0 < file.frames < 2**62 else None
        self.header = Header(
            container=file.format,
            codec=file.subtype,
            sample_rate_hz=file.samplerate,
            channels=file.channels,
            decoder="soundfile",
            decoder_version=decoder_versions()["soundfile"],
            expected_samples=announced,
            tags={k: v for k, v in file.copy_metadata().items() if v},
        )
        self._check_limits()

    def blocks(self) -> Iterator[np.ndarray]:
        """See `Source.blocks`."""
        frames, decoded = self._block_frames(), 0
        while True:
            try:
                block = self._file.read(frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                told = {"message": error.error_string} if error.error_string else {}
                self.remarks.append(Remark("decoding_stopped_error" if told else "decoding_stopped", told))
                break
            if not len(block):
                break
            decoded += len(block)
            yield block
        self._note_truncation(decoded)

    def _note_truncation(self, decoded: int) -> None:
        expected = self.header.expected_samples
        sizes = re.findall(r"(\d+) \(should be (\d+)\)", self._file.extra_info)
        short = [(a, b) for a, b in ((int(a), int(b)) for a, b in sizes) if a < _STREAMED_BYTES]
        missing = next(((a, b) for a, b in short if a > b + _TOLERATED_BYTES), None)
        if missing:
            self.remarks.append(Remark("bytes_missing", {"announced": missing[0], "present": missing[1]}))
        elif self._counted and expected and decoded < 0.999 * expected:
            self.remarks.append(Remark("samples_missing", {"announced": expected, "decoded": decoded}))
        elif self.header.container == "OGG" and not _ogg_ends(self._fd):
            self.remarks.append(Remark("end_page_missing"))


def _ogg_ends(fd: int) -> bool:
    """Whether the last Ogg page carries the end-of-stream flag (RFC 3533, section 6)."""
    size = os.fstat(fd).st_size
    tail = os.pread(fd, min(size, 2**17), max(0, size - 2**17))
    page = tail.rfind(b"OggS\x00")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)


class FfmpegSource(Source):
    """What FFmpeg demuxes and decodes, from a bare byte stream: no path, no protocol, audio codecs only."""

    def __init__(self, fd: int, kind: Kind) -> None:
        super().__init__()
        options = {
            "codec_whitelist": ",".join(PERMITTED_DECODERS),
            "protocol_whitelist": "",
            "format_whitelist": kind.demuxer,
        }
        stream: BinaryIO = os.fdopen(fd, "rb", buffering=0, closefd=False)
        try:
            self._container = av.open(stream, "r", kind.demuxer, options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            cut = kind.demuxer == "mov" and missing_index(fd)
            if cut:
                raise _failed(Remark("index_missing", {"container": kind.label})) from error
            values: dict[str, str | int | float] = {"container": kind.label, "message": _words(error)}
            raise _failed(Remark("container_unreadable", values)) from error
        tracks = self._container.streams.audio
        if not tracks:
            raise EvidenceError(Remark("no_audio_track", {"container": kind.label}), "no_audio")
        self._track = tracks[0]
        context = self._track.codec_context
        codec = context.codec.name if context.codec else "unknown"
        if not codec_of(codec).decoders:
            raise _failed(Remark("codec_not_permitted", {"codec": codec_of(codec).name}))
        context.thread_type, context.thread_count = "NONE", 1
        self._frames = self._decoded()
        self._first = next(self._frames, None)
        if self._first is None:
            if not self._errors:
                raise _failed(Remark("nothing_decoded", {"container": kind.label}))
            raise _failed(Remark("nothing_decoded_error", {"container": kind.label, "message": self._errors[0]}))
        self.header = self._describe(codec)
        if len(tracks) > 1:
            self.header.remarks.append(Remark("several_tracks", {"n": len(tracks)}))
        self._check_limits()

    def _describe(self, codec: str) -> Header:
        assert self._first is not None
        rate, track = self._first.sample_rate, self._track
        seconds = None
        if track.duration and track.time_base:
            seconds = float(track.duration * track.time_base)
        elif self._container.duration:
            seconds = self._container.duration / av.time_base
        return Header(
            container=self._container.format.name,
            codec=codec,
            sample_rate_hz=rate,
            channels=len(self._first.layout.channels),
            decoder="PyAV",
            decoder_version=decoder_versions()["PyAV"],
            bit_rate_bps=track.codec_context.bit_rate or self._container.bit_rate or None,
            expected_samples=round(seconds * rate) if seconds and 0 < seconds < 1e7 else None,
            tags={**self._container.metadata, **track.metadata},
        )

    def blocks(self) -> Iterator[np.ndarray]:
        """See `Source.blocks`."""
        rate, channels = self.header.sample_rate_hz, self.header.channels
        pending: list[np.ndarray] = []
        held = decoded = 0
        frame = self._first
        while frame is not None:
            if (frame.sample_rate, len(frame.layout.channels)) != (rate, channels):
                self.remarks.append(Remark("format_changes", {"after_s": decoded / rate}))
                break
            pending.append(_samples(frame))
            held, decoded = held + frame.samples, decoded + frame.samples
            if held >= self._block_frames():
                yield np.concatenate(pending)
                pending, held = [], 0
            frame = next(self._frames, None)
        if pending:
            yield np.concatenate(pending)
        self._note_truncation(decoded)

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Frames in order; a packet that cannot be decoded is counted and skipped."""
        self._errors: list[str] = []
        packets = self._container.demux(self._track)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                self._errors.append(_words(error))
                self.remarks.append(Remark("reading_stopped", {"message": _words(error)}))
                return
            try:
                yield from packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                self._errors.append(_words(error))

    def _note_truncation(self, decoded: int) -> None:
        rate, expected = self.header.sample_rate_hz, self.header.expected_samples
        if self._errors:
            self.remarks.append(Remark("packets_skipped", {"n": len(self._errors), "message": self._errors[0]}))
        cut = any(remark.code == "reading_stopped" for remark in self.remarks)
        if not cut and expected and decoded < 0.98 * expected - 0.2 * rate:
            values: dict[str, str | int | float] = {"announced_s": expected / rate, "decoded_s": decoded / rate}
            self.remarks.append(Remark("seconds_missing", values))


def _samples(frame: av.AudioFrame) -> np.ndarray:
    """One frame as (n, C) float32, full scale = 1."""
    channels = len(frame.layout.channels)
    array = frame.to_ndarray()
    array = array.T if frame.format.is_planar else array.reshape(-1, channels)
    scale = _INTEGER_SCALE.get(frame.format.name.removesuffix("p"))
    if scale is None:
        return array.astype(np.float32, copy=False)
    offset = scale if frame.format.name.startswith("u8") else 0.0
    return ((array.astype(np.float64) - offset) / scale).astype(np.float32)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
