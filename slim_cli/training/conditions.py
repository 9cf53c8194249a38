"""Channels that a clip may have gone through: each codes and decodes a whole clip, the same way every time."""

from __future__ import annotations

import ctypes
import ctypes.util
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
import soxr

from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.results import MODEL_RATE_HZ

NARROW_HZ = 8000
_AMR_WB_MODE = 2  # 12.65 kbit/s
_AMR_WB_FRAME = 320  # samples
_AMR_WB_LIBRARY = "vo-amrwbenc"


@dataclass(frozen=True)
class Condition:
    """One channel.

    Attributes:
        name: short name, empty for none.
        words: what it is, in words.
        apply: samples (T,) float32 at 16 kHz → the same as received, never longer.
        missing: what the machine lacks for it, in words; empty where it can be measured.
    """

    name: str
    words: str
    apply: Callable[[np.ndarray], np.ndarray]
    missing: str = ""


AS_IS = Condition("", "as it is", lambda samples: samples)


def conditions(names: str) -> list[Condition]:
    """The conditions named in a comma-separated list; `all` gives every one, also those this machine lacks.

    Raises:
        UsageError: an unknown name.
        EnvironmentUnfit: a condition was asked for by name that cannot be measured here.
    """
    known = {condition.name: condition for condition in _known()}
    if names == "all":
        return list(known.values())
    chosen = [name.strip() for name in names.split(",")]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise UsageError(f"There is no condition {unknown[0]!r}; choose from all, {', '.join(known)}.")
    for condition in (known[name] for name in chosen):
        if condition.missing:
            raise EnvironmentUnfit(f"The condition {condition.name} cannot be measured here: {condition.missing}.")
    return [known[name] for name in chosen]


def _known() -> Sequence[Condition]:
    amr_wb = ctypes.util.find_library(_AMR_WB_LIBRARY)
    return (
        Condition("mp3-64k", "MP3, 64 kbit/s", lambda x: _coded(x, "mp3", "libmp3lame", bit_rate=64_000)),
        Condition("aac-64k", "AAC, 64 kbit/s", lambda x: _coded(x, "adts", "aac", bit_rate=64_000)),
        Condition("opus-16k", "Opus, 16 kbit/s", lambda x: _coded(x, "ogg", "libopus", bit_rate=16_000)),
        Condition(
            "amr-wb",
            "AMR-WB, 12.65 kbit/s",
            lambda x: _amr_wb(x, ctypes.CDLL(amr_wb)),
            "" if amr_wb else f"no AMR-WB encoder (the library {_AMR_WB_LIBRARY}, e.g. Debian's libvo-amrwbenc0)",
        ),
        Condition("g711", "G.711 µ-law, 8 kHz", lambda x: _coded(x, "wav", "pcm_mulaw", NARROW_HZ)),
        Condition("g722", "G.722, 64 kbit/s", lambda x: _coded(x, "wav", "adpcm_g722")),
        Condition("band-8k", "sampled at 8 kHz", lambda x: _fit(_resampled(x, MODEL_RATE_HZ, NARROW_HZ), NARROW_HZ, x)),
    )


def _coded(
    samples: np.ndarray, container: str, codec: str, rate_hz: int = MODEL_RATE_HZ, bit_rate: int = 0
) -> np.ndarray:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = cast(av.AudioStream, out.add_stream(codec, rate=rate_hz))
        stream.layout = "mono"
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            _int16(_resampled(samples, MODEL_RATE_HZ, rate_hz))[None], format="s16", layout="mono"
        )
        frame.sample_rate = rate_hz
        context = stream.codec_context
        context.open()
        shaper = av.AudioResampler(context.format, "mono", rate_hz, frame_size=context.frame_size or None)
        for piece in [*shaper.resample(frame), *shaper.resample(None), None]:
            out.mux(stream.encode(piece))
    return _decoded(file, samples)


def _amr_wb(samples: np.ndarray, library: ctypes.CDLL) -> np.ndarray:
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())
    pcm = np.pad(_int16(samples), (0, -len(samples) % _AMR_WB_FRAME))
    file, packet = io.BytesIO(b"#!AMR-WB\n"), ctypes.create_string_buffer(64)
    file.seek(0, io.SEEK_END)
    for frame in pcm.reshape(-1, _AMR_WB_FRAME):
        count = library.E_IF_encode(state, _AMR_WB_MODE, np.ascontiguousarray(frame).ctypes.data_as(_SHORTS), packet, 0)
        file.write(packet.raw[:count])
    library.E_IF_exit(state)
    return _decoded(file, samples)


_SHORTS = ctypes.POINTER(ctypes.c_int16)


def _decoded(file: io.BytesIO, original: np.ndarray) -> np.ndarray:
    file.seek(0)
    with av.open(file, "r") as source:
        shaper = av.AudioResampler("flt", "mono")
        frames = [piece for frame in source.decode(audio=0) for piece in shaper.resample(frame)]
        rate = frames[0].sample_rate
    return _fit(np.concatenate([frame.to_ndarray()[0] for frame in frames]), rate, original)


def _fit(received: np.ndarray, rate_hz: int, original: np.ndarray) -> np.ndarray:
    """At 16 kHz, without what a codec's last frame adds at the end."""
    return np.ascontiguousarray(_resampled(received, rate_hz, MODEL_RATE_HZ)[: len(original)], np.float32)


def _resampled(samples: np.ndarray, rate_hz: int, wanted_hz: int) -> np.ndarray:
    return samples if rate_hz == wanted_hz else soxr.resample(samples, rate_hz, wanted_hz)


def _int16(samples: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
