"""Finding what the pooling takes moments of: principal directions of style, and groups of codes that are one sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from slim_cli.detector.codebook import CodebookEncoder
from slim_cli.detector.model import Slim, normalise
from slim_cli.detector.pooling import SOUNDS, STYLE_DIRECTIONS, MomentPooling
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S
from slim_cli.training.codebook import CodebookRecipe, kmeans
from slim_cli.training.corpus import AudioPack, BalancedSampler
from slim_cli.training.manifest import Clip

FRAMES = 12  # drawn from each clip


@torch.no_grad()
def fit_moments(slim: Slim, clips: Sequence[Clip], pack: AudioPack, recipe: CodebookRecipe) -> None:
    """Sets the directions and sounds of a head with `moments` pooling in place, after its codebook, without labels.

    Args:
        slim: a model whose linguistics encoder is a codebook with patterns.
        clips: clips to draw from.
        pack: their audio.
        recipe: how many clips, and the seed.
    """
    pooling, book = slim.head.pooling, slim.linguistics
    assert isinstance(pooling, MomentPooling)
    assert isinstance(book, CodebookEncoder)
    rng = np.random.default_rng(recipe.seed)
    frames = torch.cat([_style(slim, pack(clip), rng) for clip in BalancedSampler(clips).draw(recipe.clips, rng)])
    spread, mean = frames.std(0).clamp(min=1e-3), frames.mean(0)
    variances, axes = torch.linalg.eigh(torch.cov(((frames - mean) / spread).t()))
    scale = variances[-STYLE_DIRECTIONS:].sqrt()
    pooling.directions.weight.copy_((axes[:, -STYLE_DIRECTIONS:] / scale).t() / spread)
    pooling.directions.bias.copy_(-pooling.directions.weight @ mean)
    centres = kmeans(book.codes, SOUNDS, recipe.rounds, rng)
    group = torch.cdist(book.codes, centres).argmin(1)
    pooling.sounds.weight.copy_(torch.nn.functional.one_hot(group, SOUNDS).t())


def _style(slim: Slim, audio: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Some frames of style of one clip, (FRAMES, D_s)."""
    waveform = torch.from_numpy(np.array(audio[: int(WINDOW_S * MODEL_RATE_HZ)], dtype=np.float32))[None]
    lengths = torch.tensor([waveform.shape[1]])
    x, mask = slim.style.front(normalise(waveform, lengths), lengths)
    frames = slim.style.subspace(x, mask)[0][mask[0]]
    return frames[torch.from_numpy(rng.integers(len(frames), size=FRAMES))]
