"""What the data are: clips, classes, systems, speakers, languages and hours of every dataset and split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import soundfile

from slim_cli.analysis.finding import BONA_FIDE, SPOOF, Finding, canvas, caption, label, name_rows, side_table
from slim_cli.analysis.material import Material
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError

MOST_DRAWN = 60
MOST_NAMED = 4  # languages


def duration_s(clip: Clip) -> float:
    """Duration of a clip by its header, seconds.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return float(soundfile.info(clip.path).duration)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UsageError(f"The clip {clip.path} cannot be read: {error}.") from error


def dataset_rows(clips: Sequence[Clip], seconds: np.ndarray) -> list[dict[str, Any]]:
    """One row per dataset (origin) and split, after one for all.

    Args:
        clips: N clips.
        seconds: (N,) durations.
    """
    parts: dict[tuple[str, str], list[int]] = {("all", ""): list(range(len(clips)))}
    for number, clip in sorted(enumerate(clips), key=lambda item: (item[1].origin, item[1].role)):
        parts.setdefault((clip.origin or "unnamed", clip.role), []).append(number)
    return [_row(name, role, [clips[i] for i in rows], seconds[rows]) for (name, role), rows in parts.items()]


def _row(name: str, role: str, clips: Sequence[Clip], seconds: np.ndarray) -> dict[str, Any]:
    spoof = sum(clip.is_spoof for clip in clips)
    languages = sorted({clip.language for clip in clips if clip.language})
    return {
        "dataset": name,
        "split": role,
        "samples": len(clips),
        "bonafide": len(clips) - spoof,
        "spoof": spoof,
        "systems": len({clip.system for clip in clips if clip.is_spoof}),
        "speakers_known": len({clip.speaker for clip in clips if clip.speaker_known}),
        "speaker_unknown": sum(not clip.speaker_known for clip in clips),
        "languages": " ".join(languages),
        "hours": float(seconds.sum() / 3600),
    }


def datasets(material: Material) -> Finding:
    """The table of all clips in the manifests, with the clips of each class drawn."""
    clips = material.every
    rows = dataset_rows(clips, np.array([duration_s(clip) for clip in clips]))
    total = rows[0]
    drawn = sorted(rows[1:], key=lambda row: -row["samples"])[:MOST_DRAWN]
    figure = canvas(8.0, 1.4 + 0.17 * len(drawn))
    axes = figure.add_subplot()
    places, real = range(len(drawn)), [row["bonafide"] for row in drawn]
    axes.barh(places, real, color=BONA_FIDE, alpha=0.75, label="bona fide", height=0.7)
    bars = axes.barh(places, [row["spoof"] for row in drawn], left=real, color=SPOOF, height=0.7, label="spoof")
    for bar in bars:
        bar.set(alpha=0.75, hatch="////", edgecolor="white", linewidth=0)
    several = len({row["split"] for row in drawn}) > 1
    name_rows(axes, [f"{row['dataset']}, {row['split']}" if several else row["dataset"] for row in drawn])
    titles = {"hours": 36, "clips": 32, "systems": 40, "speakers": 44, "languages": 50}
    words = {title: [_words(row, title) for row in drawn] for title in titles}
    side_table(axes, {title: (width, words[title]) for title, width in titles.items()})
    axes.set_xlabel("clips")
    figure.legend(*axes.get_legend_handles_labels(), ncols=2, loc="outside upper right")
    title = f"{total['samples']:,} clips, {total['hours']:.2g} h; {len(drawn)} of {len(rows) - 1} datasets drawn"
    caption(figure, title, "speakers: those known; +: others besides")
    summary = (
        f"{total['samples']:,} clips ({total['bonafide']:,} bona fide, {total['spoof']:,} spoof of {total['systems']} "
        f"systems), {total['hours']:.2f} h, {len(rows) - 1} datasets"
    )
    return Finding("datasets", rows, figure, summary)


def _words(row: dict[str, Any], column: str) -> str:
    if column == "speakers":
        return f"{row['speakers_known']}{'+' if row['speaker_unknown'] else ''}"
    if column == "languages":
        several = row["languages"].count(" ") + 1
        return label(row["languages"], 12) if several <= MOST_NAMED else f"{several} of them"
    return {"hours": f"{row['hours']:.2g}", "clips": f"{row['samples']:,}", "systems": f"{row['systems']}"}[column]
