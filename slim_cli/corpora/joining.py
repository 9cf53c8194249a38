"""Longer files out of short clips: what a calibration needs to hold for exhibits longer than the clips of a corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.corpora.audio_pack import read_mono
from slim_cli.corpora.manifest import Clip
from slim_cli.results import MODEL_RATE_HZ


def join_clips(clips: Sequence[Clip], seconds: Sequence[float], folder: Path) -> Iterator[Clip]:
    """Writes files of several clips of one origin, system and speaker, one after the other; no clip is used twice.

    A clip whose speaker is not known stays alone: two such clips may hold two people.

    Args:
        clips: the clips.
        seconds: wanted lengths in turn, s; a file ends with the clip that reaches its length. What is left of a speaker
            and does not reach the shortest length is not written.
        folder: where the FLAC files go.

    Yields:
        each file as a clip of its parts' kind.

    Raises:
        UsageError: a clip cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    alike: dict[tuple[str, str, str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        speaker = clip.speaker if clip.speaker_known else f"only {clip.path}"
        alike[clip.label, clip.origin, clip.system, speaker].append(clip)
    turn = 0
    for group in alike.values():
        parts: list[np.ndarray] = []
        for clip in group:
            parts.append(read_mono(clip.path))
            length = sum(map(len, parts)) / MODEL_RATE_HZ
            wanted = seconds[turn % len(seconds)]
            last = clip is group[-1]
            if length < (min(seconds) if last else wanted):
                continue
            path = folder / f"{turn:05d}.flac"
            soundfile.write(path, np.concatenate(parts), MODEL_RATE_HZ)
            yield replace(clip, path=path, source=None, source_origin="")
            parts, turn = [], turn + 1
