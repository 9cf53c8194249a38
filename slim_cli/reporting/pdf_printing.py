"""Prints: turns one HTML document into a PDF/A-3a. Runs as a process of its own.

Usage: python -P pdf_printing.py JOB.json, with SOURCE_DATE_EPOCH set; prints a JSON line with the number of pages and
the page of every id, from 0. It imports nothing of this package.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import logging
import os
import re
import signal
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_NUMBER = r"(-?[\d.]+)"
_OUTLINE = re.compile(r"(?:[MLhvz][-\d. ]*)+")
_RECTANGLE = re.compile(rf"M{_NUMBER} {_NUMBER}h{_NUMBER}v{_NUMBER}h-?[\d.]+z")
_STEP = re.compile(rf"([ML]){_NUMBER} {_NUMBER}")
_PLACED_BY_LETTER = ("dx", "dy", "rotate", "letter-spacing", "textLength")


class _Strict(logging.Handler):
    """Makes what WeasyPrint only notes, such as a drawing left out, an end of the work."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lost: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a note of what failed."""
        if record.msg.startswith("Failed to"):
            self.lost.append(record.getMessage()[:200])


class _Line(str):
    """A text that counts as one letter."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        return iter((str(self),))


def set_lines() -> None:
    """Lets WeasyPrint set the labels of drawings by the line: it does so by the letter, a fifth of the time."""
    from weasyprint import svg

    by_letter = svg.TAGS["text"]

    def by_line(drawing: Any, node: Any, font_size: float) -> None:
        if node.text and " " not in node.get("x", "").strip() and not any(map(node.get, _PLACED_BY_LETTER)):
            node._etree_node.text = _Line(node.text)
        by_letter(drawing, node, font_size)

    svg.text = svg.TAGS["text"] = by_line


def translate_outlines() -> None:
    """Turns paths of straight lines into those of a PDF by replacing text, not number by number."""
    from weasyprint import svg

    by_number = svg.TAGS["path"]

    def by_text(drawing: Any, node: Any, font_size: float) -> None:
        operators = outline(node.get("d", ""))
        if operators is None:
            by_number(drawing, node, font_size)
        else:
            drawing.stream.stream.append(operators)

    svg.TAGS["path"] = by_text


def outline(path: str) -> bytes | None:
    """The PDF operators of an SVG path of rectangles and absolute straight lines; None for any other.

    >>> outline("M1 2.5h10v-4h-10zM3 4L5 -6z")
    b'1 2.5 10 -4 re 3 4 m 5 -6 l h'
    >>> outline("M1 2h3") is outline("M1 2a3 3 0 1 0 6 0z") is None
    True
    """
    if not _OUTLINE.fullmatch(path):
        return None
    drawn = _STEP.sub(lambda step: f"{step[2]} {step[3]} {step[1].lower()} ", _RECTANGLE.sub(r"\1 \2 \3 \4 re ", path))
    drawn = drawn.replace("z", "h ").strip()
    return None if "v" in drawn or "M" in drawn or re.search(r"h[-\d]", drawn) else drawn.encode()


def remember_pages() -> None:
    """Lets pydyf list the pages once per page: it does so for every tag, a quarter of the time at 600 files."""
    import pydyf

    known: dict[tuple[int, int], tuple[bytes, ...]] = {}
    listed = pydyf.PDF.page_references

    def remembered(pdf: pydyf.PDF) -> tuple[bytes, ...]:
        key = id(pdf), len(pdf.pages["Kids"])
        if key not in known:
            known[key] = tuple(listed.fget(pdf))
        return known[key]

    pydyf.PDF.page_references = property(remembered)


def remember_streams() -> None:
    """Lets pydyf compress every stream once: it does so again for the file's identifier."""
    import pydyf

    write, made = pydyf.PDF.write, pydyf.Stream.data

    def written(pdf: pydyf.PDF, *arguments: Any, **options: Any) -> None:
        known: dict[pydyf.Stream, bytes] = {}

        def once(stream: pydyf.Stream) -> bytes:
            if stream not in known:
                known[stream] = made.fget(stream)
            return known[stream]

        pydyf.Stream.data = property(once)
        try:
            write(pdf, *arguments, **options)
        finally:
            pydyf.Stream.data = made

    pydyf.PDF.write = written


def fill_attachments(pdf: Any, paths: list[str]) -> None:
    """Puts files into the empty ones that WeasyPrint attached: it would hold them whole, several times."""
    empty = (one for one in pdf.objects if getattr(one, "extra", {}).get("Type") == "/EmbeddedFile")
    for stream, path in zip(empty, paths, strict=True):
        packer, digest = zlib.compressobj(level=6), hashlib.md5(usedforsecurity=False)
        packed = []
        with open(path, "rb") as file:
            while block := file.read(2**20):
                digest.update(block)
                packed.append(packer.compress(block))
            stream.extra["Params"].update({"Size": file.tell(), "CheckSum": f"<{digest.hexdigest()}>"})
        stream.stream, stream.compress = [b"".join(packed) + packer.flush()], False
        stream.extra["Filter"] = "/FlateDecode"


def press(job: dict[str, Any]) -> dict[str, Any]:
    """Prints a document; nothing outside it is ever fetched.

    Args:
        job: `source`, the HTML file; `target`, the PDF to write; `attached`, descriptions of files to attach by path;
            `variant`, of PDF, or None.

    Returns:
        `pages`, their number, and `anchors`, the first page of every id.
    """
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    attachments = [
        Attachment(
            string=b"",
            name=Path(path).name,
            description=description,
            relationship="Data",
            created=moment,
            modified=moment,
        )
        for path, description in job["attached"].items()
    ]
    strict, variant = _Strict(), job["variant"]
    logging.getLogger("weasyprint").addHandler(strict)
    remember_pages()
    remember_streams()
    set_lines()
    translate_outlines()
    text = Path(job["source"]).read_text(encoding="utf-8")
    document = HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=("data",))).render(pdf_variant=variant)

    def fill(_: Any, pdf: Any) -> None:
        fill_attachments(pdf, list(job["attached"]))

    document.write_pdf(job["target"], finisher=fill, attachments=attachments, pdf_variant=variant)
    if strict.lost:
        raise RuntimeError(strict.lost[0])
    anchors: dict[str, int] = {}
    for number, page in enumerate(document.pages):
        anchors = dict.fromkeys(page.anchors, number) | anchors
    return {"pages": len(document.pages), "anchors": anchors}


def end_with_parent() -> None:
    """Lets the system end this process when the one that started it ends, where it can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    end_with_parent()
    gc.disable()  # a sheet is small and all of it lives to the end: collecting costs a sixth of the time
    print(json.dumps(press(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
