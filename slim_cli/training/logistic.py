"""Stage 2 by logistic regression: one linear layer over standardised moments, fitted to the optimum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.corpora.manifest import Clip
from slim_cli.detector.model import SlimHead
from slim_cli.detector.pooling import MomentPooling
from slim_cli.training.features import FeatureCache
from slim_cli.training.stage2 import Stage2Recipe


def fit_head(
    head: SlimHead, cache: FeatureCache, rows: np.ndarray, clips: Sequence[Clip], recipe: Stage2Recipe
) -> None:
    """Fits standardisation and classifier of a head with `moments` pooling in place; S and L are read beside them.

    Args:
        head: a head whose stage 1 is trained.
        cache: windows with their moments.
        rows: the windows to learn from.
        clips: the clips that the cache's numbers mean.
        recipe: its penalty, linguistics share and families.
    """
    assert head.pooling is not None
    head.eval()
    chosen = [clips[n] for n in cache.clips[rows]]
    target = torch.tensor([_target(clip, list(recipe.families)) for clip in chosen])
    weights = window_weights(chosen, recipe.families)
    moments = torch.from_numpy(np.asarray(cache.moments[rows], dtype=np.float32))
    standard = _standardise(head.pooling, moments, weights, recipe.linguistics_share)
    layer = head.classifier[0]
    assert isinstance(layer, nn.Linear)
    fit_layer(layer, torch.cat([_dependency(head, cache, rows), standard], 1), target, weights, recipe.penalty)


def _target(clip: Clip, families: Sequence[str]) -> int:
    """0 for bona fide, 1 for spoof at large, from 2 on for the families."""
    if not clip.is_spoof:
        return 0
    return 2 + families.index(clip.family) if clip.family in families else 1


def fit_layer(layer: nn.Linear, features: Tensor, target: Tensor, weights: Tensor, penalty: float) -> None:
    """Multinomial logistic regression: log-odds of each kind of spoof against bona fide, fitted to the optimum.

    Every class, bona fide too, has weights while it is fitted, so that what all kinds of spoof have in common is
    penalised once; with one kind this is the usual logistic regression.

    Args:
        layer: what is fitted, in place: one output for each kind of spoof.
        features: (N, D) standardised.
        target: (N,) 0 for bona fide, from 1 on the kinds of spoof.
        weights: (N,) that sum to one.
        penalty: weight of the squared length of the weights.
    """
    classes = nn.Linear(layer.in_features, 1 + layer.out_features)
    nn.init.zeros_(classes.weight)
    nn.init.zeros_(classes.bias)
    optimiser = torch.optim.LBFGS(classes.parameters(), max_iter=60, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        each = F.cross_entropy(classes(features), target, reduction="none")
        loss = (weights * each).sum() + 2 * penalty * classes.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    with torch.no_grad():
        layer.weight.copy_(classes.weight[1:] - classes.weight[0])
        layer.bias.copy_(classes.bias[1:] - classes.bias[0])


def window_weights(clips: Sequence[Clip], families: Mapping[str, float] | None = None) -> Tensor:
    """Weights that sum to one: half for each class, inside it by the root of the size of each origin and system.

    Args:
        clips: the clip of each window.
        families: what all clips of a family of synthesis weigh together, where all other spoof weighs 1.
    """
    shares = families or {}
    groups = [(c.is_spoof, c.origin, c.system if c.is_spoof else "") for c in clips]
    sizes = Counter(groups)
    weights = torch.tensor([sizes[g] ** -0.5 for g in groups])
    target = torch.tensor([_target(c, list(shares)) for c in clips])
    for kind, share in enumerate((1.0, *shares.values()), start=1):
        weights[target == kind] *= share / weights[target == kind].sum().clamp(min=1e-9)
    for side in (target > 0, target == 0):
        weights[side] /= 2 * weights[side].sum()
    return weights


def _standardise(module: MomentPooling, values: Tensor, weights: Tensor, linguistics_share: float) -> Tensor:
    share = weights[:, None]
    mean = (share * values).sum(0)
    scale = (share * (values - mean).square()).sum(0).sqrt().clamp(min=1e-3)
    scale[module.linguistics] /= linguistics_share
    module.mean.copy_(mean)
    module.scale.copy_(scale)
    return (values - mean) / scale


def _dependency(head: SlimHead, cache: FeatureCache, rows: np.ndarray) -> Tensor:
    with torch.no_grad():
        pairs = [torch.cat(head.dependency(x), 1) for x, _ in cache.batches(rows, 64, torch.device("cpu"))]
    return torch.cat(pairs)
