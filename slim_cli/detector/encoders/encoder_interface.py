"""What every speech encoder is to the rest: a front end, a stack of blocks, and the range of blocks that is read.

Block *k* is numbered from 0; in `transformers` terms its output is `hidden_states[k + 1]`. Blocks above the last one
read are dropped, which changes nothing below them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn

from slim_cli.errors import UsageError


class Recordings(Protocol):
    """Recorded speech of other people than those that are judged, to learn from without any label."""

    def draw(self, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """So many recordings, evenly over origins and speakers, each (T,) float32 at 16 kHz."""
        ...

    def coded(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A recording as received through a random codec."""
        ...


class Encoder(nn.Module):
    """A speech encoder: waveform → front-end features → one output per block.

    Attributes:
        kind: its name in the registry.
        frame_rate: frames per second of its blocks.
        shortest: samples below which it gives no frame.
        ready_made: whether it comes with weights and hears whole files when features are cached.
        reentrant: whether several threads may run it at once.
        dim: width D of a block's output.
        blocks: first and last block read, both inclusive.
    """

    kind: ClassVar[str]
    frame_rate: ClassVar[float]
    shortest: ClassVar[int] = 1
    ready_made: ClassVar[bool] = False
    reentrant: ClassVar[bool] = True
    dim: int
    blocks: tuple[int, int]

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The architecture that `describe` described, with fresh weights.

        Raises:
            ValueError, TypeError: a value makes no encoder.
        """
        raise NotImplementedError

    @classmethod
    def from_recipe(cls, table: Mapping[str, Any]) -> Self:
        """What a recipe's table starts training from: the architecture, and weights where the table names some."""
        return cls.from_spec(table)

    def describe(self) -> dict[str, Any]:
        """The specification from which `from_spec` makes the same architecture again, without the kind."""
        raise NotImplementedError

    def fit(self, recordings: Recordings, options: Mapping[str, Any]) -> None:
        """Learns what can be learnt from recorded speech without labels, in place; nothing where there is nothing.

        Raises:
            UsageError: an option that this encoder does not have.
        """

    def units(self) -> Tensor:
        """Where each of its D outputs lies among all that could be heard, (D, ·), so that like ones can be grouped.

        Raises:
            UsageError: its outputs stand for nothing that could be compared.
        """
        raise UsageError(f"Outputs of an encoder of kind {self.kind} cannot be grouped into sounds: use a codebook.")

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
        return [features]

    def front_state(self) -> dict[str, Tensor] | None:
        """Weights of the front end by name; two encoders with equal ones share its computation. None: never shared."""
        return None

    def subspace(self, features: Tensor, mask: Tensor) -> Tensor:
        """X: the mean over the blocks read (SLIM, section 3), shape (B, F, D)."""
        first, last = self.blocks
        outputs = self.run_blocks(features, mask)[first : last + 1]
        return torch.stack(outputs).mean(0) if len(outputs) > 1 else outputs[0]


def frame_mask(count: int, samples: int, lengths: Tensor) -> Tensor:
    """Which of `count` frames, one every so many samples, start inside the signal: (B,) lengths → (B, count)."""
    return torch.arange(count, device=lengths.device)[None] * samples < lengths[:, None]


def nearest(size: int, count: int) -> np.ndarray:
    """For each of `count` frames, the number of the nearest one in time among `size`."""
    return (np.arange(count) * size) // count


def same_front(a: Encoder, b: Encoder) -> bool:
    """Whether two encoders have equal front ends, so that it need run only once."""
    left, right = a.front_state(), b.front_state()
    if left is None or right is None or left.keys() != right.keys():
        return False
    return all(torch.equal(left[k], right[k]) for k in left)


def normalise(waveforms: Tensor, lengths: Tensor) -> Tensor:
    """Zero mean and unit variance over the valid samples of each row, zero beyond them (Wav2Vec2FeatureExtractor).

    Args:
        waveforms: (B, T).
        lengths: (B,) valid samples, at least 1.
    """
    mask = (torch.arange(waveforms.shape[1], device=waveforms.device)[None] < lengths[:, None]).to(waveforms.dtype)
    count = mask.sum(1, keepdim=True)
    centred = (waveforms - (waveforms * mask).sum(1, keepdim=True) / count) * mask
    variance = centred.square().sum(1, keepdim=True) / count
    return centred / torch.sqrt(variance + 1e-7)
