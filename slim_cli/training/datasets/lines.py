"""What the readers share: the lines of a list with their places, and the files they name."""

from __future__ import annotations

import csv
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
        """The audio file that the line names.

        Raises:
            UsageError: it does not exist, or the name leads out of the folder.
        """
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise self.wrong(f"the name {name!r} leads out of the folder")
        path = folder / inside
        if not path.is_file():
            raise self.wrong(f"the audio file {path} is missing")
        return path

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


def rows(file: Path, needed: tuple[str, ...], delimiter: str = ",") -> Iterator[tuple[Place, dict[str, str]]]:
    """The rows of a CSV file with a header.

    Args:
        file: the list.
        needed: columns that must be there.
        delimiter: what separates them; with any but a comma, quotes are plain characters.

    Raises:
        UsageError: not readable, a column is missing, or a row has fewer or more cells than the header.
    """
    lines = _text(file).split("\n")
    if delimiter == ",":
        reader = csv.reader(lines, strict=True)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    try:
        header = next(reader, [])
        if not set(needed) <= set(header):
            raise Place(file, 1).wrong(f"the columns {', '.join(needed)} are needed")
        for cells in reader:
            place = Place(file, reader.line_num)
            if cells and len(cells) != len(header):
                raise place.wrong(f"{len(cells)} cells where the header has {len(header)}")
            if cells:
                yield place, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise Place(file, reader.line_num).wrong(f"not CSV: {error}") from error


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
