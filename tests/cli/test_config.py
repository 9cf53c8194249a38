"""Settings beside flags: `slim.toml`, the environment, and what `slim config` says of them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Slim, World, rows

SCORED = ("a.wav", "scored", 0.5)


@pytest.fixture
def here(slim: Slim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder beside an empty user's folder; settings are looked for in both."""
    monkeypatch.delenv("SLIM_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    (tmp_path / "user" / "slim").mkdir(parents=True)
    (tmp_path / "here" / "evidence").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def shown(slim: Slim, option: str) -> tuple[object, str]:
    lines = [json.loads(line) for line in slim("config", "show", "--json").out.splitlines()]
    (line,) = [line for line in lines if line["option"] == option]
    return line["value"], line["origin"]


def test_the_strongest_says_and_is_named(
    slim: Slim, world: World, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.rows = rows(SCORED)
    user = tmp_path / "user" / "slim" / "slim.toml"
    assert shown(slim, "scan.timeout") == ("120s", "default")
    user.write_text('[scan]\ntimeout = "1m"\nstability = true\n', encoding="utf-8")
    assert shown(slim, "scan.timeout") == ("1m", str(user))
    (here / "slim.toml").write_text('[scan]\ntimeout = "2m"\n', encoding="utf-8")
    assert shown(slim, "scan.timeout") == ("2m", "slim.toml")
    monkeypatch.setenv("SLIM_SCAN_TIMEOUT", "3m")
    assert shown(slim, "scan.timeout") == ("3m", "SLIM_SCAN_TIMEOUT")
    assert slim("scan", "evidence", "--language", "de").code == 0
    assert (world.asked["options"].timeout_s, world.asked["options"].stability) == (180.0, True)
    assert slim("scan", "evidence", "--timeout", "4m").code == 0
    assert world.asked["options"].timeout_s == 240.0


def test_the_record_of_a_run_holds_what_was_set_and_where(slim: Slim, world: World, here: Path) -> None:
    world.rows = rows(SCORED)
    (here / "slim.toml").write_text('[scan]\nmax-duration = "30m"\n', encoding="utf-8")
    slim("scan", "evidence", "--format", "csv")
    settings = world.written[0]["run"].settings
    assert settings["max-duration"] == {"value": "30m", "origin": "slim.toml"}
    assert settings["format"] == {"value": "csv", "origin": "command line"}
    assert settings["device"] == {"value": "auto", "origin": "default"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[scan]\ncolour = 1\n", "slim.toml: scan.colour: is unknown"),
        ("[scam]\n", "slim.toml: scam: is unknown"),
        ('[scan]\nstability = "yes"\n', "slim.toml: scan.stability: expected true or false"),
        ("[scan]\nmodel = 5\n", "slim.toml: scan.model: expected a text"),
        ("[scan\n", "slim.toml: not valid TOML"),
        ('[train.stage2]\nmax-clip-s = "long"\n', "slim.toml: train.stage2.max-clip-s: expected a number"),
        ('[scan]\ntimeout = "soon"\n', "'soon' is not a duration"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place_before_anything_is_done(
    slim: Slim, world: World, here: Path, text: str, told: str
) -> None:
    (here / "slim.toml").write_text(text, encoding="utf-8")
    ran = slim("scan", "evidence")
    assert (ran.code, world.asked) == (2, {})
    assert ran.err.startswith(f"slim: {told}")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "arguments", "told"),
    [
        ("SLIM_SCAN_STABILITY", "perhaps", ["scan", "evidence"], "SLIM_SCAN_STABILITY: stability: expected true or"),
        ("SLIM_SCAN_STABILTY", "1", ["scan", "evidence"], "SLIM_SCAN_STABILTY: is unknown"),
        (
            "SLIM_TRAIN_STAGE2_MAX_CLIP_S",
            "0",
            ["train", "stage2", "r", "-o", "o", "-m", "m"],
            "SLIM_TRAIN_STAGE2_MAX_CLIP_S: Invalid value for '--max-clip-s'",
        ),
        ("SLIM_CONFIG", "gone.toml", ["scan", "evidence"], "There is no file gone.toml, which SLIM_CONFIG names."),
    ],
)
def test_a_wrong_variable_is_named(
    slim: Slim, here: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, arguments: list[str], told: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = slim(*arguments)
    assert ran.code == 2
    assert ran.err.startswith(f"slim: {told}")


def test_settings_that_come_with_the_evidence_are_refused(slim: Slim, world: World, here: Path) -> None:
    (here / "slim.toml").write_text('[scan]\ncalibration = "none"\n', encoding="utf-8")
    ran = slim("scan", ".")
    assert (ran.code, world.asked) == (2, {})
    assert "slim.toml lies inside the evidence" in ran.err


def test_a_new_file_names_every_option_and_changes_nothing(slim: Slim, here: Path) -> None:
    before = slim("config", "show").out
    assert slim("config", "init").out == "Written: slim.toml\n"
    text = (here / "slim.toml").read_text("utf-8")
    assert set(tomllib.loads(text)) >= {"scan", "report", "train"}
    assert slim("config", "show").out == before
    assert slim("config", "init").code == 2
    uncommented = [line.removeprefix("# ") if " = " in line and "(" not in line else line for line in text.splitlines()]
    (here / "slim.toml").write_text("\n".join(line for line in uncommented if "..." not in line), encoding="utf-8")
    assert {origin for _, origin in (shown(slim, f"scan.{name}") for name in ("device", "json"))} == {"slim.toml"}


def test_the_files_that_are_looked_for_are_named(slim: Slim, here: Path, tmp_path: Path) -> None:
    (here / "slim.toml").write_text("", encoding="utf-8")
    user = tmp_path / "user" / "slim" / "slim.toml"
    assert slim("config", "path").out == f"{user}: not there\nslim.toml: read\n"


def test_a_second_opinion_is_named_by_a_table_beside_those_of_commands(slim: Slim, world: World, here: Path) -> None:
    world.rows = rows(SCORED)
    assert slim("scan", "evidence", "--opinion", "mine").code == 2
    (here / "slim.toml").write_text('[opinions.mine]\nsource = "nowhere/at-all"\nlabel = "x"\n', encoding="utf-8")
    ran = slim("scan", "evidence", "--opinion", "yours")
    assert (ran.code, "[opinions.yours]" in ran.err) == (2, True)
    ran = slim("scan", "evidence", "--opinion", "mine")
    assert (ran.code, "no key 'label'" in ran.err) == (2, True)
    (here / "slim.toml").write_text("[opinions]\nmine = 3\n", encoding="utf-8")
    assert slim("scan", "evidence").code == 2
