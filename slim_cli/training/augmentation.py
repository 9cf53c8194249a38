"""Channel conditions applied to both classes alike: level, colour, band, room, noise, coding grain.

Everything here runs on a batch of waveforms in the frequency domain, so that it costs little beside the encoders.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from slim_cli.results import MODEL_RATE_HZ


def degrade(waveforms: Tensor, generator: torch.Generator, groups: Tensor | None = None) -> Tensor:
    """Applies a random channel to each row.

    Args:
        waveforms: (B, T) at 16 kHz.
        generator: source of randomness.
        groups: (B,) integers; rows of one group get the same channel. None: every row its own.

    Returns:
        (B, T), at a random level.
    """
    batch = waveforms.shape[0]
    groups = torch.arange(batch) if groups is None else groups
    count = int(groups.max()) + 1
    level = waveforms.square().mean(1, keepdim=True).sqrt().clamp(min=1e-4)
    x = waveforms / level
    x = filter_spectrum(x, _channel_response(count, x.shape[1], generator)[groups])
    x = _companding(x, count, groups, generator)
    x = x + _noise(x, count, groups, generator)
    x = filter_spectrum(x, _band_limit(count, x.shape[1], generator)[groups])
    gain = 10 ** (_uniform(count, -2.0, -0.5, generator)[groups])
    return (x * gain[:, None]).clamp(-1, 1)


def filter_spectrum(x: Tensor, response: Tensor) -> Tensor:
    """Multiplies the spectrum of each row (B, T) by a response (B, T // 2 + 1), real or complex."""
    return torch.fft.irfft(torch.fft.rfft(x) * response, n=x.shape[1])


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _channel_response(count: int, samples: int, generator: torch.Generator) -> Tensor:
    """A smooth random colouring of up to about ±8 dB, and for some a room."""
    bins = samples // 2 + 1
    knots = torch.randn(count, 1, 12, generator=generator) * _uniform(count, 0, 4, generator)[:, None, None]
    curve = F.interpolate(knots, size=bins, mode="linear", align_corners=True)[:, 0]
    response = (10 ** (curve / 20)).to(torch.complex64)
    has_room = torch.rand(count, generator=generator) < 0.2
    if has_room.any():
        response[has_room] = response[has_room] * _room(int(has_room.sum()), samples, generator)
    return response


def _room(count: int, samples: int, generator: torch.Generator) -> Tensor:
    """Spectrum of a direct path with an exponentially decaying noise tail (0.1 to 0.7 s to -60 dB)."""
    time = torch.arange(MODEL_RATE_HZ // 2) / MODEL_RATE_HZ
    decay = _uniform(count, 0.1, 0.7, generator)[:, None]
    tail = torch.randn(count, MODEL_RATE_HZ // 2, generator=generator) * torch.exp(-6.9 * time / decay)
    tail = tail / tail.norm(dim=1, keepdim=True) * 10 ** (_uniform(count, -1.0, 0.0, generator)[:, None])
    tail[:, 0] += 1
    return torch.fft.rfft(tail[:, :samples], n=samples)


def _companding(x: Tensor, count: int, groups: Tensor, generator: torch.Generator) -> Tensor:
    """For one row in twelve, 8-bit mu-law as on the telephone."""
    chosen = (torch.rand(count, generator=generator) < 0.08)[groups]
    if not chosen.any():
        return x
    y = (x[chosen] / 8).clamp(-1, 1)
    coded = torch.round(y.sign() * torch.log1p(255 * y.abs()) / math.log(256) * 127) / 127
    x = x.clone()
    x[chosen] = coded.sign() * (torch.expm1(coded.abs() * math.log(256)) / 255) * 8
    return x


def _noise(x: Tensor, count: int, groups: Tensor, generator: torch.Generator) -> Tensor:
    """Coloured noise 12 to 60 dB below the speech; for some rows, the other rows' speech as babble."""
    slope = _uniform(count, -1.0, 0.0, generator)[groups]
    spectrum = torch.fft.rfft(torch.randn(x.shape, generator=generator))
    frequency = torch.linspace(0, 1, spectrum.shape[1]).clamp(min=1e-3)
    noise = torch.fft.irfft(spectrum * frequency[None] ** slope[:, None], n=x.shape[1])
    babble = (torch.rand(count, generator=generator) < 0.08)[groups]
    if babble.any():
        mixed = sum(x.roll(shift, 0).roll(4001 * shift, 1) for shift in (1, 2, 3))
        noise = torch.where(babble[:, None], mixed, noise)
    noise = noise / noise.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    below_db = _uniform(count, 12, 60, generator)[groups]
    return noise * 10 ** (-below_db[:, None] / 20)


def _band_limit(count: int, samples: int, generator: torch.Generator) -> Tensor:
    """Low-pass (2.8 to 7.8 kHz) for three rows in ten, telephone high-pass for some; soft or steep edges."""
    frequency = torch.linspace(0, MODEL_RATE_HZ / 2, samples // 2 + 1)[None]
    limited = torch.rand(count, generator=generator) < 0.3
    edge = torch.where(limited, _uniform(count, 2800, 7800, generator), torch.full((count,), 9000.0))[:, None]
    width = 10 ** _uniform(count, 1.3, 2.8, generator)[:, None]
    low_pass = torch.sigmoid((edge - frequency) / width)
    has_high_pass = torch.rand(count, generator=generator) < 0.2
    corner = torch.where(has_high_pass, _uniform(count, 80, 350, generator), torch.zeros(count))[:, None]
    high_pass = torch.where(corner > 0, torch.sigmoid((frequency - corner) / 25), torch.ones_like(frequency))
    return low_pass * high_pass
