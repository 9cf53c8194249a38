"""Manifests: CSV files that say of each clip what it is, and the leave-origin-out split over them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from slim_cli.errors import UsageError

LABELS = ("bonafide", "spoof")
MAX_CLIP_S = 10.0  # of a clip is learnt from, where nothing else is said
TEXTS = ("system", "speaker", "origin", "language", "source_origin", "subset", "codec", "condition", "family")


@dataclass(frozen=True)
class Clip:
    """One row of a manifest.

    Attributes:
        path: the audio file.
        label: `bonafide` or `spoof`.
        system: synthesis system, or the kind of real speech.
        speaker: speaker id; empty or ending in `unknown` when not known.
        origin: where the clip was published; the unit that splits keep together.
        language: ISO 639 code, empty when not known.
        source: for a resynthesised copy, the path of the recording it was made from.
        source_origin: that recording's origin.
        relatives: names of systems that this one equals or descends from.
        role: `train` or `test`; only test clips are scored by the protocol, all may be trained on.
        subset: part of its dataset, in the dataset's own word, e.g. `dev` or `progress`.
        codec: what the dataset says the clip was coded with, in its own word; empty where it says nothing.
        condition: what else the dataset says of its channel or source, in its own words.
        family: kind of synthesis, e.g. `tts` or `vocoder`; recipes may name some.
    """

    path: Path
    label: str
    system: str = ""
    speaker: str = ""
    origin: str = ""
    language: str = ""
    source: Path | None = None
    source_origin: str = ""
    relatives: frozenset[str] = frozenset()
    role: str = "train"
    subset: str = ""
    codec: str = ""
    condition: str = ""
    family: str = ""

    @property
    def is_spoof(self) -> bool:
        """Whether the clip is synthetic."""
        return self.label == "spoof"

    @property
    def speaker_known(self) -> bool:
        """Whether the speaker id names one person."""
        return bool(self.speaker) and not self.speaker.endswith("unknown")


def read_manifest(path: Path) -> list[Clip]:
    """Reads one manifest; paths in it are relative to its folder.

    Args:
        path: CSV with at least the columns `path` and `label`; every other attribute of `Clip` may be a column too.

    Raises:
        UsageError: not readable, a column is missing, or a label is neither `bonafide` nor `spoof`.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The manifest {path} cannot be read: {error}.") from error
    if not rows or not {"path", "label"} <= rows[0].keys():
        raise UsageError(f"The manifest {path} needs a header with the columns path and label, and at least one row.")
    return [_clip(path, number, row) for number, row in enumerate(rows, start=2)]


def _clip(manifest: Path, number: int, row: dict[str, str]) -> Clip:
    if row["label"] not in LABELS:
        raise UsageError(f"{manifest}, line {number}: the label {row['label']!r} is neither bonafide nor spoof.")
    relatives = frozenset((row.get("relatives") or "").lower().replace(";", " ").replace(",", " ").split())
    source = row.get("source") or ""
    return Clip(
        path=manifest.parent / row["path"],
        label=row["label"],
        source=manifest.parent / source if source else None,
        relatives=relatives,
        role=row.get("role") or "train",
        **{name: row.get(name) or "" for name in TEXTS},
    )


def write_manifest(path: Path, clips: Iterable[Clip]) -> None:
    """Writes clips as a CSV that `read_manifest` reads; paths below its folder are relative to it, others absolute.

    Raises:
        UsageError: a name is not UTF-8.
    """
    home = path.parent.absolute()

    def place(file: Path) -> str:
        whole = file.absolute()
        return str(whole.relative_to(home) if whole.is_relative_to(home) else whole)

    names = [field.name for field in fields(Clip)]
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(names)
        for clip in clips:
            values = vars(clip) | {"path": place(clip.path), "relatives": " ".join(sorted(clip.relatives))}
            values["source"] = place(clip.source) if clip.source else ""
            try:
                out.writerow(values[name] for name in names)
            except UnicodeEncodeError as error:
                raise UsageError(f"The clip {clip.path} cannot stand in a manifest: not UTF-8.") from error


def read_folds(path: Path) -> dict[str, int]:
    """Reads a CSV with the columns `origin` and `fold`.

    Raises:
        UsageError: not readable or not of that form.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row["origin"]: int(row["fold"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"The fold list {path} needs the columns origin and fold: {error}.") from error


def leave_origin_out(clips: Sequence[Clip], folds: dict[str, int], fold: int) -> tuple[list[Clip], list[Clip]]:
    """Splits clips so that nothing of a fold's origins, systems or known speakers is trained on.

    A clip is left out of training when its origin, or the origin of the recording it was made from, lies in the fold;
    when its system, or a relative of it, occurs among the fold's spoof; or when its speaker is known in the fold.

    Returns:
        training clips, and the fold's clips of role `test`.
    """
    held = [c for c in clips if folds.get(c.origin) == fold]
    systems = {c.system.lower() for c in held if c.is_spoof}
    parts = {part for system in systems for part in system.split("+")}
    speakers = {c.speaker for c in held if c.speaker_known}

    def allowed(clip: Clip) -> bool:
        if fold in (folds.get(clip.origin), folds.get(clip.source_origin)):
            return False
        if clip.is_spoof and (clip.system.lower() in systems or clip.relatives & parts):
            return False
        return not (clip.speaker_known and clip.speaker in speakers)

    return [c for c in clips if allowed(c)], [c for c in held if c.role == "test"]


def to_score(clips: Sequence[Clip]) -> list[Clip]:
    """The clips of role `test`; all of them where no manifest says so.

    Raises:
        UsageError: as `require_audio`.
    """
    chosen = [clip for clip in clips if clip.role == "test"] or list(clips)
    require_audio(chosen)
    return chosen


def require_audio(clips: Sequence[Clip]) -> None:
    """Refuses clips whose audio is missing, before hours are spent on the others.

    Raises:
        UsageError: that is so; it counts them and names the first as its manifest was given.
    """
    missing = [clip.path for clip in clips if not clip.path.is_file()]
    if missing:
        raise UsageError(
            f"{len(missing):,} of {len(clips):,} audio files that are listed are missing; the first is {missing[0]}."
        )


def one_bundle_or_folds(bundles: Sequence[object], folds: Path | None) -> None:
    """Refuses several bundles, or none, where no folds say which of them is shown which clips.

    Raises:
        UsageError: that is so.
    """
    if folds is None and len(bundles) != 1:
        raise UsageError("Give one --model, or --folds with one --model per fold.")


def share_out(clips: Sequence[Clip], bundles: Sequence[Path], folds: Path | None) -> list[tuple[Path, list[Clip]]]:
    """Which bundle is shown which clips: a single one all of them, twins those of the fold that each left out.

    Args:
        clips: the clips.
        bundles: one bundle; with folds, one per fold in order.
        folds: CSV with the columns `origin` and `fold`.

    Returns:
        each bundle that has clips, with its clips.

    Raises:
        UsageError: as `one_bundle_or_folds`, or no clip belongs to a fold that has a bundle.
    """
    one_bundle_or_folds(bundles, folds)
    place = read_folds(folds) if folds else {}
    shares = [
        (bundle, [clip for clip in clips if not folds or place.get(clip.origin) == fold])
        for fold, bundle in enumerate(bundles)
    ]
    if not any(own for _, own in shares):
        raise UsageError("None of the clips belongs to a fold that has a model.")
    return [(bundle, own) for bundle, own in shares if own]


def summary(clips: Iterable[Clip]) -> str:
    """One line: clips, origins and systems of each class."""
    parts = []
    for label in LABELS:
        chosen = [c for c in clips if c.label == label]
        origins, systems = {c.origin for c in chosen}, {c.system for c in chosen}
        parts.append(f"{len(chosen)} {label} ({len(origins)} origins, {len(systems)} systems)")
    return ", ".join(parts)
