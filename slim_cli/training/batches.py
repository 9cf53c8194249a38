"""Batches of windows for training: what is drawn, what is laid beside it, and what is done to both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from slim_cli.training.corpus import AudioPack, BalancedSampler, crop, trim_silence
from slim_cli.training.degrade import degrade
from slim_cli.training.manifest import Clip
from slim_cli.training.targets import FRAME
from slim_cli.training.traces import NAMES, add_traces

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")


@dataclass(frozen=True)
class Batch:
    """One batch of windows.

    Attributes:
        heard: (B, T) what the encoders hear.
        clean: (B, T) the same windows before traces and degradation.
        traces: (B, 6) traces of resynthesis put into each.
        label: (B,) 0 bona fide, 1 spoof; -1 where labels are not used.
        emotion: (B,) index into `EMOTIONS`, -1 where not known.
    """

    heard: Tensor
    clean: Tensor
    traces: Tensor
    label: Tensor
    emotion: Tensor


class UnlabelledBatches:
    """Two crops of each clip, every other pair carrying traces, each crop under its own degradation.

    Args:
        clips: clips to draw from; their labels are not read, except to balance the draw over systems.
        pack: their audio.
        size: windows in a batch, a multiple of 4.
        crop_s: length of a window, seconds, a multiple of 0.04.
    """

    def __init__(self, clips: Sequence[Clip], pack: AudioPack, size: int, crop_s: float) -> None:
        self.clips, self.pack, self.size = BalancedSampler(clips), pack, size
        self.length = round(crop_s * 25) * FRAME

    def __call__(self, rng: np.random.Generator) -> Batch:
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = self.clips.draw(self.size // 2, rng)
        rows = [crop(audio, self.length, rng) for c in chosen for audio in [trim_silence(self.pack(c))] for _ in "ab"]
        clean = torch.from_numpy(np.stack(rows))
        heard, traces = clean.clone(), torch.zeros(len(rows), len(NAMES))
        traced = torch.arange(len(rows)) % 4 >= 2
        heard[traced], traces[traced] = add_traces(clean[traced], generator)
        none = torch.full((len(rows),), -1)
        return Batch(degrade(heard, generator), clean, traces, none, none)


class LabelledBatches:
    """Half bona fide, half spoof; half of the rows are a recording beside its own resynthesised or traced copy.

    Args:
        clips: clips to draw from.
        pack: their audio.
        size: windows in a batch, a multiple of 12.
        crop_s: length of a window, seconds, a multiple of 0.04.
    """

    def __init__(self, clips: Sequence[Clip], pack: AudioPack, size: int, crop_s: float) -> None:
        self.pack, self.size = pack, size
        self.length = round(crop_s * 25) * FRAME
        by_path = {c.path.resolve(): c for c in clips}
        copies = [c for c in clips if c.source and c.source.resolve() in by_path]
        self.sources = {c.path: by_path[c.source.resolve()] for c in copies if c.source}
        self.copies = BalancedSampler(copies) if copies else None
        self.bona_fide = BalancedSampler([c for c in clips if not c.is_spoof])
        self.spoof = BalancedSampler([c for c in clips if c.is_spoof and not c.source])

    def __call__(self, rng: np.random.Generator) -> Batch:
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        copies = self.copies.draw(self.size // 6, rng) if self.copies else []
        traced = self.size // 12
        alone = self.size // 2 - len(copies) - traced
        rows, clips = [], []
        for copy in copies:
            position = rng.random()
            for clip in (self.sources[copy.path], copy):
                rows.append(crop(self.pack(clip), self.length, rng, position))
                clips.append(clip)
        for clip in self.bona_fide.draw(alone, rng) + self.spoof.draw(alone, rng):
            rows.append(self._crop(clip, rng))
            clips.append(clip)
        for clip in self.bona_fide.draw(traced, rng):
            rows += [self._crop(clip, rng)] * 2
            clips += [clip, clip]
        label = torch.tensor([c.is_spoof for c in clips], dtype=torch.float32)
        clean = torch.from_numpy(np.stack(rows))
        heard, traces = clean.clone(), torch.zeros(len(rows), len(NAMES))
        second = torch.arange(len(rows) - 2 * traced + 1, len(rows), 2)
        heard[second], traces[second] = add_traces(clean[second], generator)
        label[second] = 1.0
        pairs, singles = len(copies), 2 * alone
        groups = torch.cat(
            [
                torch.arange(pairs).repeat_interleave(2),
                pairs + torch.arange(singles),
                pairs + singles + torch.arange(traced).repeat_interleave(2),
            ]
        )
        emotion = torch.tensor([EMOTIONS.index(c.emotion) if c.emotion in EMOTIONS else -1 for c in clips])
        return Batch(degrade(heard, generator, groups), clean, traces, label, emotion)

    def _crop(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        return crop(trim_silence(self.pack(clip)), self.length, rng)
