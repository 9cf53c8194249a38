"""The Whisper encoder's layout: log-mel spectrogram, two convolutions over time, pre-norm transformer blocks.

Radford et al., 2022, arXiv 2212.04356. Its lowest blocks, tuned, hear traces of synthesis that no hand-made measure
does; their weights may start from OpenAI's, which `load_openai_weights` takes over exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from slim_cli.detector.encoders.encoder_interface import Encoder, frame_mask
from slim_cli.detector.encoders.log_mel import LogMel
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ

_NAMES = {"out": "self_attn.out_proj", "up": "fc1", "down": "fc2", "norm1": "self_attn_layer_norm"}
_NAMES["norm2"] = "final_layer_norm"


@dataclass(frozen=True)
class WhisperEncoderConfig:
    """Architecture of the encoder; by default that of Whisper base, up to its fourth block.

    Attributes:
        dim: width of front end and blocks.
        depth: number of transformer blocks.
        heads: attention heads.
        hidden: width of the feed-forward layers.
        mels: mel bands of the input.
        blocks: first and last block read, inclusive.
    """

    dim: int = 512
    depth: int = 4
    heads: int = 8
    hidden: int = 2048
    mels: int = 80
    blocks: tuple[int, int] = (0, 3)

    def __post_init__(self) -> None:
        if not 0 <= self.blocks[0] <= self.blocks[1] < self.depth or self.dim % self.heads:
            raise ValueError(f"no encoder of {self.depth} blocks and {self.heads} heads: {self}")


class WhisperEncoder(Encoder):
    """Convolutions and transformer blocks, 50 frames per second."""

    STRIDE = 2
    kind = "whisper"
    frame_rate = MODEL_RATE_HZ / LogMel.HOP / STRIDE

    def __init__(self, config: WhisperEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or WhisperEncoderConfig()
        self.dim, self.blocks = self.config.dim, self.config.blocks
        self.conv1 = nn.Conv1d(self.config.mels, self.dim, 3, padding=1)
        self.conv2 = nn.Conv1d(self.dim, self.dim, 3, stride=self.STRIDE, padding=1)
        self.layers = nn.ModuleList(_TransformerBlock(self.config) for _ in range(self.config.depth))
        self.spectrogram = LogMel(self.config.mels)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        values = dict(spec)
        if "blocks" in values:
            first, last = values["blocks"]
            values["blocks"] = (int(first), int(last))
        return cls(WhisperEncoderConfig(**values))

    @classmethod
    def from_recipe(cls, table: Mapping[str, Any]) -> Self:
        """The architecture; with `start`, the path of a safetensors file, OpenAI's weights in it."""
        values = dict(table)
        start = values.pop("start", None)
        encoder = cls.from_spec(values)
        if start:
            load_openai_weights(encoder, Path(str(start)))
        return encoder

    def describe(self) -> dict[str, Any]:
        return asdict(self.config)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrogram = self.spectrogram(waveforms.float())
        x = F.gelu(self.conv2(F.gelu(self.conv1(spectrogram)))).transpose(1, 2)
        features = x + _positions(x.shape[1], self.dim, x.device).to(x.dtype)
        return features, frame_mask(x.shape[1], LogMel.HOP * self.STRIDE, lengths)

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        outputs, attention_mask = [], mask[:, None, None, :]
        for layer in self.layers[: self.blocks[1] + 1]:
            features = layer(features, attention_mask)
            outputs.append(features)
        return outputs

    def front_state(self) -> dict[str, Tensor]:
        return {f"whisper.{k}": v for k, v in self.state_dict().items() if k.startswith("conv")}


def load_openai_weights(encoder: WhisperEncoder, path: Path) -> None:
    """Takes the weights of convolutions and lowest blocks from a published Whisper, in place.

    Args:
        encoder: of the same sizes, but for its depth.
        path: `model.safetensors` in the names of `transformers`, of the whole model or of its encoder.

    Raises:
        UsageError: the file cannot be read or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        theirs = {name.split("encoder.", 1)[-1]: value.float() for name, value in load_file(path).items()}
        encoder.load_state_dict(_own_names(theirs, len(encoder.layers)))
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"The weights {path} are not those of a Whisper encoder of that size: {error}.") from error


def _own_names(theirs: Mapping[str, Tensor], depth: int) -> dict[str, Tensor]:
    """Weights in the names of `transformers` → in those of `WhisperEncoder`; keys have no bias there, here a zero."""
    own = {f"{conv}.{part}": theirs[f"{conv}.{part}"] for conv in ("conv1", "conv2") for part in ("weight", "bias")}
    for layer in (f"layers.{number}" for number in range(depth)):
        attention = {name: theirs[f"{layer}.self_attn.{name}_proj.weight"] for name in "qkv"}
        biases = {name: theirs[f"{layer}.self_attn.{name}_proj.bias"] for name in "qv"}
        biases["k"] = torch.zeros_like(biases["q"])
        own[f"{layer}.qkv.weight"] = torch.cat([attention[name] for name in "qkv"])
        own[f"{layer}.qkv.bias"] = torch.cat([biases[name] for name in "qkv"])
        for mine, name in _NAMES.items():
            own |= {f"{layer}.{mine}.{part}": theirs[f"{layer}.{name}.{part}"] for part in ("weight", "bias")}
    return own


def _positions(count: int, dim: int, device: torch.device) -> Tensor:
    """Sinusoidal positions, (count, dim)."""
    half = dim // 2
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(10_000) / (half - 1)))
    angles = torch.arange(count, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


class _TransformerBlock(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, config: WhisperEncoderConfig) -> None:
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
