"""Files joined from clips hold one speaker of one system each, and every sample of their clips once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.corpora.joining import join_clips, pair_channels
from slim_cli.corpora.manifest import Clip


def clips(folder: Path, speakers: str) -> list[Clip]:
    """One clip of a second for each letter, whose samples all hold its number / 100."""
    made = []
    for number, speaker in enumerate(speakers):
        soundfile.write(folder / f"{number}.wav", np.full(16_000, number / 100), 16_000)
        made.append(Clip(folder / f"{number}.wav", "spoof", "vits", speaker, "page", role="test"))
    return made


def test_a_file_ends_with_the_clip_that_reaches_its_length(tmp_path: Path) -> None:
    joined = list(join_clips(clips(tmp_path, "aabaabaa"), (2, 3), tmp_path / "joined"))
    held = [sorted({round(float(x) * 100) for x in soundfile.read(clip.path)[0]}) for clip in joined]
    assert held == [[0, 1], [3, 4, 6], [2, 5]]
    assert [(clip.speaker, clip.system, clip.origin, clip.role) for clip in joined] == [
        ("a", "vits", "page", "test"),
        ("a", "vits", "page", "test"),
        ("b", "vits", "page", "test"),
    ]


def test_what_does_not_reach_the_shortest_length_is_left_out(tmp_path: Path) -> None:
    assert list(join_clips(clips(tmp_path, "abc"), (2,), tmp_path / "joined")) == []


@pytest.mark.parametrize("speaker", ["", "page:unknown"])
def test_clips_of_unknown_speakers_stay_alone(speaker: str, tmp_path: Path) -> None:
    unknown = [replace(clip, speaker=speaker) for clip in clips(tmp_path, "aaa")]
    joined = list(join_clips(unknown, (1, 2), tmp_path / "joined"))
    assert [soundfile.info(clip.path).duration for clip in joined] == [1, 1, 1]
    assert [clip.speaker for clip in joined] == [speaker] * 3
    assert list(join_clips(unknown, (2,), tmp_path / "longer")) == []


def test_two_bona_fide_speakers_of_an_origin_become_the_channels_of_a_file(tmp_path: Path) -> None:
    made = [replace(clip, label="bonafide") for clip in clips(tmp_path, "aaabcb")]
    made[5] = replace(made[5], origin="elsewhere")
    paired = list(pair_channels([*made, *clips(tmp_path, "xy")], tmp_path / "pairs"))
    held = [soundfile.read(clip.path)[0][100] * 100 for clip in paired]
    assert np.rint(held).tolist() == [[0, 3], [1, 4]]
    assert [(clip.label, clip.speaker, clip.origin) for clip in paired] == [
        ("bonafide", "a + b", "page"),
        ("bonafide", "a + c", "page"),
    ]
    unknown = [replace(clip, label="bonafide", speaker="") for clip in made]
    assert list(pair_channels(unknown, tmp_path / "none")) == []
