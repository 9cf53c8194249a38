"""Several views, each scored by itself, their scores added: what one of them misses another may hear.

The main score is that of another kind of head over style and linguistics; each further encoder has attentive statistics
and one linear layer of its own. How much each counts is a logistic regression on clips that trained none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.detector.encoders.interface import Recordings
from slim_cli.detector.heads import build_head, describe_head
from slim_cli.detector.heads.interface import FittedEncoders, Head, LabelledWindows, Subspaces
from slim_cli.detector.heads.moments import fit_layer
from slim_cli.detector.heads.pooling import AttentiveStatisticsPooling
from slim_cli.errors import UsageError

FUSION_PENALTY = 1e-4


class ViewScore(nn.Module):
    """Frames of one encoder → log-odds.

    Args:
        dim: width of its frames.
        pooled_dim: width of what they are pooled into.
        dropout: dropout in pooling and before the last layer.
    """

    def __init__(self, dim: int, pooled_dim: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.sizes = {"pooled_dim": pooled_dim, "dropout": dropout}
        self.pooling = AttentiveStatisticsPooling(dim, pooled_dim, dropout)
        self.classifier = nn.Sequential(nn.LeakyReLU(), nn.Dropout(dropout), nn.Linear(pooled_dim, 1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, F, D) and mask (B, F) → (B,)."""
        return self.classifier(self.pooling(x, mask).float())[:, 0]


class FusedHead(Head):
    """A head over style and linguistics, and the scores of further views.

    Attributes:
        main: that head.
        views: the further views by name.
        weights: (1 + views,) what the main score and each view's count, in the order of `views`.
        bias: what is added.
    """

    kind = "fused"

    def __init__(self, main: Head, views: Mapping[str, ViewScore]) -> None:
        nn.Module.__init__(self)
        self.main, self.views = main, nn.ModuleDict(dict(views))
        self.weights: Tensor
        self.bias: Tensor
        self.register_buffer("weights", torch.full((1 + len(views),), 1 / (1 + len(views))))
        self.register_buffer("bias", torch.zeros(1))

    @property
    def style_compression(self) -> nn.Module:  # type: ignore[override]
        """The main head's."""
        return self.main.style_compression

    @property
    def linguistics_compression(self) -> nn.Module:  # type: ignore[override]
        """The main head's."""
        return self.main.linguistics_compression

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int]) -> Self:
        views = {name: ViewScore(dims[name], **sizes) for name, sizes in spec["views"].items()}
        return cls(build_head(spec["main"], dims), views)

    def describe(self) -> dict[str, Any]:
        views = {name: view.sizes for name, view in self.views.items()}
        return {"main": describe_head(self.main), "views": views}

    def classify(self, x: Subspaces, style: Tensor, linguistics: Tensor) -> Tensor:
        scores = torch.stack([self.main.classify(x, style, linguistics), *self._view_scores(x)], 1)
        return scores @ self.weights + self.bias

    def _view_scores(self, x: Subspaces) -> list[Tensor]:
        return [view(*x.views[name]) for name, view in self.views.items()]

    def dependency(self, x: Subspaces) -> tuple[Tensor, Tensor]:
        return self.main.dependency(x)

    def prepare(self, fitted: FittedEncoders, recordings: Recordings, options: Mapping[str, Any]) -> None:
        self.main.prepare(fitted, recordings, options)

    def prepared(self) -> nn.Module | None:
        return self.main.prepared()

    def summary(self, x: Subspaces) -> Tensor:
        """The main head's summary, and after it the score of each view."""
        return torch.cat([self.main.summary(x), *(score[:, None] for score in self._view_scores(x))], 1)

    def score_windows(self, windows: LabelledWindows) -> Tensor:
        return self._parts(windows) @ self.weights + self.bias

    def _parts(self, windows: LabelledWindows) -> Tensor:
        """The main score and each view's of cached windows, (N, 1 + views)."""
        views = torch.from_numpy(np.asarray(windows.summaries[:, -len(self.views) :], dtype=np.float32))
        return torch.cat([self.main.score_windows(self._without_views(windows))[:, None], views], 1)

    def _without_views(self, windows: LabelledWindows) -> LabelledWindows:
        """Windows as the main head knows them: their summaries without the scores of the views."""
        return windows.with_summaries(windows.summaries[:, : -len(self.views)])

    def fit(self, windows: LabelledWindows, options: Mapping[str, Any]) -> None:
        """Fits the main head, then the weights on the windows apart; the options are those of the main head."""
        self.main.fit(self._without_views(windows), options)
        apart = windows.apart
        if apart is None:
            raise UsageError("Scores of several views are weighed on clips apart: name some by `fusion` in [protocol].")
        layer, target = nn.Linear(1 + len(self.views), 1), torch.from_numpy(apart.labels).long()
        fit_layer(layer, self._parts(apart), target, apart.weights({}), FUSION_PENALTY)
        self.weights.copy_(layer.weight[0].detach())
        self.bias.copy_(layer.bias.detach())
