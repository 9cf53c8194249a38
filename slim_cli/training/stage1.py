"""Stage 1: on bona fide speech only, learn dependency features in which style and linguistics agree.

SLIM, section 3.1: the distance between the two subspaces plus the redundancy within each. The scaling by the square
root of the batch size is ours (the paper does not state it), and so is the default λ, which has not been swept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.detector.heads import Head
from slim_cli.detector.model import Slim
from slim_cli.training.features import FeatureSource
from slim_cli.training.loop import LoopOptions, Report, optimise


@dataclass(frozen=True)
class Stage1Recipe:
    """How to train stage 1.

    Attributes:
        steps: optimisation steps.
        batch: windows per step; the batch statistics need many.
        learning_rate: peak learning rate.
        redundancy: λ, weight of the redundancy terms.
        seed: seed of the batches.
    """

    steps: int = 600
    batch: int = 256
    learning_rate: float = 1e-3
    redundancy: float = 0.007
    seed: int = 0


def dependency_loss(style: Tensor, linguistics: Tensor, redundancy: float) -> dict[str, Tensor]:
    """‖S̃ − L̃‖²_F and λ (‖S̃ᵀS̃ − I‖²_F + ‖L̃ᵀL̃ − I‖²_F), where S̃, L̃ are standardised over the batch, divided by √N.

    Args:
        style: S, (N, D).
        linguistics: L, (N, D).
        redundancy: λ.

    Returns:
        the two terms, `distance` and `redundancy`, each divided by D so that they do not grow with the width.
    """
    a, b = _standardised(style.float()), _standardised(linguistics.float())
    identity = torch.eye(a.shape[1], device=a.device)
    within = (a.t() @ a - identity).square().sum() + (b.t() @ b - identity).square().sum()
    return {
        "distance": (a - b).square().sum() / a.shape[1],
        "redundancy": redundancy * within / a.shape[1],
    }


def _standardised(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / (x.std(0, correction=0) + 1e-5) / len(x) ** 0.5


def train_stage1(
    slim: Slim, cache: FeatureSource, rows: np.ndarray, recipe: Stage1Recipe, folder: Path, report: Report | None = None
) -> None:
    """Trains the two compression modules of `slim.head` in place, on bona fide windows.

    Args:
        slim: a model whose encoders made the cache.
        cache: windows of both subspaces.
        rows: the windows to train on; those of spoof among them are left out.
        recipe: how to train.
        folder: checkpoints and metrics log.
        report: progress callback.
    """
    rows = rows[cache.labels[rows] == 0]
    branches = nn.ModuleDict({"style": slim.head.style_compression, "linguistics": slim.head.linguistics_compression})
    device = next(slim.parameters()).device

    def step(module: nn.ModuleDict, number: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((recipe.seed, number))
        x, _ = cache.batch(np.sort(rng.choice(rows, min(recipe.batch, len(rows)), replace=False)), device, rng)
        style = module["style"](x.style, x.style_mask)
        linguistics = module["linguistics"](x.linguistics, x.linguistics_mask)
        return dependency_loss(style, linguistics, recipe.redundancy)

    options = LoopOptions(recipe.steps, recipe.learning_rate, average=0.98)
    trained = optimise(branches, step, options, folder, report)
    _centre(slim.head, trained, cache, rows, device)


def _centre(head: Head, trained: nn.ModuleDict, cache: FeatureSource, rows: np.ndarray, device: torch.device) -> None:
    """Folds the standardisation over bona fide speech into the last layer, so that cosine sees what the loss saw."""
    head.style_compression.load_state_dict(trained["style"].state_dict())
    head.linguistics_compression.load_state_dict(trained["linguistics"].state_dict())
    head.eval()
    with torch.inference_mode():
        pairs = [head.dependency(x) for x, _ in cache.batches(rows, 64, device)]
    for module, values in (
        (head.style_compression, torch.cat([s for s, _ in pairs])),
        (head.linguistics_compression, torch.cat([d for _, d in pairs])),
    ):
        mean, std = values.mean(0), values.std(0) + 1e-5
        with torch.no_grad():
            module.project.weight /= std[:, None]
            module.project.bias.copy_((module.project.bias - mean) / std)
