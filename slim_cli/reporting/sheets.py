"""Cuts the report into sheets that are printed apart and bound again: parts with sections of files, and the frame.

The frame is the whole report with blank pages where the sections belong. It carries what needs to know of every page:
page numbers, running heads, contents, bookmarks. A section is printed without them, and links out of it are lost.
"""

from __future__ import annotations

import base64
import mmap
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

MOST_PER_PART = 24
MOST_IN_ONE = 12
CHAPTER = "exhibits"

_ARTICLE = re.compile(rb'<article class="exhibit\b.*?</article>\s*', re.DOTALL)
_STAND_IN = re.compile(r'<article [^>]*\bid="([^"]*)"[^>]*>.*?</h\d>', re.DOTALL)
_DRAWING = re.compile(r"<svg\b[^>]*>\s*<title>(.*?)</title>.*?</svg>", re.DOTALL)
_CHAPTER_TAG = re.compile(rf'<section\b[^>]*\bid="{CHAPTER}"[^>]*>')
_BODY_TAG = re.compile(r"<body\b[^>]*>")
_MARGINS = ("top-left", "top-center", "top-right", "bottom-left", "bottom-center", "bottom-right")

DRAWING_STYLE = "img.drawing { display: block; width: 100%; height: auto; }"
_PART_STYLE = (
    "@page { background: none; " + " ".join(f"@{margin} {{ content: none; }}" for margin in _MARGINS) + " } "
    "html, body { background: none; } "
    ".fly-leaf { break-after: page; }"
)
_FRAME_STYLE = (
    f"#{CHAPTER} {{ visibility: hidden; break-after: page; }} #{CHAPTER} .blank {{ break-before: page; height: 1px; }}"
)


class StoredSections(Sequence[str]):
    """The sections of a stored document, read when they are asked for.

    Args:
        path: the document, UTF-8.
        places: first and last byte of each.
    """

    def __init__(self, path: Path, places: Sequence[tuple[int, int]]) -> None:
        self._path, self._places = path, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> StoredSections: ...
    def __getitem__(self, number: int | slice) -> str | StoredSections:
        if isinstance(number, slice):
            return StoredSections(self._path, self._places[number])
        start, stop = self._places[number]
        with self._path.open("rb") as document:
            document.seek(start)
            return _drawn(document.read(stop - start))


@dataclass(frozen=True)
class Sheets:
    """The report, cut.

    Attributes:
        before: the document up to the first section of a file.
        sections: the sections, each one `<article>`.
        after: the rest.
    """

    before: str
    sections: Sequence[str]
    after: str

    @classmethod
    def cut(cls, path: Path) -> Sheets:
        """Cuts a rendered report, UTF-8; its drawings become images, which print in two thirds of the time."""
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as document:
            places = [found.span() for found in _ARTICLE.finditer(document)]
            first, last = (places[0][0], places[-1][1]) if places else (len(document), len(document))
            before, after = _drawn(document[:first]), _drawn(document[last:])
        before = _styled(before, DRAWING_STYLE)
        return cls(before, StoredSections(path, places), after)

    @property
    def whole(self) -> str:
        """The document in one piece."""
        return self.before + "".join(self.sections) + self.after

    @property
    def parts(self) -> range:
        """Where each part begins, in sections; about equally many stand in each. None for a short report."""
        if len(self.sections) <= MOST_IN_ONE:
            return range(0)
        count = max(2, -(-len(self.sections) // MOST_PER_PART))
        return range(0, len(self.sections), -(-len(self.sections) // count))

    def part(self, start: int) -> str:
        """The document of a part; its first page is to be dropped.

        The first one holds what stands in the chapter before the sections.
        """
        body, chapter = self._search(_BODY_TAG), self._search(_CHAPTER_TAG)
        opening = _styled(self.before[: body.end()], _PART_STYLE) + '<div class="fly-leaf"></div><main>'
        first = self.before[chapter.start() :] if start == 0 else chapter.group()
        sections = "".join(self.sections[start : start + self.parts.step])
        return f"{opening}{first}{sections}</section></main></body></html>"

    def frame(self, pages: Sequence[int]) -> str:
        """The whole report with the sections' headings hidden and blank pages in place of the sections.

        Args:
            pages: number of pages of each section.
        """
        blank = '<div class="blank"></div>'
        stand_ins = (
            f"{_heading(section)}{blank * (count - 1)}</article>"
            for section, count in zip(self.sections, pages, strict=True)
        )
        return _styled(self.before, _FRAME_STYLE) + "".join(stand_ins) + self.after

    @property
    def anchors(self) -> list[str]:
        """The id of each section."""
        return [_STAND_IN.match(section)[1] for section in self.sections]  # type: ignore[index]

    def _search(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.search(self.before)
        if found is None:
            raise ValueError(f"the template has no {pattern.pattern} before the sections of files")
        return found


def section_pages(anchors: Sequence[str], printed: Sequence[Mapping[str, int]], totals: Sequence[int]) -> list[int]:
    """Pages of each section.

    Args:
        anchors: ids of all sections.
        printed: page of every id in each part.
        totals: pages of each part.

    >>> section_pages(["a", "b", "c"], [{"a": 1, "b": 3}, {"c": 1}], [5, 4])
    [2, 2, 3]
    """
    pages = []
    for where, total in zip(printed, totals, strict=True):
        starts = [where[anchor] for anchor in anchors if anchor in where]
        pages += [end - start for start, end in zip(starts, [*starts[1:], total], strict=True)]
    return pages


def _styled(document: str, style: str) -> str:
    return document.replace("</head>", f"<style>{style}</style></head>", 1)


def _heading(section: str) -> str:
    found = _STAND_IN.match(section)
    if found is None:
        raise ValueError("a section of a file has no id or no heading")
    return found.group()


def _drawn(piece: bytes) -> str:
    """A piece of the document as it is printed."""
    return _DRAWING.sub(_image, piece.decode())


def _image(found: re.Match[str]) -> str:
    source = base64.b64encode(found.group().encode()).decode()
    return f'<img class="drawing" alt="{found[1]}" src="data:image/svg+xml;base64,{source}">'
