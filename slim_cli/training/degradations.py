"""Random channels for training: what a recording may have gone through, drawn alike for both classes.

The order is that of the world: the talker's room, sounds around, a microphone and its colour, an overdriven input, a
narrower band, a codec, lost packets, and the level at which it was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft

from slim_cli.corpora.random_codecs import random_codec
from slim_cli.corpora.surroundings import NOISES
from slim_cli.results import MODEL_RATE_HZ

PACKET = MODEL_RATE_HZ // 50
DITHER = 2.0**-16  # of full scale: no digital silence is left, in either class

Step = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Shares:
    """How often each step of a channel is taken.

    Attributes:
        room, noise, colour, clipping, band, codec, loss: probability of each, independently.
    """

    room: float = 0.2
    noise: float = 0.4
    colour: float = 0.4
    clipping: float = 0.06
    band: float = 0.15
    codec: float = 0.5
    loss: float = 0.06


def degrade(
    samples: np.ndarray,
    rng: np.random.Generator,
    babble: Sequence[np.ndarray] = (),
    shares: Shares | None = None,
) -> np.ndarray:
    """Samples as received through a random channel.

    Args:
        samples: (T,) float32 at 16 kHz.
        rng: decides; the same generator state gives two recordings the same channel.
        babble: recordings of other people, from which a noise of voices is mixed.
        shares: how often each step is taken.

    Returns:
        (T,) float32 within [-1, 1], never digitally silent.

    Raises:
        EnvironmentUnfit: an encoder that training hears is not here.
    """
    shares = shares or Shares()
    steps: tuple[tuple[float, Step], ...] = (
        (shares.room, _room),
        (shares.noise, lambda x, r: _noise(x, r, babble)),
        (shares.colour, _colour),
        (shares.clipping, _clipping),
        (shares.band, _band),
        (shares.codec, random_codec),
        (shares.loss, _loss),
    )
    x = np.asarray(samples, np.float32)
    x = x / max(float(np.sqrt(np.mean(x**2))), 1e-4) * 0.05
    for share, step in steps:
        own = np.random.default_rng(rng.integers(2**62))  # a step that is not taken changes nothing after it
        if rng.random() < share:
            y = step(np.clip(x, -1, 1), own).astype(np.float32)
            x = np.pad(y, (0, max(0, len(x) - len(y))))[: len(x)]
    return _stored(x, rng)


def _stored(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    level = 10 ** rng.uniform(-1.9, -0.7)
    y = x / max(float(np.sqrt(np.mean(x**2))), 1e-5) * level + DITHER * rng.standard_normal(len(x))
    return np.clip(y, -1, 1).astype(np.float32)


def _filtered(x: np.ndarray, response: np.ndarray) -> np.ndarray:
    return fft.irfft(fft.rfft(x) * response, n=len(x))


def _room(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A direct sound, a few early reflections and a decaying tail, -8 to 12 dB weaker than the direct sound."""
    time = np.arange(int(0.8 * MODEL_RATE_HZ)) / MODEL_RATE_HZ
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / rng.uniform(0.15, 0.8))
    tail[: int(rng.uniform(0.002, 0.02) * MODEL_RATE_HZ)] = 0
    early = rng.integers(16, MODEL_RATE_HZ // 25, rng.integers(2, 8))
    tail[early] += rng.choice([-1, 1], len(early)) * rng.uniform(0.5, 2, len(early)) * np.abs(tail).max()
    response = tail / np.linalg.norm(tail) * 10 ** (rng.uniform(-12, 8) / 20)
    response[0] += 1
    size = fft.next_fast_len(len(x) + len(response))
    return fft.irfft(fft.rfft(x, size) * fft.rfft(response, size), n=size)[: len(x)]


def _noise(x: np.ndarray, rng: np.random.Generator, babble: Sequence[np.ndarray]) -> np.ndarray:
    """Noise 5 to 40 dB below the speech: white, pink, mains, imitated voices or the given ones."""
    kind = int(rng.integers(len(NOISES) + 2))
    if kind >= len(NOISES) and len(babble):
        voices = [babble[n] for n in rng.integers(len(babble), size=rng.integers(1, 6))]
        noise = sum(np.roll(np.resize(voice, len(x)), rng.integers(len(x))) for voice in voices)
    else:
        noise = NOISES[kind % len(NOISES)](len(x), rng)
    power = max(float(np.mean(np.square(noise))), 1e-12)
    return x + noise * np.sqrt(np.mean(x**2) / power) * 10 ** (-rng.uniform(5, 40) / 20)


def _colour(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth colouring of about ±6 dB; for a quarter that of a small loudspeaker recorded again."""
    hz = fft.rfftfreq(len(x), 1 / MODEL_RATE_HZ)
    knots = rng.standard_normal(12) * rng.uniform(0, 4)
    curve = np.interp(hz, np.linspace(0, MODEL_RATE_HZ / 2, 12), knots)
    if rng.random() < 0.25:
        low, high = rng.uniform(120, 400), rng.uniform(4000, 8000)
        curve -= 12 * np.log2(np.maximum(low / np.maximum(hz, 20), 1)) + 12 * np.log2(np.maximum(hz / high, 1))
        curve += 8 * np.exp(-0.5 * ((np.log2(np.maximum(hz, 20)) - np.log2(rng.uniform(800, 3000))) / 0.4) ** 2)
    return _filtered(x, 10 ** (curve / 20))


def _clipping(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Peaks cut off, hard or soft, at 5 to 60 % of the largest."""
    ceiling = np.abs(x).max() * rng.uniform(0.05, 0.6) + 1e-6
    return np.clip(x, -ceiling, ceiling) if rng.random() < 0.5 else np.tanh(x / ceiling) * ceiling


def _band(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nothing above 2.8 to 7.8 kHz, for some nothing below 80 to 350 Hz; soft or steep edges."""
    hz = fft.rfftfreq(len(x), 1 / MODEL_RATE_HZ)
    response = 1 / (1 + np.exp(np.clip((hz - rng.uniform(2800, 7800)) / 10 ** rng.uniform(1.3, 2.6), -60, 60)))
    if rng.random() < 0.3:
        response = response / (1 + np.exp(np.clip((rng.uniform(80, 350) - hz) / 25, -60, 60)))
    return _filtered(x, response)


def _loss(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Packets of 20 ms lost, 2 to 15 % of them and often several together: silence, or the last one again."""
    packets, repeat = np.pad(x, (0, -len(x) % PACKET)).reshape(-1, PACKET).copy(), rng.random() < 0.5
    rate, lost = rng.uniform(0.02, 0.15), False
    for number in range(1, len(packets)):
        lost = rng.random() < (0.5 if lost else rate)
        if lost:
            packets[number] = packets[number - 1] * 0.8 if repeat else 0
    return packets.reshape(-1)[: len(x)]
