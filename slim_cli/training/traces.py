"""Traces of resynthesis, made from any recording without a synthesiser.

Each trace imitates one thing that vocoders do to a signal, at random strength. An encoder that must name the traces
keeps the fine detail in which they live; in supervised training a recording beside its traced copy shows synthesis
and nothing else, same words, same speaker, same channel.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

N_FFT, HOP = 512, 128
NAMES = ("phase_noise", "mel_smoothing", "noise_fill", "imaging", "grid", "time_smoothing")


def add_traces(waveforms: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Adds one to three random traces to each row.

    Args:
        waveforms: (B, T) at 16 kHz.
        generator: source of randomness.

    Returns:
        (B, T) and which traces each row carries, (B, 6) of 0 and 1 in the order of `NAMES`.
    """
    batch, samples = waveforms.shape
    wanted = torch.rand(batch, len(NAMES), generator=generator) < 0.3
    wanted[torch.arange(batch), torch.randint(len(NAMES), (batch,), generator=generator)] = True
    strength = torch.rand(batch, len(NAMES), generator=generator)
    window = torch.hann_window(N_FFT)
    x = _imaging(waveforms, wanted[:, 3], strength[:, 3])
    spectrum = torch.stft(x, N_FFT, HOP, window=window, return_complex=True)
    magnitude, phase = spectrum.abs(), spectrum.angle()
    magnitude = torch.where(wanted[:, 1, None, None], _mel_smooth(magnitude, strength[:, 1]), magnitude)
    magnitude = torch.where(wanted[:, 5, None, None], _time_smooth(magnitude, strength[:, 5]), magnitude)
    magnitude = torch.where(
        wanted[:, 4, None, None], magnitude * _grid(magnitude, strength[:, 4], generator), magnitude
    )
    frequency = torch.linspace(0, 1, magnitude.shape[1])[None, :, None]
    noise = torch.randn(magnitude.shape, generator=generator)
    depth = wanted[:, 0, None, None] * (0.3 + 1.7 * strength[:, 0, None, None]) * (0.2 + frequency)
    above = 0.2 + 0.6 * strength[:, 2, None, None]
    depth = depth + wanted[:, 2, None, None] * 3.1 * torch.sigmoid((frequency - above) * 40)
    spectrum = torch.polar(magnitude, phase + depth * noise)
    return torch.istft(spectrum, N_FFT, HOP, window=window, length=samples), wanted.float()


def _mel_matrix(bands: int) -> Tensor:
    """Triangular mel filters, (bands, 257), each summing to one."""
    edges = 700 * (10 ** (torch.linspace(0, 2840.0, bands + 2) / 2595) - 1)
    frequency = torch.linspace(0, 8000, N_FFT // 2 + 1)[None]
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = torch.minimum((frequency - low) / (centre - low), (high - frequency) / (high - centre)).clamp(min=0)
    return filters / filters.sum(1, keepdim=True).clamp(min=1e-6)


def _mel_smooth(magnitude: Tensor, strength: Tensor) -> Tensor:
    """What is left after the mel bands of a typical vocoder input: harmonics blur towards high frequencies."""
    filters = _mel_matrix(80)
    spread = filters.t() / filters.t().sum(1, keepdim=True).clamp(min=1e-6)
    smooth = spread @ (filters @ magnitude)
    mix = (0.5 + 0.5 * strength)[:, None, None]
    return magnitude * (1 - mix) + smooth * mix


def _time_smooth(magnitude: Tensor, strength: Tensor) -> Tensor:
    """Over-smoothed trajectories: an average over about 40 ms."""
    smooth = F.avg_pool1d(magnitude, 5, stride=1, padding=2, count_include_pad=False)
    mix = (0.3 + 0.6 * strength)[:, None, None]
    return magnitude * (1 - mix) + smooth * mix


def _grid(magnitude: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Faint lines at multiples of a sub-band frequency, as left by upsampling layers."""
    bins = torch.arange(magnitude.shape[1])[None]
    period = 2 ** torch.randint(3, 7, (magnitude.shape[0], 1), generator=generator)
    lines = ((bins % period) == 0).float()
    return (1 + lines * (0.3 + 1.2 * strength)[:, None])[..., None]


def _imaging(x: Tensor, wanted: Tensor, strength: Tensor) -> Tensor:
    """Spectral images above half the band: every second sample is replaced by a copy of its neighbour, in part."""
    held = x.clone()
    held[:, 1::2] = x[:, 0::2][:, : held[:, 1::2].shape[1]]
    mix = (wanted * (0.1 + 0.5 * strength))[:, None]
    return x * (1 - mix) + held * mix
