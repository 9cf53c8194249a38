"""What the readers share: the lines of a list with their places, and the files they name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slim_cli.errors import UsageError


@dataclass(frozen=True)
class Place:
    """A line of a list of clips.

    Attributes:
        file: the list.
        line: number of the line, from 1.
    """

    file: Path
    line: int

    def wrong(self, what: str) -> UsageError:
        """The error that names this line."""
        return UsageError(f"{self.file}, line {self.line}: {what}.")

    def audio(self, folder: Path, name: str) -> Path:
        """Where the audio file that the line names belongs, whether it is there or not.

        Raises:
            UsageError: the name leads out of the folder.
        """
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise self.wrong(f"the name {name!r} leads out of the folder")
        return folder / inside

    def label(self, word: str, bonafide: str = "bonafide") -> str:
        """`bonafide` or `spoof`.

        Raises:
            UsageError: the word is neither the dataset's word for bona fide nor `spoof`.
        """
        if word not in (bonafide, "spoof"):
            raise self.wrong(f"the label {word!r} is neither {bonafide} nor spoof")
        return "spoof" if word == "spoof" else "bonafide"


def columns(file: Path, least: int, most: int) -> Iterator[tuple[Place, list[str]]]:
    """The lines of a list whose columns are separated by blanks; empty lines are skipped.

    Raises:
        UsageError: not readable, or a line has fewer or more columns.
    """
    for number, line in enumerate(_text(file).split("\n"), start=1):
        place, words = Place(file, number), line.split()
        if words and not least <= len(words) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise place.wrong(f"{len(words)} columns where {wanted} are expected")
        if words:
            yield place, words


def first_fields(file: Path, separator: str) -> Iterator[tuple[Place, str]]:
    """What stands before the separator in each line that is not empty.

    Raises:
        UsageError: not readable.
    """
    for number, line in enumerate(_text(file).split("\n"), start=1):
        if line.strip():
            yield Place(file, number), line.split(separator)[0].strip()


def rows(file: Path, needed: tuple[str, ...], delimiter: str = ",") -> Iterator[tuple[Place, dict[str, str]]]:
    """The rows of a CSV file with a header.

    Args:
        file: the list.
        needed: columns that must be there.
        delimiter: what separates them, empty for the one that the header holds most often; with any but a comma or a
            semicolon, quotes are plain characters.

    Raises:
        UsageError: not readable, a column is missing, or a row has fewer or more cells than the header (more are
            right where nothing is quoted: the text at the end may hold the separator).
    """
    lines = _text(file).split("\n")
    delimiter = delimiter or max(",;\t|", key=lines[0].count)
    quoted = delimiter in ",;"
    reader = csv.reader(
        lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
    )
    try:
        header = next(reader, [])
        if not set(needed) <= set(header):
            raise Place(file, 1).wrong(f"the columns {', '.join(needed)} are needed")
        for cells in reader:
            place = Place(file, reader.line_num)
            if not quoted:
                cells = cells[: len(header)]
            if cells and len(cells) != len(header):
                raise place.wrong(f"{len(cells)} cells where the header has {len(header)}")
            if cells:
                yield place, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise Place(file, reader.line_num).wrong(f"not CSV: {error}") from error


def said(word: str) -> str:
    """A word of a list, empty where it says nothing.

    >>> said("low_mp3"), said("-")
    ('low_mp3', '')
    """
    return "" if word == "-" else word


def language(locale: str) -> str:
    """The ISO 639 code in a name such as `en_US`, empty where there is none.

    >>> language("en_US"), language("zh-cn"), language("by_others")
    ('en', 'zh', '')
    """
    found = re.fullmatch(r"([a-z]{2,3})([-_][A-Za-z]{2,4})?", locale)
    return found[1] if found else ""


def first_folder(*folders: Path) -> Path:
    """The first of the folders that is there, the last where none is."""
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def no_subset(name: str, subset: str | None) -> None:
    """Refuses a subset of a dataset that has none.

    Raises:
        UsageError: one was given.
    """
    if subset is not None:
        raise UsageError(f"The dataset {name} has no subsets; {subset!r} was given.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The list {file} cannot be read: {error}.") from error
