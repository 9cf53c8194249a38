"""What every head is to the rest: dependency features, their mismatch, and a score from all four (SLIM, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import Encoder, Recordings
from slim_cli.detector.heads.pooling import frame_weights

M = TypeVar("M", bound=nn.Module)


class Subspaces(NamedTuple):
    """What the encoders say of a batch of windows.

    Attributes:
        style: X_s, (B, F, D_s).
        linguistics: X_l, (B, F', D_l).
        style_mask: (B, F), True where a frame holds signal.
        linguistics_mask: (B, F').
        views: frames and mask of each further encoder by its name, (B, F'', D) and (B, F'').
    """

    style: Tensor
    linguistics: Tensor
    style_mask: Tensor
    linguistics_mask: Tensor
    views: Mapping[str, tuple[Tensor, Tensor]] = MappingProxyType({})


class Output(NamedTuple):
    """Scores of a batch of windows.

    Attributes:
        score: (B,) log-odds, positive = synthetic.
        mismatch: (B,) 1 - cos(S, L), in [0, 2].
        style: S, (B, dependency_dim).
        linguistics: L, (B, dependency_dim).
    """

    score: Tensor
    mismatch: Tensor
    style: Tensor
    linguistics: Tensor


class FittedEncoders(Protocol):
    """Encoders that are fitted, as a head needs them for what it prepares."""

    @property
    def linguistics(self) -> Encoder:
        """The linguistics encoder."""
        ...

    def subspaces_of(self, recording: np.ndarray) -> Subspaces:
        """The subspaces of the first window of a recording (T,) at 16 kHz, batch of one."""
        ...


class LabelledWindows(Protocol):
    """Windows with their classes, to learn from.

    Attributes:
        labels: (N,) 0 bona fide, 1 spoof.
        families: (N,) family of synthesis of each window's clip, empty for bona fide.
        summaries: (N, P) what `Head.summary` says of each.
        apart: windows of clips that nothing else learns from, to weigh scores by; None where there are none.
    """

    @property
    def labels(self) -> np.ndarray: ...
    @property
    def families(self) -> Sequence[str]: ...
    @property
    def summaries(self) -> np.ndarray: ...
    @property
    def apart(self) -> LabelledWindows | None: ...

    def with_summaries(self, summaries: np.ndarray) -> LabelledWindows:
        """The same windows with other summaries."""
        ...

    def batch(self, places: np.ndarray, rng: np.random.Generator | None = None) -> tuple[Subspaces, Tensor]:
        """Subspaces and labels of some windows."""
        ...

    def batches(self, size: int) -> Iterator[tuple[Subspaces, Tensor]]:
        """All of them in order, `size` at a time."""
        ...

    def weights(self, shares: Mapping[str, float]) -> Tensor:
        """Weights (N,) that sum to one, half for each class, evened out over origins and systems.

        Args:
            shares: what all clips of a family of synthesis weigh together, where all other spoof weighs 1.
        """
        ...

    def optimise(self, module: M, step: Callable[[M, int], dict[str, Tensor]], steps: int, rate: float) -> M:
        """Minimises the losses that a step gives by name; returns a copy with averaged weights."""
        ...


class Compression(nn.Module):
    """Frames of one subspace → one dependency feature.

    A residual bottleneck with batch normalisation over its features (over batch and time alike, so that clips of any
    length fit), a projection, and the mean over the valid frames.
    """

    def __init__(self, dim: int, dependency_dim: int, dropout: float) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(dim, dependency_dim), nn.Linear(dependency_dim, dim)
        self.norm = nn.BatchNorm1d(dependency_dim)
        self.project = nn.Linear(dim, dependency_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, F, D) and mask (B, F) → (B, dependency_dim)."""
        if not self.training:
            return self._infer(x, mask)
        frames = x[mask]
        hidden = self.dropout(F.leaky_relu(self.norm(self.down(frames))))
        frames = F.leaky_relu(self.dropout(frames + self.up(hidden)))
        projected = x.new_zeros(*mask.shape, self.project.out_features, dtype=torch.float32)
        projected[mask] = self.project(frames).float()
        return projected.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

    def _infer(self, x: Tensor, mask: Tensor) -> Tensor:
        """The same without dropout, in fewer steps: the mean is taken before the projection, which is linear."""
        hidden = F.leaky_relu(self.norm(self.down(x).flatten(0, 1))).unflatten(0, mask.shape)
        frames = F.leaky_relu_(self.up(hidden).add_(x))
        with torch.autocast(x.device.type, enabled=False):
            weights = frame_weights(mask)
            mean = (weights @ frames.float())[:, 0]
            return F.linear(mean, self.project.weight) + weights.sum(2) * self.project.bias


class Head(nn.Module):
    """Everything above the encoders; it works on cached subspaces as well as on fresh ones.

    Args:
        dims: width of each encoder's blocks by its name, `style` and `linguistics` among them.
        dependency_dim: width of the dependency features S and L.
        dropout: dropout in the compression modules.

    Attributes:
        kind: its name in the registry.
        views: for each encoder beside style and linguistics, what turns its frames and mask into a score (B,).
    """

    kind: ClassVar[str]

    def __init__(self, dims: Mapping[str, int], dependency_dim: int, dropout: float) -> None:
        super().__init__()
        self.style_compression = Compression(dims["style"], dependency_dim, dropout)
        self.linguistics_compression = Compression(dims["linguistics"], dependency_dim, dropout)
        self.views = nn.ModuleDict()

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int]) -> Self:
        """The architecture that `describe` described, with fresh weights.

        Raises:
            ValueError, TypeError: a value makes no head.
        """
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The specification from which `from_spec` makes the same architecture again, without the kind."""
        raise NotImplementedError

    def classify(self, x: Subspaces, style: Tensor, linguistics: Tensor) -> Tensor:
        """Log-odds (B,), positive = synthetic, from the subspaces and the dependency features S and L."""
        raise NotImplementedError

    def prepare(self, fitted: FittedEncoders, recordings: Recordings, options: Mapping[str, Any]) -> None:
        """Finds what it needs in recorded speech without labels, in place; nothing where there is nothing.

        Args:
            fitted: the encoders.
            recordings: recorded speech.
            options: the recipe's.
        """

    def prepared(self) -> nn.Module | None:
        """What `prepare` found, which all runs of a recipe share."""
        return None

    def summary(self, x: Subspaces) -> Tensor:
        """What is kept of a window for `fit` beside some of its frames, (B, P)."""
        return x.style.new_zeros(len(x.style), 1)

    def fit(self, windows: LabelledWindows, options: Mapping[str, Any]) -> None:
        """Learns what lies above the dependency features, in place; the compression modules stay as stage 1 left them.

        Raises:
            UsageError: an option that this head does not have.
        """
        raise NotImplementedError

    def score_windows(self, windows: LabelledWindows) -> Tensor:
        """Scores (N,) of cached windows, without gradient."""
        with torch.no_grad():
            return torch.cat([self(x).score for x, _ in windows.batches(64)])

    def dependency(self, x: Subspaces) -> tuple[Tensor, Tensor]:
        """S and L, each (B, dependency_dim)."""
        return (
            self.style_compression(x.style, x.style_mask),
            self.linguistics_compression(x.linguistics, x.linguistics_mask),
        )

    def forward(self, x: Subspaces) -> Output:
        style, linguistics = self.dependency(x)
        mismatch = 1 - F.cosine_similarity(style, linguistics, dim=-1)
        return Output(self.classify(x, style, linguistics), mismatch, style, linguistics)
