"""ASVspoof 2019 LA, 2021 LA and DF, and 5: lists of trials beside folders of FLAC files.

Formats: README.LA.txt of ASVspoof 2019; the keys of ASVspoof 2021 as on asvspoof.org/index2021.html; the README of
ASVspoof 5, zenodo.org/records/14498691 (its .tsv files are separated by blanks). Attacks A01 to A19 of 2019 and 2021
are the same systems and keep one name; those of ASVspoof 5 are others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from slim_cli.corpora.datasets.lines import Place, columns, first_folder, said
from slim_cli.corpora.manifest import Clip


def read_2019_la(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads the folder `LA`, or the one that holds it."""
    home = first_folder(folder / "LA", folder)
    ends = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
    files = {p: home / f"ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.{end}.txt" for p, end in ends.items()}
    for part, file in _chosen(files, subset):
        for place, (speaker, name, _, attack, key) in columns(file, 5, 5):
            label = place.label(key)
            path = place.audio(home / f"ASVspoof2019_LA_{part}" / "flac", f"{name}.flac")
            system = f"asvspoof2019-{attack}" if label == "spoof" else ""
            yield Clip(path, label, system, speaker, "asvspoof2019-la", "en", role=_role(part), subset=part)


def read_2021(track: str, folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads the evaluation audio, whole or in its parts, with the keys of any of the archives published for it.

    Columns of the keys: speaker, file, codec, transmission (LA) or source (DF), attack, key, trimmed or not, subset;
    for DF then vocoder, task, team, genders and language, the last four of the Voice Conversion Challenge.

    Args:
        track: `LA` or `DF`.
        folder: the folder that holds audio and keys.
        subset: the subset, None for all.
    """
    where = _audio_of_2021(track, folder)
    for place, words in _trials_of_2021(track, folder):
        speaker, name, codec, source, attack, key, trim, part = words[:8]
        label = place.label(key)
        if subset not in (None, part):
            continue
        challenge = track == "DF" and source != "asvspoof"
        system = f"{source if challenge else 'asvspoof2019'}-{attack}" if label == "spoof" else ""
        yield Clip(
            place.audio(where.get(f"{name}.flac", folder), f"{name}.flac"),
            label,
            system,
            speaker,
            f"asvspoof2021-{track.lower()}",
            "" if challenge else "en",
            role="test",
            subset=part,
            codec=said(codec),
            condition=said(source) if trim == "notrim" else f"{said(source)} {trim}".strip(),
        )


def _trials_of_2021(track: str, folder: Path) -> Iterator[tuple[Place, list[str]]]:
    """The lines of the first keys that are of this track; those of both lie beside each other, some in `keys/CM`."""
    homes = (f"keys/{track}", f"*/keys/{track}", track, f"*/{track}", "*/keys", "keys")
    for file in (file for home in homes for file in sorted(folder.glob(f"{home}/CM/trial_metadata.txt"))):
        if not _is_of_other(track, file):
            return (yield from columns(file, 8, 8 if track == "LA" else 13))


def _is_of_other(track: str, file: Path) -> bool:
    """Whether the first trial of some keys is of the other track."""
    first = next((words for _, words in columns(file, 1, sys.maxsize)), [])
    return any(word.startswith("DF_E_" if track == "LA" else "LA_E_") for word in first)


def _audio_of_2021(track: str, folder: Path) -> dict[str, Path]:
    """The folder of each audio file, by its name."""
    whole = f"ASVspoof2021_{track}_eval"
    names = ("flac", f"{whole}/flac", f"{whole}_part??/flac", f"{whole}_part??/{whole}/flac")
    return {file: inner for name in names for inner in sorted(folder.glob(name)) for file in os.listdir(inner)}


def read_5(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads track 1, its lists in the folder or in `ASVspoof5_protocols`."""
    lists = first_folder(folder / "ASVspoof5_protocols", folder)
    ends = {"train": "train", "dev": "dev.track_1", "eval": "eval.track_1"}
    audio = {"train": "flac_T", "dev": "flac_D", "eval": "flac_E_eval"}
    for part, file in _chosen({p: lists / f"ASVspoof5.{end}.tsv" for p, end in ends.items()}, subset):
        for place, words in columns(file, 10, 10):
            speaker, name, _, codec, quality, _, _, attack, key, _ = words
            label = place.label(key)
            yield Clip(
                place.audio(folder / audio[part], f"{name}.flac"),
                label,
                f"asvspoof5-{attack}" if label == "spoof" else "",
                speaker,
                "asvspoof5",
                "en",
                role=_role(part),
                subset=part,
                codec=said(codec),
                condition=f"quality {quality}" if said(quality) else "",
            )


def _chosen(files: dict[str, Path], subset: str | None) -> Iterator[tuple[str, Path]]:
    """The list of a subset, or all, as far as they are there."""
    return ((part, file) for part, file in files.items() if subset in (None, part) and file.is_file())


def _role(part: str) -> str:
    return "test" if part == "eval" else "train"
