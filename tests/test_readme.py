"""What the README tells people to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer

from slim_cli.cli.main import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS: Any = typer.main.get_command(app)


def invocations(text: str) -> list[str]:
    """Every `slim …` in code spans and on command lines."""
    spans = re.findall(r"`(slim [^`\n]+)`", text)
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return spans + [line.split("#")[0].strip() for line in lines if re.match(r"(\$ )?slim (?!:)", line)]


def spelled_out(invocation: str) -> Iterator[list[str]]:
    """`slim train stage1|stage2 …` as one list of words for each alternative."""
    yield from ([*words] for words in product(*(word.split("|") for word in invocation.split()[1:])))


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words lead to, and the words left over.

    Raises:
        KeyError: there is no such command.
    """
    command = COMMANDS
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options(command: Any) -> set[str]:
    """Every spelling of a command's options."""
    return {"--help"} | {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("invocation", sorted(set(invocations(README))))
def test_a_command_in_the_readme_exists_with_its_options(invocation: str) -> None:
    for words in spelled_out(invocation):
        command, rest = resolve(words)
        used = {re.split("[= ]", word)[0] for word in rest if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
        assert used <= options(command), invocation


def test_the_options_of_scan_in_the_readme_exist() -> None:
    section = README.split("\n## Scan\n")[1].split("\n### ")[0]
    listed = set(re.findall(r"(--[a-z-]+)", " ".join(re.findall(r"^\| (`-.*?) \|", section, re.M))))
    assert listed
    assert listed <= options(COMMANDS.commands["scan"])


def test_every_command_is_in_the_readme() -> None:
    named = {words[0] for one in invocations(README) for words in spelled_out(one)}
    assert set(COMMANDS.commands) <= named


@pytest.mark.parametrize(
    ("invocation", "reason"), [("slim scam", "scam"), ("slim models show", "show"), ("slim scan --colour", None)]
)
def test_a_wrong_invocation_would_be_noticed(invocation: str, reason: str | None) -> None:
    words = invocation.split()[1:]
    if reason:
        with pytest.raises(KeyError, match=reason):
            resolve(words)
    else:
        command, rest = resolve(words)
        assert not set(rest) <= options(command)
