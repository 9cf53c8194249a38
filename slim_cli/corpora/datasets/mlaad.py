"""MLAAD: `fake/<language>/<model>/meta.csv`, separated by `|`, all spoof; see huggingface.co/datasets/mueller91/MLAAD.

Its column `path` reads `./fake/<language>/<model>/<name>.wav`; a bare name lies beside the list. Its texts, and the
bona fide that it is meant to be compared with, are those of M-AILABS, which comes apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from slim_cli.corpora.datasets.lines import language, rows
from slim_cli.corpora.datasets.recordings import read_m_ailabs
from slim_cli.corpora.manifest import Clip


def read(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads the folder that holds `fake`, and M-AILABS where it lies there or is the folder; both are one origin.

    Args:
        folder: the folder.
        subset: a language, None for all.
    """
    for meta in sorted(folder.glob("fake/*/*/meta.csv")):
        part = meta.parent.parent.name
        if subset not in (None, part, language(part)):
            continue
        for place, row in rows(meta, ("path", "model_name"), "|"):
            path = place.audio(folder if "/" in row["path"] else meta.parent, row["path"])
            yield Clip(path, "spoof", row["model_name"], "", "mlaad", language(part), role="test", subset=part)
    for inner in (folder, folder / "original", folder / "M-AILABS"):
        for clip in read_m_ailabs(inner, subset):
            yield replace(clip, origin="mlaad")
