"""Finding what the pooling takes moments of: directions of style, groups of codes that are one sound, usual style."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.detector.encoders.codebook import kmeans
from slim_cli.detector.heads.head_interface import Subspaces
from slim_cli.detector.heads.pooling import SOUNDS, STYLE_DIRECTIONS, MomentPooling, beside

FRAMES = 12  # drawn from each clip
RIDGE = 1e-3


@dataclass(frozen=True)
class MomentsPlan:
    """How to find them.

    Attributes:
        clips: recordings drawn, evenly over origins and speakers.
        rounds: rounds of k-means.
        seed: seed of every random choice.
    """

    clips: int = 700
    rounds: int = 10
    seed: int = 0


@torch.no_grad()
def find_directions(pooling: MomentPooling, style: Iterable[Tensor], units: Tensor, rounds: int, seed: int) -> None:
    """Sets the directions along which recorded style varies most, and sounds: groups of like linguistic outputs.

    Args:
        pooling: what is set, in place.
        style: valid frames of each recording's style, (F, D_s).
        units: (D_l, ·), where each output of the linguistics encoder lies.
        rounds: rounds of k-means.
        seed: seed of every random choice.
    """
    rng = np.random.default_rng(seed)
    frames = torch.cat([x[torch.from_numpy(rng.integers(len(x), size=FRAMES))] for x in style])
    spread, mean = frames.std(0).clamp(min=1e-3), frames.mean(0)
    variances, axes = torch.linalg.eigh(torch.cov(((frames - mean) / spread).t()))
    scale = variances[-STYLE_DIRECTIONS:].sqrt()
    pooling.directions.weight.copy_((axes[:, -STYLE_DIRECTIONS:] / scale).t() / spread)
    pooling.directions.bias.copy_(-pooling.directions.weight @ mean)
    centres = kmeans(units, SOUNDS, rounds, rng)
    group = torch.cdist(units, centres).argmin(1)
    pooling.sounds.weight.copy_(nn.functional.one_hot(group, SOUNDS).t())


@torch.no_grad()
def fit_expected_style(pooling: MomentPooling, recordings: Iterable[Subspaces]) -> None:
    """Sets the style that recorded speech has beside its linguistics, by ridge regression of reduced rank.

    Args:
        pooling: what is set, in place.
        recordings: subspaces of a window of each, batch of one.
    """
    inner, outer = linear_layers(pooling.expected_style)
    known, width = inner.in_features, outer.out_features
    products = torch.zeros(known, known + width, dtype=torch.float64)
    sums, squares, count = *torch.zeros(2, known + width, dtype=torch.float64), 0
    for x in recordings:
        frames = torch.cat([beside(x.style, x.linguistics), x.style], 2)[x.style_mask]
        products += frames[:, :known].t() @ frames
        sums, squares, count = sums + frames.sum(0), squares + frames.square().sum(0), count + len(frames)
    mean = sums / count
    spread = (squares / count - mean.square()).clamp(min=0).sqrt() + 1e-3
    correlation = (products / count - torch.outer(mean[:known], mean)) / torch.outer(spread[:known], spread)
    within = correlation[:, :known]
    weights = torch.linalg.solve(within + RIDGE * torch.eye(known, dtype=within.dtype), correlation[:, known:])
    axes = torch.linalg.eigh(weights.t() @ within @ weights)[1][:, -inner.out_features :]
    inner.weight.copy_(((weights @ axes) / spread[:known, None]).t())
    inner.bias.copy_(-inner.weight.double() @ mean[:known])
    outer.weight.copy_(axes * spread[known:, None])
    outer.bias.copy_(mean[known:])


def linear_layers(stack: nn.Sequential) -> list[nn.Linear]:
    """The linear layers of a stack."""
    return [layer for layer in stack if isinstance(layer, nn.Linear)]
