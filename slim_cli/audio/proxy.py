"""Listening proxies: a small coded copy of the scored channel, for the ear alone. No evidence, never an input."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import cast

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream

from slim_cli.audio.resampling import FirstRate
from slim_cli.audio.stream import Passage
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.whole_files import unnamed

ENCODER, CONTAINER, RATE_HZ, BIT_RATE_BPS = "libopus", "webm", 24_000, 24_000
LONGEST_S = 1800.0


def proxy_rule() -> str:
    """What a proxy is, for the record."""
    return f"Opus, {BIT_RATE_BPS // 1000} kbit/s, mono, {RATE_HZ} Hz, first {LONGEST_S / 60:g} min; not evidence"


def check_encoder() -> None:
    """Makes sure that proxies can be made.

    Raises:
        EnvironmentUnfit: PyAV was built without the encoder.
    """
    if ENCODER not in av.codecs_available:
        raise EnvironmentUnfit(f"--embed-audio needs the encoder {ENCODER}; install the wheel of PyAV.")


def proxy_name(overview: str) -> str:
    """Where the proxy of a file lies below the output folder, told from the name of its overview.

    >>> proxy_name("overview/7-0123456789ab.npz")
    'proxy/7-0123456789ab.webm'
    """
    return f"proxy/{PurePosixPath(overview).stem}.{CONTAINER}"


def proxy_url(folder: Path, overview: str | None) -> str | None:
    """The proxy of a file as a data URL, None where there is none.

    Raises:
        UsageError: it is there but cannot be read.
    """
    path = folder / proxy_name(overview) if overview else None
    if path is None or not path.is_file():
        return None
    try:
        return f"data:audio/{CONTAINER};base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError as error:
        raise UsageError(f"The listening proxy {path} cannot be read: {error.strerror}.") from error


class ProxyWriter:
    """Writes one proxy as the channel is decoded again; use as a context manager. Only `keep` leaves a file.

    Args:
        path: the file.
        rate_hz: native sample rate of the first segment.
        channel: which channel of the passages is written.

    Raises:
        EnvironmentUnfit: it cannot be written there.
    """

    stage = "pictures"

    def __init__(self, path: Path, rate_hz: int, channel: int = 0) -> None:
        self._channel, self._native = channel, FirstRate()
        self._path, self._partial, self._rate = path, unnamed(path), rate_hz
        self._digest, self._samples, self._most = hashlib.sha256(), 0, round(LONGEST_S * rate_hz)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._partial), "w", CONTAINER, options={"fflags": "+bitexact"})
        except OSError as error:
            raise EnvironmentUnfit(f"The listening proxy {path} cannot be written: {error.strerror}.") from error
        self._stream = cast(AudioStream, self._container.add_stream(ENCODER, rate=RATE_HZ, layout="mono"))
        encoder = cast(AudioCodecContext, self._stream.codec_context)
        encoder.bit_rate = BIT_RATE_BPS
        self._resampler = av.AudioResampler(encoder.format, "mono", RATE_HZ)

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        if self._channel < len(passage.decoded):
            self._digest.update(passage.decoded[self._channel].tobytes())
        block = self._native.push(passage.rate_hz, passage.native, passage.first, passage.last)
        self.push(block[self._channel])

    def push(self, samples: np.ndarray) -> None:
        """Adds the next samples of the channel, (n,) float32 at the native rate, all of them numbers."""
        kept = np.clip(samples[: max(0, self._most - self._samples)], -1, 1)
        if not len(kept):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(kept[None], np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = self._rate, self._samples
        self._samples += len(kept)
        self._code(frame)

    def keep(self, pcm_sha256: str) -> bool:
        """Finishes the file, and keeps it if the samples were those that were examined.

        Args:
            pcm_sha256: hash of the channel as it was examined.

        Returns:
            whether the hashes agree.
        """
        if self._digest.hexdigest() != pcm_sha256:
            return False
        self._code(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()
        os.replace(self._partial, self._path)
        return True

    def __enter__(self) -> ProxyWriter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._container.close()
        self._partial.unlink(missing_ok=True)
        if isinstance(error, av.error.FFmpegError):
            raise EnvironmentUnfit(f"The listening proxy {self._path} cannot be written: {error}.") from error

    def _code(self, frame: av.AudioFrame | None) -> None:
        for piece in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(piece))
