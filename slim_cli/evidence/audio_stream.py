"""The decoded audio of one file, as it comes from the isolated process: one rate and one number of channels."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import soxr

from slim_cli.errors import EvidenceError
from slim_cli.evidence import wire
from slim_cli.evidence.frame_pipes import FramePipe
from slim_cli.evidence.text import clean
from slim_cli.media import Segment, Track
from slim_cli.results import Media, Remark, Status

_MAX_TAGS, _TAG_CHARS = 64, 1000
_MAX_REMARKS, _MAX_SEGMENTS = 64, 1000
_CODE, _MAX_VALUES = re.compile("[a-z][a-z0-9_]{1,60}"), 8


@dataclass(frozen=True)
class Limits:
    """What decoding one file may cost.

    Attributes:
        max_duration_s: audio beyond this is left out, with a warning, seconds.
        timeout_s: longest wait for the next block, seconds.
    """

    max_duration_s: float = 24 * 3600.0
    timeout_s: float = 120.0


class AudioStream:
    """Decoded audio of one file; iterate it once.

    Attributes:
        media: how the first recording is stored; `samples` and `duration_s` are final after the last block.
        remarks: what limits the result; complete after the last block.
        expected_s: duration that the container announces, seconds, None where it does not.
        container_start_s: the container's clock at the first sample, seconds.
        tracks: the audio tracks of the container.
        segments: what the audio is made of; complete after the last block.
        bytes_unexamined, seconds_unexamined: what was not decoded, as far as it is known; final after the last block.
    """

    def __init__(self, end_of_child: Callable[[], Remark], pipe: FramePipe, limits: Limits, size_bytes: int) -> None:
        self._end_of_child, self._pipe, self._limits, self._size = end_of_child, pipe, limits, size_bytes
        self.remarks: list[Remark] = []
        self.segments: list[Segment] = []
        self.bytes_unexamined, self.seconds_unexamined = 0, 0.0
        kind, payload = self._frame()
        if kind != wire.HEADER:
            raise _failed(Remark("decoder_protocol"))
        header = _object(payload)
        expected = header.get("expected_samples")
        try:
            self.media = _media(header)
            self.expected_s = float(expected) / self.media.sample_rate_hz if expected else None
            self.container_start_s = float(header["start_s"])
            self.tracks = tuple(_track(entry) for entry in header["tracks"][:_MAX_TAGS])
            self._open = _Open(header, self.container_start_s, self.media.sample_rate_hz, self.media.channels)
        except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
            raise _failed(Remark("decoder_protocol")) from error
        self._samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Blocks (C, n) float32 at the rate of the first recording, in time order.

        Raises:
            EvidenceError: decoding fails, crashes or stalls.
        """
        for block in self._blocks():
            limit = int(self._limits.max_duration_s * self.media.sample_rate_hz)
            part = block[:, : limit - self._samples]
            self._samples += part.shape[1]
            if part.shape[1]:
                yield part
            if self._samples >= limit:
                self.remarks.append(Remark("longer_than_limit", {"limit_s": self._limits.max_duration_s}))
                break
        self._close()
        if not self._samples:
            raise EvidenceError(Remark("no_samples"), "no_audio")
        duration = self._samples / self.media.sample_rate_hz
        rate = self.media.bit_rate_bps or round(8 * self._size / duration)
        self.media = replace(self.media, samples=self._samples, duration_s=duration, bit_rate_bps=rate)

    def account(self) -> dict[str, Any]:
        """The fields of a result row on what was examined; complete after the last block."""
        seconds = self._samples / self.media.sample_rate_hz
        return {
            "container_start_s": self.container_start_s,
            "segments": tuple(self.segments),
            "tracks": self.tracks,
            "seconds_examined": seconds,
            "seconds_unexamined": self.seconds_unexamined,
            "bytes_examined": self._size - self.bytes_unexamined,
            "bytes_unexamined": self.bytes_unexamined,
        }

    def _blocks(self) -> Iterator[np.ndarray]:
        """What the decoding process sends, converted to one rate and one number of channels."""
        while True:
            kind, payload = self._frame()
            if kind == wire.BLOCK:
                if len(payload) % (4 * self._open.channels):
                    raise _failed(Remark("decoder_protocol"))
                yield self._open.push(np.frombuffer(payload, np.dtype("<f4")), self.media)
            elif kind in (wire.HEADER, wire.BREAK):
                yield self._open.flush(self.media)
                self._close()
                self._reopen(_object(payload))
            elif kind == wire.END:
                yield self._open.flush(self.media)
                self._account(_object(payload))
                return
            else:
                raise _failed(Remark("decoder_protocol"))

    def _reopen(self, told: dict[str, Any]) -> None:
        try:
            rate, channels = int(told["sample_rate_hz"]), int(told["channels"])
            if not (0 < rate <= 2**20 and 0 < channels <= 1024):
                raise ValueError("no such audio")
            self._open = _Open(told, float(told["start_s"]), rate, channels)
        except (KeyError, TypeError, ValueError) as error:
            raise _failed(Remark("decoder_protocol")) from error
        if channels > self.media.channels:
            values: dict[str, str | int | float] = {"n": channels - self.media.channels}
            self.remarks.append(Remark("channels_not_examined", values))

    def _close(self) -> None:
        if len(self.segments) < _MAX_SEGMENTS and self._open.samples:
            self.segments.append(self._open.segment())

    def _account(self, told: dict[str, Any]) -> None:
        self.remarks += [_remark(remark) for remark in told.get("remarks", [])[:_MAX_REMARKS]]
        try:
            self.bytes_unexamined = int(told["bytes_unexamined"])
            self.seconds_unexamined = float(told["seconds_unexamined"])
        except (KeyError, TypeError, ValueError) as error:
            raise _failed(Remark("decoder_protocol")) from error

    def _frame(self) -> tuple[bytes, bytearray]:
        kind, length = wire.PREFIX.unpack(self._read(wire.PREFIX.size))
        if length > wire.MAX_PAYLOAD:
            raise _failed(Remark("decoder_protocol"))
        payload = self._read(length)
        if kind == wire.FAILURE:
            failure = _object(payload)
            status: Status = "no_audio" if failure.get("status") == "no_audio" else "decode_failed"
            raise EvidenceError(_remark(failure.get("remark")), status)
        return kind, payload

    def _read(self, count: int) -> bytearray:
        buffer, filled = bytearray(count), 0
        while filled < count:
            got = self._pipe.read_into(memoryview(buffer)[filled:], self._limits.timeout_s)
            if got is None:
                raise _failed(Remark("decoder_stalled", {"waited_s": self._limits.timeout_s}))
            if not got:
                raise _failed(self._end_of_child())
            filled += got
        return buffer


class _Open:
    """The segment that is being decoded."""

    def __init__(self, told: dict[str, Any], start_s: float, rate_hz: int, channels: int) -> None:
        offset = told.get("offset")
        self._offset = offset if isinstance(offset, int) else None
        self._start_s, self._rate, self.channels = start_s, rate_hz, channels
        self._digests = [hashlib.sha256() for _ in range(channels)]
        self._resampler: soxr.ResampleStream | None = None
        self.samples = 0

    def push(self, samples: np.ndarray, media: Media) -> np.ndarray:
        """The next samples, interleaved at their own rate, as (C, n) at the file's."""
        block = np.ascontiguousarray(samples.reshape(-1, self.channels).T)
        self.samples += block.shape[1]
        for digest, channel in zip(self._digests, block, strict=True):
            digest.update(channel)
        return self._fit(block, media)

    def flush(self, media: Media) -> np.ndarray:
        """What the conversion of the rate still holds."""
        return self._fit(np.zeros((self.channels, 0), np.float32), media, last=True)

    def segment(self) -> Segment:
        """What is known of the segment at its end."""
        hashes = tuple(digest.hexdigest() for digest in self._digests)
        return Segment(self._offset, self._start_s, self.samples / self._rate, self._rate, hashes)

    def _fit(self, block: np.ndarray, media: Media, last: bool = False) -> np.ndarray:
        if self._rate != media.sample_rate_hz:
            if self._resampler is None:
                self._resampler = soxr.ResampleStream(self._rate, media.sample_rate_hz, self.channels, "float32")
            block = self._resampler.resample_chunk(np.ascontiguousarray(block.T), last=last).T
        if self.channels == media.channels:
            return block
        return block[np.minimum(np.arange(media.channels), self.channels - 1)]


def _failed(remark: Remark) -> EvidenceError:
    return EvidenceError(remark, "decode_failed")


def _track(entry: dict[str, Any]) -> Track:
    language, title, codec = (clean(entry[name]) for name in ("language", "title", "codec"))
    return Track(int(entry["index"]), language, title, codec, bool(entry["chosen"]))


def _remark(told: Any) -> Remark:
    """A remark of the decoding process, which may have been taken over: short, and harmless to show."""
    match told:
        case {"code": str(code), "values": dict(values)} if _CODE.fullmatch(code) and len(values) <= _MAX_VALUES:
            return Remark(code, {clean(name): _value(value) for name, value in values.items()})
    raise _failed(Remark("decoder_protocol"))


def _value(value: Any) -> str | int | float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value if isinstance(value, int) and abs(value) < 2**63 else clean(value)


def _object(payload: bytearray) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise _failed(Remark("decoder_protocol")) from error
    if not isinstance(value, dict):
        raise _failed(Remark("decoder_protocol"))
    return value


def _media(header: dict[str, Any]) -> Media:
    tags = list(header["tags"].items())[:_MAX_TAGS]
    return Media(
        container=clean(header["container"]),
        codec=clean(header["codec"]),
        sample_rate_hz=int(header["sample_rate_hz"]),
        channels=int(header["channels"]),
        samples=0,
        duration_s=0.0,
        decoder=clean(header["decoder"]),
        decoder_version=clean(header["decoder_version"]),
        bit_rate_bps=int(header["bit_rate_bps"]) if header["bit_rate_bps"] else None,
        tags={clean(k): clean(v, _TAG_CHARS) for k, v in tags},
    )
