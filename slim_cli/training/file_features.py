"""Subspaces of ready-made encoders, computed once per file, in memory-mapped shards that belong to those encoders.

Large frozen encoders are too slow to hear every window anew: each file is encoded whole, and training cuts its windows
from the result. Folder: `cache.json` names the encoders; each `shard-*` holds `files.json` (file and frames of both
subspaces per file, in order), `style.npy` and `linguistics.npy`, frames × width of bfloat16 seen as int16, which numpy
lacks. A file is known by its path, size and time of change, and by how much of it the pack holds. A shard appears under
its name when it is whole, so a stopped extraction goes on with the files it has not done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from slim_cli.corpora.audio_pack import AudioPack, identity
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.heads import Subspaces
from slim_cli.detector.model import Slim
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S
from slim_cli.training.features import FeatureSource, encoder_fingerprint
from slim_cli.whole_files import replacing

SCHEMA = "slim-file-features/1"
SHARD_S, BATCH_S = 600, 160  # audio per shard, and per batch with its padding

Shard = tuple[np.ndarray, np.ndarray]


class ShardPlace(NamedTuple):
    """Where the frames of a file are: shard, then first frame and end within each of its arrays."""

    shard: int
    style: slice
    linguistics: slice


@dataclass(frozen=True)
class FileFeatures(FeatureSource):
    """Both subspaces of whole files; a batch is windows cut from them.

    Attributes:
        labels: (N,) 0 bona fide, 1 spoof.
        clips: (N,) number of the clip.
        places: where each file's frames are.
        shards: style and linguistics frames of each shard, (frames, D) int16.
        crops: frames of a window of style and of linguistics.
    """

    labels: np.ndarray
    clips: np.ndarray
    places: Sequence[ShardPlace]
    shards: Sequence[Shard]
    crops: tuple[int, int]

    @property
    def summaries(self) -> np.ndarray:  # type: ignore[override]
        """None are kept of whole files."""
        return np.zeros((len(self.labels), 1), np.float32)

    def batch(
        self, rows: np.ndarray, device: torch.device, rng: np.random.Generator | None = None
    ) -> tuple[Subspaces, Tensor]:
        positions = np.full(len(rows), 0.5) if rng is None else rng.random(len(rows))
        places = [self.places[row] for row in rows]
        pieces: list[list[Tensor]] = [[], []]
        for place, at in zip(places, positions, strict=True):
            for part, (frames, where) in enumerate(zip(self.shards[place.shard], place[1:], strict=True)):
                pieces[part].append(_crop(frames[where], self.crops[part], at))
        (style, style_mask), (linguistics, mask) = map(_padded, pieces)
        x = Subspaces(style.to(device), linguistics.to(device), style_mask.to(device), mask.to(device))
        return x, torch.from_numpy(self.labels[rows]).to(device)


def encode_files(
    slim: Slim, clips: Sequence[Clip], pack: AudioPack, folder: Path, report: Callable[[int, int], None] | None = None
) -> FileFeatures:
    """Encodes every file that the folder does not hold yet, those of like length together, and opens the result.

    Args:
        slim: the encoders, in evaluation mode.
        clips: the clips.
        pack: their audio.
        folder: where the shards are kept.
        report: called after each shard with (files done, files in all).

    Returns:
        the features of the clips, in their order.

    Raises:
        UsageError: the folder holds features of other encoders.
    """
    _claim(folder, encoder_fingerprint(slim))
    keys = [f"{identity(clip.path)} {pack.length(clip)}" for clip in clips]
    files = dict(zip(keys, clips, strict=True))
    shards = _shards(folder)
    known = {key for shard in shards for key, *_ in _index(shard)}
    missing = sorted((key for key in files if key not in known), key=lambda key: (pack.length(files[key]), key))
    done = len(files) - len(missing)
    for part in _parts(missing, [pack.length(files[key]) for key in missing], SHARD_S, padded=False):
        shards.append(folder / f"shard-{_number(shards[-1]) + 1 if shards else 0:05d}")
        _write(slim, part, [pack(files[key]) for key in part], shards[-1])
        done += len(part)
        if report:
            report(done, len(files))
    crops = (round(WINDOW_S * slim.style.frame_rate), round(WINDOW_S * slim.linguistics.frame_rate))
    return _open(clips, keys, shards, crops)


def _claim(folder: Path, fingerprint: str) -> None:
    """Marks a new folder as belonging to some encoders, or makes sure that it does."""
    mine, path = {"schema": SCHEMA, "encoders": fingerprint}, folder / "cache.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with replacing(path) as partial:
            partial.write_text(json.dumps(mine), encoding="utf-8")
    try:
        same = json.loads(path.read_text(encoding="utf-8")) == mine
    except ValueError:
        same = False
    if not same:
        raise UsageError(
            f"The features in {folder} are of other encoders: delete them or choose another output folder."
        )


def _shards(folder: Path) -> list[Path]:
    for unfinished in folder.glob("shard-*.part"):
        shutil.rmtree(unfinished)
    return sorted(folder.glob("shard-[0-9][0-9][0-9][0-9][0-9]"))


def _number(shard: Path) -> int:
    return int(shard.name.removeprefix("shard-"))


def _index(shard: Path) -> list[tuple[str, int, int]]:
    return [tuple(row) for row in json.loads((shard / "files.json").read_text(encoding="utf-8"))]


def _parts(keys: Sequence[str], lengths: Sequence[int], seconds: float, *, padded: bool) -> Iterator[list[str]]:
    """Keys in order of length, in parts of at most so much audio, counted with the padding or without."""
    part: list[str] = []
    total = 0
    for key, length in zip(keys, lengths, strict=True):
        total = (len(part) + 1) * length if padded else total + length
        if part and total > seconds * MODEL_RATE_HZ:
            yield part
            part, total = [], length
        part.append(key)
    if part:
        yield part


def _write(slim: Slim, keys: Sequence[str], audio: Sequence[np.ndarray], shard: Path) -> None:
    """Encodes the files of a shard, batch by batch, and gives the shard its name when it is whole."""
    waveforms = {key: torch.from_numpy(samples) for key, samples in zip(keys, audio, strict=True)}
    rows, style, linguistics = [], [], []
    for batch in _parts(keys, [len(samples) for samples in audio], BATCH_S, padded=True):
        for key, frames_s, frames_l in zip(batch, *_encode(slim, [waveforms[key] for key in batch]), strict=True):
            rows.append((key, len(frames_s), len(frames_l)))
            style.append(frames_s)
            linguistics.append(frames_l)
    unfinished = shard.with_name(f"{shard.name}.part")
    unfinished.mkdir()
    np.save(unfinished / "style.npy", np.concatenate(style))
    np.save(unfinished / "linguistics.npy", np.concatenate(linguistics))
    (unfinished / "files.json").write_text(json.dumps(rows), encoding="utf-8")
    unfinished.rename(shard)


def _encode(slim: Slim, waveforms: Sequence[Tensor]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Valid frames of each waveform in both subspaces, bfloat16 seen as int16."""
    device = next(slim.parameters()).device
    shortest = max(slim.style.shortest, slim.linguistics.shortest)
    lengths = torch.tensor([max(len(samples), shortest) for samples in waveforms])
    padded = torch.zeros(len(waveforms), int(lengths.max()))
    for row, samples in zip(padded, waveforms, strict=True):
        row[: len(samples)] = samples
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        x = slim.subspaces(padded.to(device), lengths.to(device))

    def frames(values: Tensor, mask: Tensor) -> list[np.ndarray]:
        packed = values.bfloat16().view(torch.int16).cpu()
        return [row[valid].numpy() for row, valid in zip(packed, mask.cpu(), strict=True)]

    return frames(x.style, x.style_mask), frames(x.linguistics, x.linguistics_mask)


def _open(clips: Sequence[Clip], keys: Sequence[str], shards: Sequence[Path], crops: tuple[int, int]) -> FileFeatures:
    places = {}
    for number, shard in enumerate(shards):
        first_s = first_l = 0
        for key, frames_s, frames_l in _index(shard):
            places[key] = ShardPlace(number, slice(first_s, first_s + frames_s), slice(first_l, first_l + frames_l))
            first_s, first_l = first_s + frames_s, first_l + frames_l
    arrays = [(_mapped(shard / "style.npy"), _mapped(shard / "linguistics.npy")) for shard in shards]
    labels = np.array([clip.is_spoof for clip in clips], dtype=np.float32)
    return FileFeatures(labels, np.arange(len(clips)), [places[key] for key in keys], arrays, crops)


def _mapped(path: Path) -> np.ndarray:
    """An array of a shard in memory-mapped form without the open file that numpy's own mapping holds on to."""
    found = np.load(path, mmap_mode="r")
    values = torch.from_file(str(path), shared=False, size=path.stat().st_size // 2, dtype=torch.int16)
    return values[found.offset // 2 :].view(found.shape).numpy()


def _crop(frames: np.ndarray, length: int, position: float) -> Tensor:
    """A window of so many frames at a relative position, fp32."""
    start = int(position * max(1, len(frames) - length + 1))
    return torch.from_numpy(np.array(frames[start : start + length])).view(torch.bfloat16).float()


def _padded(pieces: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Windows of unequal length beside each other, (B, F, D), and where they hold frames, (B, F)."""
    lengths = torch.tensor([len(piece) for piece in pieces])
    x = pad_sequence(list(pieces), batch_first=True)
    return x, torch.arange(x.shape[1])[None] < lengths[:, None]
