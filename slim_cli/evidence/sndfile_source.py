"""What libsndfile reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import soundfile

from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.codecs import Break, Header, Source, block_frames, decoder_versions
from slim_cli.evidence.pictures import EDGE_BYTES, tagged_pictures
from slim_cli.evidence.sniffing import Kind

DELAYS_SAMPLES = 4_500  # delay, padding and a frame without sound, which decoders of MP3 take off
_COUNTED = ("FLAC", "MP3", "OGG")  # their headers announce samples that need not be there


class SndfileSource(Source):
    """Audio through libsndfile.

    Args:
        view: the file, or a part of it.
        kind: what it is.
        frames_s: what the frames that were counted in it hold, seconds; None where they were not counted.

    Raises:
        soundfile.LibsndfileError: it cannot read the file.
    """

    def __init__(self, view: ByteView, kind: Kind, frames_s: float | None = None) -> None:
        super().__init__()
        self._frames_s = frames_s
        raw: dict[str, Any] = {"format": "RAW", "subtype": "VOX_ADPCM", "channels": 1, "samplerate": kind.rate_hz}
        source = view.rewound() if view.whole else view
        self._file = soundfile.SoundFile(source, closefd=False, **(raw if kind.rate_hz else {}))
        file = self._file
        announced = file.frames if 0 < file.frames < 2**62 else None
        self.header = Header(
            container=file.format,
            codec=file.subtype,
            sample_rate_hz=file.samplerate,
            channels=file.channels,
            decoder="soundfile",
            decoder_version=decoder_versions()["soundfile"],
            expected_samples=announced,
            tags={k: v for k, v in file.copy_metadata().items() if v},
        )
        self._check_limits(file.samplerate, file.channels)
        self.remarks += tagged_pictures(view.peek(0, EDGE_BYTES))

    def blocks(self) -> Iterator[np.ndarray | Break]:
        """See `Source.blocks`; an error ends them, with `broken` set."""
        frames = block_frames(self.header.sample_rate_hz, self.header.channels)
        while True:
            try:
                block = self._file.read(frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                self.broken = True
                return
            if not len(block):
                break
            self.decoded += len(block)
            yield block
        expected = self.header.expected_samples
        if self.header.container in _COUNTED and expected and self.decoded < 0.999 * expected:
            self.broken = not self._all_frames_came_out()

    def _all_frames_came_out(self) -> bool:
        """Whether what was announced is refuted by the frames; without a table of them it is a guess."""
        if self._frames_s is None or self.header.container != "MP3":
            return False
        return self.decoded >= self._frames_s * self.header.sample_rate_hz - DELAYS_SAMPLES
