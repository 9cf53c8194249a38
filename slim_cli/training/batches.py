"""Batches of windows for training: what is drawn, what is laid beside it, and what is done to both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from slim_cli.corpora.audio_pack import AudioPack, BalancedSampler, crop, trim_silence
from slim_cli.corpora.manifest import Clip
from slim_cli.corpora.random_codecs import random_codec
from slim_cli.training.degradations import degrade

FRAME = 640  # samples; windows are whole frames of every encoder


@dataclass(frozen=True)
class Batch:
    """One batch of windows.

    Attributes:
        heard: (B, T) what the encoders hear.
        clean: (B, T) the same windows before degradation.
        label: (B,) 0 bona fide, 1 spoof.
        clips: the clip of each window.
    """

    heard: Tensor
    clean: Tensor
    label: Tensor
    clips: tuple[Clip, ...]


def _batch(heard: Tensor, clean: Tensor, clips: Sequence[Clip]) -> Batch:
    return Batch(heard, clean, torch.tensor([float(c.is_spoof) for c in clips]), tuple(clips))


class LabelledBatches:
    """Half bona fide, half spoof; a third of the rows are a recording beside its own resynthesised copy.

    Both rows of such a pair go through one channel, so that only synthesis tells them apart. Beside most of the other
    spoof clips lies a bona fide clip of the same origin, where there is one, so that the origin does not give the class
    away. Half of all windows are heard as they are, half through a random channel.

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
        self.neighbours: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            if not clip.is_spoof:
                self.neighbours[clip.origin].append(clip)

    def __call__(self, rng: np.random.Generator) -> Batch:
        copies = self.copies.draw(self.size // 6, rng) if self.copies else []
        alone = self.size // 2 - len(copies)
        rows, clips = [], []
        for copy in copies:
            position = rng.random()
            for clip in (self.sources[copy.path], copy):
                rows.append(crop(self.pack(clip), self.length, rng, position))
                clips.append(clip)
        spoof = self.spoof.draw(alone, rng)
        for clip in [*(self._neighbour(c, rng) for c in spoof), *spoof]:
            rows.append(crop(trim_silence(self.pack(clip)), self.length, rng))
            clips.append(clip)
        pairs = len(copies)
        groups = [*np.repeat(range(pairs), 2), *range(pairs, pairs + 2 * alone)]
        seeds = rng.integers(2**62, size=pairs + 2 * alone)[groups]
        heard = [_through(row, np.random.default_rng(seed), rows) for row, seed in zip(rows, seeds, strict=True)]
        return _batch(torch.from_numpy(np.stack(heard)), torch.from_numpy(np.stack(rows)), clips)

    def _neighbour(self, spoof: Clip, rng: np.random.Generator) -> Clip:
        near = self.neighbours.get(spoof.origin)
        if near and rng.random() < 0.7:
            return near[rng.integers(len(near))]
        return self.bona_fide.draw(1, rng)[0]


def _through(samples: np.ndarray, rng: np.random.Generator, others: Sequence[np.ndarray]) -> np.ndarray:
    """Half of all windows as they are, half through the channel that the generator draws."""
    return samples if rng.random() < 0.5 else degrade(samples, rng, others)


class ClipWindows:
    """Two windows of each clip in a fixed random order: at random places, half of them without the edges' silence.

    A third of the first windows are heard through a random channel, all of the second ones through a codec. Short clips
    are padded, not repeated.

    Args:
        clips: the clips.
        pack: their audio.
        size: windows in a batch.
        window_s: length of a window, seconds.
        seed: seed of every random choice.
    """

    def __init__(self, clips: Sequence[Clip], pack: AudioPack, size: int, window_s: float, seed: int) -> None:
        self.clips, self.pack, self.size, self.seed = clips, pack, size, seed
        self.length = round(window_s * 25) * FRAME
        self.order = np.random.default_rng(seed).permutation(len(clips))

    def __call__(self, number: int) -> tuple[Tensor, Tensor, Tensor, np.ndarray]:
        """Batch `number`: waveforms (size, T), valid samples, labels and clip numbers (size,)."""
        rng = np.random.default_rng((self.seed, number))
        places = np.arange(number * self.size, (number + 1) * self.size)
        chosen, coded = self.order[places % len(self.order)], places >= len(self.order)
        waveforms, lengths = torch.zeros(self.size, self.length), torch.zeros(self.size, dtype=torch.long)
        for row, clip in enumerate(chosen):
            audio = self.pack(self.clips[clip])
            audio = trim_silence(audio) if rng.random() < 0.5 else audio
            samples = np.array(crop(audio, min(self.length, len(audio)), rng))
            piece = torch.from_numpy(random_codec(samples, rng) if coded[row] else samples)
            if rng.random() < 1 / 3 and not coded[row]:
                piece = torch.from_numpy(degrade(piece.numpy(), rng))
            waveforms[row, : len(piece)], lengths[row] = piece, len(piece)
        labels = torch.tensor([float(self.clips[clip].is_spoof) for clip in chosen])
        return waveforms, lengths, labels, chosen
