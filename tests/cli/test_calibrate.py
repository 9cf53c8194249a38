"""`slim calibrate` as a user meets it, with the model and the hearing of files replaced by made-up ones."""

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from slim_cli.assessment.calibration import load_calibration
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.bundle import verify_bundle
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import ExaminationOptions
from slim_cli.results import ChannelResult, FileResult, Media
from slim_cli.training.record import TrainingRecord, read_record, write_record
from tests.cli.conftest import Slim

COUNT = 70


def number_of(path: Path) -> int:
    """A file's number; a copy of its first channel is called `NUMBER-0`."""
    return int(path.stem.partition("-")[0])


def score_of(path: Path) -> float:
    number = number_of(path)
    return float(np.random.default_rng(number).normal() + 5.0 * (number % 2))


def scan(paths: list[Path], *, detector: Any, on_progress: Any) -> Iterator[FileResult]:
    """A row per file as a scan gives it; the first one holds too little speech."""
    for path in paths:
        score = None if detector is None else score_of(path)
        media = Media(
            "WAV", {".wav": "PCM_16"}.get(path.suffix, path.suffix[1:]), 16_000, 1, 160_000, 10.0, "libsndfile", "1"
        )
        channel = ChannelResult(0, "0" * 64, 3.0 + number_of(path) % 10, score)
        row = FileResult(path.name, "scored", sha256="0" * 64, media=media, score=score, channels=(channel,))
        yield FileResult(path.name, "insufficient_speech") if number_of(path) == 0 else row


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Bundles `model` and `twin`; a bundle's fingerprint is its name."""

    def load(bundle: Path, device: str) -> Any:
        return SimpleNamespace(fingerprint=bundle.name, info=SimpleNamespace(name=bundle.name, version="1"))

    monkeypatch.setattr("slim_cli.detector.load_detector", load)
    monkeypatch.setattr("slim_cli.engines.local.examine_files", scan)
    folders = {name: tmp_path / name for name in ("model", "twin")}
    for folder in folders.values():
        folder.mkdir()
    return folders


def listing(path: Path, model: str | None = None, conditions: tuple[str, ...] = ("",)) -> Path:
    """A manifest of 70 files, or a list of their scores by a model."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["path", "label", "system", "speaker", "origin", *(["score", "model", "condition"] if model else [])]
        )
        for number, condition in product(range(COUNT), conditions):
            spoof = number % 2
            facts = ["spoof", f"tts{number % 6}", ""] if spoof else ["bonafide", "", f"person{number % 12}"]
            own = [f"{score_of(Path(f'{number}.wav')):.4f}", model, condition] if model else []
            (path.parent / f"{number}.wav").touch()
            out.writerow([path.parent / f"{number}.wav", *facts, "page", *own])
    return path


@pytest.mark.parametrize("scored_by", [None, "model"], ids=["manifest", "scores"])
def test_files_become_a_calibration_of_this_pipeline(
    slim: Slim, bundles: dict[str, Path], tmp_path: Path, scored_by: str | None
) -> None:
    write_record(bundles["model"], [Clip(Path("x"), "spoof", "other")])
    source, output = listing(tmp_path / "list.csv", scored_by), tmp_path / "new" / "calibration.json"
    ran = slim("calibrate", source, "-o", output, "--description", "Made up.", "--model", bundles["model"])
    assert (ran.code, ran.err) == (0, "")
    assert "34 bona fide and 35 spoof files of 3 generators; left out: 1" in ran.out
    assert "holds for 4 to 11 s of net speech, codecs lossless" in ran.out
    calibration = load_calibration(output)
    pipeline = scan_fingerprint(SimpleNamespace(fingerprint="model"), ExaminationOptions())  # type: ignore[arg-type]
    assert calibration.fingerprint == pipeline
    assert calibration.account["data"]["disjoint"].startswith("no file shares")
    assert calibration.ratio(3.0).log10 > 0 > calibration.ratio(-1.0).log10


def test_scores_of_a_twin_are_held_to_the_twins_own_training_data(
    slim: Slim, bundles: dict[str, Path], tmp_path: Path
) -> None:
    """The model was trained on these files, its twin was not."""
    write_record(bundles["model"], [Clip(Path("x"), "spoof", "tts1")])
    write_record(bundles["twin"], [Clip(Path("x"), "spoof", "other")])
    source = listing(tmp_path / "scores.csv", "twin")
    wanted = ["-o", tmp_path / "c.json", "--description", "Made up.", "--model", bundles["model"]]
    assert slim("calibrate", source, *wanted, "--twin", bundles["twin"]).code == 0
    refused = slim("calibrate", listing(tmp_path / "scores.csv", "model"), *wanted)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "12 of 69 files share something with the training data" in refused.err
    assert "the system tts1" in refused.err


def test_a_manifest_goes_to_the_twins_by_fold(slim: Slim, bundles: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "folds.csv").write_text("origin,fold\npage,0\n")
    wanted = ["-o", tmp_path / "c.json", "--description", "Made up.", "--model", bundles["model"]]
    ran = slim(
        "calibrate", listing(tmp_path / "m.csv"), *wanted, "--twin", bundles["twin"], "--folds", tmp_path / "folds.csv"
    )
    assert ran.code == 0
    assert load_calibration(tmp_path / "c.json").account["data"]["models"] == ["twin"]
    assert load_calibration(tmp_path / "c.json").account["data"]["scored_by"].startswith("twins that stand in")
    assert "not checked for 69 files" in ran.err


def test_channels_widen_the_scope_by_their_codecs(slim: Slim, bundles: dict[str, Path], tmp_path: Path) -> None:
    """Every third file of each class stays as it is; no file counts twice."""
    for number in range(COUNT):
        soundfile.write(tmp_path / f"{number}.wav", np.random.default_rng(number).normal(0, 0.1, 1600), 16_000)
    wanted = ["-o", tmp_path / "c.json", "--description", "x", "--model", bundles["model"]]
    source = listing(tmp_path / "s.csv", "model", ("", "mp3-64k", "aac-64k"))
    assert slim("calibrate", source, *wanted, "--channels", "mp3-64k,aac-64k").code == 0
    account = load_calibration(tmp_path / "c.json").account
    assert account["scope"]["codecs"] == ["aac", "lossless", "mp3"]
    assert (account["data"]["n_bona_fide"], account["data"]["n_spoof"]) == (34, 35)
    assert {(row["n_bona_fide"], row["n_spoof"]) for row in account["metrics"]["by_codec"].values()} <= {
        (12, 12),
        (11, 12),
        (11, 11),
    }
    refused = slim("calibrate", source, *wanted, "--channels", "g722")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "do not cover g722: slim validate --conditions makes them" in refused.err
    refused = slim("calibrate", source, *wanted, "--channels", "aac-64k,room")
    assert (refused.code, refused.err) == (2, refused.err.splitlines()[0] + "\n")
    assert "The condition room makes no file" in refused.err


def test_a_calibration_written_into_the_bundle_is_on_its_hash_list(
    slim: Slim, bundles: dict[str, Path], tmp_path: Path
) -> None:
    home = bundles["model"]
    ran = slim(
        "calibrate", listing(tmp_path / "m.csv"), "-o", home / "calibration.json", "--description", "x", "--model", home
    )
    assert ran.code == 0
    assert list(verify_bundle(home)) == ["calibration.json"]


def test_a_bundle_learns_later_what_it_was_trained_on(slim: Slim, bundles: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "path,label,system,speaker,origin\na,bonafide,,anna,page\nb,spoof,TTS,,page\nc,bonafide,,bert,left\n"
    )
    (tmp_path / "folds.csv").write_text("origin,fold\npage,0\nleft,1\n")
    split = ["--folds", tmp_path / "folds.csv", "--leave-out", "1"]
    ran = slim("train", "record", bundles["twin"], "-m", tmp_path / "m.csv", *split)
    assert (ran.code, ran.err) == (0, "")
    names = frozenset
    assert read_record(bundles["twin"]) == TrainingRecord(names({"anna"}), names({"tts"}), names(), names({"page"}))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("path,label\n"), "needs a header"),
        (lambda path: None, "cannot be read"),
        (lambda path: path.write_text("path,label,score\n1.wav,spoof,1\n"), "neither --model nor --twin"),
        (
            lambda path: path.write_text("path,label,score\n1.wav,spoof,1\n1.wav,spoof,1\n"),
            "1.wav is listed twice",
        ),
    ],
    ids=["empty", "missing", "unknown model", "twice"],
)
def test_unusable_lists_are_one_line_and_code_2(
    slim: Slim, bundles: dict[str, Path], tmp_path: Path, write: Any, message: str
) -> None:
    write(tmp_path / "list.csv")
    ran = slim(
        "calibrate", tmp_path / "list.csv", "-o", tmp_path / "c.json", "--description", "x", "--model", bundles["model"]
    )
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert message in ran.err
    assert not (tmp_path / "c.json").exists()
