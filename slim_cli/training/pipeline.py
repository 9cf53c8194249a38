"""From a recipe and clips to a bundle, step by step; every step leaves its result in the work folder and is resumable.

Work folder: `pretrained/` (shared by every fold), then per run `encoder/`, `stage1/`, `stage2/` and `bundle/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from slim_cli.detector.bundle import BundleInfo, save_bundle
from slim_cli.detector.encoders import SpectrogramEncoder
from slim_cli.detector.model import Slim
from slim_cli.errors import UsageError
from slim_cli.training.batches import LabelledBatches
from slim_cli.training.corpus import AudioPack
from slim_cli.training.encoder import EncoderTrainer, train_encoders
from slim_cli.training.features import BATCH, FeatureCache, build_cache
from slim_cli.training.loop import Report
from slim_cli.training.manifest import Clip, summary
from slim_cli.training.recipe import Recipe, build_slim
from slim_cli.training.stage1 import train_stage1
from slim_cli.training.stage2 import train_stage2

WINDOW_S = 4.0


@dataclass(frozen=True)
class Workshop:
    """Where one bundle is made.

    Attributes:
        recipe: how.
        clips: training clips, the held-out ones already taken away.
        pack: their audio.
        folder: work folder of this run.
        shared: folder of what all runs of the recipe share: pretrained encoders.
        unlabelled: clips for training without labels; every run of the recipe uses the same.
        teacher: folder of the Whisper encoder to imitate, None for none.
        device: where to train.
    """

    recipe: Recipe
    clips: Sequence[Clip]
    pack: AudioPack
    folder: Path
    shared: Path
    unlabelled: Sequence[Clip]
    teacher: Path | None = None
    device: str = "cpu"

    def train_encoder(self, report: Report | None = None) -> None:
        """Pretrains the encoders where the shared folder has none, then tunes them with labels.

        Raises:
            UsageError: the recipe uses ready-made encoders.
        """
        recipe = self.recipe
        if recipe.pretrain is None:
            raise UsageError(f"The recipe {recipe.name} uses ready-made encoders; go on with stage 1.")
        trainer = self._trainer()
        pretrained = self.shared / "pretrained"
        if not (pretrained / "encoder.safetensors").exists():
            options = replace(recipe.pretrain, teacher=self.teacher)
            _save(
                train_encoders(trainer, self.unlabelled, self.pack, options, pretrained, report), pretrained, "encoder"
            )
        trainer.load_state_dict(_load(pretrained, "encoder"))
        if recipe.tune:
            trainer = train_encoders(trainer, self.clips, self.pack, recipe.tune, self.folder / "encoder", report)
        _save(trainer, self.folder / "encoder", "encoder")

    def train_stage1(self, report: Report | None = None) -> None:
        """Trains the compression modules on bona fide windows.

        Raises:
            UsageError: the encoders are not trained yet.
        """
        slim = self._with_encoders()
        train_stage1(slim, self.features(slim), self.recipe.stage1, self.folder / "stage1", report)
        _save(slim.head, self.folder / "stage1", "head")

    def train_stage2(self, report: Report | None = None) -> Path:
        """Trains pooling and classifier, and writes the bundle.

        Returns:
            the bundle's folder.

        Raises:
            UsageError: an earlier step is missing.
        """
        slim = self._with_encoders()
        slim.head.load_state_dict(_load(self.folder / "stage1", "head"))
        train_stage2(slim, self.features(slim), self.recipe.stage2, self.folder / "stage2", report)
        recipe = self.recipe
        info = BundleInfo(recipe.name, recipe.version, recipe.description, details={"training": summary(self.clips)})
        save_bundle(self.folder / "bundle", slim, info)
        return self.folder / "bundle"

    def features(self, slim: Slim) -> FeatureCache:
        """The windows that stages 1 and 2 read, encoded once."""
        draw = _windows(LabelledBatches(self.clips, self.pack, 24, WINDOW_S), self.recipe.stage2.seed)
        key = f"{self.recipe.stage2.seed} {[str(c.path) for c in self.clips]}"
        return build_cache(slim.eval(), draw, self.recipe.windows, key, self.shared / "features")

    def _trainer(self) -> EncoderTrainer:
        torch.manual_seed(self.recipe.pretrain.seed if self.recipe.pretrain else 0)
        return EncoderTrainer(build_slim(self.recipe)).to(self.device)

    def _with_encoders(self) -> Slim:
        if self.recipe.pretrain is None:
            torch.manual_seed(self.recipe.stage1.seed)
            return build_slim(self.recipe).to(self.device).eval()
        trainer = self._trainer()
        if self.recipe.tune:
            trainer.part_encoders()
        trainer.load_state_dict(_load(self.folder / "encoder", "encoder"))
        slim = trainer.slim.eval()
        if not isinstance(slim.style, SpectrogramEncoder):
            raise UsageError("Only spectrogram encoders are trained here.")
        slim.share_front()
        return slim


def _windows(batches: LabelledBatches, seed: int) -> Callable[[int], tuple[Tensor, Tensor, Tensor]]:
    """Windows for the feature cache: a quarter of them shorter than the full length, padded and masked."""

    def draw(number: int) -> tuple[Tensor, Tensor, Tensor]:
        rng = np.random.default_rng((seed, number))
        with torch.no_grad():
            batch = batches(rng)
        rows = torch.from_numpy(rng.permutation(batches.size)[:BATCH])
        waveforms, full = batch.heard[rows], batch.heard.shape[1]
        lengths = torch.full((BATCH,), full)
        for row in np.flatnonzero(rng.random(BATCH) < 0.25):
            lengths[row] = int(rng.uniform(0.25, 1) * full)
            waveforms[row, lengths[row] :] = 0
        return waveforms, lengths, batch.label[rows]

    return draw


def _save(module: nn.Module, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().contiguous().clone() for k, v in module.state_dict().items()}
    save_file(state, folder / f"{name}.safetensors")


def _load(folder: Path, name: str) -> dict[str, Tensor]:
    path = folder / f"{name}.safetensors"
    if not path.exists():
        raise UsageError(f"{path} is missing: run the earlier training steps into the same folder first.")
    return load_file(path)
