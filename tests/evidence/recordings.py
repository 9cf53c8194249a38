"""Recordings of every supported format, made on the spot: ordinary files, for tests and for the fuzz harness."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile

SECONDS = 2.0


@dataclass(frozen=True)
class Form:
    """One way of storing a recording.

    Attributes:
        suffix: of its files.
        container: libsndfile's or FFmpeg's name for the container.
        codec: libsndfile's or FFmpeg's name for the coding.
        rate_hz, channels: of the sound.
        sndfile: whether libsndfile writes it, else FFmpeg.
        video: whether a few pictures go with it.
    """

    suffix: str
    container: str
    codec: str
    rate_hz: int
    channels: int = 1
    sndfile: bool = False
    video: bool = False

    @property
    def name(self) -> str:
        """Unique among all forms."""
        kind = "-video" if self.video else ""
        return f"{self.container}-{self.codec}-{self.rate_hz}-{self.channels}{kind}{self.suffix}"


def _sndfile(
    suffix: str, container: str, codecs: str, rates: tuple[int, ...], channels: tuple[int, ...] = (1, 2)
) -> list[Form]:
    return [
        Form(suffix, container, codec, rate, count, sndfile=True)
        for codec, rate, count in itertools.product(codecs.split(), rates, channels)
    ]


def _ffmpeg(
    suffix: str,
    container: str,
    codecs: str,
    rates: tuple[int, ...],
    channels: tuple[int, ...] = (1, 2),
    video: bool = False,
) -> list[Form]:
    return [
        Form(suffix, container, codec, rate, count, video=video)
        for codec, rate, count in itertools.product(codecs.split(), rates, channels)
    ]


FORMS: tuple[Form, ...] = (
    *_sndfile(".wav", "WAV", "PCM_U8 PCM_16 PCM_24 FLOAT", (8_000, 16_000, 44_100)),
    *_sndfile(".wav", "WAV", "ULAW ALAW IMA_ADPCM MS_ADPCM", (8_000, 22_050)),
    *_sndfile(".wav", "WAV", "GSM610", (8_000,), (1,)),
    *_sndfile(".wav", "RF64", "PCM_16 PCM_24", (16_000, 48_000)),
    *_sndfile(".w64", "W64", "PCM_16 FLOAT", (16_000, 48_000)),
    *_sndfile(".aiff", "AIFF", "PCM_16 PCM_24 ULAW", (8_000, 44_100)),
    *_sndfile(".au", "AU", "PCM_16 ULAW", (8_000, 16_000)),
    *_sndfile(".caf", "CAF", "PCM_16 ALAC_16 ULAW", (16_000, 44_100)),
    *_sndfile(".flac", "FLAC", "PCM_16 PCM_24", (8_000, 16_000, 48_000)),
    *_sndfile(".ogg", "OGG", "VORBIS OPUS", (16_000, 48_000)),
    *_sndfile(".mp3", "MP3", "MPEG_LAYER_III", (8_000, 16_000, 22_050, 44_100, 48_000)),
    *_ffmpeg(".mp3", "mp3", "libmp3lame", (16_000, 44_100)),
    *_ffmpeg(".mp2", "mp2", "mp2", (16_000, 48_000)),
    *_ffmpeg(".m4a", "ipod", "aac alac", (16_000, 48_000)),
    *_ffmpeg(".mp4", "mp4", "aac libmp3lame ac3 libopus", (48_000,), video=True),
    *_ffmpeg(".mov", "mov", "aac pcm_s16le pcm_s24be adpcm_ima_qt", (16_000, 44_100), video=True),
    *_ffmpeg(".3gp", "3gp", "libopencore_amrnb", (8_000,), (1,)),
    *_ffmpeg(".amr", "amr", "libopencore_amrnb", (8_000,), (1,)),
    *_ffmpeg(".aac", "adts", "aac", (16_000, 44_100)),
    *_ffmpeg(".wma", "asf", "wmav1 wmav2", (16_000, 44_100)),
    *_ffmpeg(".mka", "matroska", "aac mp2 flac libopus libvorbis pcm_s16le ac3", (48_000,)),
    *_ffmpeg(".webm", "webm", "libopus libvorbis", (48_000,)),
    *_ffmpeg(".mkv", "matroska", "aac mp2 libopus pcm_s16le", (48_000,), video=True),
    *_ffmpeg(".avi", "avi", "libmp3lame pcm_s16le ac3 adpcm_ima_wav mp2", (44_100,), video=True),
    *_ffmpeg(".flv", "flv", "libmp3lame aac", (44_100,), video=True),
    *_ffmpeg(".ts", "mpegts", "aac mp2 ac3 libmp3lame", (48_000,), video=True),
    *_ffmpeg(".ts", "mpegts", "aac mp2", (48_000,)),
    *_ffmpeg(".mpg", "mpeg", "mp2 ac3", (48_000,), video=True),
    *_ffmpeg(".ac3", "ac3", "ac3", (48_000,)),
    *_ffmpeg(".opus", "ogg", "libopus", (48_000,)),
    *_ffmpeg(".oga", "ogg", "flac libvorbis", (16_000, 48_000)),
    *_ffmpeg(".spx", "ogg", "libspeex", (16_000,), (1,)),
    *_ffmpeg(".wv", "wv", "wavpack", (16_000, 44_100)),
    *_ffmpeg(".tta", "tta", "tta", (16_000, 44_100)),
    *_ffmpeg(".voc", "voc", "pcm_u8 pcm_s16le", (16_000,)),
    *_ffmpeg(".mxf", "mxf", "pcm_s16le", (48_000,), video=True),
    *_ffmpeg(".sln", "s16le", "pcm_s16le", (8_000,), (1,)),
    *_ffmpeg(".ulaw", "mulaw", "pcm_mulaw", (8_000,), (1,)),
    *_ffmpeg(".alaw", "alaw", "pcm_alaw", (8_000,), (1,)),
    *_ffmpeg(".g722", "g722", "g722", (16_000,), (1,)),
    *_ffmpeg(".gsm", "gsm", "libgsm", (8_000,), (1,)),
    *_sndfile(".wav", "WAVEX", "PCM_16 PCM_24", (48_000, 96_000)),
    *_sndfile(".wav", "WAV", "PCM_32 DOUBLE", (32_000,)),
    *_sndfile(".sph", "NIST", "PCM_16 ULAW ALAW", (8_000,)),
    *_sndfile(".au", "AU", "FLOAT ALAW", (11_025,)),
    *_sndfile(".flac", "FLAC", "PCM_16 PCM_24", (44_100, 96_000)),
    *_sndfile(".mp3", "MP3", "MPEG_LAYER_III", (11_025, 12_000, 24_000, 32_000)),
    *_ffmpeg(".mp2", "mp2", "mp2", (32_000, 44_100)),
    *_ffmpeg(".caf", "caf", "aac alac adpcm_ima_qt pcm_alaw", (44_100,)),
    *_ffmpeg(".mka", "matroska", "alac tta wavpack pcm_f32le pcm_s24le", (44_100,)),
    *_ffmpeg(".eac3", "eac3", "eac3", (48_000,)),
    *_ffmpeg(".ac3", "ac3", "ac3", (32_000, 44_100)),
    *_ffmpeg(".avi", "avi", "pcm_mulaw pcm_alaw adpcm_ms", (22_050,), video=True),
    *_ffmpeg(".mov", "mov", "alac pcm_mulaw pcm_f32le", (48_000,), video=True),
    *_ffmpeg(".3g2", "3g2", "aac", (22_050,)),
    *_ffmpeg(".flv", "flv", "nellymoser", (8_000, 22_050), (1,)),
    *_ffmpeg(".spx", "ogg", "libspeex", (8_000, 32_000), (1,)),
)


def voice(rate_hz: int, channels: int = 1, seconds: float = SECONDS, seed: int = 0) -> np.ndarray:
    """Something like a voice: harmonics with a moving pitch and level, in noise; (n, C) float32."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * t + seed)) / rate_hz
    sound = sum(np.sin(k * phase) / k for k in range(1, 12) if 180 * k < rate_hz / 2)
    level = 0.1 + 0.1 * np.sin(2 * np.pi * 2.3 * t) ** 2
    columns = [level * sound + rng.normal(0, 0.003, len(t)) for _ in range(channels)]
    return np.stack(columns, axis=1).astype(np.float32)


def make(form: Form, seconds: float = SECONDS, seed: int = 0) -> bytes | None:
    """The bytes of a recording; None where this installation has no such encoder."""
    sound = voice(form.rate_hz, form.channels, seconds, seed)
    file = io.BytesIO()
    if form.sndfile:
        soundfile.write(file, sound, form.rate_hz, format=form.container, subtype=form.codec)
        return file.getvalue()
    if form.codec not in av.codecs_available or form.container not in av.formats_available:
        return None
    try:
        _encode(file, form, sound)
    except (av.error.FFmpegError, ValueError):
        return None
    return file.getvalue()


def _encode(file: io.BytesIO, form: Form, sound: np.ndarray) -> None:
    layout = "mono" if form.channels == 1 else "stereo"
    with av.open(file, "w", form.container) as out:
        track = out.add_stream(form.codec, rate=form.rate_hz, layout=layout)
        if not form.codec.startswith(("pcm", "flac", "alac", "adpcm", "wavpack", "tta", "g722", "libgsm")):
            track.bit_rate = 12_200 if "amr" in form.codec else 64_000 * form.channels
        if form.video:
            _add_pictures(out, len(sound) / form.rate_hz)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=layout)
        frame.sample_rate = form.rate_hz
        size = track.codec_context.frame_size or 1024
        converter = av.AudioResampler(track.format, layout, form.rate_hz, size)
        for piece in [*converter.resample(frame), *converter.resample(None)]:
            out.mux(track.encode(piece))
        out.mux(track.encode(None))


def _add_pictures(out: av.container.OutputContainer, seconds: float) -> None:
    codec = {"flv": "flv", "mpeg": "mpeg2video", "mxf": "mpeg2video", "mpegts": "mpeg2video"}.get(
        out.format.name, "mpeg4"
    )
    pictures = out.add_stream(codec, rate=25)
    pictures.width = pictures.height = 64
    pictures.pix_fmt = "yuv420p"
    pictures.codec_context.thread_count = 1  # the same bytes at every run
    for _ in range(round(25 * seconds)):
        out.mux(pictures.encode(av.VideoFrame(64, 64, "yuv420p")))
    out.mux(pictures.encode(None))


def store(folder: Path, forms: tuple[Form, ...] = FORMS, seconds: float = SECONDS) -> Iterator[tuple[Form, Path]]:
    """Writes a recording of each form that this installation can make."""
    for form in forms:
        content = make(form, seconds)
        if content is not None:
            (folder / form.name).write_bytes(content)
            yield form, folder / form.name
