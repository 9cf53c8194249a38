"""Files out of clips: longer ones, for calibrations that hold for them too, and two-channel ones of two speakers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.audio.whole_signal import read_channels
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import EvidenceError, UsageError
from slim_cli.evidence.decoding import Decoder
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
    with Decoder() as decoder:
        for group in alike.values():
            parts: list[np.ndarray] = []
            for clip in group:
                parts.append(_first_channel(clip, decoder))
                length = sum(map(len, parts)) / MODEL_RATE_HZ
                wanted = seconds[turn % len(seconds)]
                last = clip is group[-1]
                if length < (min(seconds) if last else wanted):
                    continue
                path = folder / f"{turn:05d}.flac"
                soundfile.write(path, np.concatenate(parts), MODEL_RATE_HZ)
                yield replace(clip, path=path, source=None, source_origin="")
                parts, turn = [], turn + 1


def pair_channels(clips: Sequence[Clip], folder: Path) -> Iterator[Clip]:
    """Writes two-channel files, each of clips of two bona fide speakers of one origin, as in a recorded call.

    A scan takes the highest channel for the file: such files show what that does to false alarms. Clips whose speaker
    is not known are left out, no clip is used twice, and the longer of two is cut to the shorter.

    Args:
        clips: the clips.
        folder: where the FLAC files go.

    Yields:
        each file as a bona fide clip of its parts' origin.

    Raises:
        UsageError: a clip cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting: dict[str, dict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
    number = 0
    with Decoder() as decoder:
        for clip in clips:
            if clip.is_spoof or not clip.speaker_known:
                continue
            others = waiting[clip.origin]
            other = next((speaker for speaker, held in others.items() if held and speaker != clip.speaker), None)
            if other is None:
                others[clip.speaker].append(clip)
                continue
            pair = [others[other].pop(0), clip]
            sides = [_first_channel(one, decoder) for one in pair]
            length, path = min(map(len, sides)), folder / f"{number:05d}.flac"
            soundfile.write(path, np.stack([side[:length] for side in sides], axis=1), MODEL_RATE_HZ)
            number += 1
            yield replace(
                clip, path=path, source=None, source_origin="", speaker=" + ".join(one.speaker for one in pair)
            )


def _first_channel(clip: Clip, decoder: Decoder) -> np.ndarray:
    try:
        return read_channels(clip.path, decoder)[0]
    except EvidenceError as error:
        raise UsageError(f"The clip {clip.path} cannot be read: {error}.") from error
