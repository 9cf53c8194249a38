"""Stage 2: on bona fide and spoof, learn pooling and classifier over the frozen encoders and the frozen stage 1.

SLIM, section 3.2: attentive statistics pooling and MLP for each subspace, joined with S and L, binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from slim_cli.detector.model import Slim, SlimHead
from slim_cli.training.features import FeatureSource
from slim_cli.training.loop import LoopOptions, Report, optimise


@dataclass(frozen=True)
class Stage2Recipe:
    """How to train stage 2.

    Attributes:
        steps: optimisation steps.
        batch: windows per step.
        learning_rate: peak learning rate.
        smoothing: label smoothing.
        penalty: for `moments` pooling, where steps, batch, rate and smoothing mean nothing: weight of the squared
            length of the classifier's weights.
        linguistics_share: for `moments` pooling: spread given to the moments of linguistics alone, where all others
            have 1; the smaller, the more the penalty keeps the classifier from them.
        families: for `moments` pooling: families of synthesis that get weights of their own in the classifier, and what
            each weighs beside all other spoof, which weighs 1.
        seed: seed of the batches.
    """

    steps: int = 800
    batch: int = 64
    learning_rate: float = 5e-4
    smoothing: float = 0.02
    penalty: float = 0.01
    linguistics_share: float = 1.0
    families: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0


def train_stage2(
    slim: Slim, cache: FeatureSource, rows: np.ndarray, recipe: Stage2Recipe, folder: Path, report: Report | None = None
) -> None:
    """Trains pooling and classifier of `slim.head` in place; the compression modules stay as stage 1 left them.

    Args:
        slim: a model whose encoders made the cache and whose stage 1 is trained.
        cache: windows of both subspaces with labels.
        rows: the windows to train on.
        recipe: how to train.
        folder: checkpoints and metrics log.
        report: progress callback.
    """
    head = slim.head
    compressions = (head.style_compression, head.linguistics_compression)
    for module in compressions:
        module.requires_grad_(False)
    classes = [rows[cache.labels[rows] == label] for label in (0, 1)]
    device = next(slim.parameters()).device

    def step(module: SlimHead, number: int) -> dict[str, Tensor]:
        for frozen in (module.style_compression, module.linguistics_compression):
            frozen.eval()
        rng = np.random.default_rng((recipe.seed, number))
        drawn = np.concatenate([rng.choice(c, recipe.batch // 2) for c in classes])
        x, labels = cache.batch(np.sort(drawn), device, rng)
        target = labels * (1 - recipe.smoothing) + recipe.smoothing / 2
        return {"label": F.binary_cross_entropy_with_logits(module(x).score.float(), target)}

    trained = optimise(head, step, LoopOptions(recipe.steps, recipe.learning_rate, average=0.99), folder, report)
    head.load_state_dict(trained.state_dict())
    head.eval()
    for module in compressions:
        module.requires_grad_(True)
