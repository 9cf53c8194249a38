"""Artefact measures on signals whose answer is known."""

import numpy as np
import pytest
import soxr

from slim_cli.audio.speech import SpeechTrack
from slim_cli.observations.measure import Measures
from slim_cli.results import Observation, Remark
from tests.conftest import said

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
    return measures.observe(0, track)


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
    assert "16,000 Hz or more" in said(narrow.note)


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
    assert said(few["pause_cv"].note) == "fewer than 3 pauses"


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
    assert found["effective_bandwidth_hz"] == Observation(
        None, "Hz", False, Remark("little_speech_to_measure", {"needed_s": 1.0})
    )


@pytest.mark.parametrize("block", [1, 160, 100_000])
def test_measures_do_not_depend_on_the_blocks(block):
    samples = noise(RATE, 0.2) if block == 1 else noise(RATE)
    one, other = observe(samples, RATE, block=block), observe(samples, RATE)
    measured = {name for name, observation in one.items() if observation.value is not None}
    assert measured == {name for name, observation in other.items() if observation.value is not None}
    for name in measured:
        assert one[name].value == pytest.approx(other[name].value, rel=1e-4, abs=1e-7), name


def test_the_edge_of_the_bandwidth_has_a_slope_where_there_is_an_edge():
    cut_off = soxr.resample(noise(16_000), 16_000, 48_000, quality="VHQ")
    assert observe(cut_off, 48_000)["edge_slope_db_per_khz"].value > 60
    full = observe(noise(RATE), RATE)["edge_slope_db_per_khz"]
    assert (full.value, full.usable) == (None, False)
    assert "no edge" in said(full.note)


@pytest.mark.parametrize("distance_hz", [300, 500, 1250])
def test_lines_at_equal_distances_are_found(distance_hz):
    t = np.arange(10 * RATE) / RATE
    lines = sum(np.sin(2 * np.pi * f * t + f) for f in range(distance_hz, 8_000, distance_hz))
    found = observe(0.05 * noise(RATE) + 0.01 * lines, RATE)
    assert found["spectral_line_strength"].value > 0.6
    multiple = found["spectral_line_distance_hz"].value / distance_hz
    assert multiple == pytest.approx(round(multiple), abs=0.1)
    assert observe(noise(RATE), RATE)["spectral_line_strength"].value < 0.4
    narrow = observe(noise(8_000), 8_000)["spectral_line_strength"]
    assert (narrow.value, narrow.usable) == (None, False)


@pytest.mark.parametrize("expected_db", [10, 30, 60])
def test_the_signal_to_noise_ratio_compares_speech_with_the_quietest_tenth(expected_db):
    speech = np.arange(313) % 10 < 6
    level = np.repeat(np.where(speech, 1.0, 10 ** (-expected_db / 20)), 512)[: 10 * RATE]
    found = observe(noise(RATE) * level, RATE, speech)["snr_db"]
    assert found.value == pytest.approx(expected_db, abs=1.5)
    assert found.usable


def test_digital_silence_is_no_noise():
    speech = np.arange(313) % 10 < 6
    samples = noise(RATE) * np.repeat(speech, 512)[: 10 * RATE]
    found = observe(samples, RATE, speech)
    assert found["snr_db"].value == pytest.approx(0, abs=1.5)
    assert found["pause_zero_fraction"].value == 1
    assert not found["pause_flatness_db"].usable
    assert said(found["pause_flatness_db"].note) == "outside speech there is only digital silence"


def test_flatness_tells_hiss_from_hum():
    silent, t = np.zeros(313, bool), np.arange(10 * RATE) / RATE
    hiss = observe(noise(RATE), RATE, silent)["pause_flatness_db"].value
    hum = observe(0.01 * noise(RATE) + np.sin(2 * np.pi * 300 * t), RATE, silent)["pause_flatness_db"].value
    assert hiss == pytest.approx(0, abs=0.2)
    assert hum < -20
    assert not observe(noise(RATE), RATE)["pause_flatness_db"].usable


def test_zeros_outside_speech_are_counted_also_between_other_samples():
    samples = noise(RATE)
    samples[::4] = 0
    found = observe(samples, RATE, np.zeros(313, bool))
    assert found["pause_zero_fraction"].value == pytest.approx(0.25, abs=0.001)


def test_the_noise_outside_speech_is_given_where_there_is_some():
    measures = Measures(RATE, 1)
    measures.push(noise(RATE, 1).astype(np.float32)[None])
    measures.decide([np.ones(31, bool)])
    assert measures.noise(0) is None
    measures.push(noise(RATE, 1).astype(np.float32)[None])
    measures.decide([np.zeros(31, bool)])
    found = measures.noise(0)
    assert (len(found.power), found.step_hz) == (257, 31.25)
    assert found.power[10:-10].mean() == pytest.approx(6 * 0.1**2 / 512, rel=0.1)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        pytest.param([1.0], {}, id="one channel"),
        pytest.param([1.0, 1.0], {0: -120.0, 1: -120.0}, id="the same twice"),
        pytest.param([1.0, 0.5], {0: -6.0, 1: 0.0}, id="another level"),
        pytest.param([1.0, 0.0, 1.0], {0: -120.0, 2: -120.0}, id="the nearest counts; a silent one has none"),
    ],
)
def test_channels_are_compared(channels: list[float], expected: dict[int, float]) -> None:
    samples = np.array(channels, np.float32)[:, None] * noise(RATE, 2).astype(np.float32)
    measures = Measures(RATE, len(channels))
    for start in range(0, samples.shape[1], 7000):
        measures.push(samples[:, start : start + 7000])
    measures.decide([np.ones(60, bool)] * len(channels))
    track = SpeechTrack()
    track.add(np.ones(60, bool))
    seen = [measures.observe(one, track).get("channel_difference_db") for one in range(len(channels))]
    found = {number: one.value for number, one in enumerate(seen) if one}
    assert found == pytest.approx(expected, abs=0.05)


def test_noise_of_its_own_makes_a_channel_differ_by_its_level() -> None:
    rng = np.random.default_rng(5)
    voice = rng.normal(0, 0.1, 2 * RATE)
    measures = Measures(RATE, 2)
    measures.push(np.stack([voice, voice + rng.normal(0, 0.001, len(voice))]).astype(np.float32))
    measures.decide([np.ones(60, bool)] * 2)
    track = SpeechTrack()
    track.add(np.ones(60, bool))
    assert measures.observe(0, track)["channel_difference_db"].value == pytest.approx(-40, abs=0.5)
