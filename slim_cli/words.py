"""The report's words: sentences, measure descriptions and banned phrases, all held as data beside the templates."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from babel import Locale
from babel.numbers import format_decimal

from slim_cli.errors import UsageError
from slim_cli.remarks import Remark
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

        Numbers are written as the language writes them, by a CLDR pattern where one is given (`{seconds:0.0}`);
        `{name:@content}` takes what the table `content` calls the value (or each of several, after commas),
        `{name:?more}` the entry `remark_part.more` where the value is not empty. An entry with the keys `one` and
        `other` (and what else the language's plural rule knows) is chosen by the value `n`.

        Raises:
            KeyError: the entry or one of its values is missing.
        """
        entry = self.item(key)
        if isinstance(entry, dict):
            entry = entry.get(self.locale.plural_form(cast("int", values["n"])), entry["other"])
        return _Filler(self).vformat(entry, (), values)

    def sentence(self, remark: Remark | None) -> str:
        """What a remark says, empty for none; one that this version does not know is shown as it is stored."""
        if remark is None:
            return ""
        if remark.code not in self.item("remarks"):
            return " ".join([remark.code, *(f"{name}={value}" for name, value in remark.values.items())])
        return self.say(f"remarks.{remark.code}", **remark.values)

    def sentences(self, remarks: Iterable[Remark]) -> str:
        """What several remarks say, on one line."""
        return "; ".join(map(self.sentence, remarks))

    @property
    def locale(self) -> Locale:
        """The language's rules for numbers and plurals."""
        return Locale.parse(self.language, sep="-")

    def label(self, table: str, key: str) -> str:
        """What a key of the data is called; a key without words of its own is shown as it is."""
        named: str = self.item(table).get(key, key)
        return named

    def within(self, form: Callable[[float], str], value: float, low: float | None, high: float | None) -> str:
        """A figure, with its interval where it has one."""
        if low is None or high is None:
            return form(value)
        return self.say("within", value=form(value), low=form(low), high=form(high))

    def names(self, names: Sequence[str], most: int = 6, total: int | None = None) -> str:
        """A list in words, cut off after a number of names; `total` where more are meant than are named."""
        shown, left = self.item("list_join").join(names[:most]), (total or len(names)) - min(len(names), most)
        return self.say("and_more", names=shown, n=left) if left > 0 else shown

    def item(self, key: str) -> Any:
        """An entry as it stands in the file: a text, a list or a table."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry[part]
        return entry


class _Filler(string.Formatter):
    """Fills values into a sentence by the rules of its language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        """One value in words."""
        if format_spec.startswith("@"):
            labels = (self._words.label(format_spec[1:], part) for part in str(value).split(", "))
            return self._words.item("list_join").join(labels)
        if format_spec.startswith("?"):
            return self._words.say(f"remark_part.{format_spec[1:]}", n=value) if value else ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return format_decimal(value, format_spec or None, self._words.locale)
        return format(value, format_spec)


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
        range_to_s: reference ranges do not hold for longer recordings, seconds; None where length does not matter.
    """

    key: str
    title: str
    plain: str
    definition: str
    confounds: str
    unit: str = ""
    scale: float = 1.0
    digits: int = 2
    range_to_s: float | None = None


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
