"""Any CSV that names audio files and their classes, in the words that such lists use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slim_cli.corpora.datasets.lines import Place, rows
from slim_cli.corpora.manifest import TEXTS, Clip
from slim_cli.errors import UsageError

FILES = ("manifest.csv", "metadata.csv", "meta.csv")
PATHS = ("path", "file", "filename", "filepath")
LABELS = ("label", "class", "key")
BONA_FIDE = ("bonafide", "real", "human")
SPOOF = ("spoof", "fake", "synthetic", "deepfake")
KEPT = (*TEXTS, "role")


def read(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads a CSV, or the one in a folder; names in it are relative to where it lies.

    Args:
        folder: the file, or a folder with a file of `FILES`.
        subset: what its column `subset` must say, None for all.
    """
    files = [folder] if folder.is_file() else [file for file in (folder / name for name in FILES) if file.is_file()]
    for file in files[:1]:
        for place, cells in rows(file, (), ""):
            row = {name.strip().lower(): cell.strip() for name, cell in cells.items()}
            if subset in (None, row.get("subset")):
                yield _clip(place, row)


def _clip(place: Place, row: dict[str, str]) -> Clip:
    path, label = (next((row[name] for name in names if name in row), None) for names in (PATHS, LABELS))
    if path is None or label is None:
        raise UsageError(f"{place.file} needs a column {' or '.join(PATHS)}, and one {' or '.join(LABELS)}.")
    word = "".join(letter for letter in label.lower() if letter.isalnum())
    if word not in BONA_FIDE + SPOOF:
        raise place.wrong(f"the label {label!r} is none of {', '.join(BONA_FIDE + SPOOF)}")
    kept: dict[str, Any] = {name: row[name] for name in KEPT if row.get(name)}
    kept.setdefault("origin", place.file.resolve().parent.name)
    if kept.get("role", "train") not in ("train", "test"):
        raise place.wrong(f"the role {kept['role']!r} is neither train nor test")
    relatives = frozenset(row.get("relatives", "").lower().replace(";", " ").replace(",", " ").split())
    source = place.file.parent / row["source"] if row.get("source") else None
    label = "spoof" if word in SPOOF else "bonafide"
    return Clip(place.file.parent / path, label, source=source, relatives=relatives, **kept)
