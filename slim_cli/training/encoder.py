"""Training the pair of small encoders, without bona fide and spoof as a target.

Both imitate a large speech encoder on whatever they hear, noise and channel included, because the traces of synthesis
are among the details that a cleaning-up student would drop. The style encoder follows the teacher's lowest blocks and
learns prosody and voice beside them; the linguistics encoder follows the upper blocks up to the last one, which serves
recognition. No target depends on a label (labels only even out the drawing of clips over systems), so every fold of an
evaluation may share the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders import SpectrogramEncoder, SpectrogramEncoderConfig
from slim_cli.detector.model import HeadConfig, Slim, normalise
from slim_cli.training.batches import UnlabelledBatches
from slim_cli.training.loop import LoopOptions, Report, optimise
from slim_cli.training.targets import WhisperTeacher, prosody, same_clip

TARGETS = ("front", "style_low", "style_high", "linguistics_low", "linguistics_high")


@dataclass(frozen=True)
class EncoderRecipe:
    """How to train the encoders.

    Attributes:
        steps: optimisation steps.
        batch: windows per step, a multiple of 2.
        crop_s: length of a window, seconds, a multiple of 0.04.
        learning_rate: peak learning rate.
        front_steps: steps afterwards for the front end alone; they cost little, and most of the evidence lies there.
        settle_steps: last steps, for the blocks alone, over the front end as it then is.
        seed: seed of every random choice.
    """

    steps: int
    batch: int = 16
    crop_s: float = 2.0
    learning_rate: float = 1e-3
    front_steps: int = 0
    settle_steps: int = 0
    seed: int = 0


class EncoderTrainer(nn.Module):
    """The two encoders, sharing one front end, with the heads that their targets need."""

    def __init__(self, slim: Slim, teacher_dim: int = 512) -> None:
        super().__init__()
        self.slim = slim
        dim = slim.style.dim
        self.front = nn.Linear(dim, teacher_dim)
        self.style = nn.ModuleList(nn.Linear(dim, teacher_dim) for _ in "ab")
        self.linguistics = nn.ModuleList(nn.Linear(dim, teacher_dim) for _ in "ab")
        self.prosody = nn.Linear(dim, 3)
        self.voice = nn.Linear(2 * dim, 128)

    def front_guess(self, waveforms: Tensor) -> Tensor:
        """The teacher's front end as the student sees it, (B, F, teacher_dim)."""
        return self.front(self._features(waveforms)[0])

    def _features(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        lengths = torch.full((len(waveforms),), waveforms.shape[1], device=waveforms.device)
        return self.slim.style.front(normalise(waveforms, lengths), lengths)

    def forward(self, waveforms: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Predictions for a batch of full windows (B, T).

        Returns:
            the teacher's features as the student sees them (front end, two style blocks, two linguistics blocks), each
            (B, F, teacher_dim); prosody (B, F / 2, 3); voice (B, 128).
        """
        features, mask = self._features(waveforms)
        style = self.slim.style.run_blocks(features, mask)
        linguistics = self.slim.linguistics.run_blocks(features, mask)
        chosen = (style[0], style[-1], linguistics[0], linguistics[-1])
        heads = (*self.style, *self.linguistics)
        guesses = [self.front(features), *(head(x) for head, x in zip(heads, chosen, strict=True))]
        last = style[-1].float()
        pace = self.prosody((last[:, 0::2] + last[:, 1::2]) / 2)
        return guesses, pace, self.voice(torch.cat([last.mean(1), last.std(1)], -1))


def new_slim(config: SpectrogramEncoderConfig | None = None, head: HeadConfig | None = None) -> Slim:
    """A fresh SLIM of small encoders with one front end in common."""
    style, linguistics = SpectrogramEncoder(config), SpectrogramEncoder(config)
    linguistics.front_end = style.front_end
    return Slim(style, linguistics, head)


def train_encoders(
    trainer: EncoderTrainer,
    batches: UnlabelledBatches,
    recipe: EncoderRecipe,
    folder: Path,
    teacher: WhisperTeacher | None = None,
    report: Report | None = None,
) -> EncoderTrainer:
    """Trains the encoders.

    Args:
        trainer: fresh or stopped, changed in place.
        batches: where the windows come from.
        recipe: how to train.
        folder: checkpoints and metrics log.
        teacher: what to imitate; None leaves prosody and voice alone as targets.
        report: progress callback.

    Returns:
        the trainer with averaged weights.
    """

    def step(module: EncoderTrainer, number: int) -> dict[str, Tensor]:
        with torch.autocast("cpu", enabled=False), torch.no_grad():
            batch = batches(np.random.default_rng((recipe.seed, number)))
        heard, clean = batch.heard.to(module.prosody.weight.device), batch.clean
        guesses, pace, voice = module(heard)
        losses = {
            "prosody": 0.3 * F.smooth_l1_loss(pace.float(), prosody(clean).to(heard.device)),
            "voice": 0.05 * same_clip(voice),
        }
        if teacher:
            for name, guess, target in zip(TARGETS, guesses, teacher(heard), strict=True):
                losses[name] = F.mse_loss(guess.float(), target)
        return losses

    trainer = optimise(trainer, step, LoopOptions(recipe.steps, recipe.learning_rate), folder, report)
    if teacher:
        trainer = _refine_front(trainer, batches, recipe, folder / "front", teacher, report)
    trainer.slim.style.front_end.requires_grad_(False)
    settle = LoopOptions(recipe.settle_steps, recipe.learning_rate / 2, average=0.97)
    return optimise(trainer, step, settle, folder / "settle", report).requires_grad_(True)


def _refine_front(
    trainer: EncoderTrainer,
    batches: UnlabelledBatches,
    recipe: EncoderRecipe,
    folder: Path,
    teacher: WhisperTeacher,
    report: Report | None,
) -> EncoderTrainer:
    def step(module: EncoderTrainer, number: int) -> dict[str, Tensor]:
        with torch.autocast("cpu", enabled=False), torch.no_grad():
            batch = batches(np.random.default_rng((recipe.seed + 1, number)))
        heard = batch.heard.to(module.front.weight.device)
        return {"front": F.mse_loss(module.front_guess(heard).float(), teacher.front(heard))}

    trainer.requires_grad_(False)
    for part in (trainer.front, trainer.slim.style.front_end):
        part.requires_grad_(True)
    trained = optimise(trainer, step, LoopOptions(recipe.front_steps, recipe.learning_rate), folder, report)
    return trained.requires_grad_(True)
