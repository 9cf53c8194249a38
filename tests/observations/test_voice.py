"""Jitter, shimmer and harmonics-to-noise ratio of pulse trains whose irregularity is known."""

import numpy as np
import pytest
from scipy.signal import lfilter, resample_poly

from slim_cli.observations.voice import VoiceQuality
from slim_cli.results import Observation
from tests.conftest import said

RATE, UP, SECONDS = 16_000, 4, 6
QUIET = Observation(40.0, "dB")


def voice(pitch_hz: float, jitter: float = 0.0, shimmer: float = 0.0, noise: float = 0.0) -> tuple[np.ndarray, dict]:
    """A voice of one vowel; the true local jitter and shimmer of its cycles."""
    rng = np.random.default_rng(0)
    periods = (1 + jitter * rng.standard_normal(int(SECONDS * pitch_hz) - 5)) / pitch_hz
    heights = 1 + shimmer * rng.standard_normal(len(periods))
    samples = np.zeros(SECONDS * RATE * UP)
    samples[np.rint(np.cumsum(periods) * RATE * UP).astype(int)] = heights
    for formant, width in ((500, 80), (1500, 120)):
        radius = np.exp(-np.pi * width / (RATE * UP))
        samples = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * formant / (RATE * UP)), radius**2], samples)
    samples = resample_poly(samples, 1, UP)
    samples = samples / samples.std() + noise * rng.standard_normal(len(samples))
    truth = {
        "jitter_local": np.abs(np.diff(periods)).mean() / periods.mean(),
        "shimmer_local": np.abs(np.diff(heights)).mean() / heights.mean(),
    }
    return (0.1 * samples).astype(np.float32), truth


def observe(samples: np.ndarray, speech: bool = True, block: int = 16_000, snr: Observation = QUIET) -> dict:
    quality, told = VoiceQuality(1), 0
    for start in range(0, len(samples), block):
        stop = min(start + block, len(samples)) // 512
        quality.push(samples[None, start : start + block], [np.full(stop - told, speech)])
        told = stop
    return quality.finish(0, snr)


@pytest.mark.parametrize("pitch_hz", [95, 140, 220])
@pytest.mark.parametrize(("jitter", "shimmer"), [(0.01, 0.05), (0.02, 0.1)])
def test_irregular_cycles_are_measured(pitch_hz, jitter, shimmer):
    samples, truth = voice(pitch_hz, jitter, shimmer)
    found = observe(samples)
    assert found["jitter_local"].value == pytest.approx(truth["jitter_local"], rel=0.25)
    assert found["shimmer_local"].value == pytest.approx(truth["shimmer_local"], rel=0.35)


def test_a_machine_like_voice_is_regular():
    found = observe(voice(120)[0])
    assert found["jitter_local"].value < 0.002
    assert found["shimmer_local"].value < 0.01
    assert found["hnr_db"].value > 30


@pytest.mark.parametrize(("noise", "expected_db"), [(0.1, 20), (0.316, 10)])
def test_noise_lowers_the_harmonics_to_noise_ratio(noise, expected_db):
    assert observe(voice(120, noise=noise)[0])["hnr_db"].value == pytest.approx(expected_db, abs=2)


@pytest.mark.parametrize(
    ("samples", "speech", "snr", "note"),
    [
        (voice(120)[0], False, QUIET, "less than 2 s of voiced speech"),
        (voice(120)[0][:RATE], True, QUIET, "less than 2 s of voiced speech"),
        (np.random.default_rng(0).normal(0, 0.1, 5 * RATE), True, QUIET, "less than 2 s of voiced speech"),
        (np.zeros(5 * RATE), True, QUIET, "less than 2 s of voiced speech"),
        (voice(120)[0], True, Observation(10.0, "dB"), "the signal-to-noise ratio lies below 15 dB"),
        (voice(120)[0], True, Observation(None, "dB"), "the signal-to-noise ratio lies below 15 dB"),
    ],
    ids=["no speech", "one second", "hiss", "silence", "noisy", "unknown noise"],
)
def test_where_they_cannot_be_read_the_reason_is_told(samples, speech, snr, note):
    found = observe(samples.astype(np.float32), speech, snr=snr)
    assert {(o.usable, said(o.note)) for o in found.values()} == {(False, note)}


def test_voice_measures_do_not_depend_on_the_blocks():
    samples = voice(140, 0.01, 0.05)[0]
    one, other = observe(samples, block=777), observe(samples, block=40_000)
    assert one.keys() == other.keys() == {"jitter_local", "shimmer_local", "hnr_db"}
    for name in one:
        assert one[name].value == pytest.approx(other[name].value, rel=1e-5), name
