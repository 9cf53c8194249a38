"""In-the-Wild: `meta.csv` (file,speaker,label) beside its WAV files; see deepfake-total.com/in_the_wild."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from slim_cli.corpora.datasets.lines import first_folder, no_subset, rows
from slim_cli.corpora.manifest import Clip


def read(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads the folder `release_in_the_wild`, or the one that holds it; the systems of its spoof are not known."""
    no_subset("in-the-wild", subset)
    home = first_folder(folder / "release_in_the_wild", folder)
    for meta in home.glob("meta.csv"):
        for place, row in rows(meta, ("file", "speaker", "label")):
            label = place.label(row["label"], "bona-fide")
            system = "in-the-wild" if label == "spoof" else ""
            path = place.audio(home, row["file"])
            yield Clip(path, label, system, row["speaker"], "in-the-wild", "en", role="test")
