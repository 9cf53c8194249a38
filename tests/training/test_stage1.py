"""The stage 1 loss is the published one, and both of its terms teach both branches."""

import pytest
import torch

from slim_cli.training.stage1 import dependency_loss


def test_equal_features_have_no_distance() -> None:
    features = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    assert dependency_loss(features, features, 1.0)["distance"] == 0


def test_the_distance_of_standardised_features_is_two_minus_twice_their_correlation() -> None:
    generator = torch.Generator().manual_seed(0)
    style, noise = torch.randn(5000, 1, generator=generator), torch.randn(5000, 1, generator=generator)
    linguistics = 0.6 * style + 0.8 * noise
    correlation = torch.corrcoef(torch.cat([style, linguistics], 1).t())[0, 1]
    distance = dependency_loss(style * 3 + 5, linguistics, 1.0)["distance"]
    assert distance.item() == pytest.approx(2 - 2 * correlation.item(), abs=1e-3)


def test_repeated_features_are_redundant() -> None:
    independent = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))
    repeated = independent[:, :1].repeat(1, 4)
    low = dependency_loss(independent, independent, 1.0)["redundancy"]
    high = dependency_loss(repeated, repeated, 1.0)["redundancy"]
    assert low < 0.05 < 2 < high


@pytest.mark.parametrize("term", ["distance", "redundancy"])
def test_the_gradient_of_each_term_reaches_both_branches(term: str) -> None:
    generator = torch.Generator().manual_seed(0)
    style = torch.randn(16, 8, generator=generator).requires_grad_()
    linguistics = torch.randn(16, 8, generator=generator).requires_grad_()
    dependency_loss(style, linguistics, 0.1)[term].backward()
    assert style.grad is not None
    assert linguistics.grad is not None
    assert style.grad.abs().sum() > 0
    assert linguistics.grad.abs().sum() > 0
