"""Artefact measures on signals whose answer is known."""

import numpy as np
import pytest
import soxr

from slim_cli.audio.speech import SpeechTrack
from slim_cli.observations.measure import Measures
from slim_cli.results import Observation

RATE = 16_000


def observe(samples: np.ndarray, rate: int, speech: np.ndarray | None = None, block: int = 9_999):
    chunks = -(-len(samples) * RATE // (rate * 512))
    speech = np.ones(chunks, bool) if speech is None else speech
    measures, track, told = Measures(rate, 1), SpeechTrack(), 0
    for start in range(0, len(samples), block):
        measures.push(samples[None, start : start + block].astype(np.float32))
        until = min(start + block, len(samples)) * RATE // (rate * 512)
        measures.decide([speech[told:until]])
        told = until
    measures.decide([speech[told:]])
    track.add(speech)
    return measures.finish([track])[0]


def noise(rate: int, seconds: float = 10) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * rate))


@pytest.mark.parametrize(
    ("made", "stored", "expected"),
    [(16_000, 16_000, 8_000), (8_000, 16_000, 4_000), (22_050, 44_100, 11_025), (48_000, 48_000, 24_000)],
)
def test_effective_bandwidth_shows_an_earlier_sample_rate(made, stored, expected):
    samples = soxr.resample(noise(made), made, stored, quality="VHQ")
    assert observe(samples, stored)["effective_bandwidth_hz"].value == pytest.approx(expected, rel=0.06)


def test_high_frequency_ratio_of_white_noise_is_0_db_and_needs_16_khz():
    assert observe(noise(RATE), RATE)["hf_energy_ratio_db"].value == pytest.approx(0, abs=0.3)
    narrow = observe(noise(8_000), 8_000)["hf_energy_ratio_db"]
    assert (narrow.value, narrow.usable) == (None, False)
    assert "16 kHz" in narrow.note


def test_spectra_are_read_only_where_there_is_speech():
    t = np.arange(10 * RATE) / RATE
    samples = np.where(t < 5, np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 6000 * t))
    speech = np.arange(313) < 150
    assert observe(samples, RATE, speech)["hf_energy_ratio_db"].value < -30
    assert observe(samples, RATE, ~speech)["hf_energy_ratio_db"].value > 10


def test_pauses_between_stretches_of_speech():
    runs = [10, 40, 10, 30, 20, 30, 30, 40, 3, 20, 50]  # chunks, alternately silence and speech, from silence
    speech = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    found = observe(noise(RATE, len(speech) * 0.032), RATE, speech)
    assert found["pause_mean_s"].value == pytest.approx(20 * 0.032)  # 10, 20 and 30 chunks; 3 are no pause
    assert found["pause_cv"].value == pytest.approx(0.5)
    assert found["pause_count_per_min"].value == pytest.approx(60 * 3 / (223 * 0.032))
    few = observe(noise(RATE), RATE)
    assert not few["pause_cv"].usable
    assert few["pause_cv"].note == "fewer than 3 pauses"


def test_digital_silence_clipping_and_offset():
    samples = noise(RATE) * 0.1 + 0.02
    samples[: 2 * RATE] = 0
    samples[5 * RATE : 5 * RATE + 1600] = 1.0
    found = observe(samples, RATE)
    assert found["digital_silence_fraction"].value == pytest.approx(0.21, abs=0.001)
    assert found["clipping_fraction"].value == pytest.approx(0.01, abs=1e-5)
    assert found["dc_offset"].value == pytest.approx(samples.mean(), abs=1e-6)


def test_without_speech_spectral_measures_are_not_given():
    found = observe(noise(RATE), RATE, np.zeros(313, bool))
    assert found["effective_bandwidth_hz"] == Observation(None, "Hz", False, "less than 1 s of speech")


@pytest.mark.parametrize("block", [1, 160, 100_000])
def test_measures_do_not_depend_on_the_blocks(block):
    samples = noise(RATE, 0.2) if block == 1 else noise(RATE)
    one, other = observe(samples, RATE, block=block), observe(samples, RATE)
    measured = {name for name, observation in one.items() if observation.value is not None}
    assert measured == {name for name, observation in other.items() if observation.value is not None}
    for name in measured:
        assert one[name].value == pytest.approx(other[name].value, rel=1e-4, abs=1e-7), name
