"""The codebook encoder: which sound is being made, as likeness to patterns of the spectral envelope.

Patches of the log-mel spectrogram (50 ms) are whitened and compared with a codebook of patterns found by k-means on
speech of any kind, without labels. A pattern answers by how much nearer than the average pattern it lies (the
"triangle" activation of Coates, Ng and Lee, AISTATS 2011, who found single-layer k-means features to rival deep ones).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import Encoder, Recordings, frame_mask, normalise
from slim_cli.detector.encoders.log_mel import LogMel
from slim_cli.loading import read
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S


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


@dataclass(frozen=True)
class CodebookFit:
    """How to find the patterns.

    Attributes:
        clips: clips drawn, evenly over systems and origins.
        rounds: rounds of k-means.
        ridge: added to the variances before whitening, as a fraction of their mean.
        seed: seed of every random choice.
    """

    clips: int = 700
    rounds: int = 10
    ridge: float = 0.05
    seed: int = 0


class CodebookEncoder(Encoder):
    """Likeness of each patch to each pattern, 50 frames per second; one block."""

    STRIDE = 2
    kind = "codebook"
    frame_rate = MODEL_RATE_HZ / LogMel.HOP / STRIDE

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

    def front_state(self) -> dict[str, Tensor]:
        return {f"codebook.{k}": v for k, v in self.state_dict().items()}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        return cls(CodebookEncoderConfig(**spec))

    def units(self) -> Tensor:
        return self.codes.detach()

    def describe(self) -> dict[str, Any]:
        return asdict(self.config)

    @torch.no_grad()
    def fit(self, recordings: Recordings, options: Mapping[str, Any]) -> None:
        """Finds whitening and patterns; the options are the attributes of `CodebookFit`."""
        plan = read(CodebookFit, options, "recipe", at="fit")
        rng = np.random.default_rng(plan.seed)
        patches = torch.cat([self._patches(audio) for audio in recordings.draw(plan.clips, rng)])
        mean = patches.mean(0)
        variances, directions = torch.linalg.eigh(torch.cov(patches.t()))
        variances = variances.clamp(min=0)
        whiten = directions @ torch.diag((variances + plan.ridge * variances.mean()).rsqrt()) @ directions.t()
        self.whiten.weight.copy_(whiten)
        self.whiten.bias.copy_(-whiten @ mean)
        self.codes.copy_(kmeans(self.whiten(patches), len(self.codes), plan.rounds, rng))

    def _patches(self, audio: np.ndarray) -> Tensor:
        """Every fourth patch of a recording's first window, (N, mels · width)."""
        waveform = torch.from_numpy(np.array(audio[: int(WINDOW_S * MODEL_RATE_HZ)], dtype=np.float32))[None]
        return self.patches(normalise(waveform, torch.tensor([waveform.shape[1]])))[0, ::4]


def kmeans(points: Tensor, count: int, rounds: int, rng: np.random.Generator) -> Tensor:
    """Lloyd's algorithm from random points, (N, D) → (count, D); a centre that loses its points stays where it is."""
    centres = points[torch.from_numpy(rng.permutation(len(points))[:count])].clone()
    for _ in range(rounds):
        nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in points.split(4096)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        sizes = torch.bincount(nearest, minlength=count)
        centres[sizes > 0] = sums[sizes > 0] / sizes[sizes > 0, None]
    return centres
