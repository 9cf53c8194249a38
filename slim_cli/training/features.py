"""Subspaces of frozen encoders, computed once and kept in memory-mapped files that belong to those encoders.

Stage 1 and stage 2 read windows of X_s and X_l many times; the encoders that made them do not change, so each window
is degraded and encoded once. A cache made with other encoders, clips or options has another name and is never reused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from slim_cli.detector.encoders import describe_encoder
from slim_cli.detector.heads import Subspaces
from slim_cli.detector.model import Slim

BATCH = 16
EVERY = 4  # of the frames; learned pooling over time sees much the same in a quarter of them

Draw = Callable[[int], tuple[Tensor, Tensor, Tensor, np.ndarray]]


class FeatureSource:
    """What stages 1 and 2 read: subspaces and labels, by row.

    Attributes:
        labels: (N,) 0 bona fide, 1 spoof.
        clips: (N,) number of the clip that each row comes from.
        summaries: (N, P) what the head keeps of each row.
    """

    labels: np.ndarray
    clips: np.ndarray
    summaries: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def batch(
        self, rows: np.ndarray, device: torch.device, rng: np.random.Generator | None = None
    ) -> tuple[Subspaces, Tensor]:
        """The subspaces and labels of some rows, fp32 on a device.

        Args:
            rows: which.
            device: where to.
            rng: where a source of longer stretches cuts its windows; None for their middle.
        """
        raise NotImplementedError

    def batches(self, rows: np.ndarray, size: int, device: torch.device) -> Iterator[tuple[Subspaces, Tensor]]:
        """Rows in order, `size` at a time."""
        for start in range(0, len(rows), size):
            yield self.batch(rows[start : start + size], device)


@dataclass(frozen=True)
class FeatureCache(FeatureSource):
    """Windows of both subspaces with their labels.

    Attributes:
        style: (N, F, D_s) float16.
        linguistics: (N, F', D_l) float16.
        summaries: (N, P) what the head keeps of each window, over all frames, float32.
        style_frames: (N,) valid frames.
        linguistics_frames: (N,) valid frames.
        labels: (N,) 0 bona fide, 1 spoof.
        clips: (N,) number of the clip that each window was cut from.
    """

    style: np.ndarray
    linguistics: np.ndarray
    summaries: np.ndarray
    style_frames: np.ndarray
    linguistics_frames: np.ndarray
    labels: np.ndarray
    clips: np.ndarray

    def batch(
        self, rows: np.ndarray, device: torch.device, rng: np.random.Generator | None = None
    ) -> tuple[Subspaces, Tensor]:
        def tensor(values: np.ndarray) -> Tensor:
            return torch.from_numpy(np.asarray(values[rows], dtype=np.float32)).to(device)

        style, linguistics = tensor(self.style), tensor(self.linguistics)
        masks = [
            torch.arange(x.shape[1], device=device)[None] < tensor(frames)[:, None]
            for x, frames in ((style, self.style_frames), (linguistics, self.linguistics_frames))
        ]
        return Subspaces(style, linguistics, masks[0], masks[1]), tensor(self.labels)


def encoder_fingerprint(slim: Slim) -> str:
    """SHA-256 over the weights and block ranges of the encoders, and over what the head reads without having learnt."""
    digest = hashlib.sha256()
    for part in (slim.head.prepared(), slim.head.views):
        for weight in part.parameters() if part is not None else ():
            digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
    for encoder in map(slim.encoder, slim.encoders):
        digest.update(json.dumps(describe_encoder(encoder), sort_keys=True, default=str).encode())
        for name, value in sorted(encoder.state_dict().items()):
            digest.update(name.encode() + value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def build_cache(
    slim: Slim, draw: Draw, count: int, key: str, folder: Path, report: Callable[[int, int], None] | None = None
) -> FeatureCache:
    """Encodes `count` windows, or opens the cache that already holds them; an interrupted one goes on.

    Args:
        slim: the encoders, in evaluation mode.
        draw: batch number → waveforms (BATCH, T), lengths, labels and clip numbers (BATCH,), the same at
            every call.
        count: windows wanted, rounded up to a multiple of 16.
        key: names everything that decides what `draw` gives.
        folder: where caches are kept.
        report: called with (windows done, windows in all).

    Returns:
        the cache.
    """
    batches = -(-count // BATCH)
    name = hashlib.sha256(f"{encoder_fingerprint(slim)} {key} {batches}".encode()).hexdigest()[:16]
    home = folder / f"features-{name}"
    home.mkdir(parents=True, exist_ok=True)
    progress = home / "done"
    done = int(progress.read_text()) if progress.exists() else 0
    arrays: FeatureCache | None = _open(home) if done else None
    device = next(slim.parameters()).device
    for number in range(done, batches):
        waveforms, lengths, labels, clips = draw(number)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            x = slim.subspaces(waveforms.to(device), lengths.to(device))
            summary = slim.head.summary(x)
        style, linguistics, style_mask, mask = (part[:, ::EVERY] for part in x[:4])
        (style, style_mask), (linguistics, mask) = _packed(style, style_mask), _packed(linguistics, mask)
        x = Subspaces(style, linguistics, style_mask, mask)
        arrays = arrays or _create(home, x, summary.shape[1], batches * BATCH)
        rows = slice(number * BATCH, (number + 1) * BATCH)
        arrays.summaries[rows] = summary.cpu().numpy()
        arrays.style[rows] = x.style.half().cpu().numpy()
        arrays.linguistics[rows] = x.linguistics.half().cpu().numpy()
        arrays.style_frames[rows] = x.style_mask.sum(1).cpu().numpy()
        arrays.linguistics_frames[rows] = x.linguistics_mask.sum(1).cpu().numpy()
        arrays.labels[rows] = labels.numpy()
        arrays.clips[rows] = clips
        if (number + 1) % 20 == 0 or number + 1 == batches:
            for values in vars(arrays).values():
                values.flush()
            progress.write_text(str(number + 1))
            if report:
                report((number + 1) * BATCH, batches * BATCH)
    return _open(home)


def _packed(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The valid frames of each row moved to its front, and the mask that then holds."""
    order = (~mask).to(torch.uint8).argsort(dim=1, stable=True)
    return x.gather(1, order[..., None].expand_as(x)), mask.gather(1, order)


def _create(home: Path, x: Subspaces, width: int, count: int) -> FeatureCache:
    def new(name: str, dtype: type, *shape: int) -> np.ndarray:
        return np.lib.format.open_memmap(home / f"{name}.npy", "w+", dtype, (count, *shape))

    return FeatureCache(
        new("style", np.float16, *x.style.shape[1:]),
        new("linguistics", np.float16, *x.linguistics.shape[1:]),
        new("summaries", np.float32, width),
        new("style_frames", np.int32),
        new("linguistics_frames", np.int32),
        new("labels", np.float32),
        new("clips", np.int32),
    )


def _open(home: Path) -> FeatureCache:
    names = FeatureCache.__dataclass_fields__
    return FeatureCache(**{name: np.load(home / f"{name}.npy", mmap_mode="r+") for name in names})
