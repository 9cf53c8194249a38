"""`slim datasets` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.corpora.datasets import DATASETS
from slim_cli.corpora.manifest import read_manifest
from tests.cli.conftest import Slim


@pytest.fixture
def spoof(tmp_path: Path) -> Path:
    """MLAAD with one clip, and one that is missing and named to mislead."""
    folder = tmp_path / "MLAAD"
    place = folder / "fake" / "en" / "bark"
    place.mkdir(parents=True)
    (place / "a.wav").touch()
    listed = "path|model_name\n./fake/en/bark/a.wav|suno/bark\n./fake/en/bark/\x1b[31mb.wav|suno/bark\n"
    (place / "meta.csv").write_text(listed, encoding="utf-8")
    return folder


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """M-AILABS with one clip."""
    book = tmp_path / "M-AILABS" / "en_US" / "by_book" / "male" / "elliot_miller" / "poisoned_pen"
    (book / "wavs").mkdir(parents=True)
    (book / "metadata.csv").write_text("pen_01|One|One\n", encoding="utf-8")
    (book / "wavs" / "pen_01.wav").touch()
    return tmp_path / "M-AILABS"


def test_every_dataset_is_listed_with_its_classes_layout_and_source(slim: Slim) -> None:
    ran = slim("datasets")
    assert (ran.code, ran.err) == (0, "")
    blocks = dict(block.split(":", 1) for block in ran.out.split("\n\n"))
    assert list(blocks) == [dataset.name for dataset in DATASETS]
    for dataset in DATASETS:
        wanted = (dataset.bona_fide, dataset.spoof, dataset.subsets, dataset.layout, dataset.licence, dataset.source)
        assert all(fact in blocks[dataset.name] for fact in wanted)


def test_a_folder_and_its_recordings_become_one_manifest(
    slim: Slim, spoof: Path, recordings: Path, tmp_path: Path
) -> None:
    written = tmp_path / "out" / "mlaad.csv"
    ran = slim("datasets", "manifest", "mlaad", spoof, recordings, "-o", written)
    assert ran.code == 0
    assert ran.out == f"{written}: 1 bonafide (1 origins, 1 systems), 1 spoof (1 origins, 1 systems)\n"
    assert ran.err.startswith("slim: mlaad: 1 of 2 listed audio files are missing and left out, the first is ")
    assert "\x1b" not in ran.err
    clips = read_manifest(written)
    assert [(c.path.name, c.label, c.system, c.speaker, c.origin, c.subset) for c in clips] == [
        ("a.wav", "spoof", "suno/bark", "", "mlaad", "en"),
        ("pen_01.wav", "bonafide", "read", "elliot_miller", "mlaad", "en_US"),
    ]
    assert all(clip.path.is_file() for clip in clips)


def test_a_file_is_replaced_only_on_request(slim: Slim, recordings: Path, tmp_path: Path) -> None:
    written = tmp_path / "m.csv"
    written.write_text("mine")
    again = ("datasets", "manifest", "m-ailabs", recordings, "-o", written)
    ran = slim(*again)
    assert (ran.code, written.read_text()) == (2, "mine")
    assert "--force" in ran.err
    assert slim(*again, "--force").code == 0
    assert len(read_manifest(written)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("other", "."), "no reader for the dataset 'other'; there are asvspoof2019-la, "),
        (("m-ailabs", "."), "M-AILABS holds no clips of the dataset m-ailabs in its subset 'de': nothing was found."),
        (("ljspeech", "none"), "none of the dataset ljspeech does not exist."),
    ],
)
def test_a_wrong_request_is_one_line(slim: Slim, recordings: Path, arguments: tuple[str, str], message: str) -> None:
    written = recordings / "m.csv"
    name, folder = arguments
    ran = slim("datasets", "manifest", name, recordings / folder, "--subset", "de", "-o", written)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert message in ran.err
    assert not written.exists()


def test_clips_of_one_speaker_are_joined_into_files_with_a_manifest(slim: Slim, tmp_path: Path) -> None:
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(16_000), 16_000)
    (tmp_path / "m.csv").write_text("path,label,speaker\na.wav,spoof,x\nb.wav,spoof,x\n", encoding="utf-8")
    ran = slim("datasets", "join", tmp_path / "m.csv", "-o", tmp_path / "joined", "--seconds", "2")
    assert (ran.code, ran.err) == (0, "")
    [clip] = read_manifest(tmp_path / "joined" / "manifest.csv")
    assert (clip.label, clip.speaker, soundfile.info(clip.path).duration) == ("spoof", "x", 2)


@pytest.mark.parametrize("lengths", ["", "8,x", "0", "-3"])
def test_lengths_to_join_must_be_positive_numbers(slim: Slim, tmp_path: Path, lengths: str) -> None:
    ran = slim("datasets", "join", tmp_path / "m.csv", "-o", tmp_path / "joined", "--seconds", lengths)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert not (tmp_path / "joined").exists()
