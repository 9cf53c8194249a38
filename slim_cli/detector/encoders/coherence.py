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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import Encoder, frame_mask, nearest
from slim_cli.results import MODEL_RATE_HZ

Map = tuple[str, int, int]
Places = tuple[np.ndarray, np.ndarray]

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
    kind = "coherence"
    frame_rate = MODEL_RATE_HZ / HOP

    def __init__(self, config: CoherenceEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or CoherenceEncoderConfig()
        self.dim = len(self.config.maps) * sum(self._bands(n) for n in self.config.resolutions)
        self.blocks = (0, 0)
        for n in self.config.resolutions:
            self.register_buffer(f"window_{n}", torch.hann_window(n), persistent=False)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features and mask; frames that the mask leaves out are not measured and hold zeros."""
        count = waveforms.shape[1] // self.HOP + 1
        with torch.autocast(waveforms.device.type, enabled=False):
            spectra = [self._spectrum(waveforms.float(), n) for n in self.config.resolutions]
            energy = spectra[-1][1]
            level = energy[:, nearest(energy.shape[1], count)]
            mask = level > level.amax(1, keepdim=True) * 10 ** (-self.config.gate_db / 10)
            mask &= frame_mask(count, self.HOP, lengths)
            mask[:, 0] = True
            clips, frames = mask.cpu().numpy().nonzero()
            maps = [self._maps(phasors, count, (clips, frames)) for phasors, _ in spectra]
        features = waveforms.new_zeros(*mask.shape, self.dim, dtype=torch.float32)
        features[mask] = torch.cat([bands for found in maps for bands in found], 1)
        return features, mask

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        values = dict(spec)
        if "maps" in values:
            values["maps"] = tuple((str(name), int(bins), int(frames)) for name, bins, frames in values["maps"])
        if "resolutions" in values:
            values["resolutions"] = tuple(int(n) for n in values["resolutions"])
        return cls(CoherenceEncoderConfig(**values))

    def describe(self) -> dict[str, Any]:
        return asdict(self.config)

    def _bands(self, n: int) -> int:
        return min(self.config.bands, n // 4)

    def _spectrum(self, waveforms: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Unit phasors (B, N, 2, bins) of the short-time spectrum at one length, and its energy (B, N)."""
        window = getattr(self, f"window_{n}")
        spectrum = torch.stft(waveforms, n, n // 4, window=window, pad_mode="constant", return_complex=True)
        phasors = torch.view_as_real(spectrum).permute(0, 2, 3, 1).contiguous()
        power = phasors[:, :, 0].square().addcmul_(phasors[:, :, 1], phasors[:, :, 1])
        energy = power.sum(2)
        floor = power.amax((1, 2), keepdim=True) * 10 ** (-self.config.floor_db / 10)
        phasors *= power.add_(floor).clamp_(min=1e-18).rsqrt_()[:, :, None]
        return phasors, energy

    def _maps(self, phasors: Tensor, count: int, wanted: Places) -> list[Tensor]:
        """Maps at one length, each (wanted, bands), from unit phasors (B, N, 2, bins)."""
        differences = phase_differences(phasors, 1 / 4)
        bands = self._bands(2 * (phasors.shape[3] - 1))
        found: dict[Map, Tensor] = {}
        for kind, frames in dict.fromkeys((kind, frames) for kind, _, frames in self.config.maps):
            widths = [bins for k, bins, f in self.config.maps if (k, f) == (kind, frames)]
            mean = mean_over_frames(differences[kind], frames, count, wanted)
            for bins, length in zip(widths, mean_resultant_lengths(mean, widths), strict=True):
                found[kind, bins, frames] = mean_of_bands(length, bands)
        return [found[entry] for entry in self.config.maps]


def phase_differences(phasors: Tensor, overlap: float) -> dict[str, Tensor]:
    """Differences of phase of a short-time spectrum, as unit phasors.

    Args:
        phasors: (B, frames, 2, bins) real and imaginary parts of a spectrum of unit magnitude.
        overlap: hop over length of the Fourier transform.

    Returns:
        by name, (B, about frames, 2, about bins): `frequency` (from frame to frame, less the advance of the bin's
        centre), `delay` (from bin to bin, less half a turn), `frequency_change` (of `frequency` from frame to frame).
    """
    advance = 2 * math.pi * overlap * torch.arange(phasors.shape[3], device=phasors.device)
    change = _times_conjugate(phasors[:, 1:], phasors[:, :-1])
    return {
        "frequency": _times_conjugate(change, torch.stack([advance.cos(), advance.sin()])),
        "delay": _times_conjugate(phasors[..., 1:], phasors[..., :-1]),
        "frequency_change": _times_conjugate(change[:, 1:], change[:, :-1]),
    }


def mean_over_frames(phasors: Tensor, width: int, count: int, wanted: Places) -> Tensor:
    """Means over some frames around the wanted ones, over what there is at the edges.

    Args:
        phasors: (B, N, 2, bins).
        width: number of frames in a mean, odd.
        count: into how many frames the N are thinned out.
        wanted: numbers of the clip and of the thinned-out frame, each (W,).

    Returns:
        (W, 2, bins).
    """
    size, (clips, frames) = phasors.shape[1], wanted
    near, weights = _neighbours(size, width, count)
    rows = torch.from_numpy(near[frames] + size * clips[:, None]).to(phasors.device)
    shares = torch.from_numpy(weights[frames]).to(phasors.device)
    # why: a bag of embeddings is picking rows and adding them up, in one pass
    mean = F.embedding_bag(rows, phasors.flatten(0, 1).flatten(1), mode="sum", per_sample_weights=shares)
    return mean.unflatten(1, phasors.shape[2:])


def mean_resultant_lengths(phasors: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """Lengths of the mean phasor over some bins around each, (W, 2, bins) → for each width (W, bins), in [0, 1].

    Args:
        phasors: real and imaginary parts.
        widths: numbers of bins in a mean, odd; fewer at the edges.
    """
    reach, bins = max(widths) // 2, phasors.shape[2]
    sums, size = {1: F.pad(phasors, (reach, reach))}, 1  # of so many neighbours, by doubling
    while 2 * size <= max(widths):
        sums[2 * size] = sums[size][..., size:] + sums[size][..., :-size]
        size *= 2
    lengths = []
    for width in widths:
        start, parts = reach - width // 2, []
        for size in (size for size in sums if width & size):
            parts.append(sums[size][..., start : start + bins])
            start += size
        real, imaginary = sum(parts[1:], parts[0]).unbind(1)
        share = torch.from_numpy(_shares(bins, width)).to(phasors.device)
        lengths.append((real * real).addcmul_(imaginary, imaginary).sqrt_().mul_(share))
    return lengths


def mean_of_bands(x: Tensor, bands: int) -> Tensor:
    """Means of equal parts of the last dimension, (W, bins) → (W, bands), as `adaptive_avg_pool1d` gives them."""
    step, rest = divmod(x.shape[1], bands)
    if rest > 1:
        return F.adaptive_avg_pool1d(x, bands)
    width = step + rest  # with one bin too many, each band shares its last one with the next
    stop = bands * step - step + 1
    return sum((x[:, i : i + stop : step] for i in range(1, width)), x[:, :stop:step]).div(width)


def _times_conjugate(a: Tensor, b: Tensor) -> Tensor:
    """a · b̅, real and imaginary parts along the last dimension but one."""
    product = a * b[..., :1, :]
    product[..., 0, :].addcmul_(a[..., 1, :], b[..., 1, :])
    product[..., 1, :].addcmul_(a[..., 0, :], b[..., 1, :], value=-1)
    return product


@cache
def _neighbours(size: int, width: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` frames those around the nearest of `size`, and their shares in a mean, (count, width)."""
    near = nearest(size, count)[:, None] + np.arange(width) - width // 2
    inside = (near >= 0) & (near < size)
    return near.clip(0, size - 1), (inside / inside.sum(1, keepdims=True)).astype(np.float32)


@cache
def _shares(bins: int, width: int) -> np.ndarray:
    """One over the number of bins around each that are there, (bins,)."""
    place, reach = np.arange(bins), width // 2
    return (1 / ((place + reach).clip(max=bins - 1) - (place - reach).clip(0) + 1)).astype(np.float32)
