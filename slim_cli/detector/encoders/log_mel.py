"""The log-mel spectrogram, in the layout of the Whisper encoder (Radford et al., 2022, arXiv 2212.04356)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class LogMel(nn.Module):
    """Log-mel spectrogram with 100 frames per second."""

    N_FFT, HOP, RANGE_DB = 400, 160, 80.0

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.window: Tensor
        self.filters: Tensor
        self.register_buffer("window", torch.hann_window(self.N_FFT), persistent=False)
        self.register_buffer("filters", _mel_filters(mels, self.N_FFT), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """(B, T) → log10 mel power from 80 dB below each row's maximum up, about -1 to 1, (B, mels, T / 160)."""
        spectrum = torch.stft(
            waveforms, self.N_FFT, self.HOP, window=self.window, pad_mode="constant", return_complex=True
        )
        real, imaginary = torch.view_as_real(spectrum[..., :-1]).square().unbind(-1)
        power = real + imaginary
        log = (self.filters @ power).clamp(min=1e-8).log10()
        return (torch.maximum(log, log.amax((1, 2), keepdim=True) - self.RANGE_DB / 10) + 1) / 4


def _mel_filters(mels: int, n_fft: int) -> Tensor:
    """Mel filters of the Slaney scale, of equal area, (mels, n_fft / 2 + 1); 200/3 Hz a mel, logarithmic from 1 kHz."""
    mel = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), mels + 2)  # up to 8 kHz
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))[:, None]
    low, centre, high, lines = edges[:-2], edges[1:-1], edges[2:], np.linspace(0, 8000, n_fft // 2 + 1)
    rising, falling = (lines - low) / (centre - low), (high - lines) / (high - centre)
    return torch.tensor(np.minimum(rising, falling).clip(0) * 2 / (high - low), dtype=torch.float32)
