"""Noise and far-field rooms to test a model in: drawn from the clip itself, so the same clip always gets the same.

Nothing here is shared with the training augmentation (`degrade`): rooms are simulated from their walls, not from
decaying noise, and noise is set against the active speech level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.signal import fftconvolve

from slim_cli.results import MODEL_RATE_HZ

ACTIVE_DB = 15.9  # ITU-T P.56: speech is active down to this far below its active level
FRAME = MODEL_RATE_HZ // 50
FLOOR_DB = 40.0  # of the soft noise in a room, below the speech
SOUND_M_S = 343.0
WALL_M = 0.5  # least distance of source and microphone from each wall
VOICES = 6


def seed_of(samples: np.ndarray) -> int:
    """A number that belongs to a clip: the same for the same sound at 16 bits."""
    sound = np.rint(samples * 32767).astype("<i4")
    return int.from_bytes(hashlib.sha256(sound.tobytes()).digest()[:16], "little")


def with_noise(samples: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    """Adds white, pink, mains or babble noise, whichever is drawn; the same for every signal-to-noise ratio.

    Args:
        samples: (T,) at 16 kHz.
        snr_db: active speech level over the level of the noise, dB.
        seed: decides.

    Returns:
        (T,) float32, turned down where it would exceed full scale; digital silence stays silence.
    """
    rng = np.random.default_rng(seed)
    noise = NOISES[rng.integers(len(NOISES))](len(samples), rng)
    return _mixed(samples, noise, snr_db)


def in_room(samples: np.ndarray, seed: int) -> np.ndarray:
    """Sound from 1.5 to 4 m away in a shoebox room where reverberation dominates, with soft pink noise.

    Args:
        samples: (T,) at 16 kHz.
        seed: decides.

    Returns:
        (T,) float32 at the active level of the clip and in time with it, turned down where it would exceed full scale.
    """
    response, direct = room_response(seed)
    heard = fftconvolve(samples, response)[direct : direct + len(samples)]
    before, after = active_power(samples), active_power(heard)
    if after > 0:
        heard = heard * np.sqrt(before / after)
    return _mixed(heard, _pink(len(samples), np.random.default_rng([seed, 1])), FLOOR_DB)


@lru_cache(maxsize=1)
def room_response(seed: int) -> tuple[np.ndarray, int]:
    """Impulse response of a random room by the image-source method (Allen & Berkley 1979), all walls alike.

    The reverberation time of Sabine's formula is 0.3 to 0.6 s; that of a shoebox comes out up to a third longer.

    Returns:
        the response (N,) at 16 kHz and the sample at which the direct sound arrives.
    """
    import pyroomacoustics as pra

    rng = np.random.default_rng(seed)
    size = rng.uniform([4, 3.5, 2.4], [9, 7, 3.5])
    rt60 = rng.uniform(0.3, 0.6)
    critical = 0.057 * np.sqrt(size.prod() / rt60)
    while True:
        ends = rng.uniform(WALL_M, size - WALL_M, (2, 3))
        distance = float(np.linalg.norm(ends[0] - ends[1]))
        if max(1.5, 1.25 * critical) < distance < 4:
            break
    absorption, order = pra.inverse_sabine(rt60, size)
    pra.constants.set("num_threads", 1)  # sums come out the same on every machine
    room = pra.ShoeBox(size, fs=MODEL_RATE_HZ, materials=pra.Material(absorption), max_order=order)
    room.add_source(ends[0])
    room.add_microphone(ends[1])
    room.compute_rir()
    half_filter = pra.constants.get("frac_delay_length") // 2
    return room.rir[0][0], round(distance / SOUND_M_S * MODEL_RATE_HZ) + half_filter


def active_power(samples: np.ndarray) -> float:
    """Mean square of the frames of 20 ms with speech: those within 15.9 dB of it, the margin of ITU-T P.56."""
    framed = np.pad(samples.astype(np.float64), (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    loudest = np.sort(np.square(framed).mean(axis=1))[::-1]
    means = np.cumsum(loudest) / np.arange(1, len(loudest) + 1)
    active = loudest >= means * 10 ** (-ACTIVE_DB / 10)
    return float(means[np.flatnonzero(active)[-1]])


def _mixed(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    power = active_power(samples) / 10 ** (snr_db / 10)
    mixed = samples + noise * np.sqrt(power / max(np.square(noise).mean(), np.finfo(float).tiny))
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


def _white(length: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(length)


def _pink(length: int, rng: np.random.Generator) -> np.ndarray:
    return _coloured(length, rng, lambda hz: hz**-0.5)


def _mains(length: int, rng: np.random.Generator) -> np.ndarray:
    """50 or 60 Hz and its harmonics up to 2 kHz, on average 6 dB less per octave, over a faint white hiss."""
    mains = rng.choice([50.0, 60.0])
    harmonics = np.arange(1, int(2000 / mains) + 1)
    levels = rng.uniform(0.3, 1, len(harmonics)) / harmonics
    phases = rng.uniform(0, 2 * np.pi, len(harmonics))
    turns = 2 * np.pi * mains * np.arange(length) / MODEL_RATE_HZ
    hum = sum(level * np.sin(n * turns + phase) for n, level, phase in zip(harmonics, levels, phases, strict=True))
    return np.asarray(hum + 0.01 * rng.standard_normal(length))


def _babble(length: int, rng: np.random.Generator) -> np.ndarray:
    """Six noises with the long-term spectrum of speech, each swelling three to six times a second as syllables do."""
    seconds, total = np.arange(length) / MODEL_RATE_HZ, np.zeros(length)
    for rate, phase in zip(rng.uniform(3, 6, VOICES), rng.uniform(0, 2 * np.pi, VOICES), strict=True):
        total += _coloured(length, rng, _speech_spectrum) * (1.1 + np.sin(2 * np.pi * rate * seconds + phase))
    return total


def _speech_spectrum(hz: np.ndarray) -> np.ndarray:
    """Level from 100 to 500 Hz, falling by 9 dB per octave above and by 12 dB below."""
    return np.minimum(1, (hz / 100) ** 2) * np.maximum(1, hz / 500) ** -1.5


def _coloured(length: int, rng: np.random.Generator, colour: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Gaussian noise whose amplitude follows a function of the frequency in Hz, from 20 Hz up."""
    hz = np.fft.rfftfreq(length, 1 / MODEL_RATE_HZ)
    shape = np.where(hz >= 20, colour(np.maximum(hz, 20)), 0)
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * shape, n=length)


NOISES = (_white, _pink, _mains, _babble)
