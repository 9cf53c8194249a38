"""The trace of the mains: found where it is, with its frequency, its level and its breaks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from slim_cli.observations.mains_hum import MainsHum
from slim_cli.results import Observation

RATE_HZ = 8000
NOISE = 1e-3


def hum(hz: float, seconds: float, amplitude: float = 2e-3) -> np.ndarray:
    """Mains hum (n,) with its first harmonic at half its amplitude."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return amplitude * (np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(4 * np.pi * hz * t + 1))


def observed(signal: np.ndarray, block: int = 5000) -> dict[str, Observation]:
    """The measures of a signal in noise, pushed in blocks."""
    noisy = (signal + np.random.default_rng(0).normal(0, NOISE, len(signal))).astype(np.float32)
    measure = MainsHum(RATE_HZ, 2)
    for start in range(0, len(noisy), block):
        piece = noisy[start : start + block]
        measure.push(np.stack([np.zeros_like(piece), piece]))
    assert measure.observe(0)["hum_db"].value is None  # digital silence
    return measure.observe(1)


@pytest.mark.parametrize("hz", [49.97, 50.0, 50.03, 59.98, 60.02])
def test_hum_is_found_with_its_frequency_and_level(hz: float) -> None:
    found = observed(hum(hz, 30))
    assert (found["hum_db"].value or 0) > 25
    assert found["hum_frequency_hz"].value == pytest.approx(hz, abs=0.003)
    assert found["hum_level_db"].value == pytest.approx(20 * np.log10(2e-3), abs=1)
    assert found["hum_breaks_per_min"].value == 0


@pytest.mark.parametrize("cuts", [1, 2, 3])
@pytest.mark.parametrize("hz", [50.02, 59.99])
def test_a_cut_of_the_recording_breaks_the_phase_once(hz: float, cuts: int) -> None:
    whole, lost = hum(hz, 80), round(0.45 / hz * RATE_HZ)
    places = [0, *(round(20 * n * RATE_HZ) for n in range(1, cuts + 1)), len(whole)]
    parts = [whole[a + (lost if a else 0) : b] for a, b in pairwise(places)]
    found = observed(np.concatenate(parts))
    assert round((found["hum_breaks_per_min"].value or 0) * 80 / 60) == cuts


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(np.zeros(30 * RATE_HZ), id="noise alone"),
        pytest.param(hum(50, 30, 2e-5), id="hum far below the noise"),
        pytest.param(hum(170, 30), id="a tone that is no multiple of the mains"),
    ],
)
def test_no_hum_is_found_where_there_is_none(signal: np.ndarray) -> None:
    found = observed(signal)
    assert (found["hum_db"].value or 0) < 10
    assert found.keys() == {"hum_db"}
    assert found["hum_db"].note is not None
    assert found["hum_db"].note.code == "no_hum"


def test_too_short_a_recording_is_not_judged() -> None:
    found = observed(hum(50, 3))
    assert {one.usable for one in found.values()} == {False}


def test_blocks_of_any_length_give_the_same() -> None:
    signal = hum(50.01, 20)
    assert observed(signal, 700) == observed(signal, 64_000)
