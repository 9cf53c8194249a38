"""Finding the codebook encoder's patterns: whitening and k-means over patches of speech, without any label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from slim_cli.corpora.audio_pack import AudioPack, BalancedSampler
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.codebook import CodebookEncoder
from slim_cli.detector.model import normalise
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S


@dataclass(frozen=True)
class CodebookRecipe:
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


@torch.no_grad()
def fit_codebook(encoder: CodebookEncoder, clips: Sequence[Clip], pack: AudioPack, recipe: CodebookRecipe) -> None:
    """Sets whitening and patterns of an encoder in place.

    Args:
        encoder: any; its sizes decide.
        clips: clips to draw from; labels only even out the drawing over systems.
        pack: their audio.
        recipe: how to go about it.
    """
    rng = np.random.default_rng(recipe.seed)
    chosen = BalancedSampler(clips).draw(recipe.clips, rng)
    patches = torch.cat([_patches(encoder, pack(clip)) for clip in chosen])
    mean = patches.mean(0)
    variances, directions = torch.linalg.eigh(torch.cov(patches.t()))
    variances = variances.clamp(min=0)
    whiten = directions @ torch.diag((variances + recipe.ridge * variances.mean()).rsqrt()) @ directions.t()
    encoder.whiten.weight.copy_(whiten)
    encoder.whiten.bias.copy_(-whiten @ mean)
    white = encoder.whiten(patches)
    encoder.codes.copy_(kmeans(white, len(encoder.codes), recipe.rounds, rng))


def kmeans(points: Tensor, count: int, rounds: int, rng: np.random.Generator) -> Tensor:
    """Lloyd's algorithm from random points, (N, D) → (count, D); a centre that loses its points stays where it is."""
    centres = points[torch.from_numpy(rng.permutation(len(points))[:count])].clone()
    for _ in range(rounds):
        nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in points.split(4096)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        sizes = torch.bincount(nearest, minlength=count)
        centres[sizes > 0] = sums[sizes > 0] / sizes[sizes > 0, None]
    return centres


def _patches(encoder: CodebookEncoder, audio: np.ndarray) -> Tensor:
    waveform = torch.from_numpy(np.array(audio[: int(WINDOW_S * MODEL_RATE_HZ)], dtype=np.float32))[None]
    lengths = torch.tensor([waveform.shape[1]])
    return encoder.patches(normalise(waveform, lengths))[0, ::4]
