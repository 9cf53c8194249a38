"""From a recipe and clips to a bundle, step by step; every step leaves its result in the work folder and is resumable.

Work folder: `encoder/`, `view-*/` and `features/` (shared by all folds), then per run `stage1/`, `stage2/`, `bundle/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from slim_cli.corpora.audio_pack import AudioPack, identity
from slim_cli.corpora.manifest import LABELS, Clip, summary
from slim_cli.detector.bundle import BundleInfo, save_bundle
from slim_cli.detector.model import Slim
from slim_cli.errors import UsageError
from slim_cli.results import WINDOW_S
from slim_cli.training.batches import ClipWindows, LabelledBatches
from slim_cli.training.features import BATCH, Draw, FeatureSource, build_cache
from slim_cli.training.file_features import encode_files
from slim_cli.training.labelled import CachedWindows, ClipRecordings
from slim_cli.training.loop import Report
from slim_cli.training.recipe import Recipe, build_slim
from slim_cli.training.record import write_record
from slim_cli.training.stage1 import train_stage1
from slim_cli.training.view_tuning import TunedView, tune_view


@dataclass(frozen=True)
class Training:
    """Where one bundle is made.

    Attributes:
        recipe: how.
        clips: every clip of the manifests.
        chosen: those among them whose labels may be read in this run.
        pack: their audio.
        folder: work folder of this run.
        shared: folder of what all runs of the recipe share: encoders and cached windows. The windows carry labels and
            clip numbers, by which a run takes only those of its chosen clips.
        device: where to train.
    """

    recipe: Recipe
    clips: Sequence[Clip]
    chosen: Sequence[Clip]
    pack: AudioPack
    folder: Path
    shared: Path
    device: str = "cpu"

    def run(self, reports: Callable[[str], Report] | None = None) -> Path:
        """All steps in order; returns the bundle's folder.

        Args:
            reports: gives who is told of a step from its name.
        """

        def told(step: str) -> Report | None:
            return reports(step) if reports else None

        if self.ready_made:
            self.features(self._with_encoders(), told("files encoded"))
        else:
            self.train_encoder()
        self.tune_views(told("views"))
        self.train_stage1(told("stage 1"))
        return self.train_stage2(told("stage 2"))

    def train_encoder(self) -> None:
        """Fits the encoders, and what the head takes from them, to recorded speech; no label is read.

        Raises:
            UsageError: the recipe uses ready-made encoders, or an option that they do not have.
        """
        if self.ready_made:
            raise UsageError(f"The recipe {self.recipe.name} uses ready-made encoders; go on with stage 1.")
        torch.manual_seed(self.recipe.seed)
        slim = build_slim(self.recipe).eval()
        recorded = [c for c in self.clips if not c.is_spoof and not self.recipe.protocol.reads("fusion", c)]
        recordings = ClipRecordings([c for c in recorded if c.role != "test"] or recorded, self.pack)
        for name, table in self.recipe.encoders.items():
            slim.encoder(name).fit(recordings, table.get("fit", {}))
        slim.head.prepare(slim, recordings, self.recipe.prepare)
        _save(_fitted(slim), self.shared / "encoder", "encoder")

    def tune_views(self, report: Report | None = None) -> None:
        """Tunes each view of the head, with an encoder of its own where it has one, on the clips of stage 2.

        Raises:
            UsageError: the encoders are not fitted yet.
        """
        slim, recipe = self._with_encoders(views=False), self.recipe.view
        clips = [c for c in self.chosen if self.recipe.protocol.reads("stage2", c)]
        for name in slim.head.views:
            folder, view = self.folder / f"view-{name}", TunedView(slim, name)
            tune_view(view, LabelledBatches(clips, self.pack, recipe.batch, recipe.window_s), recipe, folder, report)
            _save(view, folder, "view")

    def train_stage1(self, report: Report | None = None) -> None:
        """Trains the compression modules on bona fide windows.

        Raises:
            UsageError: the encoders are not trained yet.
        """
        slim = self._with_encoders()
        cache = self.features(slim)
        train_stage1(slim, cache, self._rows(cache, "stage1"), self.recipe.stage1, self.folder / "stage1", report)
        _save(slim.head, self.folder / "stage1", "head")

    def train_stage2(self, report: Report | None = None) -> Path:
        """Trains what lies above the dependency features, and writes the bundle.

        Returns:
            the bundle's folder.

        Raises:
            UsageError: an earlier step is missing, or an option that the head does not have.
        """
        slim = self._with_encoders()
        slim.head.load_state_dict(_load(self.folder / "stage1", "head"))
        cache, recipe = self.features(slim), self.recipe
        parts = (cache, self.clips, torch.device(self.device), self.folder / "stage2", report)
        apart = self.windows_allowed(cache, "fusion")
        held = CachedWindows(parts[0], apart, *parts[1:]) if len(apart) else None
        slim.head.fit(CachedWindows(parts[0], self._rows(cache, "stage2"), *parts[1:], held), recipe.stage2)
        info = BundleInfo(recipe.name, recipe.version, recipe.description, details={"training": summary(self.chosen)})
        save_bundle(self.folder / "bundle", slim, info)
        write_record(self.folder / "bundle", self.chosen)
        return self.folder / "bundle"

    def features(self, slim: Slim, report: Report | None = None) -> FeatureSource:
        """What stages 1 and 2 read, encoded once for all runs of the recipe: windows, or whole files."""
        if self.ready_made:
            tell = (lambda done, total: report(done, total, {})) if report else None
            return encode_files(slim.eval(), self.clips, self.pack, self.shared / "features", tell)
        seed, count = self.recipe.seed, self.recipe.windows
        if count:
            batches = LabelledBatches(self.clips, self.pack, 24, WINDOW_S)
            draw = _windows(batches, {clip.path: number for number, clip in enumerate(self.clips)}, seed)
        else:
            draw, count = ClipWindows(self.clips, self.pack, BATCH, WINDOW_S, seed), 2 * len(self.clips)
        key = f"{seed} {bool(self.recipe.windows)} {[identity(c.path) for c in self.clips]}"
        return build_cache(slim.eval(), draw, count, key, self.shared / "features")

    def windows_allowed(self, cache: FeatureSource, stage: str = "stage2") -> np.ndarray:
        """The windows whose clips a stage of this run may learn from."""
        allowed = {c.path for c in self.chosen if self.recipe.protocol.reads(stage, c)}
        return np.flatnonzero([self.clips[number].path in allowed for number in cache.clips])

    def _rows(self, cache: FeatureSource, stage: str) -> np.ndarray:
        rows = self.windows_allowed(cache, stage)
        needed = LABELS[: int(stage[-1])]
        lacking = [label for number, label in enumerate(needed) if not np.any(cache.labels[rows] == number)]
        if lacking:
            parts = ", ".join(getattr(self.recipe.protocol, stage)) or "every clip"
            raise UsageError(f"{stage} of the recipe {self.recipe.name} reads {parts}: no {' and no '.join(lacking)}.")
        return rows

    @property
    def ready_made(self) -> bool:
        """Whether the recipe names encoders that are not trained here."""
        return self.recipe.ready_made

    def _with_encoders(self, views: bool = True) -> Slim:
        """SLIM with its encoders as they are after the earlier steps; the rest of its head is new."""
        torch.manual_seed(self.recipe.stage1.seed)
        slim = build_slim(self.recipe)
        if not self.ready_made:
            _fitted(slim).load_state_dict(_load(self.shared / "encoder", "encoder"))
        for name in slim.head.views if views else ():
            TunedView(slim, name).load_state_dict(_load(self.folder / f"view-{name}", "view"))
        slim.share_front()
        return slim.to(self.device).eval()


def _windows(batches: LabelledBatches, numbers: dict[Path, int], seed: int) -> Draw:
    """Windows for the feature cache: a quarter of them shorter than the full length, padded and masked."""

    def draw(number: int) -> tuple[Tensor, Tensor, Tensor, np.ndarray]:
        rng = np.random.default_rng((seed, number))
        with torch.no_grad():
            batch = batches(rng)
        picked = rng.permutation(batches.size)[:BATCH]
        rows = torch.from_numpy(picked)
        waveforms, full = batch.heard[rows], batch.heard.shape[1]
        lengths = torch.full((BATCH,), full)
        for row in np.flatnonzero(rng.random(BATCH) < 0.25):
            lengths[row] = int(rng.uniform(0.25, 1) * full)
            waveforms[row, lengths[row] :] = 0
        clips = np.array([numbers[batch.clips[row].path] for row in picked])
        return waveforms, lengths, batch.label[rows], clips

    return draw


def _fitted(slim: Slim) -> nn.ModuleDict:
    """What does not depend on labels: style, linguistics, and what the head takes from them."""
    prepared = slim.head.prepared()
    parts: dict[str, nn.Module] = {"style": slim.style, "linguistics": slim.linguistics}
    return nn.ModuleDict(parts | ({"head": prepared} if prepared is not None else {}))


def _save(module: nn.Module, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().contiguous().clone() for k, v in module.state_dict().items()}
    save_file(state, folder / f"{name}.safetensors")


def _load(folder: Path, name: str) -> dict[str, Tensor]:
    path = folder / f"{name}.safetensors"
    if not path.exists():
        raise UsageError(f"{path} is missing: run the earlier training steps into the same folder first.")
    return load_file(path)
