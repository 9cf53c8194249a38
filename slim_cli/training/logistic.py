"""Stage 2 by logistic regression: one linear layer over standardised moments, fitted to the optimum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.model import SlimHead
from slim_cli.detector.pooling import MomentPooling
from slim_cli.training.features import FeatureCache
from slim_cli.training.manifest import Clip
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
        recipe: its penalty and linguistics share.
    """
    assert head.pooling is not None
    head.eval()
    labels = torch.from_numpy(np.asarray(cache.labels[rows], dtype=np.float32))
    weights = window_weights([clips[n] for n in cache.clips[rows]])
    moments = torch.from_numpy(np.asarray(cache.moments[rows], dtype=np.float32))
    standard = _standardise(head.pooling, moments, weights, recipe.linguistics_share)
    features = torch.cat([_dependency(head, cache, rows), standard], 1)
    layer = nn.Linear(features.shape[1], 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=60, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        each = F.binary_cross_entropy_with_logits(layer(features).squeeze(-1), labels, reduction="none")
        loss = (weights * each).sum() + recipe.penalty * layer.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    head.classifier[0].load_state_dict(layer.state_dict())


def window_weights(clips: Sequence[Clip]) -> Tensor:
    """Weights that sum to one: half for each class, inside it by the root of the size of each origin and system."""
    groups = [(c.is_spoof, c.origin, c.system if c.is_spoof else "") for c in clips]
    sizes = Counter(groups)
    weights = torch.tensor([sizes[g] ** -0.5 for g in groups])
    spoof = torch.tensor([c.is_spoof for c in clips])
    for side in (spoof, ~spoof):
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
