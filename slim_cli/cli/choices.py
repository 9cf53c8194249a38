"""What may be chosen with an option: for its help, for the shell that completes it, and read back from its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType

from slim_cli.errors import UsageError
from slim_cli.resources import bundled, presets, templates_dir

FORMATS = MappingProxyType(
    {
        "html": "the report to read, one page with its pictures",
        "pdf": "the report to print and to sign",
        "csv": "one line per file, for spreadsheets",
        "jsonl": "everything that was measured, one object per file",
        "parquet": "the same columns with types, and every window (extra parquet)",
        "uco": "files, hashes and results in the ontologies CASE and UCO",
        "audacity": "label tracks of where scores came from",
        "raven": "selection tables of where scores came from",
    }
)
DEFAULT_FORMATS = "html,pdf,csv,jsonl"
DEVICES = ("auto", "cpu", "cuda:0")
SELECTIONS = ("all", "flagged", "new", "top:300")


def models() -> list[str]:
    """Names of the bundled models."""
    return [folder.name for folder in bundled()]


def recipes() -> list[str]:
    """Names of the recipes that came with the package."""
    return list(presets())


def languages() -> list[str]:
    """Languages that the report is written in."""
    return sorted(path.name.split(".")[1] for path in templates_dir().glob("words.*.toml"))


def completing(choices: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """What a shell may complete the last of several values, separated by commas, to."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        left = [choice for choice in choices() if choice not in before.split(",")]
        return [f"{before}{comma}{choice}" for choice in left if choice.startswith(last)]

    return complete


def chosen_formats(text: str) -> tuple[str, ...]:
    """The output formats named in an option, each once, in the order given.

    Raises:
        UsageError: there is none.
    """
    chosen = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not chosen:
        raise UsageError(f"--format takes one or more formats, such as {DEFAULT_FORMATS}; it was given {text!r}.")
    return chosen
