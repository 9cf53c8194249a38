"""Finding what the pooling takes moments of: directions of style, groups of codes that are one sound, usual style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.corpora.audio_pack import AudioPack, BalancedSampler
from slim_cli.corpora.channel_conditions import random_codec
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.codebook import CodebookEncoder
from slim_cli.detector.model import Slim, normalise
from slim_cli.detector.pooling import SOUNDS, STYLE_DIRECTIONS, MomentPooling, beside
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S
from slim_cli.training.codebook import CodebookRecipe, kmeans

FRAMES = 12  # drawn from each clip
RIDGE = 1e-3


@torch.no_grad()
def fit_moments(slim: Slim, clips: Sequence[Clip], pack: AudioPack, recipe: CodebookRecipe) -> None:
    """Sets directions, sounds and expected style of a head with `moments` pooling in place, after its codebook.

    Args:
        slim: a model whose linguistics encoder is a codebook with patterns.
        clips: recorded clips to draw from.
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
    pooling.sounds.weight.copy_(nn.functional.one_hot(group, SOUNDS).t())
    recorded = [pack(clip) for clip in BalancedSampler(clips).draw(recipe.clips, rng)]
    fit_expected_style(slim, (part for audio in recorded for part in (audio, random_codec(np.array(audio), rng))))


@torch.no_grad()
def fit_expected_style(slim: Slim, recordings: Iterable[np.ndarray]) -> None:
    """Sets the style that recorded speech has beside its linguistics, by ridge regression of reduced rank.

    Args:
        slim: a model with `moments` pooling and trained encoders.
        recordings: samples (T,) at 16 kHz; the first window of each is read.
    """
    pooling = slim.head.pooling
    assert pooling is not None
    inner, outer = pooling.expected_style
    assert isinstance(inner, nn.Linear)
    assert isinstance(outer, nn.Linear)
    known, width = inner.in_features, outer.out_features
    products = torch.zeros(known, known + width, dtype=torch.float64)
    sums, squares, count = *torch.zeros(2, known + width, dtype=torch.float64), 0
    for audio in recordings:
        x = slim.subspaces(*_window(audio))
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


def _style(slim: Slim, audio: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Some frames of style of one clip, (FRAMES, D_s)."""
    waveform, lengths = _window(audio)
    x, mask = slim.style.front(normalise(waveform, lengths), lengths)
    frames = slim.style.subspace(x, mask)[0][mask[0]]
    return frames[torch.from_numpy(rng.integers(len(frames), size=FRAMES))]


def _window(audio: np.ndarray) -> tuple[Tensor, Tensor]:
    """The first window of a recording, (1, T), and its length."""
    waveform = torch.from_numpy(np.array(audio[: int(WINDOW_S * MODEL_RATE_HZ)], dtype=np.float32))[None]
    return waveform, torch.tensor([waveform.shape[1]])
