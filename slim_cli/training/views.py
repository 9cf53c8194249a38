"""Tuning a view: an encoder beside style and linguistics and what scores its frames, end to end on labelled windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.interface import Encoder, normalise
from slim_cli.training.batches import Batch
from slim_cli.training.loop import LoopOptions, Report, optimise


@dataclass(frozen=True)
class ViewRecipe:
    """How to tune.

    Attributes:
        steps: optimisation steps.
        batch: windows per step, a multiple of 12.
        window_s: length of a window, seconds.
        learning_rate: peak learning rate of the encoder.
        head_rate: how many times faster what scores its frames learns.
        smoothing: label smoothing.
        seed: seed of the batches.
    """

    steps: int = 4000
    batch: int = 24
    window_s: float = 3.0
    learning_rate: float = 1.5e-4
    head_rate: float = 6.0
    smoothing: float = 0.06
    seed: int = 0


class View(nn.Module):
    """An encoder and what scores its frames."""

    def __init__(self, encoder: Encoder, score: nn.Module) -> None:
        super().__init__()
        self.encoder, self.score = encoder, score

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """(B, T) at any level and (B,) valid samples → log-odds (B,)."""
        features, mask = self.encoder.front(normalise(waveforms, lengths), lengths)
        scores: Tensor = self.score(self.encoder.subspace(features, mask), mask)
        return scores


def tune_view(
    view: View,
    batches: Callable[[np.random.Generator], Batch],
    recipe: ViewRecipe,
    folder: Path,
    report: Report | None = None,
) -> None:
    """Trains an encoder and its score in place; a stopped training goes on.

    Args:
        view: both.
        batches: gives labelled windows.
        recipe: how to go about it.
        folder: checkpoints and metrics log.
        report: progress callback.
    """

    def step(module: View, number: int) -> dict[str, Tensor]:
        batch = batches(np.random.default_rng((recipe.seed, number)))
        lengths = torch.full((len(batch.heard),), batch.heard.shape[1])
        device = next(module.parameters()).device
        logits = module(batch.heard.to(device), lengths.to(device)).float()
        target = batch.label.to(device) * (1 - recipe.smoothing) + recipe.smoothing / 2
        return {"label": F.binary_cross_entropy_with_logits(logits, target)}

    options = LoopOptions(recipe.steps, recipe.learning_rate, average=0.998, fast="score.", faster=recipe.head_rate)
    view.load_state_dict(optimise(view, step, options, folder, report).state_dict())
    view.eval()
