"""Conditions that a clip may be tested under: channels that code and decode it whole, noise and rooms; never random."""

from __future__ import annotations

import ctypes
import ctypes.util
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import MappingProxyType
from typing import cast

import av
import av.error
import numpy as np
import soundfile
import soxr

from slim_cli.errors import EnvironmentUnfit, EvidenceError, UsageError
from slim_cli.results import MODEL_RATE_HZ, Remark

NARROW_HZ = 8000
_AMR_WB_MODE = 2  # 12.65 kbit/s
_AMR_WB_FRAME = 320  # samples
_AMR_NB = "libopencore_amrnb"
AMR_WB_LIBRARY = "vo-amrwbenc"
_NO_ROOMS = "no pyroomacoustics (pip install 'slim-audit[rooms]')"
NO_AMR_WB = f"no AMR-WB encoder (the library {AMR_WB_LIBRARY}, e.g. Debian's libvo-amrwbenc0)"

# Conditions that are no channels: in words, whether in a room, and signal-to-noise ratio, dB.
SURROUNDINGS: Mapping[str, tuple[str, bool, float | None]] = MappingProxyType(
    {
        "noise-20db": ("noise 20 dB below the speech: white, pink, mains hum or babble-like", False, 20.0),
        "noise-10db": ("the same noise 10 dB below the speech", False, 10.0),
        "room": ("a simulated room, the microphone 1.5 to 4 m away, RT60 about 0.3 to 0.8 s", True, None),
        "room-noise": ("the same room with noise 20 dB below the speech", True, 20.0),
    }
)


@dataclass(frozen=True)
class Condition:
    """One condition: a channel, where it makes a file, else noise or a room.

    Attributes:
        name: short name, empty for none.
        words: what it is, in words.
        apply: samples (T,) float32 at 16 kHz → the same as received, never longer.
        missing: what the machine lacks for it, in words; empty where it can be measured.
        store: samples → the file that the channel makes of them; None where nothing is coded.
        suffix: how the name of such a file ends.
    """

    name: str
    words: str
    apply: Callable[[np.ndarray], np.ndarray]
    missing: str = ""
    store: Callable[[np.ndarray], bytes] | None = None
    suffix: str = ""


AS_IS = Condition("", "as it is", lambda samples: samples)


def conditions(names: str) -> list[Condition]:
    """The conditions named in a comma-separated list, also those of a group that this machine lacks.

    The groups are `channels`, `surroundings` (noise and rooms) and `all`.

    Raises:
        UsageError: an unknown name.
        EnvironmentUnfit: a condition was asked for by name that cannot be measured here.
    """
    coded, around = _channels(), _surroundings()
    groups = {"all": [*coded, *around], "channels": coded, "surroundings": around}
    if names in groups:
        return list(groups[names])
    known = {condition.name: condition for condition in groups["all"]}
    chosen = [name.strip() for name in names.split(",")]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise UsageError(f"There is no condition {unknown[0]!r}; choose from {', '.join([*groups, *known])}.")
    for condition in (known[name] for name in chosen):
        if condition.missing:
            raise EnvironmentUnfit(f"The condition {condition.name} cannot be measured here: {condition.missing}.")
    return [known[name] for name in chosen]


def channels(names: str) -> list[Condition]:
    """As `conditions`, of channels only, so that `all` gives all of these.

    Raises:
        UsageError: an unknown name, or noise or a room.
        EnvironmentUnfit: a channel was asked for by name that cannot be had here.
    """
    chosen = conditions("channels" if names == "all" else names)
    if other := [condition.name for condition in chosen if condition.name in SURROUNDINGS]:
        raise UsageError(f"The condition {other[0]} makes no file: choose from the channels alone.")
    return chosen


def in_turn(labels: Sequence[str], chosen: Sequence[Condition]) -> list[Condition]:
    """As it is and each condition in turn, within each class, so that no condition goes with a class."""
    turns, seen = (AS_IS, *chosen), Counter[str]()
    result = []
    for label in labels:
        result.append(turns[seen[label] % len(turns)])
        seen[label] += 1
    return result


def _channels() -> Sequence[Condition]:
    library = ctypes.util.find_library(AMR_WB_LIBRARY)
    return (
        _channel("mp3-64k", "MP3, 64 kbit/s", "mp3", lambda x: coded(x, "mp3", "libmp3lame", bit_rate=64_000)),
        _channel("aac-64k", "AAC, 64 kbit/s", "aac", lambda x: coded(x, "adts", "aac", bit_rate=64_000)),
        _channel("opus-16k", "Opus, 16 kbit/s", "ogg", lambda x: coded(x, "ogg", "libopus", bit_rate=16_000)),
        _channel(
            "amr-wb",
            "AMR-WB, 12.65 kbit/s",
            "amr",
            lambda x: amr_wb(x, ctypes.CDLL(library)),
            "" if library else NO_AMR_WB,
        ),
        _channel("g711", "G.711 µ-law, 8 kHz", "wav", lambda x: coded(x, "wav", "pcm_mulaw", NARROW_HZ)),
        _channel("g711-alaw", "G.711 A-law, 8 kHz", "wav", lambda x: coded(x, "wav", "pcm_alaw", NARROW_HZ)),
        _channel("amr-nb", "AMR-NB, 12.2 kbit/s", "amr", lambda x: coded(x, "amr", _AMR_NB, NARROW_HZ, 12_200)),
        _channel("gsm", "GSM 06.10, 13 kbit/s", "wav", gsm),
        _channel("g722", "G.722, 64 kbit/s", "wav", lambda x: coded(x, "wav", "adpcm_g722")),
        _channel("band-8k", "sampled at 8 kHz", "wav", lambda x: coded(x, "wav", "pcm_s16le", NARROW_HZ)),
    )


def _surroundings() -> Sequence[Condition]:
    missing = "" if find_spec("pyroomacoustics") else _NO_ROOMS
    return tuple(
        Condition(name, words, partial(_surrounded, room=room, snr_db=snr_db), missing if room else "")
        for name, (words, room, snr_db) in SURROUNDINGS.items()
    )


def _surrounded(samples: np.ndarray, room: bool, snr_db: float | None) -> np.ndarray:
    from slim_cli.corpora.surroundings import in_room, seed_of, with_noise

    seed = seed_of(samples)
    heard = in_room(samples, seed) if room else samples
    return heard if snr_db is None else with_noise(heard, snr_db, seed)


def _channel(name: str, words: str, suffix: str, store: Callable[[np.ndarray], bytes], missing: str = "") -> Condition:
    return Condition(name, words, lambda samples: received(store(samples), samples), missing, store, f".{suffix}")


def coded(samples: np.ndarray, container: str, codec: str, rate_hz: int = MODEL_RATE_HZ, bit_rate: int = 0) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container, options={"fflags": "+bitexact"}) as out:
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
    return file.getvalue()


def gsm(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    narrow = np.clip(_resampled(samples, MODEL_RATE_HZ, NARROW_HZ), -1, 1)
    soundfile.write(file, narrow, NARROW_HZ, format="WAV", subtype="GSM610")
    return file.getvalue()


def amr_wb(samples: np.ndarray, library: ctypes.CDLL, mode: int = _AMR_WB_MODE) -> bytes:
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())
    pcm = np.pad(_int16(samples), (0, -len(samples) % _AMR_WB_FRAME))
    frames, packet = [b"#!AMR-WB\n"], ctypes.create_string_buffer(64)
    for frame in pcm.reshape(-1, _AMR_WB_FRAME):
        count = library.E_IF_encode(state, mode, np.ascontiguousarray(frame).ctypes.data_as(_SHORTS), packet, 0)
        frames.append(packet.raw[:count])
    library.E_IF_exit(state)
    return b"".join(frames)


_SHORTS = ctypes.POINTER(ctypes.c_int16)


def received(coded: bytes, original: np.ndarray) -> np.ndarray:
    """What a file sounds like, at 16 kHz and without what a codec's last frame adds at the end.

    Raises:
        EvidenceError: nothing arrives, because the original is shorter than the codec's first frame.
    """
    try:
        with av.open(io.BytesIO(coded), "r") as source:
            shaper = av.AudioResampler("flt", "mono")
            frames = [piece for frame in source.decode(audio=0) for piece in shaper.resample(frame)]
            rate = frames[0].sample_rate
    except (av.error.InvalidDataError, IndexError) as error:
        raise EvidenceError(Remark("no_samples"), "no_audio") from error
    received = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.ascontiguousarray(_resampled(received, rate, MODEL_RATE_HZ)[: len(original)], np.float32)


def _resampled(samples: np.ndarray, rate_hz: int, wanted_hz: int) -> np.ndarray:
    return samples if rate_hz == wanted_hz else soxr.resample(samples, rate_hz, wanted_hz)


def _int16(samples: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
