"""Decoding as the rest of the program sees it: blocks of float32 samples from an isolated process."""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from slim_cli.errors import EnvironmentUnfit, EvidenceError
from slim_cli.evidence import wire
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.formats import PERMITTED_DECODERS
from slim_cli.evidence.sniffing import Kind
from slim_cli.evidence.text import clean
from slim_cli.results import Media, Remark, Status

_MAX_TAGS, _TAG_CHARS = 64, 1000
_CODE, _MAX_VALUES = re.compile("[a-z][a-z0-9_]{1,60}"), 8
_PIPE_BYTES = 2**20
_CPU_S, _SLOWEST_X_REALTIME = 60, 40


@dataclass(frozen=True)
class Limits:
    """What decoding one file may cost.

    Attributes:
        max_duration_s: audio beyond this is left out, with a warning, seconds.
        timeout_s: longest wait for the next block, seconds.
    """

    max_duration_s: float = 24 * 3600.0
    timeout_s: float = 120.0


def decoder_rule() -> dict[str, str]:
    """The fixed rule by which a decoder is chosen, and both decoders' versions; part of every fingerprint."""
    from slim_cli.evidence.codecs import decoder_versions

    rule = "by first bytes; libsndfile where it opens the file, else FFmpeg with one forced demuxer, first audio track"
    return {"rule": rule, **decoder_versions(), "ffmpeg_codecs": ",".join(PERMITTED_DECODERS)}


class AudioStream:
    """Decoded audio of one file; iterate it once.

    Attributes:
        media: how the audio is stored; `samples` and `duration_s` are final after the last block.
        remarks: what limits the result; complete after the last block.
        expected_s: duration that the container announces, seconds, None where it does not.
    """

    def __init__(self, decoder: Decoder, pipe: int, limits: Limits, size_bytes: int) -> None:
        self._decoder, self._pipe, self._limits, self._size = decoder, pipe, limits, size_bytes
        self.remarks: list[Remark] = []
        kind, payload = self._frame()
        if kind != wire.HEADER:
            raise _failed(Remark("decoder_protocol"))
        header = _object(payload)
        expected = header.get("expected_samples")
        try:
            self.media = _media(header)
            self.expected_s = float(expected) / self.media.sample_rate_hz if expected else None
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise _failed(Remark("decoder_protocol")) from error

    def __iter__(self) -> Iterator[np.ndarray]:
        """Blocks (C, n) float32 at the native rate, in time order.

        Raises:
            EvidenceError: decoding fails, crashes or stalls.
        """
        channels, limit = self.media.channels, int(self._limits.max_duration_s * self.media.sample_rate_hz)
        samples = 0
        while True:
            kind, payload = self._frame()
            if kind == wire.END:
                self.remarks += [_remark(told) for told in _object(payload).get("remarks", [])[:_MAX_TAGS]]
                break
            if kind != wire.BLOCK or len(payload) % (4 * channels):
                raise _failed(Remark("decoder_protocol"))
            block = np.frombuffer(payload, np.dtype("<f4")).reshape(-1, channels)[: limit - samples]
            samples += len(block)
            if len(block):
                yield np.ascontiguousarray(block.T)
            if samples >= limit:
                self.remarks.append(Remark("longer_than_limit", {"limit_s": self._limits.max_duration_s}))
                break
        if not samples:
            raise _failed(Remark("no_samples"))
        duration = samples / self.media.sample_rate_hz
        rate = self.media.bit_rate_bps or round(8 * self._size / duration)
        self.media = replace(self.media, samples=samples, duration_s=duration, bit_rate_bps=rate)

    def _frame(self) -> tuple[bytes, bytes]:
        kind, length = wire.PREFIX.unpack(self._read(wire.PREFIX.size))
        if length > wire.MAX_PAYLOAD:
            raise _failed(Remark("decoder_protocol"))
        payload = self._read(length)
        if kind == wire.FAILURE:
            failure = _object(payload)
            status: Status = "no_audio" if failure.get("status") == "no_audio" else "decode_failed"
            raise EvidenceError(_remark(failure.get("remark")), status)
        return kind, payload

    def _read(self, count: int) -> bytes:
        buffer, filled = bytearray(count), 0
        while filled < count:
            ready, _, _ = select.select([self._pipe], [], [], self._limits.timeout_s)
            if not ready:
                raise _failed(Remark("decoder_stalled", {"waited_s": self._limits.timeout_s}))
            got = os.readv(self._pipe, [memoryview(buffer)[filled:]])
            if not got:
                raise _failed(self._decoder.end_of_child())
            filled += got
        return bytes(buffer)


class Decoder:
    """The isolated decoding process; use as a context manager, one open file at a time."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._busy = False

    @contextmanager
    def open(self, exhibit: Exhibit, kind: Kind, limits: Limits) -> Iterator[AudioStream]:
        """Starts decoding an exhibit; leaving the context stops it.

        Args:
            exhibit: the open file.
            kind: what its first bytes say.
            limits: what decoding may cost.

        Raises:
            EvidenceError: the file cannot be opened by its decoder.
        """
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            _widen(read_end)
            job = {"kind": asdict(kind), "cpu_s": int(_CPU_S + limits.max_duration_s / _SLOWEST_X_REALTIME)}
            try:
                os.lseek(exhibit.fd, 0, os.SEEK_SET)
                self._submit(json.dumps(job).encode(), [exhibit.fd, write_end])
            finally:
                os.close(write_end)
            yield AudioStream(self, read_end, limits, exhibit.size_bytes)
        finally:
            os.close(read_end)
            self.end_of_child(kill=True)

    def end_of_child(self, kill: bool = False) -> Remark:
        """Waits for the end of the child that decodes the present file.

        Args:
            kill: end it first if it still runs.

        Returns:
            what became of it.
        """
        if not self._busy or self._control is None:
            return Remark("decoder_ended")
        self._busy = False
        try:
            if kill:
                self._control.send(b"kill")
            answer = self._control.recv(4096)
        except OSError:
            answer = b""
        if not answer:
            self.close()
            return Remark("decoding_process_killed")
        return _fate(json.loads(answer)["status"])

    def close(self) -> None:
        """Ends the decoding process; a later `open` starts a new one."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.wait()
        self._server = self._control = None

    def _submit(self, job: bytes, descriptors: list[int]) -> None:
        for attempt in (1, 2):
            control = self._control or self._start()
            try:
                socket.send_fds(control, [job], descriptors)
                self._busy = True
                return
            except OSError as error:
                self.close()
                if attempt == 2:
                    raise EnvironmentUnfit(f"The decoding process cannot be started: {error}.") from error

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        paths = [entry for entry in sys.path if entry]
        program = (
            f"import sys; sys.path[:] = {paths!r}\n"
            f"from slim_cli.evidence.decode_server import serve; serve({theirs.fileno()})"
        )
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-c", program],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **threads},
                start_new_session=True,
            )
        self._control = ours
        return ours

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def open_audio(path: Path, limits: Limits | None = None) -> Iterator[AudioStream]:
    """Decodes one file in an isolated process.

    Args:
        path: the file.
        limits: what decoding may cost.

    Raises:
        EvidenceError: it cannot be read, is no audio, or cannot be decoded.
    """
    with (
        Exhibit(path) as exhibit,
        Decoder() as decoder,
        decoder.open(exhibit, exhibit.kind(), limits or Limits()) as stream,
    ):
        yield stream


def _failed(remark: Remark) -> EvidenceError:
    return EvidenceError(remark, "decode_failed")


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


def _object(payload: bytes) -> dict[str, Any]:
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


def _fate(status: int) -> Remark:
    if not os.WIFSIGNALED(status):
        return Remark("decoder_unfinished")
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return Remark("decoder_time_limit")
    known = {s.value: s.name for s in signal.Signals}
    named = known.get(number, str(number))
    if number == signal.SIGKILL:
        return Remark("decoder_killed", {"signal": named})
    return Remark("decoder_crashed", {"signal": named})


def _widen(pipe: int) -> None:
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except PermissionError:
        return  # the system's default size is only slower
