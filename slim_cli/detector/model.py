"""SLIM: a style encoder, a linguistics encoder, further views where a bundle has some, and the head over all of them.

Zhu, Koppisetti, Tran, Bharaj, "SLIM: Style-Linguistics Mismatch Model for Generalized Audio Deepfake Detection",
NeurIPS 2024, arXiv 2407.18517, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.detector.encoders.encoder_interface import Encoder, normalise, same_front
from slim_cli.detector.heads import Output, Subspaces, build_head
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S

SUBSPACES = ("style", "linguistics")


class Slim(nn.Module):
    """Encoders by name and the head over them.

    Args:
        encoders: `style`, `linguistics` and any further views.
        head: kind and sizes of the head; attentive by default.
    """

    def __init__(self, encoders: Mapping[str, Encoder], head: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(dict(encoders))
        self.head = build_head(head or {"kind": "attentive"}, {name: e.dim for name, e in encoders.items()})
        self.share_front()

    @property
    def style(self) -> Encoder:
        """The style encoder."""
        return self.encoder("style")

    @property
    def linguistics(self) -> Encoder:
        """The linguistics encoder."""
        return self.encoder("linguistics")

    def encoder(self, name: str) -> Encoder:
        """The encoder of that name."""
        found: Any = self.encoders[name]
        return found

    @property
    def views(self) -> list[str]:
        """Names of the encoders beside style and linguistics."""
        return [name for name in self.encoders if name not in SUBSPACES]

    @property
    def reentrant(self) -> bool:
        """Whether several threads may run it at once."""
        return all(self.encoder(name).reentrant for name in self.encoders)

    def share_front(self) -> None:
        """Looks again whether both encoders have equal front ends; to be called after loading weights."""
        self.shares_front = same_front(self.style, self.linguistics)

    def subspaces(self, waveforms: Tensor, lengths: Tensor) -> Subspaces:
        """Runs all encoders; a front end that style and linguistics share runs once.

        Args:
            waveforms: (B, T) 16 kHz, at any level, zero beyond `lengths`.
            lengths: (B,) valid samples.
        """
        waveforms = normalise(waveforms, lengths)
        style, style_mask = self.style.front(waveforms, lengths)
        linguistics, mask = (style, style_mask) if self.shares_front else self.linguistics.front(waveforms, lengths)
        views = {}
        for name in self.views:
            features, own_mask = self.encoder(name).front(waveforms, lengths)
            views[name] = self.encoder(name).subspace(features, own_mask), own_mask
        return Subspaces(
            self.style.subspace(style, style_mask),
            self.linguistics.subspace(linguistics, mask),
            style_mask,
            mask,
            views,
        )

    def subspaces_of(self, recording: np.ndarray) -> Subspaces:
        """The subspaces of the first window of a recording (T,) at 16 kHz, batch of one."""
        samples = np.array(recording[: int(WINDOW_S * MODEL_RATE_HZ)], dtype=np.float32)
        with torch.no_grad():
            return self.subspaces(torch.from_numpy(samples)[None], torch.tensor([len(samples)]))

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Output:
        output: Output = self.head(self.subspaces(waveforms, lengths))
        return output
