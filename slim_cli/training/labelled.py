"""What a head learns from: cached windows of the clips that a stage reads, with their weights and a way to optimise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.corpora.audio_pack import AudioPack, BalancedSampler
from slim_cli.corpora.manifest import Clip
from slim_cli.corpora.random_codecs import random_codec
from slim_cli.detector.heads.head_interface import Subspaces
from slim_cli.training.features import FeatureSource
from slim_cli.training.loop import LoopOptions, Report, optimise

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class ClipRecordings:
    """Recorded clips to learn from without labels.

    Attributes:
        clips: bona fide clips.
        pack: their audio.
    """

    clips: Sequence[Clip]
    pack: AudioPack

    def draw(self, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """So many of them, evenly over origins and speakers."""
        return [self.pack(clip) for clip in BalancedSampler(self.clips).draw(count, rng)]

    def coded(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A recording as received through a random codec."""
        return random_codec(samples, rng)


@dataclass(frozen=True)
class CachedWindows:
    """Some rows of cached windows, as a head learns from them.

    Attributes:
        source: the cache.
        rows: which of its rows.
        clips: the clips that its numbers mean.
        device: where batches go.
        folder: where the optimisation keeps its checkpoints.
        report: told of its progress.
        apart: windows to weigh scores by.
        kept: summaries in place of those of the cache.
    """

    source: FeatureSource
    rows: np.ndarray
    clips: Sequence[Clip]
    device: torch.device
    folder: Path
    report: Report | None = None
    apart: CachedWindows | None = None
    kept: np.ndarray | None = None

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) 0 bona fide, 1 spoof."""
        return self.source.labels[self.rows]

    @cached_property
    def summaries(self) -> np.ndarray:
        """(N, P) what the head keeps of each window."""
        return self.source.summaries[self.rows] if self.kept is None else self.kept

    def with_summaries(self, summaries: np.ndarray) -> CachedWindows:
        """The same windows with other summaries."""
        return replace(self, kept=summaries)

    @property
    def families(self) -> list[str]:
        """Family of each window's clip."""
        return [clip.family for clip in self._chosen]

    @cached_property
    def _chosen(self) -> list[Clip]:
        return [self.clips[number] for number in self.source.clips[self.rows]]

    def batch(self, places: np.ndarray, rng: np.random.Generator | None = None) -> tuple[Subspaces, Tensor]:
        """Subspaces and labels of some windows."""
        return self.source.batch(self.rows[places], self.device, rng)

    def batches(self, size: int) -> Iterator[tuple[Subspaces, Tensor]]:
        """All windows in order."""
        return self.source.batches(self.rows, size, self.device)

    def weights(self, shares: Mapping[str, float]) -> Tensor:
        """As `window_weights` of their clips."""
        return window_weights(self._chosen, shares)

    def optimise(self, module: M, step: Callable[[M, int], dict[str, Tensor]], steps: int, rate: float) -> M:
        """Minimises the losses; a stopped optimisation goes on from the folder's checkpoint."""
        return optimise(module, step, LoopOptions(steps, rate, average=0.99), self.folder, self.report)


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
    spoof = torch.tensor([c.is_spoof for c in clips], dtype=torch.bool)
    family = [c.family if c.is_spoof and c.family in shares else "" for c in clips]
    for name, share in {"": 1.0, **shares}.items():
        mine = torch.tensor([f == name for f in family], dtype=torch.bool) & spoof
        weights[mine] *= share / weights[mine].sum().clamp(min=1e-9)
    for side in (spoof, ~spoof):
        weights[side] /= 2 * weights[side].sum()
    return weights
