"""The paper's head: attentive statistics of both subspaces beside the dependency features, one hidden layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.heads.head_interface import Head, LabelledWindows, Subspaces
from slim_cli.detector.heads.pooling import AttentiveStatisticsPooling
from slim_cli.loading import read


@dataclass(frozen=True)
class AttentiveConfig:
    """Sizes above the encoders.

    Attributes:
        dependency_dim: width of the dependency features S and L.
        pooled_dim: width of each pooled subspace embedding.
        hidden_dim: width of the classifier's hidden layer.
        dropout: dropout in compression, pooling and classifier.
    """

    dependency_dim: int = 256
    pooled_dim: int = 256
    hidden_dim: int = 256
    dropout: float = 0.1


@dataclass(frozen=True)
class AttentiveFit:
    """How stage 2 learns (SLIM, section 3.2: binary cross-entropy).

    Attributes:
        steps: optimisation steps.
        batch: windows per step.
        learning_rate: peak learning rate.
        smoothing: label smoothing.
        seed: seed of the batches.
    """

    steps: int = 800
    batch: int = 64
    learning_rate: float = 5e-4
    smoothing: float = 0.02
    seed: int = 0


class AttentiveHead(Head):
    """Pooling, MLP and classifier trained jointly."""

    kind = "attentive"

    def __init__(self, dims: Mapping[str, int], config: AttentiveConfig | None = None) -> None:
        self_config = config or AttentiveConfig()
        super().__init__(dims, self_config.dependency_dim, self_config.dropout)
        self.config = self_config
        pooled, dropout = self.config.pooled_dim, self.config.dropout
        self.style_pooling = AttentiveStatisticsPooling(dims["style"], pooled, dropout)
        self.linguistics_pooling = AttentiveStatisticsPooling(dims["linguistics"], pooled, dropout)
        self.classifier = nn.Sequential(
            nn.Linear(2 * self.config.dependency_dim + 2 * pooled, self.config.hidden_dim),
            nn.LeakyReLU(),
            nn.Dropout(dropout),
            nn.Linear(self.config.hidden_dim, 1),
        )

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int]) -> Self:
        return cls(dims, AttentiveConfig(**spec))

    def describe(self) -> dict[str, Any]:
        return asdict(self.config)

    def classify(self, x: Subspaces, style: Tensor, linguistics: Tensor) -> Tensor:
        pooled = self.style_pooling(x.style, x.style_mask), self.linguistics_pooling(x.linguistics, x.linguistics_mask)
        return self.classifier(torch.cat([style, linguistics, *pooled], -1))[..., 0]

    def fit(self, windows: LabelledWindows, options: Mapping[str, Any]) -> None:
        """Trains pooling and classifier; the options are the attributes of `AttentiveFit`."""
        plan = read(AttentiveFit, options, "recipe", at="stage2")
        compressions = (self.style_compression, self.linguistics_compression)
        for module in compressions:
            module.requires_grad_(False)
        classes = [np.flatnonzero(windows.labels == label) for label in (0, 1)]

        def step(head: AttentiveHead, number: int) -> dict[str, Tensor]:
            head.style_compression.eval()
            head.linguistics_compression.eval()
            rng = np.random.default_rng((plan.seed, number))
            drawn = np.concatenate([rng.choice(c, plan.batch // 2) for c in classes])
            x, labels = windows.batch(np.sort(drawn), rng)
            target = labels * (1 - plan.smoothing) + plan.smoothing / 2
            return {"label": F.binary_cross_entropy_with_logits(head(x).score.float(), target)}

        trained = windows.optimise(self, step, plan.steps, plan.learning_rate)
        self.load_state_dict(trained.state_dict())
        self.eval()
        for module in compressions:
            module.requires_grad_(True)
