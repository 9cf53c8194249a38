"""Pooling over time: frames of both subspaces → one vector per window.

`AttentiveStatisticsPooling` is the paper's. `MomentPooling` has nothing to learn but a standardisation: means and
deviations of both subspaces, how the directions of style vary together (second-order statistics, as in bilinear
pooling: Lin, RoyChowdhury and Maji, ICCV 2015), the mean style of each sound (residuals by cluster as in VLAD:
Jégou et al., CVPR 2010, with the linguistic subspace choosing the cluster), and mean and deviation of the style that
the linguistics of the same moment do not explain in recorded speech (by reduced-rank regression: Izenman, 1975).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_cli.detector.encoders.encoder_interface import nearest

STYLE_DIRECTIONS = 64
SOUNDS = 32
EXPECTED_RANK = 64
SOUND_PRIOR = 3.0  # frames of average style that every sound is given: rare sounds say little


class AttentiveStatisticsPooling(nn.Module):
    """Attention-weighted mean and standard deviation over time (Okabe et al., Interspeech 2018), then an MLP.

    Args:
        dim: width of the frames.
        pooled_dim: width of the result.
        dropout: dropout in the MLP.
    """

    def __init__(self, dim: int, pooled_dim: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Linear(dim, 128), nn.Tanh(), nn.Linear(128, dim))
        self.mlp = nn.Sequential(
            nn.LayerNorm(2 * dim),
            nn.Linear(2 * dim, pooled_dim),
            nn.LeakyReLU(),
            nn.Dropout(dropout),
            nn.Linear(pooled_dim, pooled_dim),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, F, D) and mask (B, F) → (B, pooled_dim)."""
        logits = self.attention(x).float().masked_fill(~mask[..., None], -torch.inf)
        weights = logits.softmax(1)
        x = x.float()
        mean = (weights * x).sum(1)
        variance = (weights * x.square()).sum(1) - mean.square()
        return self.mlp(torch.cat([mean, variance.clamp(min=1e-6).sqrt()], -1))


class MomentPooling(nn.Module):
    """Moments of style, of linguistics, of style given the sound and of unexpected style, in units of their spread.

    Args:
        style_dim: D_s, width of X_s.
        linguistics_dim: D_l, width of X_l, whose values must not be negative.

    Attributes:
        width: P, width of the result.
        linguistics: where in it the linguistic subspace stands alone.
    """

    def __init__(self, style_dim: int, linguistics_dim: int) -> None:
        super().__init__()
        self.directions = nn.Linear(style_dim, STYLE_DIRECTIONS).requires_grad_(False)
        self.sounds = nn.Linear(linguistics_dim, SOUNDS, bias=False).requires_grad_(False)
        self.expected_style = nn.Sequential(
            nn.Linear(linguistics_dim, EXPECTED_RANK), nn.Linear(EXPECTED_RANK, style_dim)
        ).requires_grad_(False)
        pairs = STYLE_DIRECTIONS * (STYLE_DIRECTIONS + 1) // 2
        self.linguistics = slice(2 * style_dim, 2 * (style_dim + linguistics_dim))
        self.width = 2 * (2 * style_dim + linguistics_dim) + pairs + SOUNDS * STYLE_DIRECTIONS
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("scale", torch.ones(self.width))

    def forward(self, style: Tensor, style_mask: Tensor, linguistics: Tensor, linguistics_mask: Tensor) -> Tensor:
        """X_s (B, F, D_s), its mask (B, F), X_l (B, F', D_l) and its mask (B, F') → (B, P)."""
        return (self.moments(style, style_mask, linguistics, linguistics_mask) - self.mean) / self.scale

    def moments(self, style: Tensor, style_mask: Tensor, linguistics: Tensor, linguistics_mask: Tensor) -> Tensor:
        """The same before standardisation."""
        with torch.autocast(style.device.type, enabled=False):
            style, linguistics = style.float(), linguistics.float()
            weight = style_mask[..., None].float()
            count = weight.sum(1).clamp(min=1)
            directions = self.directions(style) * weight
            off = (directions - (directions.sum(1) / count)[:, None]) * weight
            covariance = off.transpose(1, 2) @ off / count[..., None]
            rows, columns = torch.triu_indices(STYLE_DIRECTIONS, STYLE_DIRECTIONS, device=style.device)
            heard = beside(style, linguistics)
            share = self.sound_shares(heard) * weight
            by_sound = share.transpose(1, 2) @ directions / (share.sum(1)[..., None] + SOUND_PRIOR)
            parts = [
                statistics(style, style_mask),
                statistics(linguistics, linguistics_mask),
                covariance[:, rows, columns],
                by_sound.flatten(1),
                statistics(style - self.expected_style(heard), style_mask),
            ]
            return torch.cat(parts, 1)

    def sound_shares(self, linguistics: Tensor) -> Tensor:
        """How much of each sound is in each frame: (B, F, D_l) → (B, F, SOUNDS), sum 1."""
        strength = self.sounds(linguistics.square())
        return strength / strength.sum(2, keepdim=True).clamp(min=1e-9)


def beside(style: Tensor, linguistics: Tensor) -> Tensor:
    """The frame of X_l that lies nearest in time to each of X_s, (B, F, D_s) and (B, F', D_l) → (B, F, D_l)."""
    return linguistics[:, nearest(linguistics.shape[1], style.shape[1])]


def statistics(x: Tensor, mask: Tensor) -> Tensor:
    """Mean and standard deviation over the valid frames, (B, F, D) and (B, F) → (B, 2 · D)."""
    x, weights = x.float(), frame_weights(mask)
    mean = weights @ x
    return torch.cat([mean, (weights @ (x - mean).square_()).sqrt()], -1)[:, 0]


def frame_weights(mask: Tensor) -> Tensor:
    """Equal weights of the valid frames, for a mean as a product from the left: (B, F) → (B, 1, F)."""
    return (mask / mask.sum(1, keepdim=True).clamp(min=1))[:, None]
