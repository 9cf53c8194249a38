"""Views: what scores a window by itself, beside the main head of a fused one.

An encoder's view reads the frames of an encoder of its own. The frames' view reads style and linguistics frame by
frame, where the main head reads moments: directions along which recordings vary, dilated convolutions over time (Yu
and Koltun, ICLR 2016), attentive statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.heads.head_interface import FittedEncoders, Subspaces
from slim_cli.detector.heads.pooling import AttentiveStatisticsPooling, beside
from slim_cli.detector.registry import Registry, kind_of

LARGEST = 6.0  # deviations: what lies further out is an accident of the recording


class View(nn.Module):
    """Subspaces of a window → log-odds by one view.

    Attributes:
        kind: its name in the registry.
    """

    kind: ClassVar[str]

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int], name: str) -> Self:
        """The architecture that `describe` described, with fresh weights.

        Args:
            spec: its sizes.
            dims: width of each encoder's blocks by its name.
            name: its own name.

        Raises:
            ValueError, TypeError, KeyError: a value makes no view.
        """
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The specification from which `from_spec` makes the same architecture again, without the kind."""
        raise NotImplementedError

    @property
    def encoders(self) -> tuple[str, ...]:
        """Names of the encoders that are tuned with it."""
        return ()

    def prepare(self, fitted: FittedEncoders, frames: tuple[Tensor, Tensor]) -> None:
        """Finds what it needs in recorded speech without labels, in place; nothing where there is nothing.

        Args:
            fitted: the encoders.
            frames: frames of style (N, D_s) and of linguistics (N', D_l) of many recordings.
        """

    def prepared(self) -> nn.Module | None:
        """What `prepare` found, which all runs of a recipe share."""
        return None

    def forward(self, x: Subspaces) -> Tensor:
        """(B,)."""
        raise NotImplementedError


class EncoderView(View):
    """Attentive statistics over the frames of an encoder of the same name, and one linear layer."""

    kind = "encoder"

    def __init__(self, name: str, dim: int, pooled_dim: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self._name, self._sizes = name, {"pooled_dim": pooled_dim, "dropout": dropout}
        self.pooling = AttentiveStatisticsPooling(dim, pooled_dim, dropout)
        self.classifier = nn.Sequential(nn.LeakyReLU(), nn.Dropout(dropout), nn.Linear(pooled_dim, 1))

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int], name: str) -> Self:
        return cls(name, dims[name], **spec)

    def describe(self) -> dict[str, Any]:
        return dict(self._sizes)

    @property
    def encoders(self) -> tuple[str, ...]:
        return (self._name,)

    def forward(self, x: Subspaces) -> Tensor:
        return self.classifier(self.pooling(*x.views[self._name]).float())[:, 0]


class FramesView(View):
    """Three convolutions over directions of both subspaces, and attentive statistics over time."""

    kind = "frames"

    def __init__(self, dims: Mapping[str, int], style: int = 256, linguistics: int = 64, width: int = 96) -> None:
        super().__init__()
        self._sizes = {"style": style, "linguistics": linguistics, "width": width}
        self.style = nn.Linear(dims["style"], style).requires_grad_(False)
        self.linguistics = nn.Linear(dims["linguistics"], linguistics).requires_grad_(False)
        shapes = ((style + linguistics + 1, 3, 1), (width, 5, 2), (width, 5, 4))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inner, width, reach, padding=dilation * (reach // 2), dilation=dilation)
            for inner, reach, dilation in shapes
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in shapes)
        self.attention = nn.Sequential(nn.Linear(width, 64), nn.Tanh(), nn.Linear(64, width))
        self.classifier = nn.Sequential(
            nn.LayerNorm(2 * width), nn.Dropout(0.4), nn.Linear(2 * width, 64), nn.GELU(), nn.Dropout(0.3)
        )
        self.last = nn.Linear(64, 1)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int], name: str) -> Self:
        return cls(dims, **spec)

    def describe(self) -> dict[str, Any]:
        return dict(self._sizes)

    @torch.no_grad()
    def prepare(self, fitted: FittedEncoders, frames: tuple[Tensor, Tensor]) -> None:
        for layer, values in zip((self.style, self.linguistics), frames, strict=True):
            weight, bias = principal_directions(values, layer.out_features)
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)

    def prepared(self) -> nn.Module:
        return nn.ModuleDict({"style": self.style, "linguistics": self.linguistics})

    def forward(self, x: Subspaces) -> Tensor:
        heard = x.style_mask[..., None]
        style = torch.where(heard, self.style(x.style), 0.0)
        linguistics = self.linguistics(beside(x.style, x.linguistics))
        inside = beside(x.style, x.linguistics_mask[..., None])
        frames = torch.cat([style, linguistics, heard.to(style.dtype)], 2).clamp(-LARGEST, LARGEST)
        return self._score(frames * inside, inside)

    def _score(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Frames (B, F, C), zero outside the signal, and which lie inside it (B, F, 1) → (B,)."""
        hidden = self._block(0, frames) * inside
        for number in (1, 2):
            hidden = hidden + F.dropout(self._block(number, hidden) * inside, 0.15, self.training)
        weights = self.attention(hidden).float().masked_fill(~inside, -1e4).softmax(1)
        hidden = hidden.float()
        mean = (weights * hidden).sum(1)
        deviation = ((weights * hidden.square()).sum(1) - mean.square()).clamp(min=1e-5).sqrt()
        return self.last(self.classifier(torch.cat([mean, deviation], 1)))[:, 0]

    def _block(self, number: int, x: Tensor) -> Tensor:
        return F.gelu(self.norms[number](self.convolutions[number](x.transpose(1, 2)).transpose(1, 2)))


def principal_directions(frames: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Weight and bias of the linear map onto the directions in which frames vary most, each to unit variance.

    Args:
        frames: (N, D); their coordinates count in units of their own spread.
        count: directions wanted.
    """
    spread, mean = frames.std(0).clamp(min=1e-3), frames.mean(0)
    variances, axes = torch.linalg.eigh(torch.cov(((frames - mean) / spread).t()))
    weight = (axes[:, -count:] / variances[-count:].clamp(min=1e-9).sqrt()).t() / spread
    return weight, -weight @ mean


VIEWS: Registry[View] = Registry(
    "view",
    "slim_cli.views",
    {
        "encoder": "slim_cli.detector.heads.views:EncoderView",
        "frames": "slim_cli.detector.heads.views:FramesView",
    },
)


def build_view(name: str, spec: Mapping[str, Any], dims: Mapping[str, int]) -> View:
    """Makes the architecture that a head's description holds, with fresh weights.

    Raises:
        UsageError: unknown kind.
        ValueError, TypeError, KeyError: a value makes no view.
    """
    kind, rest = kind_of(spec, "view")
    return VIEWS.find(kind).from_spec(rest, dims, name)
