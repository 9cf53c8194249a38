"""What the help tells, what a shell completes, and how a report is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from slim_cli.cli import choices
from slim_cli.cli.main import app
from slim_cli.words import languages as report_languages
from tests.cli.conftest import Slim, World, rows

ROOT: Any = typer.main.get_command(app)


def commands(command: Any, name: str = "slim") -> Iterator[tuple[str, Any]]:
    yield name, command
    for word, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {word}")


COMMANDS = dict(commands(ROOT))
SPOKEN = [
    pytest.param(text, id=f"{name} {what}")
    for name, command in COMMANDS.items()
    for what, text in [("itself", command.help), *((one.name, getattr(one, "help", None)) for one in command.params)]
    if what not in ("install_completion", "show_completion")
]


@pytest.mark.parametrize("text", SPOKEN)
def test_every_command_and_option_is_told_in_one_full_sentence(text: str | None) -> None:
    assert text
    assert text[0].isupper()
    assert text.endswith(".")
    assert not text.endswith("..")


def test_every_command_stands_in_a_panel() -> None:
    panels = {name: command.rich_help_panel for name, command in ROOT.commands.items()}
    assert set(panels.values()) == {"Examine", "Validate", "Train", "This installation"}
    assert (panels["scan"], panels["calibrate"], panels["datasets"]) == ("Examine", "Validate", "Train")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], ("Examine", "Validate", "Train", "This installation", "Exit codes: 0 done")),
        (["scan"], ("Limits", "Report", "audacity", "raven", *choices.models(), "none, flagged, all or", "en")),
        (["scan"], ("[default: (a new", "[default: (the model's own)]")),
        (["train"], tuple(choices.recipes())),
    ],
)
def test_choices_are_listed_where_they_are_chosen(
    slim: Slim, monkeypatch: pytest.MonkeyPatch, arguments: list[str], shown: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ran = slim(*arguments, "--help")
    assert ran.code == 0
    assert [text for text in shown if text not in ran.out] == []


def test_what_the_help_lists_is_what_there_is() -> None:
    assert tuple(choices.languages()) == report_languages()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("slim sc", {"scan"}),
        ("slim models ", {"list", "info", "pull", "check"}),
        ("slim scan --model ", set(choices.models())),
        ("slim scan --language d", {"de"}),
        ("slim scan --format html,pa", {"html,parquet"}),
        ("slim scan --format html,h", set()),
        ("slim report --report ", {"all", "flagged", "new", "top:300"}),
        ("slim scan --occlusion t", {"top:20"}),
    ],
)
def test_a_shell_completes_commands_and_values(typed: str, offered: set[str]) -> None:
    code = "import sys; sys.argv = ['slim']; from slim_cli.cli.main import main; main()"
    words = len(typed.split(" "))
    asked = {"_SLIM_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(words - 1)}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True)
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize(
    "asked",
    [
        {"_SLIM_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "slim scan --format p"},
        {
            "_SLIM_COMPLETE": "complete_fish",
            "_TYPER_COMPLETE_ARGS": "slim scan --format p",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        },
    ],
    ids=["zsh", "fish"],
)
def test_other_shells_are_offered_the_same(asked: dict[str, str]) -> None:
    code = "import sys; sys.argv = ['slim']; from slim_cli.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True)
    words = set(re.findall(r"\w+", done.stdout))
    assert words >= {"pdf", "parquet", *["the", "report", "to", "print", "and", "to", "sign"]}
    assert words.isdisjoint({"html", "csv"})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["scan", "--colour"], "slim: No such option: --colour (slim scan --help tells what there is)\n"),
        (["report"], "slim: Missing argument 'output' (slim report --help tells what there is)\n"),
        (["scna"], "slim: No such command 'scna'. Did you mean 'scan'? (slim --help tells what there is)\n"),
    ],
)
def test_wrong_use_is_one_line(slim: Slim, arguments: list[str], line: str) -> None:
    ran = slim(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", line)


@pytest.mark.parametrize(
    ("options", "browser", "shown", "told"),
    [
        ([], True, [], ""),
        (["--open"], True, ["report.html"], ""),
        (["--open"], False, ["report.html"], "slim: no browser was found to open"),
    ],
)
def test_open_shows_the_report_of_a_scan(
    slim: Slim,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    browser: bool,
    shown: list[str],
    told: str,
) -> None:
    opened: list[str] = []

    def show(url: str) -> bool:
        opened.append(url)
        return browser

    monkeypatch.setattr(webbrowser, "open", show)
    world.rows = rows(("a.wav", "scored", 0.5))
    ran = slim("scan", "evidence", "-o", tmp_path / "out", *options)
    assert (ran.code, opened) == (0, [(tmp_path / "out" / name).as_uri() for name in shown])
    assert ran.err.startswith(told)
