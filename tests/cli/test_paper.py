"""The published pipeline from end to end, by its commands: miniature dataset folders and encoders of random weights."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.resources import models_dir
from tests.cli.conftest import Ran, Slim

RATE_HZ = 16_000
LA = "ASVspoof2019"


def dataset_folders(home: Path, speech: np.ndarray) -> None:
    """ASVspoof 2019 LA, RAVDESS and Common Voice as they are unpacked, with a few seconds of speech in each file."""
    rng = np.random.default_rng(0)

    def record(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        start = rng.integers(len(speech) - 4 * RATE_HZ)
        stretch = speech[start : start + int(rng.uniform(1, 4) * RATE_HZ)]
        soundfile.write(path, stretch + rng.normal(0, 0.003, len(stretch)).astype(np.float32), RATE_HZ)

    for part, end, mark in (("train", "train.trn", "T"), ("dev", "dev.trl", "D"), ("eval", "eval.trl", "E")):
        lines = []
        for number in range(4):
            attack, key = ("-", "bonafide") if number % 2 else ("A01", "spoof")
            lines.append(f"LA_{number:04d} LA_{mark}_{number} - {attack} {key}\n")
            record(home / f"LA/{LA}_LA_{part}/flac/LA_{mark}_{number}.flac")
        protocol = home / f"LA/{LA}_LA_cm_protocols/{LA}.LA.cm.{end}.txt"
        protocol.parent.mkdir(exist_ok=True)
        protocol.write_text("".join(lines))
    for actor in (1, 2):
        record(home / f"ravdess/Actor_{actor:02d}/03-01-06-01-02-01-{actor:02d}.wav")
    rows = ["client_id\tpath\tsentence\tlocale\n"]
    for number in range(3):
        record(home / f"cv/clips/common_voice_en_{number}.mp3")
        rows.append(f"speaker{number}\tcommon_voice_en_{number}.mp3\tA sentence.\ten\n")
    (home / "cv/train.tsv").write_text("".join(rows))


@pytest.fixture
def preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of the paper with a few steps for thousands, all else as it is shipped."""
    text = (models_dir() / "slim-xlsr" / "recipe.toml").read_text()
    short, changed = re.subn(r"^(steps|batch) = \d+$", r"\1 = 4", text, flags=re.MULTILINE)
    assert changed == 4
    folder = tmp_path / "models" / "slim-xlsr"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(short)
    monkeypatch.setattr("slim_cli.resources.models_dir", lambda: tmp_path / "models")
    monkeypatch.setenv("SLIM_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("preset")
def test_the_published_pipeline_runs_from_dataset_folders_to_a_report(
    slim: Slim, tmp_path: Path, speech: np.ndarray, save_encoder: Callable[..., None]
) -> None:
    data, work, bundle = tmp_path / "data", tmp_path / "work", tmp_path / "work" / "all" / "bundle"
    dataset_folders(data, speech)
    for seed, part in enumerate(("style", "linguistics")):
        save_encoder(tmp_path / "disk" / part, 24, seed)

    def done(*arguments: str | Path, code: int = 0) -> Ran:
        ran = slim(*arguments)
        assert ran.code == code, ran.err
        return ran

    sets = [f"asvspoof2019-la={data}", f"ravdess={data / 'ravdess'}", f"common-voice={data / 'cv'}"]
    clips = [argument for each in sets for argument in ("-m", each)]
    train = ("train", "--preset", "slim-xlsr", *clips, "-o", work, "--device", "cpu")
    assert "slim models pull" in done(*train, code=5).err
    done("models", "pull", "slim-xlsr", "--from", tmp_path / "disk")

    trained = done(*train)
    assert trained.out == f"{bundle}\n"
    assert "files encoded 13/13" in trained.err, "the evaluation part is not even heard"
    assert "cut at another length" in done(*train, "--max-clip-s", "5", code=2).err
    record = json.loads((bundle / "training.json").read_text())
    assert record["origins"] == ["asvspoof2019-la", "common-voice", "ravdess"]
    encoders = json.loads((bundle / "config.json").read_text())["encoders"]
    assert [encoders[part]["config"]["num_hidden_layers"] for part in ("style", "linguistics")] == [11, 22]

    validate = ("validate", "-m", f"asvspoof2019-la={data}:eval", "--model", bundle, "--rounds", "5")
    assert "EER" in done(*validate, "-o", tmp_path / "scores.csv", "--device", "cpu").out
    done("train", "reference", bundle, "--scores", tmp_path / "scores.csv", "--description", "Four clips.")
    done("models", "check", bundle)

    heard = tmp_path / "evidence" / "call.wav"
    heard.parent.mkdir()
    soundfile.write(heard, speech[: 6 * RATE_HZ], RATE_HZ)
    done("scan", heard.parent, "--model", bundle, "-o", tmp_path / "out", "--format", "csv", "--occlusion", "none")
    (result,) = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert result["status"] == "scored"
    assert np.isfinite(result["score"])
    assert 0 <= result["mismatch"] <= 2

    weights = next((tmp_path / "home").rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    assert "first pull" in done(*train, code=4).err


@pytest.mark.usefixtures("preset")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Training needs a recipe"),
        (["--preset", "slim-xlsr", "--recipe", "mine.toml"], "Training needs a recipe"),
        (["--preset", "slim-xxl"], "There is no recipe 'slim-xxl'"),
        (["--preset", "slim-xlsr"], "learns from common-voice:train, ravdess, asvspoof2019-la:train"),
        (["--recipe", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_a_training_that_cannot_begin_is_explained_in_a_line(
    slim: Slim, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "clips.csv").write_text("path,label,origin\na.wav,bonafide,mine\n")
    ran = slim("train", *arguments, "-m", tmp_path / "clips.csv", "-o", tmp_path / "work")
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_options_of_all_stages_do_not_go_with_the_name_of_one(slim: Slim, tmp_path: Path) -> None:
    ran = slim("train", "--preset", "slim-xlsr", "stage1", "recipe.toml", "-m", "clips.csv", "-o", tmp_path)
    assert (ran.code, ran.err) == (2, "slim: A single stage takes its recipe, manifests and folder after its name.\n")
