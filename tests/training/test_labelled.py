"""Stage 2 by logistic regression, held to scikit-learn's optimum, and the k-means behind the codebook."""

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from slim_cli.corpora.manifest import Clip
from slim_cli.detector.encoders.codebook import kmeans
from slim_cli.detector.heads.moments import fit_layer
from slim_cli.training.labelled import window_weights


def clip(label: str, origin: str, system: str, family: str = "") -> Clip:
    return Clip(Path(f"{origin}-{system}.flac"), label, system, "s", origin, family=family)


def test_classes_weigh_the_same_and_large_systems_by_the_root_of_their_size() -> None:
    clips = [clip("bonafide", "a", "natural")] * 6 + [clip("spoof", "a", "x")] * 4 + [clip("spoof", "a", "y")]
    weights = window_weights(clips)
    assert torch.allclose(weights[:6].sum(), torch.tensor(0.5))
    assert torch.allclose(weights[6:].sum(), torch.tensor(0.5))
    assert torch.allclose(weights[6:10].sum() / weights[10], torch.tensor(2.0))


def test_a_family_weighs_what_the_recipe_gives_it_beside_all_other_spoof_however_many_clips_it_has() -> None:
    clips = [clip("bonafide", "a", "natural")] * 6 + [clip("spoof", "a", "x", "tts")] * 4
    clips += [clip("spoof", "b", "robot", "classical")] * 100
    weights = window_weights(clips, {"classical": 0.05})
    assert torch.allclose(weights[:6].sum(), torch.tensor(0.5))
    assert torch.allclose(weights[10:].sum() / weights[6:10].sum(), torch.tensor(0.05))
    assert torch.allclose(weights.sum(), torch.tensor(1.0))


def test_kinds_of_spoof_on_either_side_of_bona_fide_are_both_told_from_it() -> None:
    places = torch.tensor([[0.0], [4.0], [-4.0]])
    target = torch.arange(3).repeat_interleave(40)
    features = places[target] + torch.randn(120, 1, generator=torch.Generator().manual_seed(0))
    weights = torch.full((120,), 1 / 120)

    def accuracy(kinds: torch.Tensor) -> float:
        layer = nn.Linear(1, int(kinds.max()))
        fit_layer(layer, features, kinds, weights, 1e-4)
        spoof = layer(features).logsumexp(-1) > 0
        return (spoof == (kinds > 0)).float().mean().item()

    assert accuracy(target) > 0.9 > 0.8 > accuracy(target.clamp(max=1))


def test_fitted_layer_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 3)).astype(np.float32), rng.integers(0, 2, 80)
    layer = nn.Linear(3, 1)
    fit_layer(layer, torch.from_numpy(x), torch.from_numpy(y), torch.full((80,), 1 / 80), 0.02)
    oracle = LogisticRegression(C=1 / (2 * 80 * 0.02), tol=1e-9).fit(x, y)
    assert np.allclose(layer.weight.detach().numpy(), oracle.coef_, atol=1e-3)
    assert np.allclose(layer.bias.detach().numpy(), oracle.intercept_, atol=1e-3)


def test_kmeans_finds_separate_heaps() -> None:
    rng = np.random.default_rng(0)
    heaps = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points = torch.cat(
        [h + 0.1 * torch.randn(50, 2, generator=torch.Generator().manual_seed(i)) for i, h in enumerate(heaps)]
    )
    best = min((kmeans(points, 6, 10, rng) for _ in range(3)), key=lambda c: torch.cdist(points, c).amin(1).sum())
    assert torch.cdist(heaps, best).amin(1).max() < 0.5
