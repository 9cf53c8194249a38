"""ASVspoof 2019 LA, 2021 LA and DF, and 5: lists of trials beside folders of FLAC files.

Formats: README.LA.txt of ASVspoof 2019; the keys of ASVspoof 2021 as on asvspoof.org/index2021.html; the README of
ASVspoof 5, zenodo.org/records/14498691 (its .tsv files are separated by blanks). Attacks A01 to A19 of 2019 and 2021
are the same systems and keep one name; those of ASVspoof 5 are others.
"""

from __future__ import annotations

from pathlib import Path

from slim_cli.errors import UsageError
from slim_cli.training.datasets.lines import columns
from slim_cli.training.manifest import Clip


def read_2019_la(folder: Path, subset: str | None) -> list[Clip]:
    """Reads the folder `LA`; subsets train, dev, eval."""
    lists = folder / "ASVspoof2019_LA_cm_protocols"
    ends = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
    files = {part: lists / f"ASVspoof2019.LA.cm.{end}.txt" for part, end in ends.items()}
    clips = []
    for part, file in _chosen(files, subset).items():
        for place, (speaker, name, _, attack, key) in columns(file, 5, 5):
            label = place.label(key)
            path = place.audio(folder / f"ASVspoof2019_LA_{part}" / "flac", f"{name}.flac")
            system = f"asvspoof2019-{attack}" if label == "spoof" else ""
            clips.append(Clip(path, label, system, speaker, "asvspoof2019-la", "en", role=_role(part)))
    return clips


def read_2021(track: str, folder: Path, subset: str | None) -> list[Clip]:
    """Reads a folder with `keys` and `flac`; subsets are the words of its eighth column, such as progress and eval.

    Args:
        track: `LA` or `DF`.
        folder: the folder.
        subset: the subset, None for all.
    """
    clips = []
    for place, words in columns(folder / "keys" / track / "CM" / "trial_metadata.txt", 8, 8 if track == "LA" else 13):
        speaker, name, _, source, attack, key, _, part = words[:8]
        label = place.label(key)
        if subset not in (None, part):
            continue
        corpus = source if track == "DF" and source != "asvspoof" else "asvspoof2019"
        system = f"{corpus}-{attack}" if label == "spoof" else ""
        path = place.audio(folder / "flac", f"{name}.flac")
        clips.append(Clip(path, label, system, speaker, f"asvspoof2021-{track.lower()}", role="test"))
    return clips


def read_5(folder: Path, subset: str | None) -> list[Clip]:
    """Reads track 1, its lists in the folder or in `ASVspoof5_protocols`; subsets train, dev, eval."""
    inner = folder / "ASVspoof5_protocols"
    lists = inner if inner.is_dir() else folder
    ends = {"train": "train", "dev": "dev.track_1", "eval": "eval.track_1"}
    audio = {"train": "flac_T", "dev": "flac_D", "eval": "flac_E_eval"}
    clips = []
    for part, file in _chosen({p: lists / f"ASVspoof5.{end}.tsv" for p, end in ends.items()}, subset).items():
        for place, words in columns(file, 10, 10):
            label = place.label(words[8])
            path = place.audio(folder / audio[part], f"{words[1]}.flac")
            system = f"asvspoof5-{words[7]}" if label == "spoof" else ""
            clips.append(Clip(path, label, system, words[0], "asvspoof5", "en", role=_role(part)))
    return clips


def _chosen(files: dict[str, Path], subset: str | None) -> dict[str, Path]:
    """The list of a subset, or all that are there."""
    if subset is not None and subset not in files:
        raise UsageError(f"There is no subset {subset!r}; there are {', '.join(files)}.")
    found = {part: file for part, file in files.items() if part == subset or (subset is None and file.is_file())}
    if not found:
        raise UsageError(f"None of the lists {', '.join(str(file) for file in files.values())} exists.")
    return found


def _role(part: str) -> str:
    return "test" if part == "eval" else "train"
