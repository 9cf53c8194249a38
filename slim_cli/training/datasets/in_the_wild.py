"""In-the-Wild: `meta.csv` (file,speaker,label) beside its WAV files; see deepfake-total.com/in_the_wild."""

from __future__ import annotations

from pathlib import Path

from slim_cli.training.datasets.lines import no_subset, rows
from slim_cli.training.manifest import Clip


def read(folder: Path, subset: str | None) -> list[Clip]:
    """Reads the folder `release_in_the_wild`; the systems behind its spoof are not known."""
    no_subset("in-the-wild", subset)
    clips = []
    for place, row in rows(folder / "meta.csv", ("file", "speaker", "label")):
        label = place.label(row["label"], "bona-fide")
        system = "in-the-wild" if label == "spoof" else ""
        path = place.audio(folder, row["file"])
        clips.append(Clip(path, label, system, row["speaker"], "in-the-wild", "en", role="test"))
    return clips
