"""What FFmpeg demuxes and decodes, from a bare byte stream: no path, no protocol, audio codecs only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import av.error
import numpy as np

from slim_cli.errors import EvidenceError
from slim_cli.evidence.boxes import missing_index, sound_tracks, stated_coding
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.codecs import Break, Header, Source, block_frames, decoder_versions, failed
from slim_cli.evidence.formats import PERMITTED_DECODERS, codec_of
from slim_cli.evidence.pictures import picture_remarks
from slim_cli.evidence.sniffing import Kind
from slim_cli.results import Remark

_GAP_S = 0.5
_JUNK_BYTES = 512
_MAX_PLANES = 8  # PyAV reads no further plane of a frame
_STREAMS = ("aac", "ac3", "amr", "dts", "eac3")  # nothing but frames, one behind the other
_INTEGER_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


class FfmpegSource(Source):
    """Audio through FFmpeg.

    Args:
        view: the file, or a part of it.
        kind: what it is.
        track: number of the audio track to decode, from 0; None for the first that can be decoded.
        skip: samples per channel to leave out at the start, given by another decoder already.

    Raises:
        EvidenceError: it holds no audio, or none that can be decoded.
    """

    def __init__(self, view: ByteView, kind: Kind, track: int | None = None, skip: int = 0) -> None:
        super().__init__()
        self._view, self._kind, self._skip = view, kind, skip
        self._errors: list[tuple[float, str]] = []
        self._packets = self._frames = 0
        self._clock = 0.0  # where the next frame is due, seconds in the container's clock
        self._typical_s = 0.0
        first_error: EvidenceError | None = None
        for index in self._candidates(track):
            try:
                self._open(index)
                break
            except EvidenceError as error:
                first_error = first_error or error
        else:
            assert first_error is not None
            raise first_error
        self._name_tracks(first_error)
        self._check_limits(self.header.sample_rate_hz, self.header.channels)

    def _candidates(self, track: int | None) -> list[int]:
        """The tracks to try, in order."""
        self._container = self._demuxer()
        count = len(self._container.streams.audio)
        self._index = sound_tracks(self._view) if self._kind.demuxer == "mov" else []
        if not count:
            raise EvidenceError(Remark("no_audio_track", {"container": self._kind.label}), "no_audio")
        if track is not None and not track < count:
            self.remarks.append(Remark("track_missing", {"track": track + 1, "n": count}))
        return [track] if track is not None and track < count else list(range(count))

    def _demuxer(self) -> Any:
        kind = self._kind
        permitted = ",".join(PERMITTED_DECODERS)
        options = {"codec_whitelist": permitted, "protocol_whitelist": "", "format_whitelist": kind.demuxer}
        if kind.rate_hz and kind.demuxer not in ("g722", "g729", "g723_1", "gsm"):
            options["sample_rate"] = str(kind.rate_hz)
        self._view.seek(0)
        try:
            return av.open(self._view, "r", kind.demuxer, options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            if kind.demuxer == "mov" and missing_index(self._view):
                raise failed(Remark("index_missing", {"container": kind.label})) from error
            values: dict[str, str | int | float] = {"container": kind.label, "message": _words(error)}
            raise failed(Remark("container_unreadable", values)) from error

    def _open(self, index: int) -> None:
        """Starts decoding a track; the header is known once a frame is there."""
        if self._packets:
            self._container = self._demuxer()
        self._errors, self._packets, self._frames, self.end = [], 0, 0, None
        self._track = self._container.streams.audio[index]
        context = self._track.codec_context
        codec = self._codec(index)
        if context is None or not context.codec or not codec_of(context.codec.name).decoders:
            raise failed(Remark("codec_not_permitted", {"codec": codec_of(codec).name}))
        context.thread_type, context.thread_count = "NONE", 1
        self._frames_left = self._decoded()
        self._first = next(self._frames_left, None)
        if self._first is None:
            label = self._kind.label
            if not self._packets:
                raise EvidenceError(Remark("no_samples"), "no_audio")
            values: dict[str, str | int | float] = {"container": label, "codec": codec_of(codec).name}
            if not self._errors:
                raise failed(Remark("nothing_decoded", values))
            raise failed(Remark("nothing_decoded_error", {**values, "message": self._errors[0][1]}))
        _samples(self._first)  # why: a form that cannot be read is a reason before anything was given out
        self.header = self._describe(codec)

    def _describe(self, codec: str) -> Header:
        first, track = self._first, self._track
        assert first is not None
        self._zero_s = (self._container.start_time or 0) / av.time_base
        start_s, self._clock = _time(first) - self._zero_s, _time(first)
        seconds = None
        if track.duration and track.time_base:
            seconds = float(track.duration * track.time_base)
        elif self._container.duration:
            seconds = self._container.duration / av.time_base
        return Header(
            container=self._container.format.name,
            codec=codec,
            sample_rate_hz=first.sample_rate,
            channels=first.layout.nb_channels,
            decoder="PyAV",
            decoder_version=decoder_versions()["PyAV"],
            bit_rate_bps=track.codec_context.bit_rate or self._container.bit_rate or None,
            expected_samples=round(seconds * first.sample_rate) if seconds and 0 < seconds < 1e7 else None,
            tags={**self._container.metadata, **track.metadata},
            start_s=start_s if start_s >= _GAP_S else 0.0,
        )

    def _codec(self, number: int) -> str:
        """The name of a track's codec, as its decoder or, without one, as the container tells it."""
        track = self._container.streams.audio[number]
        entry = self._index[number].entry if number < len(self._index) else ""
        if track.codec_context is not None and track.codec_context.codec is not None and entry != "usac":
            return str(track.codec_context.codec.name)
        return entry or stated_coding(self._view, self._kind.demuxer) or "unknown"

    def _name_tracks(self, first_error: EvidenceError | None) -> None:
        audio = self._container.streams.audio
        self.header.tracks = [
            {
                "index": number,
                "language": track.metadata.get("language", "").removeprefix("und"),
                "title": track.metadata.get("title", ""),
                "codec": codec_of(self._codec(number)).name,
                "chosen": track is self._track,
            }
            for number, track in enumerate(audio)
        ]
        if len(audio) > 1:
            chosen = next(entry for entry in self.header.tracks if entry["chosen"])
            rest = "; ".join(_track_name(entry) for entry in self.header.tracks if not entry["chosen"])
            values: dict[str, str | int | float] = {"n": len(audio), "examined": _track_name(chosen), "others": rest}
            self.remarks.append(Remark("several_tracks", values))
        if first_error is not None:
            self.remarks.append(first_error.remark)
        chosen_index = next(entry["index"] for entry in self.header.tracks if entry["chosen"])
        if chosen_index < len(self._index) and self._index[chosen_index].hidden_s > _GAP_S:
            self.remarks.append(Remark("edit_list_hides", {"hidden_s": self._index[chosen_index].hidden_s}))
        if self.header.start_s:
            self.remarks.append(Remark("starts_late", {"start_s": self.header.start_s}))
        self.remarks += picture_remarks(self._container.streams.video)

    def blocks(self) -> Iterator[np.ndarray | Break]:
        """See `Source.blocks`."""
        form = self.header.sample_rate_hz, self.header.channels
        pending: list[np.ndarray] = []
        held = 0
        frame, self._first = self._first, None
        while frame is not None:
            rate, channels = frame.sample_rate, frame.layout.nb_channels
            jump = _time(frame) - self._clock if frame.pts is not None else 0.0
            apart = abs(jump) > _GAP_S and self._frames > 1
            if (rate, channels) != form or apart:
                if pending:
                    yield np.concatenate(pending)
                pending, held = [], 0
                self._note_break(jump if apart else 0.0, form, (rate, channels))
                form = rate, channels
                self._check_limits(rate, channels)
                yield Break(_time(frame) - self._zero_s, rate, channels)
            if frame.pts is not None:
                self._clock = _time(frame)
            self._clock += frame.samples / rate
            self._typical_s = frame.samples / rate
            samples = _samples(frame)
            left_out = min(self._skip, len(samples))
            self._skip -= left_out
            if left_out < len(samples):
                pending.append(samples[left_out:])
                held += len(samples) - left_out
                self.decoded += len(samples) - left_out
            if held >= block_frames(rate, channels):
                yield np.concatenate(pending)
                pending, held = [], 0
            frame = next(self._frames_left, None)
        if pending:
            yield np.concatenate(pending)
        self._account()

    def _note_break(self, jump: float, before: tuple[int, int], after: tuple[int, int]) -> None:
        at_s = self.decoded / before[0]
        if before != after:
            values: dict[str, str | int | float] = {
                "after_s": at_s,
                "rate_hz": after[0],
                "channels": after[1],
            }
            self.remarks.append(Remark("format_changes", values))
        elif jump > 0:
            self.remarks.append(Remark("time_stamps_jump", {"after_s": at_s, "gap_s": jump}))
        else:
            self.remarks.append(Remark("time_stamps_restart", {"after_s": at_s}))

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Frames in order; a packet that cannot be decoded is counted and skipped."""
        packets, place = self._container.demux(), None
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                self.broken = True
                self.remarks.append(Remark("reading_stopped", {"message": _words(error)}))
                return
            if packet.pos is not None and packet.pos >= 0 and packet.size:
                self.end = max(self.end or 0, packet.pos + packet.size)
            if packet.stream is not self._track:
                continue
            if packet.size and self._kind.demuxer in _STREAMS and packet.pos is not None:
                if place is not None and packet.pos - place > 0:
                    self._note_junk(place, packet.pos - place)
                place = packet.pos + packet.size
            if packet.size and not packet.is_discard:
                self._packets += 1
            try:
                frames = packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                self._errors.append((self._clock, _words(error)))
                continue
            self._frames += len(frames)
            yield from frames

    def _note_junk(self, place: int, count: int) -> None:
        if count >= _JUNK_BYTES:
            values: dict[str, str | int | float] = {"bytes": count, "offset": self._view.start + place}
            self.remarks.append(Remark("bytes_skipped", values))

    def _account(self) -> None:
        """What the packets held, against the samples that came out."""
        if self._errors:
            lost = len(self._errors) * self._typical_s
            self.lost_s += lost
            at_s, message = self._errors[0]
            values: dict[str, str | int | float] = {"n": len(self._errors), "at_s": at_s, "lost_s": lost}
            self.remarks.append(Remark("packets_skipped", {**values, "message": message}))
        silent = self._packets - self._frames - len(self._errors)
        if silent > 3 + 0.01 * self._packets:
            self.lost_s += silent * self._typical_s
            self.remarks.append(Remark("packets_silent", {"n": silent, "lost_s": silent * self._typical_s}))
        missing_s = self._indexed_behind_the_end() if self._kind.demuxer == "mov" else 0.0
        if missing_s > 0:
            self.lost_s += missing_s
            self.remarks.append(Remark("seconds_missing", {"missing_s": missing_s}))

    def _indexed_behind_the_end(self) -> float:
        """Sound that the index places behind the end of the file, seconds."""
        entries, size = self._track.index_entries, self._view.size
        count = len(entries)
        first = count
        while first and entries[first - 1].pos + entries[first - 1].size > size:
            first -= 1
        if first == count:
            return 0.0
        ticks = entries[count - 1].timestamp - entries[first].timestamp
        return float(ticks * self._track.time_base) + self._typical_s


def _track_name(entry: dict[str, Any]) -> str:
    """A track as people find it: its number, and what the file says of it."""
    told = ", ".join(str(entry[name]) for name in ("language", "title", "codec") if entry[name])
    return f"{entry['index'] + 1} ({told})"


def _time(frame: av.AudioFrame) -> float:
    return float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else 0.0


def _samples(frame: av.AudioFrame) -> np.ndarray:
    """One frame as (n, C) float32, full scale = 1."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels > _MAX_PLANES:
        raise failed(Remark("channels_unsupported", {"channels": channels, "limit": _MAX_PLANES}))
    array = frame.to_ndarray()
    array = array.T if frame.format.is_planar else array.reshape(-1, channels)
    scale = _INTEGER_SCALE.get(frame.format.name.removesuffix("p"))
    if scale is None:
        return array.astype(np.float32, copy=False)
    offset = scale if frame.format.name.startswith("u8") else 0.0
    return ((array.astype(np.float64) - offset) / scale).astype(np.float32)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
