"""`slim validate` as a user meets it, from scores of an earlier evaluation."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.cli.conftest import Slim

HOSTILE = "evil|page\x1b[2J<b>"
PICTURES = {f"{name}.{kind}" for name in ("det", "tippett", "reliability") for kind in ("csv", "png", "svg")}


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Scores of 80 clips of two pages and a corpus, as they are and after two channels."""
    rng = np.random.default_rng(0)
    path = tmp_path / "scores.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["path", "label", "origin", "system", "speaker", "language", "score", "mismatch", "condition"])
        for number in range(80):
            spoof = number % 4 == 0
            origin = ("page", HOSTILE)[number % 8 < 4] if number < 60 else "corpus"
            facts = [f"{number}.wav", "spoof" if spoof and number < 60 else "bonafide", origin, f"s{number % 3}", ""]
            for condition in ("", "g711", "opus-16k"):
                out.writerow([*facts, "en", f"{rng.normal() + 2 * spoof:.4f}", "0.1", condition])
    return path


def test_everything_is_written_and_the_main_tables_are_printed(slim: Slim, scores: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ran = slim("validate", "--scores", scores, "-o", tmp_path / "out", "--rounds", "10")
    assert (ran.code, ran.err) == (0, "")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == PICTURES | {
        "scores.csv",
        "asvspoof-scores.tsv",
        "asvspoof-keys.tsv",
        "evaluation.json",
        "evaluation.md",
    }
    for words in ("pooled over the origins with spoof clips", "actDCF", "opus-16k", "corpus"):
        assert words in ran.out
    assert "\x1b" not in ran.out


def test_the_json_holds_every_figure_and_no_nan(slim: Slim, scores: Path, tmp_path: Path) -> None:
    assert slim("validate", "--scores", scores, "-o", tmp_path / "out", "--rounds", "10").code == 0

    def refuse(word: str) -> None:
        raise AssertionError(word)

    data = json.loads((tmp_path / "out" / "evaluation.json").read_text(), parse_constant=refuse)
    assert data["schema"] == "slim-evaluation/1"
    assert set(data["overall"][0]["figures"]) == {"eer", "f1", "auc", "min_dcf", "act_dcf", "cllr", "cllr_min"}
    assert [one["row"]["name"] for one in data["conditions"]] == ["g711", "opus-16k"]
    assert [row["name"] for row in data["systems"]] == ["s0", "s1", "s2"]
    assert data["corpora"]["corpus"][1] == 20


def test_markdown_is_whole_and_names_in_it_are_harmless(slim: Slim, scores: Path, tmp_path: Path) -> None:
    ran = slim("validate", "--scores", scores, "-o", tmp_path / "out", "--rounds", "10", "--markdown")
    assert ran.out == (tmp_path / "out" / "evaluation.md").read_text()
    titles = [line[4:] for line in ran.out.splitlines() if line.startswith("### ")]
    assert titles[:5] == [
        "Equal error rates",
        "All figures",
        "Channels",
        "Parts of the clips",
        "False alarms by corpus",
    ]
    assert "\x1b" not in ran.out
    assert "<b>" not in ran.out
    for block in ran.out.split("\n\n"):
        lines = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_nothing_is_made_up_about_what_the_scores_do_not_say(slim: Slim, tmp_path: Path) -> None:
    """Bare scores of another program: no mismatch, one origin, no interval over origins."""
    rows = "".join(f"{i}.wav,{'spoof' if i % 2 else 'bonafide'},{i % 7 + i % 2}\n" for i in range(60))
    (tmp_path / "bare.csv").write_text("path,label,score\n" + rows)
    ran = slim("validate", "--scores", tmp_path / "bare.csv", "-o", tmp_path / "out", "--rounds", "5", "--markdown")
    assert (ran.code, ran.err) == (0, "")
    assert "mismatch" not in ran.out
    assert "nan" not in ran.out
    (pooled,) = [line for line in ran.out.splitlines() if line.startswith("| pooled")]
    assert "[" not in pooled
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["summary"]["mismatch"]["value"] is None


def test_a_csv_as_output_takes_the_scores_alone(slim: Slim, scores: Path, tmp_path: Path) -> None:
    assert slim("validate", "--scores", scores, "-o", tmp_path / "new" / "all.csv", "--rounds", "5").code == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["all.csv"]


def test_scores_are_kept_even_where_no_error_rate_can_be_computed(slim: Slim, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("path,label,score\na.wav,spoof,1.5\n")
    ran = slim("validate", "--scores", tmp_path / "one.csv", "-o", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert "both classes" in ran.err
    assert (tmp_path / "out" / "scores.csv").exists()


@pytest.mark.parametrize(
    ("threshold", "source"), [("1.25", "score 1.25 (given)"), ("slim-mini", "(shipped with slim-mini)")]
)
def test_the_threshold_is_a_score_or_that_of_a_model(
    slim: Slim, scores: Path, tmp_path: Path, threshold: str, source: str
) -> None:
    ran = slim("validate", "--scores", scores, "-o", tmp_path / "o.csv", "--rounds", "5", "--threshold", threshold)
    assert source in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give manifests (-m) with --model, or --scores"),
        (["--scores", "missing.csv"], "The scores missing.csv cannot be read"),
        (["--scores", "a.csv", "--model", "slim-mini"], "--scores are scores already"),
        (["-m", "a.csv", "--model", "slim-mini", "--conditions", "mp4"], "There is no condition 'mp4'"),
        (["-m", "a.csv"], "Give one --model"),
        (["--scores", "a.csv", "--threshold", "no-such-model"], "There is no model 'no-such-model'"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(slim: Slim, tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = slim("validate", "-o", tmp_path / "out", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_calibration_turns_scores_into_ratios_first(slim: Slim, scores: Path, tmp_path: Path) -> None:
    content = {
        "schema": "slim-calibration/1",
        "pipeline_fingerprint": "f" * 64,
        "propositions": {"h1": "", "h2": ""},
        "method": {"slope": 2.0, "intercept": -2.0, "refits": [[2.0, -2.0, -1.0, 1.0]]},
        "bounds": {"low": -1.0, "high": 1.0},
        "scope": {"net_speech_s": [2, 9]},
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    figures = []
    for chosen in ([], ["--calibration", tmp_path / "c.json"]):
        ran = slim("validate", "--scores", scores, "-o", tmp_path / "out", "--rounds", "2", *chosen)
        data = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        figures.append({name: figure["value"] for name, figure in data["overall"][0]["figures"].items()})
    assert "read calibrated likelihood ratios" in ran.out
    assert figures[1]["cllr"] < figures[0]["cllr"]
    assert figures[1]["eer"] == figures[0]["eer"]


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """24 clips of 0.5 s of two origins whose mean is their score, for a stand-in detector; bundles `one` and `two`."""

    def load(bundle: Path, device: str) -> Any:
        def score(waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            means = 10 * waveforms.sum(1) / lengths
            return means, np.full(len(means), 0.5)

        return SimpleNamespace(fingerprint=bundle.name, score=score)

    monkeypatch.setattr("slim_cli.detector.load_detector", load)
    rng = np.random.default_rng(0)
    lines = ["path,label,origin,system"]
    for number in range(24):
        spoof = number % 2
        soundfile.write(tmp_path / f"{number}.wav", rng.normal(0.2 * spoof - 0.1, 0.05, 8000), 16_000)
        lines.append(f"{number}.wav,{'spoof' if spoof else 'bonafide'},o{number // 12},s{number % 3}")
    (tmp_path / "m.csv").write_text("\n".join(lines))
    (tmp_path / "folds.csv").write_text("origin,fold\no0,0\no1,1\n")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path / "m.csv"


def test_each_fold_is_scored_by_its_bundle_and_under_each_condition(slim: Slim, manifest: Path) -> None:
    home = manifest.parent
    models = ["--model", home / "one", "--model", home / "two", "--folds", home / "folds.csv"]
    ran = slim(
        "validate", "-m", manifest, *models, "-o", home / "s.csv", "--conditions", "g711,band-8k", "--rounds", "5"
    )
    assert (ran.code, ran.err) == (0, "")
    with (home / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["origin"], row["model"]) for row in rows} == {("o0", "one"), ("o1", "two")}
    assert [row["condition"] for row in rows[:3]] == ["", "g711", "band-8k"]
    assert len(rows) == 72
    assert all((float(row["score"]) > 0) is (row["label"] == "spoof") for row in rows)
    assert {row["duration_s"] for row in rows} == {"0.500"}


def test_what_a_dataset_says_of_its_clips_goes_with_their_scores_into_tables(slim: Slim, manifest: Path) -> None:
    home = manifest.parent
    lines = manifest.read_text().replace(",o1,", ",o0,").splitlines()
    said = ["subset,codec,condition", *["eval,alaw,ita_tx"] * 22, *["eval,ulaw,loc_tx"] * 2]
    manifest.write_text("\n".join(f"{line},{more}" for line, more in zip(lines, said, strict=True)))
    ran = slim("validate", "-m", manifest, "--model", home / "one", "-o", home / "s.csv", "--rounds", "5")
    assert (ran.code, ran.err) == (0, "")
    again = slim("validate", "--scores", home / "s.csv", "-o", home / "t", "--rounds", "5", "--markdown")
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in again.out.splitlines()]
    for row in (["eval", "12", "12"], ["alaw", "11", "11"], ["ita_tx", "11", "11"]):
        assert row in rows
    assert not any(row[:1] in (["ulaw"], ["loc_tx"]) for row in rows)
    assert set(json.loads((home / "t" / "evaluation.json").read_text())["said"]) == {"subset", "codec", "condition"}
