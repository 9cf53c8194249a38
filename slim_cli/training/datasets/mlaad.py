"""MLAAD: `fake/<language>/<model>/meta.csv`, separated by `|`, all spoof; see huggingface.co/datasets/mueller91/MLAAD.

Its column `path` reads `./fake/<language>/<model>/<name>.wav`; a bare name lies beside the list.
"""

from __future__ import annotations

from pathlib import Path

from slim_cli.training.datasets.lines import rows
from slim_cli.training.manifest import Clip


def read(folder: Path, subset: str | None) -> list[Clip]:
    """Reads the folder that holds `fake`; a subset is a language, by the name of its folder."""
    clips = []
    for meta in sorted(folder.glob("fake/*/*/meta.csv")):
        language = meta.parent.parent.name
        if subset not in (None, language):
            continue
        for place, row in rows(meta, ("path", "model_name"), "|"):
            path = place.audio(folder if "/" in row["path"] else meta.parent, row["path"])
            clips.append(Clip(path, "spoof", row["model_name"], "", "mlaad", language))
    return clips
