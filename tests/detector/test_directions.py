"""The style to be expected beside some linguistics: a regression held to one by numpy."""

import numpy as np
import pytest
import torch

from slim_cli.detector.heads import Subspaces
from slim_cli.detector.heads.directions import fit_expected_style
from slim_cli.detector.heads.pooling import EXPECTED_RANK, MomentPooling

STYLE, LINGUISTICS = 66, 70


def subspaces_of(recording: np.ndarray) -> Subspaces:
    """Stands for encoders: a recording holds the frames themselves, linguistics beside style, 50 of 60 valid."""
    frames = torch.from_numpy(recording).view(1, 60, -1)
    mask = torch.arange(60)[None] < 50
    return Subspaces(frames[..., LINGUISTICS:], frames[..., :LINGUISTICS], mask, mask)


@pytest.fixture(scope="module")
def recordings() -> np.ndarray:
    """Style that follows eight directions of the linguistics, at very different levels, and noise beside it."""
    rng = np.random.default_rng(0)
    linguistics = rng.normal(2, rng.uniform(0.1, 3, LINGUISTICS), (100, 60, LINGUISTICS))
    style = linguistics @ rng.normal(size=(LINGUISTICS, 8)) @ rng.normal(size=(8, STYLE)) + 5
    style = (style + rng.normal(size=style.shape)) * rng.uniform(0.1, 10, STYLE)
    frames = np.concatenate([linguistics, style], 2)
    frames[:, 50:] = 1e3
    return frames.reshape(100, -1).astype(np.float32)


def test_the_expected_style_is_the_regression_on_the_linguistics(recordings: np.ndarray) -> None:
    pooling = MomentPooling(STYLE, LINGUISTICS)
    fit_expected_style(pooling, map(subspaces_of, recordings))
    frames = recordings.reshape(100, 60, -1)[:, :50].reshape(-1, LINGUISTICS + STYLE)
    linguistics, style = frames[:, :LINGUISTICS], frames[:, LINGUISTICS:]
    known = np.c_[linguistics, np.ones(len(linguistics))]
    regression = known @ np.linalg.lstsq(known, style, rcond=None)[0]
    expected = pooling.expected_style(torch.from_numpy(linguistics)).numpy()
    assert pooling.expected_style[0].out_features == EXPECTED_RANK
    error = (expected - regression) / style.std(0)
    assert np.abs(error).max() < 0.05
    assert ((style - expected).mean(0) / style.std(0)) == pytest.approx(np.zeros(STYLE), abs=1e-3)
