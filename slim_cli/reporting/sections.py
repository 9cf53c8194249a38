"""What every section of the report must hold, and where the items stand that standards ask for: `sections.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from slim_cli.words import Words, read_data


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        letter: A to J.
        id: of its element in the report.
        fields: values of `data-field` inside it, by mode.
    """

    letter: str
    id: str
    fields: dict[str, tuple[str, ...]]


@cache
def load_sections() -> tuple[Section, ...]:
    """Every section, in order."""
    return tuple(
        Section(entry["letter"], entry["id"], {mode: tuple(entry[mode]) for mode in ("triage", "evaluate")})
        for entry in read_data("sections.toml")["section"]
    )


def standard_rows(words: Words) -> list[tuple[str, str, str, str]]:
    """Standard, item, what it asks for, and the letters of the sections that hold it."""
    standards: list[dict[str, Any]] = read_data("sections.toml")["standard"]
    return [
        (standard["name"], entry["item"], words.say(f"standard.{entry['key']}"), letters)
        for standard in standards
        for entry in standard["items"]
        for letters in [", ".join(dict.fromkeys(place.partition(".")[0] for place in entry["at"]))]
    ]
