"""Frozen speech encoders behind one interface: a front end, a stack of blocks, and the range of blocks that is read.

Block *k* is numbered from 0; in `transformers` terms its output is `hidden_states[k + 1]`. Blocks above the last one
read are dropped, which changes nothing below them.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Encoder(nn.Module):
    """A speech encoder: waveform → front-end features → one output per block.

    Attributes:
        dim: width D of a block's output.
        blocks: first and last block read, both inclusive.
        reentrant: whether several threads may run it at once.
    """

    dim: int
    blocks: tuple[int, int]
    reentrant = True

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Everything below the first block.

        Args:
            waveforms: (B, T) 16 kHz, zero mean and unit variance over the valid samples, zero beyond them.
            lengths: (B,) valid samples.

        Returns:
            features (B, F, D) and mask (B, F), True where a frame holds signal.
        """
        raise NotImplementedError

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        """Output of every block up to the last one read, each (B, F, D)."""
        raise NotImplementedError

    def front_state(self) -> dict[str, Tensor]:
        """Weights of the front end; two encoders with equal ones share its computation."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """The specification from which `build_encoder` makes the same architecture again."""
        raise NotImplementedError

    def subspace(self, features: Tensor, mask: Tensor) -> Tensor:
        """X: the mean over the blocks read (SLIM, section 3), shape (B, F, D)."""
        first, last = self.blocks
        outputs = self.run_blocks(features, mask)[first : last + 1]
        return torch.stack(outputs).mean(0) if len(outputs) > 1 else outputs[0]


@dataclass(frozen=True)
class SpectrogramEncoderConfig:
    """Architecture of the small encoder.

    Attributes:
        dim: width of front end and blocks.
        depth: number of transformer blocks.
        heads: attention heads.
        hidden: width of the feed-forward layers.
        mels: mel bands of the input.
        blocks: first and last block read, inclusive.
    """

    dim: int = 512
    depth: int = 2
    heads: int = 8
    hidden: int = 1024
    mels: int = 80
    blocks: tuple[int, int] = (0, 1)


class SpectrogramEncoder(Encoder):
    """Log-mel spectrogram, two convolutions over time, pre-norm transformer blocks; 50 frames per second.

    The layout of the Whisper encoder (Radford et al., 2022, arXiv 2212.04356) at a fraction of its depth.
    """

    STRIDE = 2

    def __init__(self, config: SpectrogramEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or SpectrogramEncoderConfig()
        self.dim, self.blocks = self.config.dim, self.config.blocks
        self.front_end = _ConvolutionalFront(self.config)
        self.layers = nn.ModuleList(_TransformerBlock(self.config) for _ in range(self.config.depth))
        self.spectrogram = LogMel(self.config.mels)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrogram = self.spectrogram(waveforms.float())
        features = self.front_end(spectrogram)
        return features, frame_mask(features.shape[1], LogMel.HOP * self.STRIDE, lengths)

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        outputs, attention_mask = [], mask[:, None, None, :]
        for layer in self.layers[: self.blocks[1] + 1]:
            features = layer(features, attention_mask)
            outputs.append(features)
        return outputs

    def front_state(self) -> dict[str, Tensor]:
        return self.front_end.state_dict()

    def describe(self) -> dict[str, Any]:
        return {"kind": "spectrogram", **asdict(self.config)}


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


def frame_mask(count: int, samples: int, lengths: Tensor) -> Tensor:
    """Which of `count` frames, one every so many samples, start inside the signal: (B,) lengths → (B, count)."""
    return torch.arange(count, device=lengths.device)[None] * samples < lengths[:, None]


def nearest(size: int, count: int) -> np.ndarray:
    """For each of `count` frames, the number of the nearest one in time among `size`."""
    return (np.arange(count) * size) // count


def _mel_filters(mels: int, n_fft: int) -> Tensor:
    """Mel filters of the Slaney scale, of equal area, (mels, n_fft / 2 + 1); 200/3 Hz a mel, logarithmic from 1 kHz."""
    mel = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), mels + 2)  # up to 8 kHz
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))[:, None]
    low, centre, high, lines = edges[:-2], edges[1:-1], edges[2:], np.linspace(0, 8000, n_fft // 2 + 1)
    rising, falling = (lines - low) / (centre - low), (high - lines) / (high - centre)
    return torch.tensor(np.minimum(rising, falling).clip(0) * 2 / (high - low), dtype=torch.float32)


class _ConvolutionalFront(nn.Module):
    """Spectrogram (B, mels, N) → features (B, N / 2, D) with sinusoidal positions."""

    def __init__(self, config: SpectrogramEncoderConfig) -> None:
        super().__init__()
        self.dim = config.dim
        self.conv1 = nn.Conv1d(config.mels, config.dim, 3, padding=1)
        self.conv2 = nn.Conv1d(config.dim, config.dim, 3, stride=2, padding=1)

    def forward(self, spectrogram: Tensor) -> Tensor:
        x = F.gelu(self.conv2(F.gelu(self.conv1(spectrogram)))).transpose(1, 2)
        half = self.dim // 2
        rates = torch.exp(torch.arange(half, device=x.device) * (-math.log(10_000) / (half - 1)))
        angles = torch.arange(x.shape[1], device=x.device)[:, None] * rates
        return x + torch.cat([angles.sin(), angles.cos()], 1).to(x.dtype)


class _TransformerBlock(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, config: SpectrogramEncoderConfig) -> None:
        super().__init__()
        dim, self.heads = config.dim, config.heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, config.hidden), nn.Linear(config.hidden, dim)

    def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
        batch, frames, dim = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, frames, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=attention_mask)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, frames, dim))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class TransformersEncoder(Encoder):
    """Any `transformers` encoder of the wav2vec 2.0 family (Wav2Vec2, HuBERT, WavLM, ...).

    Block outputs are taken by hooks on the blocks themselves, so they do not depend on whether a library version
    layer-normalises the last entry of its `hidden_states` tuple.
    """

    reentrant = False  # the hooks of one call would hear another

    def __init__(self, model: Any, blocks: tuple[int, int], origin: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.model: Any
        depth = len(model.encoder.layers)
        if not 0 <= blocks[0] <= blocks[1] < depth:
            raise ValueError(f"blocks {blocks[0]}-{blocks[1]} do not exist in an encoder of {depth} blocks")
        model.encoder.layers = model.encoder.layers[: blocks[1] + 1]
        self.model, self.blocks, self.origin = model, blocks, origin or {}
        self.dim = model.config.hidden_size

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, blocks: tuple[int, int], origin: dict[str, Any] | None = None
    ) -> TransformersEncoder:
        """Loads a local folder in fp32: safetensors, else a pickle of tensors alone; no code comes with it.

        Args:
            folder: the folder.
            blocks: first and last block read, inclusive.
            origin: where the folder came from.

        Raises:
            OSError: not found, or no weights.
            ValueError: weights of an encoder are missing, which would otherwise be random numbers.
        """
        from transformers import AutoModel

        safe = {"local_files_only": True, "weights_only": True, "trust_remote_code": False}
        model, found = AutoModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **safe)
        lacking = sorted(name for name in found["missing_keys"] if "masked_spec_embed" not in name)
        if lacking:
            raise ValueError(f"{len(lacking)} weights are missing in {folder}, among them {lacking[0]}")
        model.config.name_or_path = (origin or {}).get("source", "")
        return cls(model.eval(), blocks, origin)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        features = self.model.feature_extractor(waveforms).transpose(1, 2)
        projected = self.model.feature_projection(features)
        features = projected[0] if isinstance(projected, tuple) else projected
        frames = self.model._get_feat_extract_output_lengths(lengths)
        mask = torch.arange(features.shape[1], device=features.device)[None] < frames[:, None]
        return features, mask

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        outputs: list[Tensor] = []

        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            outputs.append(output[0] if isinstance(output, tuple) else output)

        hooks = [layer.register_forward_hook(keep) for layer in self.model.encoder.layers]
        try:
            self.model.encoder(features, attention_mask=mask)
        finally:
            for hook in hooks:
                hook.remove()
        return outputs

    def front_state(self) -> dict[str, Tensor]:
        return {
            **{f"extractor.{k}": v for k, v in self.model.feature_extractor.state_dict().items()},
            **{f"projection.{k}": v for k, v in self.model.feature_projection.state_dict().items()},
        }

    def describe(self) -> dict[str, Any]:
        config = {**self.model.config.to_dict(), "num_hidden_layers": len(self.model.encoder.layers)}
        return {"kind": "transformers", "blocks": list(self.blocks), "origin": self.origin, "config": config}


def same_front(a: Encoder, b: Encoder) -> bool:
    """Whether two encoders have equal front ends, so that it need run only once."""
    if type(a) is not type(b):
        return False
    left, right = a.front_state(), b.front_state()
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)
