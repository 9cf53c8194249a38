"""The codebook encoder: which sound is being made, as likeness to patterns of the spectral envelope.

Patches of the log-mel spectrogram (50 ms) are whitened and compared with a codebook of patterns found by k-means on
speech of any kind, without labels. A pattern answers by how much nearer than the average pattern it lies (the
"triangle" activation of Coates, Ng and Lee, AISTATS 2011, who found single-layer k-means features to rival deep ones).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders import Encoder, LogMel, frame_mask


@dataclass(frozen=True)
class CodebookEncoderConfig:
    """Sizes of the encoder.

    Attributes:
        codes: patterns in the codebook.
        mels: mel bands.
        width: frames of 10 ms in a patch, odd.
    """

    codes: int = 1024
    mels: int = 80
    width: int = 5


class CodebookEncoder(Encoder):
    """Likeness of each patch to each pattern, 50 frames per second; one block."""

    STRIDE = 2

    def __init__(self, config: CodebookEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or CodebookEncoderConfig()
        self.dim, self.blocks = self.config.codes, (0, 0)
        size = self.config.mels * self.config.width
        self.whiten = nn.Linear(size, size)
        self.codes = nn.Parameter(torch.randn(self.config.codes, size))
        self.spectrogram = LogMel(self.config.mels)

    def patches(self, waveforms: Tensor) -> Tensor:
        """(B, T) → patches of the log-mel spectrogram, (B, T / 320, mels · width)."""
        spectrogram = self.spectrogram(waveforms)
        reach = self.config.width // 2
        padded = F.pad(spectrogram, (reach, reach), mode="replicate")
        return padded.unfold(2, self.config.width, self.STRIDE).permute(0, 2, 1, 3).flatten(2)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(waveforms.device.type, enabled=False):
            patches = self.whiten(self.patches(waveforms.float()))
            squares = F.linear(-2 * patches, self.codes, self.codes.square().sum(1))  # of distances, but for |patch|²
            distance = (squares + patches.square().sum(2, keepdim=True)).clamp_(min=0).sqrt_()
        mask = frame_mask(patches.shape[1], LogMel.HOP * self.STRIDE, lengths)
        return (distance.mean(2, keepdim=True) - distance).relu_(), mask

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        return [features]

    def front_state(self) -> dict[str, Tensor]:
        return self.state_dict()

    def describe(self) -> dict[str, Any]:
        return {"kind": "codebook", **asdict(self.config)}
