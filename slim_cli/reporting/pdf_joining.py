"""Joins a PDF: puts printed parts into the blank pages of the frame, tags included. Runs as a process of its own.

Usage: python -P pdf_joining.py JOB.json. It imports nothing of this package.

Each page of a part takes the place of a blank page and gets that page's frame (running heads, page number) as an
artifact. Bookmarks and destinations that led to the blank page lead to it. The structure trees become one.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Page, Pdf, String

_MARKED = re.compile(rb"/\w+\s*<<\s*/MCID \d+\s*>>\s*BDC")
Place = tuple[int, int]


def bind(job: dict[str, Any]) -> None:
    """Binds a report.

    Args:
        job: `frame`, a PDF; `first`, its first blank page; `parts`, PDFs whose pages but the first go there in order;
            `target`, the PDF to write.
    """
    with ExitStack() as shelf:
        book = shelf.enter_context(Pdf.open(job["frame"]))
        parts = [shelf.enter_context(Pdf.open(path)) for path in job["parts"]]
        structure = _Structure(book)
        moved: dict[Place, Any] = {}
        number = job["first"]
        for index, part in enumerate(parts):
            _make_unique(part, f"{index + 1}-")
            count = len(part.pages) - 1
            blanks = [book.pages[number + offset] for offset in range(count)]
            for offset, blank in enumerate(blanks):
                book.pages[number + offset] = part.pages[offset + 1]
                page = book.pages[number + offset]
                _frame_page(book, page, blank, f"/PageFrame{offset}")
                moved[blank.obj.objgen] = page.obj
            structure.adopt(part, blanks)
            number += count
        structure.write(book)
        _redirect(book, moved)
        book.save(job["target"], deterministic_id=True, object_stream_mode=ObjectStreamMode.generate)


def _make_unique(part: Pdf, prefix: str) -> None:
    """Puts a prefix before the names by which table cells find their headings: they are unique in a part only."""
    for element in part.objects:
        if not isinstance(element, Dictionary):
            continue
        if Name.ID in element and element.get(Name.Type) == Name.StructElem:
            element.ID = String(prefix + str(element.ID))
        if element.get(Name.S) in (Name.TD, Name.TH) and Name.Headers in element.get(Name.A, Dictionary()):
            element.A.Headers = Array([String(prefix + str(name)) for name in element.A.Headers])


def _frame_page(book: Pdf, page: Page, blank: Page, name: str) -> None:
    """Draws a blank page, with its running head and foot, under a page, as an artifact."""
    running = blank.as_form_xobject()
    running.write(_MARKED.sub(b"/Artifact BMC", running.read_bytes()))
    page.obj.Resources.XObject[name] = running
    page.obj.Contents = Array([book.make_stream(f"{name} Do\n".encode()), page.obj.Contents])


class _Structure:
    """The structure tree of the bound book, page by page.

    Attributes:
        _kids: children of the document element by the page they are on.
        _owners: for each page and annotation that had a number in a parent tree, what it leads to.
    """

    def __init__(self, book: Pdf) -> None:
        self._book = book
        self._root = book.Root.StructTreeRoot
        self._kids: dict[Place, list[Any]] = defaultdict(list)
        self._owners: dict[Place, Any] = {}
        self._read(self._root, book.pages)

    def adopt(self, part: Pdf, blanks: Iterable[Page]) -> None:
        """Takes over the tree of a part whose pages are already in the book; forgets that of the blank pages."""
        for blank in blanks:
            self._kids.pop(blank.obj.objgen, None)
        root = self._book.copy_foreign(part.Root.StructTreeRoot)
        self._read(root, self._book.pages)

    def write(self, book: Pdf) -> None:
        """Gives the document element its children in the order of the pages, and every page and link its number."""
        document = self._root.K[0]
        document.K = Array([kid for page in book.pages for kid in self._kids.get(page.obj.objgen, [])])
        for kid in document.K:
            kid.P = document
        numbers: list[Any] = []
        owned = [page.obj for page in book.pages] + [link for page in book.pages for link in _links(page)]
        for number, one in enumerate(owned):
            if one.objgen in self._owners:
                one[Name.StructParents if one.get(Name.Type) == Name.Page else Name.StructParent] = number
                numbers.extend((number, self._owners[one.objgen]))
        self._root.ParentTree = book.make_indirect(Dictionary(Nums=Array(numbers)))

    def _read(self, root: Any, pages: Iterable[Page]) -> None:
        tree = root.ParentTree.Nums
        owners = {int(tree[i]): tree[i + 1] for i in range(0, len(tree), 2)}
        mine = set()
        for kid in root.K[0].K:
            if Name.Pg in kid:  # not so where the page was left behind
                self._kids[kid.Pg.objgen].append(kid)
                mine.add(kid.Pg.objgen)
        for page in pages:
            if page.obj.objgen in mine:
                self._owners[page.obj.objgen] = owners[int(page.obj.StructParents)]
                self._owners.update({link.objgen: owners[int(link.StructParent)] for link in _links(page)})


def _links(page: Page) -> Iterator[Any]:
    return (link for link in page.obj.get(Name.Annots, Array()) if Name.StructParent in link)


def _redirect(book: Pdf, moved: dict[Place, Any]) -> None:
    """Lets bookmarks and named destinations lead to the pages that took the place of others."""
    places = list(_bookmarks(book.Root.get(Name.Outlines)))
    named = book.Root.get(Name.Names, Dictionary()).get(Name.Dests, Dictionary()).get(Name.Names, Array())
    places += [named[i] for i in range(1, len(named), 2)]
    for place in places:
        if place[0].objgen in moved:
            place[0] = moved[place[0].objgen]


def _bookmarks(parent: Any | None) -> Iterator[Any]:
    item = None if parent is None else parent.get(Name.First)
    while item is not None:
        yield item.Dest
        yield from _bookmarks(item)
        item = item.get(Name.Next)


if __name__ == "__main__":
    bind(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
