"""Decoding as the rest of the program sees it: blocks of float32 samples from an isolated process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from slim_cli import portable
from slim_cli.errors import EnvironmentUnfit, EvidenceError
from slim_cli.evidence.audio_stream import AudioStream, Limits
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.fates import fate
from slim_cli.evidence.formats import PERMITTED_DECODERS
from slim_cli.evidence.frame_pipes import DescriptorPipe
from slim_cli.evidence.sniffing import Kind
from slim_cli.evidence.spawned_decoding import spawned_stream
from slim_cli.results import Remark

_PIPE_BYTES = 2**20
_CPU_S, _SLOWEST_X_REALTIME = 60, 40

__all__ = ["AudioStream", "Decoder", "Limits", "decoder_rule", "open_audio"]


def decoder_rule() -> dict[str, str]:
    """The fixed rule by which a decoder is chosen, and both decoders' versions; part of every fingerprint."""
    from slim_cli.evidence.codecs import decoder_versions

    rule = (
        "by content; every recording in a file, in order; libsndfile where it reads one to its end, else FFmpeg with "
        " one forced demuxer; the first audio track that can be decoded; later parts at the rate of the first"
    )
    return {"rule": rule, **decoder_versions(), "ffmpeg_codecs": ",".join(PERMITTED_DECODERS)}


class Decoder:
    """The isolated decoding process; use as a context manager, one open file at a time."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._busy = False

    @contextmanager
    def open(self, exhibit: Exhibit, kind: Kind, limits: Limits, track: int | None = None) -> Iterator[AudioStream]:
        """Starts decoding an exhibit; leaving the context stops it.

        Args:
            exhibit: the open file.
            kind: what its first bytes say.
            limits: what decoding may cost.
            track: number of the audio track to decode, from 0; None for the first that can be decoded.

        Raises:
            EvidenceError: the file cannot be opened by its decoder.
        """
        cpu_s = int(_CPU_S + limits.max_duration_s / _SLOWEST_X_REALTIME)
        job = {"kind": asdict(kind), "track": track, "cpu_s": cpu_s}
        if not portable.FORKS_DECODERS:
            with spawned_stream(exhibit, job, limits) as stream:
                yield stream
            return
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            portable.widen_pipe(read_end, _PIPE_BYTES)
            try:
                os.lseek(exhibit.fd, 0, os.SEEK_SET)
                self._submit(json.dumps(job).encode(), [exhibit.fd, write_end])
            finally:
                os.close(write_end)
            yield AudioStream(self.end_of_child, DescriptorPipe(read_end), limits, exhibit.size_bytes)
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
        status = json.loads(answer)["status"]
        return fate(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)

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
