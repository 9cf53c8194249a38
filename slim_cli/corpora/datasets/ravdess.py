"""RAVDESS: `Actor_XX/03-01-….wav`, all bona fide; names as explained on zenodo.org/records/1188976.

Seven numbers: modality (03 = sound only), channel (01 = speech, 02 = song), emotion, intensity, statement, repetition,
actor. Only speech is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from slim_cli.corpora.datasets.lines import first_folder, no_subset
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError


def read(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads the folder that holds the folders of the actors, or the archive's folder in it."""
    no_subset("ravdess", subset)
    home = first_folder(folder / "Audio_Speech_Actors_01-24", folder)
    for path in sorted(home.glob("Actor_[0-9][0-9]/03-01-*.wav")):
        actor = path.parent.name.removeprefix("Actor_")
        if not re.fullmatch(rf"03-01(-[0-9]{{2}}){{4}}-{actor}", path.stem):
            raise UsageError(f"The name {path} is not seven numbers that end with its actor's.")
        yield Clip(path, "bonafide", "acted", f"ravdess-{actor}", "ravdess", "en", role="test")
