"""The codecs that training hears: each keeps the voice in place and in time, all of them are drawn."""

import numpy as np
import pytest

from slim_cli.corpora import random_codecs as module
from slim_cli.corpora.channel_conditions import conditions, received
from slim_cli.corpora.random_codecs import CODECS, random_codec
from slim_cli.errors import EnvironmentUnfit

RATE = 16_000
needs_encoders = pytest.mark.skipif(any(c.missing for c in conditions("channels")), reason="an encoder is missing")


def swelling_tone() -> np.ndarray:
    time = np.arange(2 * RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * 440 * time) * np.sin(2 * np.pi * time) ** 2).astype(np.float32)


@needs_encoders
@pytest.mark.parametrize("name", CODECS)
def test_a_codec_gives_back_the_same_sound_in_time(name: str) -> None:
    clip = swelling_tone()
    for seed in range(3):
        heard = received(CODECS[name][1](clip, np.random.default_rng(seed)), clip)
        assert len(clip) - 0.2 * RATE <= len(heard) <= len(clip)
        heard = np.pad(heard, (0, len(clip) - len(heard)))
        envelope, expected = (np.abs(x).reshape(-1, 400).mean(1) for x in (heard, clip))
        likeness = np.correlate(envelope - envelope.mean(), expected - expected.mean(), "full")
        assert abs(int(likeness.argmax()) + 1 - len(expected)) * 400 <= 0.1 * RATE
        assert 0.5 < envelope.mean() / expected.mean() < 2


@needs_encoders
def test_a_random_codec_is_the_same_for_the_same_seed_and_another_for_others() -> None:
    clip = swelling_tone()
    heard = [random_codec(clip, np.random.default_rng(seed)) for seed in (*range(8), 0)]
    assert np.array_equal(heard[0], heard[8])
    assert len({x[:20_000].tobytes() for x in heard[:8]}) > 4


def test_training_says_which_encoder_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(EnvironmentUnfit, match="vo-amrwbenc"):
        CODECS["amr-wb"][1](swelling_tone(), np.random.default_rng(0))
