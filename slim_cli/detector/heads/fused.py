"""Several views, each scored by itself, their scores added: what one of them misses another may hear.

The main score is that of another kind of head over style and linguistics; views score beside it. How much each counts
is a logistic regression on clips that trained none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.detector.encoders.encoder_interface import Recordings
from slim_cli.detector.heads import build_head, describe_head
from slim_cli.detector.heads.head_interface import FittedEncoders, Head, LabelledWindows, Subspaces
from slim_cli.detector.heads.moments import fit_layer
from slim_cli.detector.heads.views import View, build_view
from slim_cli.errors import UsageError

FUSION_PENALTY = 1e-4
FRAMES_OF, FRAMES = 500, 40  # recordings that views prepare on, and frames of each


class FusedHead(Head):
    """A head over style and linguistics, and the scores of views.

    Attributes:
        main: that head.
        views: the views by name.
        weights: (1 + views,) what the main score and each view's count, in the order of `views`.
        bias: what is added.
    """

    kind = "fused"

    def __init__(self, main: Head, views: Mapping[str, View]) -> None:
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
        views = {name: build_view(name, table, dims) for name, table in spec["views"].items()}
        return cls(build_head(spec["main"], dims), views)

    def describe(self) -> dict[str, Any]:
        views = {
            name: {"kind": view.kind, **view.describe()} for name, view in zip(self.views, self._each(), strict=True)
        }
        return {"main": describe_head(self.main), "views": views}

    def classify(self, x: Subspaces, style: Tensor, linguistics: Tensor) -> Tensor:
        scores = torch.stack([self.main.classify(x, style, linguistics), *self._view_scores(x)], 1)
        return scores @ self.weights + self.bias

    def _each(self) -> list[View]:
        found: list[Any] = list(self.views.values())
        return found

    def _view_scores(self, x: Subspaces) -> list[Tensor]:
        return [view(x) for view in self._each()]

    def dependency(self, x: Subspaces) -> tuple[Tensor, Tensor]:
        return self.main.dependency(x)

    def prepare(self, fitted: FittedEncoders, recordings: Recordings, options: Mapping[str, Any]) -> None:
        self.main.prepare(fitted, recordings, options)
        rng = np.random.default_rng(int(options.get("seed", 0)))
        style, linguistics = [], []
        for audio in recordings.draw(int(options.get("clips", FRAMES_OF)), rng):
            x = fitted.subspaces_of(audio)
            style.append(_some(x.style[0][x.style_mask[0]], rng))
            linguistics.append(_some(x.linguistics[0][x.linguistics_mask[0]], rng))
        for view in self._each():
            view.prepare(fitted, (torch.cat(style), torch.cat(linguistics)))

    def prepared(self) -> nn.Module | None:
        main = self.main.prepared()
        parts = dict(zip(self.views, (view.prepared() for view in self._each()), strict=True)) | {"main": main}
        return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})

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


def _some(frames: Tensor, rng: np.random.Generator) -> Tensor:
    return frames[torch.from_numpy(rng.integers(len(frames), size=FRAMES))]
