"""SLIM above its encoders: compression (stage 1), attentive pooling and classifier (stage 2), mismatch.

Zhu, Koppisetti, Tran, Bharaj, "SLIM: Style-Linguistics Mismatch Model for Generalized Audio Deepfake Detection",
NeurIPS 2024, arXiv 2407.18517, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders import Encoder, same_front
from slim_cli.detector.pooling import AttentiveStatisticsPooling, MomentPooling, frame_weights


@dataclass(frozen=True)
class HeadConfig:
    """Sizes above the encoders.

    Attributes:
        dependency_dim: width of the dependency features S and L.
        pooled_dim: width of each pooled subspace embedding.
        hidden_dim: width of the classifier's hidden layer.
        dropout: dropout in compression, pooling and classifier.
        pooling: `attentive` as in the paper, or `moments`: first and second moments over time and the style of each
            sound, all of them read by one linear layer; few enough weights to be fitted on some thousand windows.
        families: for `moments` pooling, families of synthesis whose traces differ so much from those of the rest that
            the classifier has weights of its own for each.
    """

    dependency_dim: int = 256
    pooled_dim: int = 256
    hidden_dim: int = 256
    dropout: float = 0.1
    pooling: str = "attentive"
    families: Sequence[str] = ()


class Subspaces(NamedTuple):
    """What the encoders say of a batch of windows.

    Attributes:
        style: X_s, (B, F, D_s).
        linguistics: X_l, (B, F', D_l).
        style_mask: (B, F), True where a frame holds signal.
        linguistics_mask: (B, F').
    """

    style: Tensor
    linguistics: Tensor
    style_mask: Tensor
    linguistics_mask: Tensor


class Output(NamedTuple):
    """Scores of a batch of windows.

    Attributes:
        score: (B,) log-odds, positive = synthetic.
        mismatch: (B,) 1 - cos(S, L), in [0, 2].
        style: S, (B, dependency_dim).
        linguistics: L, (B, dependency_dim).
    """

    score: Tensor
    mismatch: Tensor
    style: Tensor
    linguistics: Tensor


class Compression(nn.Module):
    """Frames of one subspace → one dependency feature.

    A residual bottleneck with batch normalisation over its features (over batch and time alike, so that clips of any
    length fit), a projection, and the mean over the valid frames.
    """

    def __init__(self, dim: int, config: HeadConfig) -> None:
        super().__init__()
        out = config.dependency_dim
        self.down, self.up = nn.Linear(dim, out), nn.Linear(out, dim)
        self.norm = nn.BatchNorm1d(out)
        self.project = nn.Linear(dim, out)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, F, D) and mask (B, F) → (B, dependency_dim)."""
        if not self.training:
            return self._infer(x, mask)
        frames = x[mask]
        hidden = self.dropout(F.leaky_relu(self.norm(self.down(frames))))
        frames = F.leaky_relu(self.dropout(frames + self.up(hidden)))
        projected = x.new_zeros(*mask.shape, self.project.out_features, dtype=torch.float32)
        projected[mask] = self.project(frames).float()
        return projected.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

    def _infer(self, x: Tensor, mask: Tensor) -> Tensor:
        """The same without dropout, in fewer steps: the mean is taken before the projection, which is linear."""
        hidden = F.leaky_relu(self.norm(self.down(x).flatten(0, 1))).unflatten(0, mask.shape)
        frames = F.leaky_relu_(self.up(hidden).add_(x))
        with torch.autocast(x.device.type, enabled=False):
            weights = frame_weights(mask)
            mean = (weights @ frames.float())[:, 0]
            return F.linear(mean, self.project.weight) + weights.sum(2) * self.project.bias


class SlimHead(nn.Module):
    """Everything above the encoders; it works on cached subspaces as well as on fresh ones."""

    def __init__(self, style_dim: int, linguistics_dim: int, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        self.style_compression = Compression(style_dim, config)
        self.linguistics_compression = Compression(linguistics_dim, config)
        self.pooling = MomentPooling(style_dim, linguistics_dim) if config.pooling == "moments" else None
        if self.pooling is not None:
            self.classifier = nn.Sequential(
                nn.Linear(2 * config.dependency_dim + self.pooling.width, 1 + len(config.families))
            )
            return
        if config.pooling != "attentive":
            raise ValueError(f"pooling is attentive or moments, not {config.pooling!r}")
        self.style_pooling = AttentiveStatisticsPooling(style_dim, config.pooled_dim, config.dropout)
        self.linguistics_pooling = AttentiveStatisticsPooling(linguistics_dim, config.pooled_dim, config.dropout)
        self.classifier = nn.Sequential(
            nn.Linear(2 * config.dependency_dim + 2 * config.pooled_dim, config.hidden_dim),
            nn.LeakyReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden_dim, 1),
        )

    def dependency(self, x: Subspaces) -> tuple[Tensor, Tensor]:
        """S and L, each (B, dependency_dim)."""
        return (
            self.style_compression(x.style, x.style_mask),
            self.linguistics_compression(x.linguistics, x.linguistics_mask),
        )

    def pooled(self, x: Subspaces) -> Tensor:
        """What the classifier reads beside S and L, (B, P)."""
        if self.pooling is not None:
            return self.pooling(x.style, x.style_mask, x.linguistics, x.linguistics_mask)
        pooled = self.style_pooling(x.style, x.style_mask), self.linguistics_pooling(x.linguistics, x.linguistics_mask)
        return torch.cat(pooled, -1)

    def forward(self, x: Subspaces) -> Output:
        style, linguistics = self.dependency(x)
        features = torch.cat([style, linguistics, self.pooled(x)], -1)
        mismatch = 1 - F.cosine_similarity(style, linguistics, dim=-1)
        score = self.classifier(features).logsumexp(-1)  # log-odds of any family against bona fide
        return Output(score, mismatch, style, linguistics)


class Slim(nn.Module):
    """Two encoders and the head."""

    def __init__(self, style: Encoder, linguistics: Encoder, config: HeadConfig | None = None) -> None:
        super().__init__()
        self.style, self.linguistics = style, linguistics
        self.head = SlimHead(style.dim, linguistics.dim, config or HeadConfig())
        self.share_front()

    def share_front(self) -> None:
        """Looks again whether both encoders have equal front ends; to be called after loading weights."""
        self.shares_front = same_front(self.style, self.linguistics)

    def subspaces(self, waveforms: Tensor, lengths: Tensor) -> Subspaces:
        """Runs both encoders; a front end that both share runs once.

        Args:
            waveforms: (B, T) 16 kHz, at any level, zero beyond `lengths`.
            lengths: (B,) valid samples.
        """
        waveforms = normalise(waveforms, lengths)
        style, style_mask = self.style.front(waveforms, lengths)
        linguistics, mask = (style, style_mask) if self.shares_front else self.linguistics.front(waveforms, lengths)
        return Subspaces(
            self.style.subspace(style, style_mask), self.linguistics.subspace(linguistics, mask), style_mask, mask
        )

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Output:
        return self.head(self.subspaces(waveforms, lengths))


def normalise(waveforms: Tensor, lengths: Tensor) -> Tensor:
    """Zero mean and unit variance over the valid samples of each row, zero beyond them (Wav2Vec2FeatureExtractor).

    Args:
        waveforms: (B, T).
        lengths: (B,) valid samples, at least 1.
    """
    mask = (torch.arange(waveforms.shape[1], device=waveforms.device)[None] < lengths[:, None]).to(waveforms.dtype)
    count = mask.sum(1, keepdim=True)
    centred = (waveforms - (waveforms * mask).sum(1, keepdim=True) / count) * mask
    variance = centred.square().sum(1, keepdim=True) / count
    return centred / torch.sqrt(variance + 1e-7)
