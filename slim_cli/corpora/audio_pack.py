"""Audio of a manifest packed into one memory-mapped file, and batches drawn from it evenly over origins and systems."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import numpy as np
import soundfile
import soxr

from slim_cli.corpora.manifest import Clip, require_audio
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ

_TOGETHER = 64  # files read ahead of what is written


class AudioPack:
    """16 kHz mono int16 audio of many clips in one file, read by memory map.

    The file is made once per list of clips, and made again when the list or one of its files changes. Beside the
    unfinished file a journal holds the length of each clip that is whole in it, so a stopped pack goes on from there.

    Args:
        clips: the clips to hold.
        folder: where the pack is kept, and no pack of another bound.
        max_s: longer clips are cut to their first `max_s` seconds.

    Raises:
        UsageError: audio is missing or cannot be read, or the folder holds clips cut elsewhere.
    """

    def __init__(self, clips: Sequence[Clip], folder: Path, max_s: float = 10.0) -> None:
        require_audio(clips)
        self._offsets: dict[Path, tuple[int, int]] = {}
        paths = sorted({c.path for c in clips})
        key = hashlib.sha256("\n".join([str(max_s), *map(identity, paths)]).encode()).hexdigest()[:16]
        self._data_path, index = (folder / f"audio-{max_s:g}s-{key}{end}" for end in (".i16", ".lengths"))
        if others := [p for p in folder.glob("audio-*s-*.i16") if not p.name.startswith(f"audio-{max_s:g}s-")]:
            raise UsageError(f"{folder} holds clips cut at another length ({others[0].name}): choose another folder.")
        if not index.exists():
            folder.mkdir(parents=True, exist_ok=True)
            journal = index.with_suffix(".part")
            self._write(paths, int(max_s * MODEL_RATE_HZ), journal)
            journal.replace(index)
        lengths = [int(line) for line in index.read_text(encoding="utf-8").splitlines()]
        start = 0
        for path, length in zip(paths, lengths, strict=True):
            self._offsets[path] = (start, length)
            start += length
        self._samples = np.memmap(self._data_path, dtype="<i2", mode="r")

    def _write(self, paths: Sequence[Path], limit: int, journal: Path) -> None:
        """Writes the clips that are not whole yet, each before its length in the journal."""
        for file in (self._data_path, journal):
            file.touch()
        done = _whole(journal.read_bytes(), self._data_path.stat().st_size // 2)
        os.truncate(journal, len(b"".join(done)))
        os.truncate(self._data_path, 2 * sum(map(int, done)))
        with self._data_path.open("ab") as data, journal.open("ab") as told, ThreadPoolExecutor(2) as pool:
            for first in range(len(done), len(paths), _TOGETHER):
                for samples in pool.map(read_mono, paths[first : first + _TOGETHER]):
                    data.write(_as_int16(samples[:limit]))
                    data.flush()
                    told.write(b"%d\n" % len(samples[:limit]))
                    told.flush()

    def __call__(self, clip: Clip) -> np.ndarray:
        """The clip's samples, (T,) float32 in [-1, 1]."""
        start, length = self._offsets[clip.path]
        return self._samples[start : start + length].astype(np.float32) / 32768

    def length(self, clip: Clip) -> int:
        """Samples in the clip."""
        return self._offsets[clip.path][1]


def identity(path: Path) -> str:
    """What tells a file from another, and from itself before a change: its path, size and time of change."""
    stat = path.stat()
    return f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"


def _whole(journal: bytes, samples: int) -> list[bytes]:
    """The lines of a journal that are whole, as far as their samples are there."""
    lines = [line for line in journal.splitlines(keepends=True) if line.endswith(b"\n")]
    return [line for line, end in zip(lines, accumulate(map(int, lines)), strict=True) if end <= samples]


def _as_int16(samples: np.ndarray) -> bytes:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()


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
