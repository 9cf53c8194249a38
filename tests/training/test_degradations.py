"""Random channels: alike for both classes, never silent, and made of the steps that they are said to be made of."""

from dataclasses import fields, replace

import numpy as np
import pytest

from slim_cli.corpora.channel_conditions import conditions
from slim_cli.training.degradations import Shares, degrade

RATE = 16_000
NONE = Shares(*(0.0 for _ in fields(Shares)))
needs_encoders = pytest.mark.skipif(any(c.missing for c in conditions("channels")), reason="an encoder is missing")


def voice() -> np.ndarray:
    """Half a second of nothing and two of a buzz that swells, at a low level."""
    time = np.arange(2 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 40)) * (1.2 + np.sin(2 * np.pi * 4 * time))
    return np.concatenate([np.zeros(RATE // 2), 0.02 * buzz]).astype(np.float32)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_without_any_step_the_sound_stays_and_digital_silence_goes() -> None:
    heard = degrade(voice(), np.random.default_rng(0), shares=NONE)
    assert likeness(heard, voice()) > 0.999
    assert np.count_nonzero(heard[: RATE // 4]) > RATE // 8


@needs_encoders
@pytest.mark.parametrize("step", [field.name for field in fields(Shares)])
def test_each_step_changes_the_sound_alone_and_keeps_its_length(step: str) -> None:
    for seed in range(6):
        heard = degrade(voice(), np.random.default_rng(seed), [voice()[::-1]], replace(NONE, **{step: 1.0}))
        plain = degrade(voice(), np.random.default_rng(seed), shares=NONE)
        assert heard.shape == voice().shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() <= 1
        assert not np.allclose(heard, plain, atol=1e-6)


@needs_encoders
def test_the_same_generator_gives_two_recordings_the_same_channel() -> None:
    loud = [degrade(voice() * gain, np.random.default_rng(3)) for gain in (1.0, 4.0)]
    assert likeness(*loud) > 0.99
    other = degrade(voice(), np.random.default_rng(4))
    assert likeness(loud[0], other) < 0.99


def test_lost_packets_are_silent_or_heard_again() -> None:
    shares = replace(NONE, loss=1.0)
    changed = [
        np.mean(np.abs(degrade(voice(), np.random.default_rng(seed), shares=shares)[RATE:]) < 1e-3)
        for seed in range(12)
    ]
    assert max(changed) > 0.02
