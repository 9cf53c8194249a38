"""What may be chosen with an option: for its help, for the shell that completes it, and read back from its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from slim_cli.errors import UsageError
from slim_cli.output_formats import OUTPUT_FORMATS
from slim_cli.resources import bundled, presets, templates_dir

DEFAULT_FORMATS = "html,pdf,csv,jsonl"
DEVICES = ("auto", "cpu", "cuda:0")
SELECTIONS = ("all", "flagged", "new", "top:300")
SIGNING_ROLES = ("examiner", "reviewer", "release")  # those of slim_cli.reporting.signatories, loaded only to sign


def models() -> list[str]:
    """Names of the bundled models."""
    return [folder.name for folder in bundled()]


def recipes() -> list[str]:
    """Names of the recipes that came with the package."""
    return list(presets())


def languages() -> list[str]:
    """Languages that the report is written in."""
    return sorted(path.name.split(".")[1] for path in templates_dir().glob("words.*.toml"))


def formats() -> dict[str, str]:
    """What can be written, with what each is."""
    return {name: one.holds for name, one in OUTPUT_FORMATS.items()}


def completing(choices: Callable[[], Iterable[str]]) -> Callable[[str], list[tuple[str, str]]]:
    """What a shell may complete the last of several values, separated by commas, to; a mapping tells what each is."""

    def complete(incomplete: str) -> list[tuple[str, str]]:
        before, comma, last = incomplete.rpartition(",")
        offered = choices()
        told = offered if isinstance(offered, Mapping) else dict.fromkeys(offered, "")
        left = [name for name in told if name.startswith(last) and name not in before.split(",")]
        return [(f"{before}{comma}{name}", told[name]) for name in left]

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
