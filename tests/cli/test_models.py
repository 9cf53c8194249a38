"""`slim models` on the recipe of the paper: its encoders come from a disk or the hub, and stay what they were."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slim_cli.resources import models_dir
from tests.cli.conftest import Slim


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_encoder: Callable[..., None]) -> Path:
    """A disk with stand-ins for both encoders."""
    monkeypatch.setenv("SLIM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for seed, part in enumerate(("style", "linguistics")):
        save_encoder(tmp_path / "disk" / part, 1, seed)
    return tmp_path / "disk"


def test_every_model_and_recipe_is_listed(slim: Slim) -> None:
    listed = slim("models", "list")
    assert re.search(r"^slim-mini  \d", listed.out, re.MULTILINE)
    assert re.search(r"^slim-xlsr  recipe  SLIM with the encoders of the paper", listed.out, re.MULTILINE)


def test_the_preset_pins_both_encoders_to_a_commit(slim: Slim, disk: Path) -> None:
    described = slim("models", "info", "slim-xlsr")
    assert described.code == 0
    assert re.findall(r"^(\w+): (\S+) @ [0-9a-f]{40}, not here: slim models pull slim-xlsr$", described.out, re.M) == [
        ("style", "ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition"),
        ("linguistics", "jonatasgrosman/wav2vec2-large-xlsr-53-english"),
    ]


def test_pulled_from_a_disk_both_encoders_are_recorded_and_checked(slim: Slim, disk: Path, tmp_path: Path) -> None:
    pulled = slim("models", "pull", "slim-xlsr", "--from", disk)
    assert (pulled.code, pulled.out.count("hashes recorded"), pulled.err) == (0, 2, "")
    again = slim("models", "pull", "slim-xlsr")
    assert (again.code, again.out.count("as at the first pull")) == (0, 2)
    assert slim("models", "check", "slim-xlsr").out == "slim-xlsr: 4 files as at the first pull\n"
    digests = re.findall(r"^  ([0-9a-f]{64})  ", pulled.out, re.M)
    assert len(digests) == 4
    assert re.findall(r"^  ([0-9a-f]{64})  ", slim("models", "info", "slim-xlsr").out, re.M) == digests
    weights = next((tmp_path / "home").rglob("model.safetensors"))
    weights.write_bytes(b"other")
    for command in (("check", "slim-xlsr"), ("check",), ("pull", "slim-xlsr")):
        ran = slim("models", *command)
        assert ran.code == 4
        assert re.fullmatch(r"slim: The encoder .* differ: model\.safetensors\.\n", ran.err)


def test_offline_the_hub_leaves_one_line_and_the_code_of_an_unfit_installation(slim: Slim, disk: Path) -> None:
    for command in ("pull", "check"):
        ran = slim("models", command, "slim-xlsr")
        assert ran.code == 5
        assert re.fullmatch(r"slim: The encoder ehcalabres/\S+ .*--from DIR.*\n", ran.err)


def test_a_disk_that_lacks_an_encoder_is_wrong_use(slim: Slim, disk: Path) -> None:
    shutil.rmtree(disk / "linguistics")
    ran = slim("models", "pull", "slim-xlsr", "--from", disk)
    assert ran.code == 2
    assert ran.err.startswith(f"slim: {disk} does not hold the encoder jonatasgrosman/")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("slim-mini", "names no encoders on the hub"),
        ("nothing", "There is no recipe 'nothing'"),
        (models_dir() / "slim-mini" / "config.json", "schema: is unknown"),
    ],
)
def test_what_has_no_encoders_to_pull_is_wrong_use(slim: Slim, name: str | Path, says: str) -> None:
    ran = slim("models", "pull", name)
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1
