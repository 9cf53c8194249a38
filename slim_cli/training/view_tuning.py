"""Tuning a view of a fused head, with an encoder of its own where it has one, on labelled windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import normalise
from slim_cli.detector.heads import Subspaces
from slim_cli.detector.heads.views import View
from slim_cli.detector.model import Slim
from slim_cli.training.batches import Batch
from slim_cli.training.loop import LoopOptions, Report, optimise


@dataclass(frozen=True)
class ViewRecipe:
    """How to tune.

    Attributes:
        steps: optimisation steps.
        batch: windows per step, a multiple of 12.
        window_s: length of a window, seconds.
        learning_rate: peak learning rate of an encoder that is tuned.
        head_rate: how many times faster the view itself learns.
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


class TunedView(nn.Module):
    """A view with the encoders that are tuned with it, over encoders that stay as they are.

    Args:
        slim: a model whose head has the view.
        name: the view's name.
    """

    def __init__(self, slim: Slim, name: str) -> None:
        super().__init__()
        view: Any = slim.head.views[name]
        self.score: View = view
        self.encoders = nn.ModuleDict({own: slim.encoder(own) for own in view.encoders})
        self._frozen = [slim]  # why: in a list, it is no part of what is trained and stored

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """(B, T) at any level and (B,) valid samples → log-odds (B,)."""
        slim, tuned = self._frozen[0].eval(), {}
        for name in self.encoders:
            encoder = slim.encoder(name).train(self.training)
            features, mask = encoder.front(normalise(waveforms, lengths), lengths)
            tuned[name] = encoder.subspace(features, mask), mask
        if tuned:
            nothing = waveforms.new_zeros(len(waveforms), 1, 1)
            return self.score(Subspaces(nothing, nothing, nothing[..., 0] == 0, nothing[..., 0] == 0, tuned))
        with torch.no_grad():
            x = slim.subspaces(waveforms, lengths)
        return self.score(x)


def tune_view(
    view: TunedView,
    batches: Callable[[np.random.Generator], Batch],
    recipe: ViewRecipe,
    folder: Path,
    report: Report | None = None,
) -> None:
    """Trains a view in place, with its encoders; a stopped training goes on.

    Args:
        view: the view and its encoders.
        batches: gives labelled windows.
        recipe: how to go about it.
        folder: checkpoints and metrics log.
        report: progress callback.
    """

    def step(module: TunedView, number: int) -> dict[str, Tensor]:
        batch = batches(np.random.default_rng((recipe.seed, number)))
        lengths = torch.full((len(batch.heard),), batch.heard.shape[1])
        device = next(module.parameters()).device
        logits = module(batch.heard.to(device), lengths.to(device)).float()
        target = batch.label.to(device) * (1 - recipe.smoothing) + recipe.smoothing / 2
        return {"label": F.binary_cross_entropy_with_logits(logits, target)}

    options = LoopOptions(recipe.steps, recipe.learning_rate, average=0.998, fast="score.", faster=recipe.head_rate)
    view.load_state_dict(optimise(view, step, options, folder, report).state_dict())
    view.eval()
