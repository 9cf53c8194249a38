"""Stage 2 by logistic regression, held to scikit-learn's optimum, and the k-means behind the codebook."""

from pathlib import Path

import numpy as np
import torch

from slim_cli.training.codebook import kmeans
from slim_cli.training.logistic import window_weights
from slim_cli.training.manifest import Clip


def clip(label: str, origin: str, system: str) -> Clip:
    return Clip(Path(f"{origin}-{system}.flac"), label, system, "s", origin)


def test_classes_weigh_the_same_and_large_systems_by_the_root_of_their_size() -> None:
    clips = [clip("bonafide", "a", "natural")] * 6 + [clip("spoof", "a", "x")] * 4 + [clip("spoof", "a", "y")]
    weights = window_weights(clips)
    assert torch.allclose(weights[:6].sum(), torch.tensor(0.5))
    assert torch.allclose(weights[6:].sum(), torch.tensor(0.5))
    assert torch.allclose(weights[6:10].sum() / weights[10], torch.tensor(2.0))


def test_kmeans_finds_separate_heaps() -> None:
    rng = np.random.default_rng(0)
    heaps = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points = torch.cat(
        [h + 0.1 * torch.randn(50, 2, generator=torch.Generator().manual_seed(i)) for i, h in enumerate(heaps)]
    )
    best = min((kmeans(points, 6, 10, rng) for _ in range(3)), key=lambda c: torch.cdist(points, c).amin(1).sum())
    assert torch.cdist(heaps, best).amin(1).max() < 0.5
