"""What leave-origin-out leaves out, and what a written manifest keeps."""

from dataclasses import replace
from pathlib import Path

import pytest

from slim_cli.corpora.manifest import Clip, leave_origin_out, read_manifest, to_score, write_manifest
from slim_cli.errors import UsageError

HELD_REAL = Clip(Path("a"), "bonafide", speaker="p1", origin="page", role="test")
HELD_FAKE = Clip(Path("b"), "spoof", system="tacotron2+hifigan", origin="page", role="test")
FOLDS = {"page": 0, "corpus": 1}


@pytest.mark.parametrize(
    ("clip", "kept"),
    [
        (Clip(Path("c"), "bonafide", speaker="p2", origin="corpus"), True),
        (Clip(Path("c"), "bonafide", speaker="p1", origin="corpus"), False),
        (Clip(Path("c"), "bonafide", speaker="unknown", origin="corpus"), True),
        (Clip(Path("c"), "bonafide", origin="page"), False),
        (Clip(Path("c"), "spoof", system="vits", origin="other"), True),
        (Clip(Path("c"), "spoof", system="Tacotron2+HiFiGAN", origin="other"), False),
        (Clip(Path("c"), "spoof", system="own", origin="synth", relatives=frozenset({"hifigan"})), False),
        (Clip(Path("c"), "spoof", system="own", origin="synth", source_origin="page"), False),
        (Clip(Path("c"), "spoof", system="own", origin="synth", source_origin="corpus"), True),
    ],
)
def test_origins_systems_speakers_and_copies_of_the_fold_are_left_out(clip: Clip, kept: bool) -> None:
    train, test = leave_origin_out([HELD_REAL, HELD_FAKE, clip], FOLDS, 0)
    assert (clip in train) is kept
    assert test == [HELD_REAL, HELD_FAKE]


def test_only_test_clips_of_the_fold_are_scored() -> None:
    extra = replace(HELD_REAL, path=Path("d"), role="train")
    train, test = leave_origin_out([HELD_REAL, HELD_FAKE, extra], FOLDS, 0)
    assert extra not in train
    assert extra not in test


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a header"),
        ("path\nx.wav\n", "needs a header"),
        ("path,label\nx.wav,fake\n", "line 2.*'fake'"),
    ],
)
def test_a_wrong_manifest_is_refused_in_words(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_manifest(path)


def test_missing_audio_is_counted_and_the_first_named_as_the_manifest_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    (tmp_path / "a.wav").touch()
    text = "path,label,role\n../a.wav,spoof,test\n../gone.wav,spoof,test\nb.wav,spoof,test\nc.wav,spoof,train\n"
    Path("lists/m.csv").write_text(text)
    clips = read_manifest(Path("lists/m.csv"))
    with pytest.raises(UsageError) as caught:
        to_score(clips)
    wanted = "2 of 3 audio files that are listed are missing; the first is lists/../gone.wav."
    assert str(caught.value) == wanted
    assert to_score([clips[0], clips[3]]) == [clips[0]]


def test_a_written_manifest_reads_the_same_and_may_move_with_its_folder(tmp_path: Path) -> None:
    clip = Clip(tmp_path / "a\nb,.wav", "spoof", "A14", 'p"1', "df", "en", relatives=frozenset({"y", "x"}), role="test")
    clips = [
        replace(clip, subset="progress", codec="low_mp3", condition="asvspoof"),
        Clip(tmp_path.parent / "elsewhere.wav", "bonafide", source=tmp_path / "b.wav", source_origin="page"),
    ]
    write_manifest(tmp_path / "manifest.csv", clips)
    assert read_manifest(tmp_path / "manifest.csv") == clips
    moved = (tmp_path / "moved") / "manifest.csv"
    moved.parent.mkdir()
    moved.write_bytes((tmp_path / "manifest.csv").read_bytes())
    assert [c.path for c in read_manifest(moved)] == [moved.parent / "a\nb,.wav", tmp_path.parent / "elsewhere.wav"]


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        write_manifest(tmp_path / "manifest.csv", [Clip(tmp_path / "\udcff.wav", "spoof")])
