"""What the small encoders learn to predict without any label: prosody, a teacher's features, voice."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.results import MODEL_RATE_HZ

FRAME = 640  # samples per encoder frame, 25 frames per second


def prosody(waveforms: Tensor) -> Tensor:
    """Pitch, voicing and level of each 40 ms frame, from the normalised autocorrelation of 64 ms.

    Args:
        waveforms: (B, T) clean speech at 16 kHz, T a multiple of 640.

    Returns:
        (B, T / 640, 3): log2(F0 / 150 Hz) where voiced else 0, voicing in [0, 1], log10 relative level.
    """
    frames = F.pad(waveforms, (192, 192)).unfold(1, 1024, FRAME) * torch.hann_window(1024)
    spectrum = torch.fft.rfft(frames, n=2048)
    correlation = torch.fft.irfft(spectrum.abs().square(), n=2048)[..., :400]
    own = torch.fft.irfft(torch.fft.rfft(torch.hann_window(1024), n=2048).abs().square())[:400]
    correlation = correlation / correlation[..., :1].clamp(min=1e-6) / (own / own[0])
    low, high = MODEL_RATE_HZ // 400, MODEL_RATE_HZ // 60
    peak, lag = correlation[..., low:high].max(-1)
    voicing = peak.clamp(0, 1)
    pitch = torch.log2(MODEL_RATE_HZ / (lag + low).float() / 150) * (voicing > 0.5)
    energy = frames.square().mean(-1)
    level = torch.log10(energy / energy.mean(1, keepdim=True).clamp(min=1e-8) + 1e-3)
    return torch.stack([pitch, voicing, level], -1)


class WhisperTeacher(nn.Module):
    """A frozen Whisper encoder whose features a small encoder learns to imitate; used in training only.

    Args:
        folder: local folder in `transformers` format, safetensors.
        blocks: the blocks whose outputs are targets; 0 is the front end, -1 the normalised output of the last one.
    """

    LEVEL = 0.06

    def __init__(self, folder: Path, blocks: tuple[int, ...] = (0, 1, 2, 3, -1)) -> None:
        super().__init__()
        from transformers import WhisperFeatureExtractor
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        self.encoder = WhisperEncoder.from_pretrained(folder, local_files_only=True).eval().requires_grad_(False)
        self.blocks = blocks
        filters = WhisperFeatureExtractor(feature_size=self.encoder.config.num_mel_bins).mel_filters
        self.filters: Tensor
        self.register_buffer("filters", torch.tensor(filters, dtype=torch.float32).t(), persistent=False)

    @torch.no_grad()
    def forward(self, waveforms: Tensor) -> list[Tensor]:
        """(B, T) speech → each target (B, T / 320, dim), every feature standardised over the batch."""
        encoder = self.encoder
        x = self._front(waveforms)
        outputs = [x]
        for layer in encoder.layers:
            out = layer(x, None)
            x = out[0] if isinstance(out, tuple) else out
            outputs.append(x)
        outputs[-1] = encoder.layer_norm(x)
        return [_standardised(outputs[block]) for block in self.blocks]

    @torch.no_grad()
    def front(self, waveforms: Tensor) -> Tensor:
        """(B, T) speech → the first target alone."""
        return _standardised(self._front(waveforms))

    def _front(self, waveforms: Tensor) -> Tensor:
        level = waveforms.square().mean(1, keepdim=True).sqrt().clamp(min=1e-5)
        x = F.gelu(self.encoder.conv1(self._log_mel(waveforms / level * self.LEVEL)))
        x = F.gelu(self.encoder.conv2(x)).transpose(1, 2)
        return x + self.encoder.embed_positions.weight[: x.shape[1]]

    def _log_mel(self, waveforms: Tensor) -> Tensor:
        with torch.autocast(waveforms.device.type, enabled=False):
            window = torch.hann_window(400, device=waveforms.device)
            power = torch.stft(waveforms, 400, 160, window=window, return_complex=True)[..., :-1].abs().square()
            log = torch.clamp(self.filters @ power, min=1e-10).log10()
            log = torch.maximum(log, log.amax((1, 2), keepdim=True) - 8)
            return (log + 4) / 4


def _standardised(x: Tensor) -> Tensor:
    x = x.float()
    return (x - x.mean((0, 1))) / (x.std((0, 1)) + 1e-4)


def same_clip(embeddings: Tensor, temperature: float = 0.1) -> Tensor:
    """Contrastive loss: rows 2i and 2i + 1 come from one clip, all others from different ones (InfoNCE).

    Args:
        embeddings: (2N, D).
        temperature: softmax temperature.
    """
    z = F.normalize(embeddings.float(), dim=-1)
    similarity = (z @ z.t() / temperature).fill_diagonal_(-1e4)
    partner = torch.arange(len(z), device=z.device) ^ 1
    return F.cross_entropy(similarity, partner)
