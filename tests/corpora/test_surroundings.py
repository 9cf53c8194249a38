"""Noise and rooms: as loud and as reverberant as they are said to be, and the same for the same clip."""

from importlib.util import find_spec

import numpy as np
import pytest

from slim_cli.corpora import surroundings as module
from slim_cli.corpora.channel_conditions import Condition, conditions
from slim_cli.corpora.surroundings import NOISES, active_power, room_response, seed_of, with_noise

RATE = 16_000
SEEDS = range(6)
with_rooms = pytest.mark.skipif(not find_spec("pyroomacoustics"), reason="no pyroomacoustics")
every = pytest.mark.parametrize("condition", conditions("surroundings"), ids=lambda c: c.name)


def talk() -> np.ndarray:
    """A second of noise at 0.1, a second of silence, and again."""
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE)
    return (noise * (np.arange(4 * RATE) // RATE % 2 == 0)).astype(np.float32)


def heard(condition: Condition, clip: np.ndarray) -> np.ndarray:
    if condition.missing:
        pytest.skip(condition.missing)
    return condition.apply(clip)


def db(ratio: float) -> float:
    return 10 * float(np.log10(ratio))


@every
def test_a_clip_keeps_its_length_and_gets_the_same_at_every_run(condition: Condition) -> None:
    first, again = heard(condition, talk()), heard(condition, talk())
    assert (first.dtype, first.shape) == (np.float32, (4 * RATE,))
    assert (first == again).all()
    assert (first != talk()).mean() > 0.9
    assert np.abs(first).max() <= 1


@every
@pytest.mark.parametrize("length", [RATE, 1])
def test_silence_stays_silence(condition: Condition, length: int) -> None:
    assert not heard(condition, np.zeros(length, np.float32)).any()


@every
def test_no_clip_is_too_short_or_too_loud(condition: Condition) -> None:
    for clip in (np.ones(1, np.float32), np.sign(talk())):
        received = heard(condition, clip)
        assert len(received) == len(clip)
        assert np.isfinite(received).all()
        assert np.abs(received).max() <= 1


def test_the_active_level_leaves_pauses_out() -> None:
    assert db(active_power(talk())) == pytest.approx(-20, abs=0.2)
    assert db(active_power(np.concatenate([talk(), np.zeros(10 * RATE)]))) == pytest.approx(-20, abs=0.2)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_noise_lies_as_far_below_the_speech_as_said(
    noise: object, snr_db: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NOISES", (noise,))
    added = with_noise(talk(), snr_db, 1).astype(float) - talk()
    assert db(active_power(talk()) / np.square(added).mean()) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(
    ("noise", "low", "high"),
    [("_white", -0.5, 0.5), ("_pink", 8, 11), ("_mains", 12, 40), ("_babble", 12, 40)],
)
def test_noises_differ_in_colour(noise: str, low: float, high: float) -> None:
    """Density at 200 to 400 Hz over that at 1.6 to 3.2 kHz, dB."""
    (make,) = (one for one in NOISES if one.__name__ == noise)
    power = np.abs(np.fft.rfft(make(4 * RATE, np.random.default_rng(3)))) ** 2
    assert low < db(power[800:1600].mean() / power[6400:12800].mean()) < high


def test_clips_draw_all_kinds_and_a_clip_the_same_at_every_level() -> None:
    draws = [np.random.default_rng(seed).integers(len(NOISES)) for seed in range(40)]
    assert set(draws) == set(range(len(NOISES)))
    soft, loud = (with_noise(talk(), snr_db, 5).astype(float) - talk() for snr_db in (20.0, 10.0))
    assert loud == pytest.approx(soft * 10**0.5, abs=1e-5)


def test_the_draw_belongs_to_the_sound_as_16_bits_hold_it() -> None:
    stored = (np.rint(talk() * 32768) / 32768).astype(np.float32)
    assert seed_of(stored) == seed_of(stored + np.float32(1e-7))
    assert seed_of(stored) != seed_of(stored[::-1])


@with_rooms
def test_rooms_are_as_reverberant_as_said() -> None:
    """RT60 from Schroeder's integral between -5 and -25 dB; the direct sound ends 2.5 ms after it arrived."""
    for seed in SEEDS:
        response, direct = room_response(seed)
        assert int(np.argmax(np.abs(response))) == direct
        left = np.cumsum(np.square(response[::-1]))[::-1]
        decay = 10 * np.log10(left / left[0] + 1e-30)
        t20 = (np.argmax(decay < -25) - np.argmax(decay < -5)) / RATE
        assert 0.25 < 3 * t20 < 0.85
        assert -12 < db((left[0] - left[direct + 40]) / left[direct + 40]) < 0
    assert len({room_response(seed)[1] for seed in SEEDS}) == len(SEEDS)


@with_rooms
def test_a_room_keeps_level_and_time_and_fills_the_pauses() -> None:
    (room,) = conditions("room")
    received, clip = room.apply(talk()), talk()
    assert db(active_power(received) / active_power(clip)) == pytest.approx(0, abs=0.3)
    lags = range(-40, 41)
    matches = [abs(np.dot(received[100:-100], np.roll(clip, lag)[100:-100])) for lag in lags]
    assert lags[int(np.argmax(matches))] == 0
    tail, later = received[int(1.02 * RATE) : int(1.1 * RATE)], received[int(1.9 * RATE) : 2 * RATE]
    assert np.square(tail).mean() > 10 * np.square(later).mean() > 0
