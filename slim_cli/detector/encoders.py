"""Frozen speech encoders behind one interface: a front end, a stack of blocks, and the range of blocks that is read.

Block *k* is numbered from 0; in `transformers` terms its output is `hidden_states[k + 1]`. Blocks above the last one
read are dropped, which changes nothing below them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Encoder(nn.Module):
    """A speech encoder: waveform → front-end features → one output per block.

    Attributes:
        dim: width D of a block's output.
        blocks: first and last block read, both inclusive.
    """

    dim: int
    blocks: tuple[int, int]

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
        return torch.stack(self.run_blocks(features, mask)[first : last + 1]).mean(0)


@dataclass(frozen=True)
class SpectrogramEncoderConfig:
    """Architecture of the small encoder.

    Attributes:
        dim: width of the transformer blocks.
        depth: number of blocks.
        heads: attention heads.
        channels: channels of the three convolutions of the front end.
        blocks: first and last block read, inclusive.
    """

    dim: int = 256
    depth: int = 4
    heads: int = 4
    channels: tuple[int, int, int] = (24, 48, 64)
    blocks: tuple[int, int] = (0, 3)


class SpectrogramEncoder(Encoder):
    """Log-power spectrogram, three strided convolutions, pre-norm transformer blocks; 25 frames per second.

    The spectrogram keeps linear frequency up to 8 kHz, where synthesis leaves much of its trace, and floors the power
    about 55 dB below a flat spectrum of the same level, so that digital silence looks like a quiet room.
    """

    N_FFT, WINDOW, HOP, STRIDE = 512, 400, 160, 4
    FLOOR = 1e-3

    def __init__(self, config: SpectrogramEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or SpectrogramEncoderConfig()
        self.dim, self.blocks = self.config.dim, self.config.blocks
        self.front_end = _ConvolutionalFront(self.config)
        self.layers = nn.ModuleList(
            _TransformerBlock(self.dim, self.config.heads) for _ in range(max(self.config.depth, 1))
        )
        self.window: Tensor
        self.register_buffer("window", torch.hann_window(self.WINDOW), persistent=False)

    def spectrogram(self, waveforms: Tensor) -> Tensor:
        """(B, T) → log power above the floor, (B, 257, T / 160); silence is 0, speech about 0 to 3."""
        padded = F.pad(waveforms, (0, self.N_FFT - self.HOP))
        spectrum = torch.stft(padded, self.N_FFT, self.HOP, self.WINDOW, self.window, center=False, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(-1)
        return torch.log1p(power / self.FLOOR) / 6.0

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrogram = self.spectrogram(waveforms.float())
        frames = torch.arange(-(-spectrogram.shape[2] // self.STRIDE), device=waveforms.device)
        mask = frames[None] * (self.HOP * self.STRIDE) < lengths[:, None]
        return self.front_end(spectrogram, mask), mask

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


class _ConvolutionalFront(nn.Module):
    """Spectrogram (B, 257, N) → features (B, N / 4, D) with a convolutional position signal."""

    def __init__(self, config: SpectrogramEncoderConfig) -> None:
        super().__init__()
        a, b, c = config.channels
        self.conv1 = nn.Conv2d(1, a, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(b, c, 3, stride=(2, 1), padding=1)
        self.norms = nn.ModuleList(nn.LayerNorm(n) for n in (a, b, c))
        self.project = nn.Linear(c * 33, config.dim)
        self.norm = nn.LayerNorm(config.dim)
        self.position = nn.Conv1d(config.dim, config.dim, 15, padding=7, groups=16)

    def forward(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        x = spectrogram[:, None].contiguous(memory_format=torch.channels_last)
        for conv, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            x = F.gelu(norm(conv(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        x = self.norm(self.project(x.permute(0, 3, 1, 2).flatten(2))) * mask[..., None]
        return x + F.gelu(self.position(x.transpose(1, 2))).transpose(1, 2)


class _TransformerBlock(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

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
    def from_pretrained(cls, source: str, blocks: tuple[int, int], revision: str | None = None) -> TransformersEncoder:
        """Loads a local folder or a hub id at a fixed revision; safetensors only, never a pickle.

        Args:
            source: local folder, or hub id already in the local cache.
            blocks: first and last block read, inclusive.
            revision: commit of the hub repository.

        Raises:
            OSError: not found locally, or no safetensors weights.
        """
        from transformers import AutoModel

        model = AutoModel.from_pretrained(source, revision=revision, local_files_only=True, use_safetensors=True)
        return cls(model.eval(), blocks, {"source": source, "revision": revision})

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


def build_encoder(spec: dict[str, Any]) -> Encoder:
    """Makes the architecture that `Encoder.describe` described, with fresh weights.

    Raises:
        ValueError: unknown kind or contradictory block range.
    """
    spec = dict(spec)
    kind = spec.pop("kind")
    blocks = (int(spec["blocks"][0]), int(spec["blocks"][1]))
    if kind == "spectrogram":
        channels = tuple(spec.pop("channels"))
        return SpectrogramEncoder(SpectrogramEncoderConfig(**{**spec, "channels": channels, "blocks": blocks}))
    if kind == "transformers":
        from transformers import AutoConfig, AutoModel

        config = dict(spec["config"])
        model = AutoModel.from_config(AutoConfig.for_model(config.pop("model_type"), **config))
        return TransformersEncoder(model.eval(), blocks, spec.get("origin"))
    raise ValueError(f"unknown kind of encoder: {kind}")


def same_front(a: Encoder, b: Encoder) -> bool:
    """Whether two encoders have equal front ends, so that it need run only once."""
    if type(a) is not type(b):
        return False
    left, right = a.front_state(), b.front_state()
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)
