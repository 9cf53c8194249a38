"""Moments over time, held to numpy on the valid frames alone."""

import numpy as np
import pytest
import torch

from slim_cli.detector.heads.pooling import SOUND_PRIOR, SOUNDS, STYLE_DIRECTIONS, MomentPooling, statistics

STYLE, LINGUISTICS, FRAMES = 70, 40, 30


@pytest.fixture
def pooling() -> MomentPooling:
    torch.manual_seed(0)
    made = MomentPooling(STYLE, LINGUISTICS)
    torch.nn.init.uniform_(made.sounds.weight)
    return made


def window(valid: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Both subspaces of one window of 30 frames each, the valid ones first, anything behind them."""
    generator = torch.Generator().manual_seed(1)
    style = torch.randn(1, FRAMES, STYLE, generator=generator)
    linguistics = torch.rand(1, FRAMES, LINGUISTICS, generator=generator)
    mask = torch.arange(FRAMES)[None] < valid
    return style, mask, linguistics, mask


def test_the_covariance_is_that_of_the_valid_frames_along_the_directions(pooling: MomentPooling) -> None:
    got = pooling.moments(*window(20))[0]
    along = pooling.directions(window(20)[0][0, :20]).detach().numpy()
    start = 2 * (STYLE + LINGUISTICS)
    expected = np.cov(along.T, bias=True)[np.triu_indices(STYLE_DIRECTIONS)]
    assert got[start : start + len(expected)].numpy() == pytest.approx(expected, abs=1e-5)


def test_the_style_of_a_sound_is_the_mean_of_the_frames_that_hold_it(pooling: MomentPooling) -> None:
    style, mask, linguistics, _ = window(20)
    with torch.no_grad():
        pooling.sounds.weight.zero_()
        pooling.sounds.weight[0, 0] = pooling.sounds.weight[5, 1] = 1
    linguistics.zero_()
    linguistics[0, :15, 0] = 1
    linguistics[0, 15:, 1] = 2
    moments = pooling.moments(style, mask, linguistics, mask)[0]
    by_sound = moments[-SOUNDS * STYLE_DIRECTIONS - 2 * STYLE : -2 * STYLE].view(SOUNDS, -1)
    along = pooling.directions(style[0])
    assert by_sound[0].allclose(along[:15].sum(0) / (15 + SOUND_PRIOR), atol=1e-5)
    assert by_sound[5].allclose(along[15:20].sum(0) / (5 + SOUND_PRIOR), atol=1e-5)
    assert not by_sound[1].any()


def test_unexpected_style_is_what_the_linguistics_beside_it_do_not_explain(pooling: MomentPooling) -> None:
    style, mask, linguistics, _ = window(20)
    every_other = linguistics[:, ::2]
    unexpected = style[0, :20] - pooling.expected_style(every_other.repeat_interleave(2, 1))[0, :20]
    got = pooling.moments(style, mask, every_other, mask[:, ::2])[0, -2 * STYLE :]
    assert got.allclose(torch.cat([unexpected.mean(0), unexpected.std(0, correction=0)]), atol=1e-5)


def test_what_lies_beyond_the_signal_changes_nothing(pooling: MomentPooling) -> None:
    style, mask, linguistics, _ = window(20)
    before = pooling(style, mask, linguistics, mask)
    style[0, 20:], linguistics[0, 20:] = 9, 9
    assert pooling(style, mask, linguistics, mask).allclose(before, atol=1e-5)


def test_a_window_without_valid_frames_gives_finite_moments(pooling: MomentPooling) -> None:
    assert pooling(*window(0)).isfinite().all()


def test_statistics_are_mean_and_deviation_over_valid_frames() -> None:
    x = torch.randn(2, 10, 3, generator=torch.Generator().manual_seed(2))
    mask = torch.tensor([[True] * 10, [True] * 4 + [False] * 6])
    expected = torch.cat([x[1, :4].mean(0), x[1, :4].std(0, correction=0)])
    assert statistics(x, mask)[1].allclose(expected, atol=1e-6)
