"""Where words stand on the pages of a printed report: how full pages are, what overlaps, what is cut.

`python -m tests.reporting.pdf_pages REPORT.pdf` prints pages, half-empty pages and words that overlap. Needs pdftotext.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pikepdf

_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)
_WORD = re.compile(r'<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*?)</word>')
MARGINS = 54.0, 54.0  # points above and below what a page holds, where its running head and foot stand
SLACK = 0.3  # of a word's height above and below its letters


@dataclass(frozen=True)
class Word:
    """A word and its box, points from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def overlaps(self, other: Word) -> bool:
        """Whether letters of both stand on one another; boxes reach above and below their letters."""
        slack = SLACK * min(self.bottom - self.top, other.bottom - other.top)
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top) - slack
        return across > 0.5 and down > 0


@dataclass(frozen=True)
class PrintedPage:
    """One page: its size in points and its words."""

    width: float
    height: float
    words: tuple[Word, ...]

    @property
    def fill(self) -> float:
        """How far down the page words stand, as a share of the height between running head and foot."""
        head, foot = MARGINS
        body = [word.bottom for word in self.words if head < word.bottom < self.height - foot]
        return (max(body, default=head) - head) / (self.height - head - foot)

    def collisions(self) -> Iterator[tuple[str, str]]:
        """Pairs of words that stand on one another."""
        ordered = sorted(self.words, key=lambda word: word.top)
        for number, one in enumerate(ordered):
            for other in ordered[number + 1 :]:
                if other.top >= one.bottom:
                    break
                if one.overlaps(other):
                    yield one.text, other.text

    def cut(self) -> list[str]:
        """Words that reach over the edge of the page."""
        return [w.text for w in self.words if min(w.left, w.top) < 0 or w.right > self.width or w.bottom > self.height]


def printed_pages(pdf: Path) -> list[PrintedPage]:
    """Every page of a PDF."""
    command = ["pdftotext", "-bbox", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        PrintedPage(
            float(width),
            float(height),
            tuple(Word(*map(float, box), unescape(word)) for *box, word in _WORD.findall(words)),
        )
        for width, height, words in _PAGE.findall(text)
    ]


def half_empty(pdf: Path) -> list[int]:
    """Pages, from 1, that are less than half full though no section, nor an exhibit's, ends there."""
    pages = printed_pages(pdf)
    with pikepdf.open(pdf) as document, document.open_outline() as outline:
        order = [page.obj.objgen for page in document.pages]
        items = [*outline.root, *(child for item in outline.root for child in item.children)]
        starts = {order.index(item.destination[0].objgen) for item in items}
    last = len(pages) - 1
    return [n + 1 for n, page in enumerate(pages) if page.fill < 0.5 and n != last and n + 1 not in starts]


if __name__ == "__main__":
    report = Path(sys.argv[1])
    found = printed_pages(report)
    print(f"{len(found)} pages; half empty and not the last of a section: {half_empty(report)}")
    for number, page in enumerate(found, start=1):
        print(number, f"{page.fill:.2f}", list(page.collisions())[:6], page.cut()[:3])
