"""Manifests, and readers that turn dataset folders, as they are downloaded, into the clips of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from pathlib import Path

from slim_cli.corpora.datasets.catalogue import DATASETS, Dataset
from slim_cli.corpora.manifest import Clip, read_manifest
from slim_cli.errors import UsageError

__all__ = ["DATASETS", "Dataset", "find_dataset", "names_dataset", "read_dataset", "read_manifests"]


def find_dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        UsageError: there is none.
    """
    for dataset in DATASETS:
        if dataset.name == name:
            return dataset
    names = ", ".join(dataset.name for dataset in DATASETS)
    raise UsageError(f"There is no reader for the dataset {name!r}; there are {names}.")


def read_dataset(
    name: str, folder: Path, subset: str | None, tell: Callable[[str], None] = lambda text: None
) -> list[Clip]:
    """Reads a dataset folder; clips whose audio is missing are left out.

    Args:
        name: the dataset's name in the catalogue.
        folder: where the dataset was unpacked.
        subset: the part to read, in the dataset's own words; None for all that is there.
        tell: called with one sentence if audio that is listed is missing, and with one if other lists than usual are
            read.

    Raises:
        UsageError: the name, the folder or the subset is wrong, a line is malformed, or no audio is there.
    """
    dataset = find_dataset(name)
    if not folder.exists():
        raise UsageError(f"The folder {folder} of the dataset {name} does not exist.")
    listed = list(dataset.read(folder, subset))
    there = [clip.path.is_file() for clip in listed]
    clips = list(compress(listed, there))
    if not clips:
        raise UsageError(_nothing(dataset, folder, subset, len(listed)))
    if not subset and (others := sum(clip.subset == dataset.instead for clip in clips if dataset.instead)):
        tell(f"{name}: {others:,} clips are of the list {dataset.instead!r}, where none of the usual lists is there")
    if not all(there):
        missing, first = len(listed) - len(clips), listed[there.index(False)].path
        tell(
            f"{name}: {missing:,} of {len(listed):,} listed audio files are missing and left out, the first is {first}"
        )
    return clips


def _nothing(dataset: Dataset, folder: Path, subset: str | None, listed: int) -> str:
    part = f" in its subset {subset!r}" if subset else ""
    why = f"none of the {listed:,} audio files that its lists name is there" if listed else "nothing was found"
    subsets = f"; its subsets: {dataset.subsets}" if subset and dataset.subsets else ""
    return f"{folder} holds no clips of the dataset {dataset.name}{part}: {why}. Looked for {dataset.layout}{subsets}."


def read_manifests(paths: Sequence[Path], tell: Callable[[str], None] = lambda text: None) -> list[Clip]:
    """Reads several manifests or dataset folders (`NAME=FOLDER[:SUBSET]`), one after the other.

    Args:
        paths: the manifests.
        tell: called with one sentence for each dataset folder that lacks audio.

    Raises:
        UsageError: as `read_manifest` and `read_dataset`.
    """
    return [clip for path in paths for clip in _read(path, tell)]


def names_dataset(path: Path) -> bool:
    """Whether a manifest argument is no file but reads `NAME=FOLDER[:SUBSET]`."""
    name, given, _ = str(path).partition("=")
    return bool(given) and "/" not in name and not path.exists()


def _read(path: Path, tell: Callable[[str], None]) -> list[Clip]:
    if not names_dataset(path):
        return read_manifest(path)
    name, _, place = str(path).partition("=")
    folder, colon, subset = place.rpartition(":")
    if Path(place).exists() or not colon:
        return read_dataset(name, Path(place), None, tell)
    return read_dataset(name, Path(folder), subset, tell)
