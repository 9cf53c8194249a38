"""Audio of a manifest packed into one memory-mapped file, and batches drawn from it evenly over origins and systems."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
import soxr

from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ
from slim_cli.training.manifest import Clip


class AudioPack:
    """16 kHz mono int16 audio of many clips in one file, read by memory map.

    The file is made once per list of clips and made again when the list changes.

    Args:
        clips: the clips to hold.
        folder: where the pack is kept.
        max_s: longer clips are cut to their first `max_s` seconds.
    """

    def __init__(self, clips: Sequence[Clip], folder: Path, max_s: float = 10.0) -> None:
        self._offsets: dict[Path, tuple[int, int]] = {}
        paths = sorted({c.path for c in clips})
        key = hashlib.sha256("\n".join([str(max_s), *map(str, paths)]).encode()).hexdigest()[:16]
        self._data_path, index = folder / f"audio-{key}.i16", folder / f"audio-{key}.json"
        if not index.exists():
            folder.mkdir(parents=True, exist_ok=True)
            index.write_text(json.dumps(self._write(paths, int(max_s * MODEL_RATE_HZ))), encoding="utf-8")
        lengths = json.loads(index.read_text(encoding="utf-8"))
        start = 0
        for path, length in zip(paths, lengths, strict=True):
            self._offsets[path] = (start, length)
            start += length
        self._samples = np.memmap(self._data_path, dtype="<i2", mode="r")

    def _write(self, paths: Sequence[Path], limit: int) -> list[int]:
        lengths = []
        with self._data_path.open("wb") as out, ThreadPoolExecutor(2) as pool:
            for samples in pool.map(read_mono, paths):
                cut = samples[:limit]
                lengths.append(len(cut))
                out.write(np.clip(np.rint(cut * 32768), -32768, 32767).astype("<i2").tobytes())
        return lengths

    def __call__(self, clip: Clip) -> np.ndarray:
        """The clip's samples, (T,) float32 in [-1, 1]."""
        start, length = self._offsets[clip.path]
        return self._samples[start : start + length].astype(np.float32) / 32768

    def length(self, clip: Clip) -> int:
        """Samples in the clip."""
        return self._offsets[clip.path][1]


def read_mono(path: Path) -> np.ndarray:
    """Reads a file as 16 kHz mono float32, (T,).

    Raises:
        UsageError: the file cannot be decoded.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UsageError(f"The clip {path} cannot be read: {error}.") from error
    mono = samples.mean(1)
    return mono if rate == MODEL_RATE_HZ else soxr.resample(mono, rate, MODEL_RATE_HZ)


def trim_silence(samples: np.ndarray, floor: float = 1e-3) -> np.ndarray:
    """Cuts leading and trailing samples below `floor` of full scale, which would tell corpora apart."""
    loud = np.flatnonzero(np.abs(samples) > floor)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


class BalancedSampler:
    """Draws clips so that origins count evenly, and systems within an origin, whatever their sizes.

    Args:
        clips: the clips to draw from, at least one.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        groups: dict[str, dict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
        for clip in clips:
            groups[clip.origin][clip.system if clip.is_spoof else clip.speaker].append(clip)
        self._groups = [list(systems.values()) for systems in groups.values()]
        sizes = np.array([sum(len(s) for s in g) for g in self._groups], dtype=float)
        kinds = np.array([len(g) for g in self._groups], dtype=float)
        weights = np.sqrt(np.minimum(sizes, 400)) * np.sqrt(np.minimum(kinds, 12))
        self._weights = weights / weights.sum()

    def draw(self, count: int, rng: np.random.Generator) -> list[Clip]:
        """`count` clips, with replacement."""
        chosen = []
        for group in rng.choice(len(self._groups), count, p=self._weights):
            systems = self._groups[group]
            system = systems[rng.integers(len(systems))]
            chosen.append(system[rng.integers(len(system))])
        return chosen


def crop(samples: np.ndarray, length: int, rng: np.random.Generator, position: float | None = None) -> np.ndarray:
    """A stretch of `length` samples at a random (or the given relative) position; shorter audio is repeated.

    Args:
        samples: (T,).
        length: samples wanted.
        rng: source of randomness.
        position: relative position in [0, 1].
    """
    if len(samples) < length:
        samples = np.tile(samples, -(-length // max(len(samples), 1)))
    spare = len(samples) - length
    start = int((rng.random() if position is None else position) * spare)
    return samples[start : start + length]
