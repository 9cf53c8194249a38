"""What a decoder gives: its account of the audio, then samples; used only inside the sandboxed decoding process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import av
import numpy as np
import soundfile

from slim_cli.errors import EvidenceError
from slim_cli.results import Remark

MIN_RATE_HZ, MAX_RATE_HZ, MAX_CHANNELS = 6_000, 384_000, 64
BLOCK_S = 1.0


@dataclass
class Header:
    """What is known of the audio before it is decoded.

    Attributes:
        container, codec, sample_rate_hz, channels, bit_rate_bps, decoder, decoder_version, tags: as in `Media`.
        expected_samples: samples per channel that the container announces, None where it does not.
        start_s: where the audio starts in the container's clock, seconds.
        tracks: every audio track: `index`, `language`, `title`, `codec`, `chosen`.
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
    start_s: float = 0.0
    tracks: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The header as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Break:
    """Between two blocks: from here on the audio has another clock or form.

    Attributes:
        start_s: where it goes on in the container's clock, seconds.
        sample_rate_hz, channels: of the blocks that follow.
    """

    start_s: float
    sample_rate_hz: int
    channels: int


class Source:
    """Decoded audio: `header`, then iterate `blocks`, then read the rest.

    Attributes:
        header: what is known beforehand.
        remarks: what was noticed; complete after the last block.
        decoded: samples per channel given so far.
        lost_s: audio that is known to be missing from the blocks, seconds.
        end: byte behind the last packet read, counted from the start of the view; None where that is not known.
        broken: whether the decoder gave up before the end.
    """

    header: Header

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self.decoded = 0
        self.lost_s = 0.0
        self.end: int | None = None
        self.broken = False

    def blocks(self) -> Iterator[np.ndarray | Break]:
        """Blocks of at most about one second, (n, C) float32, in time order, and breaks between them."""
        raise NotImplementedError

    def _check_limits(self, rate: int, channels: int) -> None:
        if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
            raise failed(Remark("rate_unsupported", {"rate_hz": rate, "low_hz": MIN_RATE_HZ, "high_hz": MAX_RATE_HZ}))
        if not 1 <= channels <= MAX_CHANNELS:
            raise failed(Remark("channels_unsupported", {"channels": channels, "limit": MAX_CHANNELS}))


def block_frames(rate: int, channels: int) -> int:
    """Samples per channel of one block."""
    return min(int(rate * BLOCK_S), 2**22 // channels)


def decoder_versions() -> dict[str, str]:
    """Versions of the two decoding libraries with those of the codec libraries behind them."""
    return {
        "soundfile": f"{soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__})",
        "PyAV": f"{av.__version__} (FFmpeg {av.ffmpeg_version_info})",
    }


def failed(remark: Remark) -> EvidenceError:
    """A file that should be audio but cannot be decoded."""
    return EvidenceError(remark, "decode_failed")
