"""Readers that turn dataset folders, as they are downloaded, into the clips of a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from slim_cli.errors import UsageError
from slim_cli.training.datasets import asvspoof, in_the_wild, mlaad, ravdess, wavefake
from slim_cli.training.manifest import Clip

Reader = Callable[[Path, str | None], list[Clip]]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "asvspoof2019-la": asvspoof.read_2019_la,
        "asvspoof2021-la": partial(asvspoof.read_2021, "LA"),
        "asvspoof2021-df": partial(asvspoof.read_2021, "DF"),
        "asvspoof5": asvspoof.read_5,
        "in-the-wild": in_the_wild.read,
        "wavefake": wavefake.read,
        "mlaad": mlaad.read,
        "ravdess": ravdess.read,
    }
)


def read_dataset(name: str, folder: Path, subset: str | None) -> list[Clip]:
    """Reads a dataset folder.

    Args:
        name: a key of `READERS`.
        folder: where the dataset was unpacked.
        subset: the part to read, in the dataset's own words; None for all that is there.

    Raises:
        UsageError: the name, the folder or the subset is wrong, a line is malformed, or an audio file is missing.
    """
    if name not in READERS:
        raise UsageError(f"There is no reader for the dataset {name!r}; there are {', '.join(READERS)}.")
    if not folder.is_dir():
        raise UsageError(f"The folder {folder} of the dataset {name} does not exist.")
    clips = READERS[name](folder, subset)
    if not clips:
        part = f" in its subset {subset!r}" if subset else ""
        raise UsageError(f"The folder {folder} holds no clips of the dataset {name}{part}.")
    return clips
