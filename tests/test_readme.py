"""What README and documentation tell people to type exists, and where they point to there is something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer

from slim_cli.cli.main import app
from slim_cli.cli.manual import manual

REPOSITORY = Path(__file__).parents[1]
PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
    for path in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
}
README, MANUAL = PAGES["README.md"], PAGES["docs/cli.md"]
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


@pytest.mark.parametrize("invocation", sorted({one for text in PAGES.values() for one in invocations(text)}))
def test_a_command_in_the_pages_exists_with_its_options(invocation: str) -> None:
    for words in spelled_out(invocation):
        command, rest = resolve(words)
        used = {re.split("[= ]", word)[0] for word in rest if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
        assert used <= options(command), invocation


def test_the_reference_of_the_command_line_is_what_the_commands_say() -> None:
    assert manual(COMMANDS) == MANUAL, "python -m slim_cli.cli.manual > docs/cli.md"


def test_the_reference_lists_every_option_of_scan() -> None:
    section = MANUAL.split("\n## slim scan\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"`(--?[a-z-]+)`", " ".join(re.findall(r"^\| (`-.*?) \|", section, re.M))))
    assert listed == {one for one in options(COMMANDS.commands["scan"]) if one.startswith("-")} - {"--help", "-h"}


def test_the_readme_is_short_and_says_how_to_begin() -> None:
    assert len(README.splitlines()) <= 130
    assert {"make demo", "make test"} <= set(re.findall(r"make \w+", README))


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in re.findall(r"^#+ .*$", text, re.M)
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", PAGES[page]):
        name, _, anchor = target.partition("#")
        path = ((REPOSITORY / page).parent / name).resolve() if name else REPOSITORY / page
        assert path.exists(), target
        if anchor:
            assert anchor in headings(path.read_text(encoding="utf-8")), target


def test_every_command_is_told_of_beside_the_reference() -> None:
    told = [text for name, text in PAGES.items() if name != "docs/cli.md"]
    named = {words[0] for text in told for one in invocations(text) for words in spelled_out(one)}
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
