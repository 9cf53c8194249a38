"""Abrupt changes of the background: found where they are, and not made of a steady one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from slim_cli.audio.spectra import frame_length, power_spectra
from slim_cli.observations.background import Background

RATE_HZ = 16_000
FRAME = frame_length(RATE_HZ)


def noise(seconds: float, level: float = 0.01, edge_hz: float | None = None) -> np.ndarray:
    """Noise (n,), white or up to an edge."""
    signal = np.random.default_rng(1).normal(0, level, round(seconds * RATE_HZ))
    return sosfilt(butter(10, edge_hz, fs=RATE_HZ, output="sos"), signal) if edge_hz else signal


def observed(signal: np.ndarray, pieces: int = 7) -> dict[str, tuple[float | None, float | None]]:
    """Value and place of each measure."""
    starts = np.arange(0, len(signal) - FRAME, FRAME)
    spectra = power_spectra(signal[None].astype(np.float32), starts, FRAME)[0]
    measure = Background(RATE_HZ / FRAME, FRAME / RATE_HZ, 1)
    for part in np.array_split(spectra, pieces):
        measure.push(0, part)
    return {
        name: (one.value, one.note.values.get("at_s") if one.note else None)  # type: ignore[misc]
        for name, one in measure.observe(0).items()
    }


@pytest.mark.parametrize("factor", [0.1, 4.0])
def test_a_step_of_the_noise_floor_is_found_where_it_is(factor: float) -> None:
    step, at_s = observed(np.concatenate([noise(20), noise(20, 0.01 * factor)]))["floor_step_db"]
    assert step == pytest.approx(abs(20 * np.log10(factor)), abs=1)
    assert at_s == pytest.approx(20, abs=2)


def test_a_step_of_the_bandwidth_is_found_where_it_is() -> None:
    step, at_s = observed(np.concatenate([noise(16), noise(24, edge_hz=3400)]))["band_step_hz"]
    assert step == pytest.approx(8000 - 4600, abs=600)
    assert at_s == pytest.approx(16, abs=2)


def test_a_steady_background_has_no_step() -> None:
    steps = observed(noise(60))
    assert steps["floor_step_db"][0] == pytest.approx(0, abs=0.5)
    assert steps["band_step_hz"][0] == pytest.approx(0, abs=100)


def test_one_loud_block_is_no_step() -> None:
    signal = noise(40)
    signal[20 * RATE_HZ : 22 * RATE_HZ] *= 30
    assert observed(signal)["floor_step_db"][0] == pytest.approx(0, abs=1)


def test_a_short_recording_is_not_judged() -> None:
    assert {value for value, _ in observed(noise(11)).values()} == {None}


def test_pieces_of_any_length_give_the_same() -> None:
    signal = np.concatenate([noise(14), noise(14, 0.1)])
    assert observed(signal, 1) == observed(signal, 97)
