"""How the audio of a file is stored: its coding, the parts it was decoded in, the tracks of its container."""

from __future__ import annotations

from dataclasses import dataclass, field

from slim_cli.remarks import Remark


@dataclass(frozen=True)
class Media:
    """How the audio was stored and who decoded it.

    Attributes:
        container: container format, e.g. `WAV`, `mov,mp4,m4a`.
        codec: codec of the audio stream, e.g. `PCM_16`, `aac`.
        sample_rate_hz: native sample rate, Hz.
        channels: number of channels.
        samples: decoded samples per channel.
        duration_s: decoded duration, seconds.
        bit_rate_bps: bit rate where the container states or the size implies one, bit/s.
        decoder: library that decoded it, e.g. `soundfile`, `PyAV`.
        decoder_version: its version with that of the codec library behind it.
        tags: metadata found in the file, text from the file itself and therefore hostile.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    samples: int
    duration_s: float
    decoder: str
    decoder_version: str
    bit_rate_bps: int | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """A part of a file that was decoded in one go, with one sample rate.

    Attributes:
        offset_bytes: where it starts in the file, bytes; None where the decoder does not tell.
        start_s: where it starts in its container's clock, seconds; in the decoded signal it follows the one before.
        duration_s: its length, seconds.
        rate_hz: its native sample rate, Hz.
        pcm_sha256: per channel, SHA-256 of its decoded float32 little-endian samples at that rate.
    """

    offset_bytes: int | None
    start_s: float
    duration_s: float
    rate_hz: int
    pcm_sha256: tuple[str, ...]


@dataclass(frozen=True)
class Track:
    """One audio track of a container.

    Attributes:
        index: number of the track among the audio tracks, from 0.
        language: language as the file states it, empty where it does not.
        title: title as the file states it, hostile.
        codec: codec of the track.
        chosen: whether this is the track that was examined.
        remark: why it was chosen, left out or not decodable; None where there is nothing to say.
    """

    index: int
    language: str = ""
    title: str = ""
    codec: str = ""
    chosen: bool = False
    remark: Remark | None = None
