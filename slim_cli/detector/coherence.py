"""The phase-coherence encoder: how regular the fine structure of a voice is, band by band.

A recorded voice is never quite periodic, and rooms and microphones smear its phase; waveform generators leave more or
less order than that. The encoder has no weights: it takes differences of phase between neighbouring frames and bins
(instantaneous frequency, group delay and their changes), averages the unit phasors over small patches, and keeps the
length of the mean: 1 where the phase advances in step, near 0 where it is random. The measure is the mean resultant
length of directional statistics (Mardia and Jupp, 2000); the phase differences are those of Boashash (1992) and
Yegnanarayana and Murthy (1992).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from slim_cli.detector.encoders import Encoder, frame_mask

Map = tuple[str, int, int]

MAPS: tuple[Map, ...] = (
    ("frequency", 5, 3),
    ("frequency", 9, 3),
    ("frequency", 3, 7),
    ("delay", 9, 1),
    ("delay", 17, 1),
    ("delay", 5, 3),
    ("frequency_change", 3, 3),
    ("frequency_change", 3, 7),
)


@dataclass(frozen=True)
class CoherenceEncoderConfig:
    """What the encoder measures.

    Attributes:
        resolutions: lengths of the Fourier transforms, samples at 16 kHz.
        maps: for each map the phase difference, and the patch it is averaged over: bins and frames, both odd.
        bands: bands of equal width into which the bins are averaged; a quarter of the length at short lengths.
        gate_db: frames this far below the loudest one are masked, dB.
        floor_db: bins this far below the loudest one lose their phase, dB.
    """

    resolutions: tuple[int, ...] = (256, 512, 1024)
    maps: tuple[Map, ...] = MAPS
    bands: int = 128
    gate_db: float = 40.0
    floor_db: float = 90.0


class CoherenceEncoder(Encoder):
    """Phase coherence in bands, 62.5 frames per second; one block, nothing to train."""

    HOP = 256

    def __init__(self, config: CoherenceEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or CoherenceEncoderConfig()
        self.dim = len(self.config.maps) * sum(self._bands(n) for n in self.config.resolutions)
        self.blocks = (0, 0)
        for n in self.config.resolutions:
            self.register_buffer(f"window_{n}", torch.hann_window(n), persistent=False)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(waveforms.device.type, enabled=False):
            maps, energy = zip(*(self._resolution(waveforms.float(), n) for n in self.config.resolutions), strict=True)
        level = energy[-1]
        loud = level > level.amax(1, keepdim=True) * 10 ** (-self.config.gate_db / 10)
        mask = loud & frame_mask(level.shape[1], self.HOP, lengths)
        mask[:, 0] = True
        return torch.cat(maps, 1).transpose(1, 2), mask

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        return [features]

    def front_state(self) -> dict[str, Tensor]:
        return {}

    def describe(self) -> dict[str, Any]:
        return {"kind": "coherence", **asdict(self.config)}

    def _bands(self, n: int) -> int:
        return min(self.config.bands, n // 4)

    def _resolution(self, waveforms: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Maps (B, maps · bands, F) and energy (B, F) at one length of the Fourier transform."""
        window, hop = getattr(self, f"window_{n}"), n // 4
        spectrum = torch.stft(waveforms, n, hop, window=window, pad_mode="constant", return_complex=True)
        size = spectrum.abs()
        floor = size.amax((1, 2), keepdim=True) * 10 ** (-self.config.floor_db / 20)
        phasors = phase_differences(spectrum / torch.sqrt(size.square() + floor.square()).clamp(min=1e-9), hop / n)
        count = waveforms.shape[1] // self.HOP + 1
        parts = {kind: torch.view_as_real(z).movedim(-1, 0).contiguous() for kind, z in phasors.items()}
        bands = []
        for kind, bins, frames in self.config.maps:
            length = mean_resultant_length(parts[kind], bins, frames, _nearest(parts[kind].shape[3], count))
            bands.append(F.adaptive_avg_pool1d(length.transpose(1, 2), self._bands(n)))
        energy = size.square().sum(1)
        return torch.cat(bands, 2).transpose(1, 2), energy[:, _nearest(energy.shape[1], count)]


def phase_differences(phasors: Tensor, overlap: float) -> dict[str, Tensor]:
    """Differences of phase of a short-time spectrum, as unit phasors.

    Args:
        phasors: (B, bins, frames) complex spectrum of unit magnitude.
        overlap: hop over length of the Fourier transform.

    Returns:
        by name, (B, about bins, about frames) complex: `frequency` (from frame to frame, less the advance of the bin's
        centre), `delay` (from bin to bin) and `frequency_change` (of `frequency` from frame to frame).
    """
    advance = 2 * math.pi * overlap * torch.arange(phasors.shape[1], device=phasors.device)
    turn = torch.polar(torch.ones_like(advance), -advance)[:, None]
    frequency = phasors[:, :, 1:] * phasors[:, :, :-1].conj() * turn
    delay = -phasors[:, 1:] * phasors[:, :-1].conj()
    return {
        "frequency": frequency,
        "delay": delay,
        "frequency_change": frequency[:, :, 1:] * frequency[:, :, :-1].conj(),
    }


def mean_resultant_length(parts: Tensor, bins: int, frames: int, wanted: Tensor) -> Tensor:
    """Length of the mean phasor over a patch around each point, (2, B, K, N) → (B, K, wanted) in [0, 1].

    Args:
        parts: real and imaginary parts of unit phasors.
        bins: height of the patch, odd; patches are cut off at the edges.
        frames: its width, odd.
        wanted: (wanted,) numbers of the frames to give.
    """
    averaged = _box(parts, frames, 3)
    picked = averaged.gather(3, wanted.to(parts.device).expand(*averaged.shape[:3], -1))
    real, imaginary = _box(picked, bins, 2)
    return torch.hypot(real, imaginary)


def _box(x: Tensor, width: int, dim: int) -> Tensor:
    """Centred moving average of odd width along a dimension, over what there is at the edges."""
    size, total = x.shape[dim], x.clone()
    count = torch.ones([size if d == dim else 1 for d in range(x.ndim)], device=x.device)
    for shift in range(1, min(width // 2 + 1, size)):
        rest = size - shift
        for later, earlier in ((shift, 0), (0, shift)):
            total.narrow(dim, later, rest).add_(x.narrow(dim, earlier, rest))
            count.narrow(dim, later, rest).add_(1)
    return total.div_(count)


def _nearest(size: int, count: int) -> Tensor:
    """For each of `count` frames, the number of the nearest one in time among `size`."""
    return (torch.arange(count) * size) // count
