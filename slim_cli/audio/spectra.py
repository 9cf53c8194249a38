"""Short-time spectra at any sample rate, shared by pictures and measures."""

from __future__ import annotations

import numpy as np

_LONGEST_S = 0.032


def frame_length(rate_hz: int) -> int:
    """Samples per frame: the largest power of two within 32 ms, the length of a speech chunk."""
    return int(2 ** np.floor(np.log2(_LONGEST_S * rate_hz + 1e-6)))


def power_spectra(samples: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Power spectra of Hann-windowed frames; a full-scale sine peaks at 1 (0 dBFS).

    Args:
        samples: (C, n) float32.
        starts: (F,) first sample of each frame.
        length: samples per frame.

    Returns:
        (C, F, length // 2 + 1) float32.
    """
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length, axis=1)[:, starts]
    spectrum = np.fft.rfft(frames * (window * (2 / window.sum())), axis=2)
    return spectrum.real**2 + spectrum.imag**2


def mel_filters(rate_hz: int, length: int, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """Triangular filters evenly spaced on the mel scale (2595 log10(1 + f / 700)) from 0 Hz to half the rate.

    Returns:
        as `triangles`.
    """
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    return triangles(700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1), rate_hz, length)


def linear_filters(rate_hz: int, length: int, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """Triangular filters evenly spaced in frequency from 0 Hz to half the rate.

    Returns:
        as `triangles`.
    """
    return triangles(np.linspace(0, rate_hz / 2, bands + 2), rate_hz, length)


def triangles(edges: np.ndarray, rate_hz: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Triangular filters, each from one edge over the next to the one after it.

    Where bands are narrower than the spectrum's lines, a triangle is widened to one line on each side, so that no band
    is empty. Divided by Hann's noise bandwidth (1.5 lines), a full-scale sine reads about 0 dBFS.

    Args:
        edges: (bands + 2,) in Hz, rising.
        rate_hz: sample rate of the spectra.
        length: samples per frame of the spectra.

    Returns:
        weights (length // 2 + 1, bands) float32, centre frequencies (bands,) in Hz, float32.
    """
    lines = np.arange(length // 2 + 1)[:, None] * (rate_hz / length)
    line = rate_hz / length
    below = np.maximum(edges[1:-1] - edges[:-2], line)
    above = np.maximum(edges[2:] - edges[1:-1], line)
    offset = lines - edges[1:-1]
    weights = np.clip(np.minimum(1 + offset / below, 1 - offset / above), 0, None) / 1.5
    return weights.astype(np.float32), edges[1:-1].astype(np.float32)
