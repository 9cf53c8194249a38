"""Training the pair of small encoders: both without labels, then the style encoder with them.

Without labels (shared by all folds of an evaluation): features of a teacher, prosody, agreement of two crops of one
clip, and the traces of `slim_cli.training.traces`. With labels, the style encoder alone: bona fide against spoof,
where every resynthesised copy sits in the batch beside its source under the same degradation, and acted emotion where
it is known. The linguistics encoder keeps what the teacher taught it, and from then on a front end of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders import SpectrogramEncoder, SpectrogramEncoderConfig
from slim_cli.detector.model import HeadConfig, Slim, normalise
from slim_cli.training.batches import EMOTIONS, Batch, LabelledBatches, UnlabelledBatches
from slim_cli.training.corpus import AudioPack
from slim_cli.training.loop import LoopOptions, Report, optimise
from slim_cli.training.manifest import Clip
from slim_cli.training.targets import WhisperTeacher, prosody, same_clip
from slim_cli.training.traces import NAMES


@dataclass(frozen=True)
class EncoderRecipe:
    """How to train the encoders.

    Attributes:
        steps: optimisation steps.
        batch: windows per step, a multiple of 8.
        crop_s: length of a window, seconds, a multiple of 0.04.
        learning_rate: peak learning rate.
        teacher: folder of a Whisper encoder to imitate, None for none.
        with_labels: whether labels are targets.
        seed: seed of every random choice.
    """

    steps: int
    batch: int = 24
    crop_s: float = 2.0
    learning_rate: float = 1e-3
    teacher: Path | None = None
    with_labels: bool = False
    seed: int = 0


class EncoderTrainer(nn.Module):
    """The two encoders, sharing one front end, with the heads that their targets need."""

    def __init__(self, slim: Slim, teacher_dim: int = 512) -> None:
        super().__init__()
        self.slim = slim
        dim, pooled = slim.style.dim, slim.head.config.pooled_dim
        self.acoustic_style, self.acoustic_linguistics = nn.Linear(dim, teacher_dim), nn.Linear(dim, teacher_dim)
        self.content = nn.Linear(dim, teacher_dim)
        self.prosody = nn.Linear(dim, 3)
        self.voice = nn.Linear(pooled, 128)
        self.traces = nn.Linear(2 * pooled, len(NAMES))
        self.emotion = nn.Linear(pooled, len(EMOTIONS))
        self.label = nn.Linear(pooled, 1)

    def part_encoders(self) -> None:
        """Gives the linguistics encoder a front end of its own and freezes it; the style encoder trains on."""
        linguistics = self.slim.linguistics
        if not isinstance(linguistics, SpectrogramEncoder):
            raise TypeError("only spectrogram encoders are trained here")
        linguistics.front_end = copy.deepcopy(linguistics.front_end)
        linguistics.requires_grad_(False)
        self.slim.share_front()

    def judge(self, waveforms: Tensor) -> dict[str, Tensor]:
        """Predictions of the style encoder alone that need labels, for a batch of full windows (B, T)."""
        lengths = torch.full((len(waveforms),), waveforms.shape[1])
        style = self.slim.style
        features, mask = style.front(normalise(waveforms, lengths), lengths)
        pooled = self.slim.head.style_pooling(style.subspace(features, mask), mask)
        return {"emotion": self.emotion(pooled), "label": self.label(F.leaky_relu(pooled)).squeeze(-1)}

    def forward(self, waveforms: Tensor) -> dict[str, Tensor]:
        """Predictions that need no labels, for a batch of full windows (B, T)."""
        lengths = torch.full((len(waveforms),), waveforms.shape[1])
        slim = self.slim
        features, mask = slim.style.front(normalise(waveforms, lengths), lengths)
        style = slim.style.run_blocks(features, mask)
        linguistics = slim.linguistics.run_blocks(features, mask)
        pooled_style = slim.head.style_pooling(_read(style, slim.style.blocks), mask)
        pooled_linguistics = slim.head.linguistics_pooling(_read(linguistics, slim.linguistics.blocks), mask)
        both = torch.cat([pooled_style, pooled_linguistics], -1)
        return {
            "acoustic_style": self.acoustic_style(style[1]),
            "acoustic_linguistics": self.acoustic_linguistics(linguistics[1]),
            "content": self.content(linguistics[-1]),
            "prosody": self.prosody(style[-1]),
            "voice": self.voice(pooled_style),
            "traces": self.traces(both),
        }


def new_slim(config: SpectrogramEncoderConfig | None = None, head: HeadConfig | None = None) -> Slim:
    """A fresh SLIM of small encoders with one front end in common."""
    style, linguistics = SpectrogramEncoder(config), SpectrogramEncoder(config)
    linguistics.front_end = style.front_end
    return Slim(style, linguistics, head)


def train_encoders(
    trainer: EncoderTrainer,
    clips: Sequence[Clip],
    pack: AudioPack,
    recipe: EncoderRecipe,
    folder: Path,
    report: Report | None = None,
) -> EncoderTrainer:
    """Trains the encoders.

    Args:
        trainer: fresh or pretrained, changed in place.
        clips: training clips; labels are read only where the recipe says so.
        pack: their audio.
        recipe: how to train.
        folder: checkpoints and metrics log.
        report: progress callback.

    Returns:
        the trainer with averaged weights.
    """
    if recipe.with_labels:
        trainer.part_encoders()
    teacher = WhisperTeacher(recipe.teacher) if recipe.teacher and not recipe.with_labels else None
    kind = LabelledBatches if recipe.with_labels else UnlabelledBatches
    draw = kind(clips, pack, recipe.batch, recipe.crop_s)
    losses = _labelled_losses if recipe.with_labels else _unlabelled_losses

    def step(module: EncoderTrainer, number: int) -> dict[str, Tensor]:
        with torch.autocast("cpu", enabled=False), torch.no_grad():
            batch = draw(np.random.default_rng((recipe.seed, number)))
        return losses(module, batch, teacher)

    options = LoopOptions(recipe.steps, recipe.learning_rate)
    return optimise(trainer, step, options, folder, report)


def _read(outputs: list[Tensor], blocks: tuple[int, int]) -> Tensor:
    return torch.stack(outputs[blocks[0] : blocks[1] + 1]).mean(0)


def _unlabelled_losses(module: EncoderTrainer, batch: Batch, teacher: WhisperTeacher | None) -> dict[str, Tensor]:
    out = module(batch.heard)
    losses = {
        "prosody": F.smooth_l1_loss(out["prosody"].float(), prosody(batch.clean)),
        "voice": 0.3 * same_clip(out["voice"]),
        "traces": F.binary_cross_entropy_with_logits(out["traces"].float(), batch.traces),
    }
    if teacher:
        rows = torch.arange(0, len(batch.heard), 4)
        acoustic, content = teacher(batch.clean[rows])
        guesses = (out["acoustic_style"][rows].float(), out["acoustic_linguistics"][rows].float())
        losses["acoustic"] = F.mse_loss(guesses[0], acoustic) + F.mse_loss(guesses[1], acoustic)
        losses["content"] = F.mse_loss(out["content"][rows].float(), content)
    return losses


def _labelled_losses(module: EncoderTrainer, batch: Batch, teacher: WhisperTeacher | None) -> dict[str, Tensor]:
    out = module.judge(batch.heard)
    losses = {"label": F.binary_cross_entropy_with_logits(out["label"].float(), batch.label * 0.96 + 0.02)}
    known = batch.emotion >= 0
    if known.any():
        losses["emotion"] = 0.1 * F.cross_entropy(out["emotion"][known].float(), batch.emotion[known])
    return losses
