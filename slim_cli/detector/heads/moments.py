"""Moments of both subspaces beside the dependency features, read by a linear layer or by a small network.

The linear layer is multinomial and fitted to the optimum: classical, parametric and other families of synthesis may
have weights of their own, and the score is the log-odds of any of them. The network learns from mixtures of windows
(mixup: Zhang et al., ICLR 2018), which keeps it from remembering them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import Recordings
from slim_cli.detector.heads.directions import MomentsPlan, find_directions, fit_expected_style
from slim_cli.detector.heads.head_interface import FittedEncoders, Head, LabelledWindows, Subspaces
from slim_cli.detector.heads.pooling import MomentPooling
from slim_cli.errors import UsageError
from slim_cli.loading import read


@dataclass(frozen=True)
class MomentsConfig:
    """Sizes above the encoders.

    Attributes:
        dependency_dim: width of the dependency features S and L.
        dropout: dropout in the compression modules.
        families: families of synthesis whose traces differ so much from those of the rest that the classifier has
            weights of its own for each.
        hidden: widths of the classifier's hidden layers; none for a linear one.
    """

    dependency_dim: int = 256
    dropout: float = 0.1
    families: Sequence[str] = ()
    hidden: Sequence[int] = ()


@dataclass(frozen=True)
class MomentsFit:
    """How stage 2 learns.

    Attributes:
        penalty: of a linear classifier: weight of the squared length of its weights.
        linguistics_share: spread given to the moments of linguistics alone, where all others have 1; the smaller, the
            less the classifier relies on them.
        families: what each family weighs beside all other spoof, which weighs 1.
        steps: of a classifier with hidden layers: optimisation steps.
        batch: windows per step.
        learning_rate: peak learning rate.
        dropout: dropout before each layer.
        smoothing: label smoothing.
        mixup: parameter of the Beta distribution from which the shares of two mixed windows are drawn; 0 for none.
        seed: seed of the batches.
    """

    penalty: float = 0.01
    linguistics_share: float = 1.0
    families: Mapping[str, float] = field(default_factory=dict)
    steps: int = 1500
    batch: int = 256
    learning_rate: float = 1e-3
    dropout: float = 0.5
    smoothing: float = 0.05
    mixup: float = 0.4
    seed: int = 0


class MomentsHead(Head):
    """Standardised moments and dependency features → log-odds."""

    kind = "moments"

    def __init__(self, dims: Mapping[str, int], config: MomentsConfig | None = None) -> None:
        own = config or MomentsConfig()
        super().__init__(dims, own.dependency_dim, own.dropout)
        self.config = own
        self.pooling = MomentPooling(dims["style"], dims["linguistics"])
        widths = [2 * own.dependency_dim + self.pooling.width, *own.hidden]
        layers: list[nn.Module] = []
        for inner, outer in pairwise(widths):
            layers += [nn.Linear(inner, outer), nn.GELU()]
        self.classifier = nn.Sequential(*layers, nn.Linear(widths[-1], 1 + len(own.families)))

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], dims: Mapping[str, int]) -> Self:
        config = MomentsConfig(**spec)
        return cls(dims, MomentsConfig(**{**spec, "hidden": tuple(config.hidden), "families": tuple(config.families)}))

    def describe(self) -> dict[str, Any]:
        return asdict(self.config)

    def classify(self, x: Subspaces, style: Tensor, linguistics: Tensor) -> Tensor:
        moments = self.pooling(x.style, x.style_mask, x.linguistics, x.linguistics_mask)
        return self.classifier(torch.cat([style, linguistics, moments], -1)).logsumexp(-1)

    def prepare(self, fitted: FittedEncoders, recordings: Recordings, options: Mapping[str, Any]) -> None:
        """Finds directions of style, groups of sounds and expected style; options: attributes of `MomentsPlan`."""
        plan = read(MomentsPlan, options, "recipe", at="prepare")
        rng = np.random.default_rng(plan.seed)
        style = ((x := fitted.subspaces_of(audio)).style[x.style_mask] for audio in recordings.draw(plan.clips, rng))
        find_directions(self.pooling, style, fitted.linguistics.units(), plan.rounds, plan.seed)
        drawn = recordings.draw(plan.clips, rng)
        parts = (part for audio in drawn for part in (audio, recordings.coded(np.array(audio), rng)))
        fit_expected_style(self.pooling, map(fitted.subspaces_of, parts))

    def prepared(self) -> nn.Module:
        return self.pooling

    def summary(self, x: Subspaces) -> Tensor:
        return self.pooling.moments(x.style, x.style_mask, x.linguistics, x.linguistics_mask)

    def fit(self, windows: LabelledWindows, options: Mapping[str, Any]) -> None:
        """Fits standardisation and classifier; the options are the attributes of `MomentsFit`."""
        plan = read(MomentsFit, options, "recipe", at="stage2")
        if tuple(plan.families) != tuple(self.config.families):
            raise UsageError("The families that stage 2 weighs are not those of the head.")
        self.eval()
        target = torch.tensor(
            [self._target(s, f) for s, f in zip(windows.labels, windows.families, strict=True)], dtype=torch.long
        )
        weights = windows.weights(plan.families)
        moments = torch.from_numpy(np.asarray(windows.summaries, dtype=np.float32))
        standard = self._standardise(moments, weights, plan.linguistics_share)
        features = torch.cat([self._dependencies(windows), standard], 1)
        if self.config.hidden:
            self._train(windows, features, target, weights, plan)
        else:
            fit_layer(self._last, features, target, weights, plan.penalty)

    def score_windows(self, windows: LabelledWindows) -> Tensor:
        moments = torch.from_numpy(np.asarray(windows.summaries, dtype=np.float32))
        standard = (moments - self.pooling.mean) / self.pooling.scale
        with torch.no_grad():
            return self.classifier(torch.cat([self._dependencies(windows), standard], 1)).logsumexp(-1)

    def _dependencies(self, windows: LabelledWindows) -> Tensor:
        """S and L of cached windows beside each other, (N, 2 · dependency_dim)."""
        with torch.no_grad():
            return torch.cat([torch.cat(self.dependency(x), 1) for x, _ in windows.batches(64)])

    @property
    def _last(self) -> nn.Linear:
        layer: Any = self.classifier[-1]
        return layer

    def _target(self, label: float, family: str) -> int:
        """0 for bona fide, 1 for spoof at large, from 2 on for the families."""
        if not label:
            return 0
        return 2 + list(self.config.families).index(family) if family in self.config.families else 1

    def _standardise(self, values: Tensor, weights: Tensor, linguistics_share: float) -> Tensor:
        pooling, share = self.pooling, weights[:, None]
        mean = (share * values).sum(0)
        scale = (share * (values - mean).square()).sum(0).sqrt().clamp(min=1e-3)
        scale[pooling.linguistics] /= linguistics_share
        pooling.mean.copy_(mean)
        pooling.scale.copy_(scale)
        return (values - mean) / scale

    def _train(
        self, windows: LabelledWindows, features: Tensor, target: Tensor, weights: Tensor, plan: MomentsFit
    ) -> None:
        """Trains a classifier with hidden layers on windows drawn by their weights and mixed in pairs."""
        share, kinds = weights.numpy().astype(np.float64), 2 + len(self.config.families)
        share /= share.sum()

        def step(layers: nn.Sequential, number: int) -> dict[str, Tensor]:
            rng = np.random.default_rng((plan.seed, number))
            torch.manual_seed(int(rng.integers(2**62)))
            first, second = torch.from_numpy(rng.choice(len(features), (2, plan.batch), p=share))
            mixed = torch.from_numpy(rng.beta(plan.mixup, plan.mixup, plan.batch)) if plan.mixup else torch.ones(1)
            part = mixed.float()[:, None]
            x = part * features[first] + (1 - part) * features[second]
            for layer in layers:
                linear = hasattr(layer, "weight")
                x = layer(F.dropout(x, plan.dropout, training=True) if linear else x)
            wanted = [F.one_hot(target[rows], kinds).float() for rows in (first, second)]
            goal = part * wanted[0] + (1 - part) * wanted[1]
            goal = goal * (1 - plan.smoothing) + plan.smoothing / kinds
            logits = torch.cat([torch.zeros(len(x), 1), x.float()], 1)  # bona fide is the class that all are told from
            return {"label": F.cross_entropy(logits, goal)}

        trained = windows.optimise(self.classifier, step, plan.steps, plan.learning_rate)
        self.classifier.load_state_dict(trained.state_dict())


def fit_layer(layer: nn.Linear, features: Tensor, target: Tensor, weights: Tensor, penalty: float) -> None:
    """Multinomial logistic regression: log-odds of each kind of spoof against bona fide, fitted to the optimum.

    Every class, bona fide too, has weights while it is fitted, so that what all kinds of spoof have in common is
    penalised once; with one kind this is the usual logistic regression.

    Args:
        layer: what is fitted, in place: one output for each kind of spoof.
        features: (N, D) standardised.
        target: (N,) 0 for bona fide, from 1 on the kinds of spoof.
        weights: (N,) that sum to one.
        penalty: weight of the squared length of the weights.
    """
    classes = nn.Linear(layer.in_features, 1 + layer.out_features)
    nn.init.zeros_(classes.weight)
    nn.init.zeros_(classes.bias)
    optimiser = torch.optim.LBFGS(classes.parameters(), max_iter=60, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        each = F.cross_entropy(classes(features), target, reduction="none")
        loss = (weights * each).sum() + 2 * penalty * classes.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    with torch.no_grad():
        layer.weight.copy_(classes.weight[1:] - classes.weight[0])
        layer.bias.copy_(classes.bias[1:] - classes.bias[0])
