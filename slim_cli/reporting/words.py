"""The report's words: sentences, measure descriptions and banned phrases, all held as data beside the templates."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from slim_cli.errors import UsageError
from slim_cli.resources import templates_dir


@dataclass(frozen=True)
class Words:
    """One language of the report.

    Attributes:
        language: BCP 47 tag, e.g. `en`.
        entries: the parsed language file.
    """

    language: str
    entries: dict[str, Any]

    def say(self, key: str, **values: object) -> str:
        """A sentence by dotted key, with its values filled in.

        An entry with the keys `one` and `other` is chosen by the value `n`.

        Raises:
            KeyError: the entry or one of its values is missing.
        """
        entry = self.item(key)
        if isinstance(entry, dict):
            entry = entry["one" if values["n"] == 1 else "other"]
        return entry.format(**values)

    def label(self, table: str, key: str) -> str:
        """What a key of the data is called; a key without words of its own is shown as it is."""
        named: str = self.item(table).get(key, key)
        return named

    def within(self, form: Callable[[float], str], value: float, low: float | None, high: float | None) -> str:
        """A figure, with its interval where it has one."""
        if low is None or high is None:
            return form(value)
        return self.say("within", value=form(value), low=form(low), high=form(high))

    def names(self, names: Sequence[str], most: int = 6) -> str:
        """A list in words, cut off after a number of names."""
        shown = self.item("list_join").join(names[:most])
        return self.say("and_more", names=shown, n=len(names) - most) if len(names) > most else shown

    def item(self, key: str) -> Any:
        """An entry as it stands in the file: a text, a list or a table."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry[part]
        return entry


@dataclass(frozen=True)
class MeasureWords:
    """How one artefact measure is explained.

    Attributes:
        key: name in the results.
        title: short name.
        plain: what it tells, for a reader who is no engineer.
        definition: how it is computed.
        confounds: what else can cause an unusual value.
        unit: unit shown, empty for a pure number.
        scale: factor from the stored value to the shown one.
        digits: decimals shown.
    """

    key: str
    title: str
    plain: str
    definition: str
    confounds: str
    unit: str = ""
    scale: float = 1.0
    digits: int = 2


def languages(folder: Path | None = None) -> tuple[str, ...]:
    """Languages that the report is written in, by their BCP 47 tags."""
    return tuple(sorted(p.name.split(".")[1] for p in (folder or templates_dir()).glob("words.*.toml")))


@cache
def load_words(language: str = "en", folder: Path | None = None) -> Words:
    """Reads `words.<language>.toml`.

    Raises:
        UsageError: the report does not speak the language.
    """
    if language not in languages(folder):
        raise UsageError(f"The report language {language!r} is unknown; known are {', '.join(languages(folder))}.")
    return Words(language, read_data(f"words.{language}.toml", folder))


@cache
def load_measures(language: str = "en", folder: Path | None = None) -> tuple[MeasureWords, ...]:
    """Reads `observations.toml`, in the order in which the report shows the measures; texts of another language replace
    its own."""
    texts = load_words(language, folder).entries.get("observation", {})
    return tuple(
        MeasureWords(**{**entry, **texts.get(entry["key"], {})})
        for entry in read_data("observations.toml", folder)["measure"]
    )


def read_data(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Reads a data file that lies beside the templates."""
    return tomllib.loads(((folder or templates_dir()) / name).read_text(encoding="utf-8"))
