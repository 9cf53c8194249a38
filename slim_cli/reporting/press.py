"""The printing press: turns one HTML document into a PDF/A-3a. Runs as a process of its own.

Usage: python -P press.py JOB.json, with SOURCE_DATE_EPOCH set; prints a JSON line with the number of pages and the page
of every id, from 0. It imports nothing of this package.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VARIANT = "pdf/a-3a"


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


def press(job: dict[str, Any]) -> dict[str, Any]:
    """Prints a document; nothing outside it is ever fetched.

    Args:
        job: `source`, the HTML file; `target`, the PDF to write; `attached`, descriptions of files to attach by path.

    Returns:
        `pages`, their number, and `anchors`, the first page of every id.
    """
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    attachments = [
        Attachment(
            string=Path(path).read_bytes(),
            name=Path(path).name,
            description=description,
            relationship="Data",
            created=moment,
            modified=moment,
        )
        for path, description in job["attached"].items()
    ]
    remember_pages()
    text = Path(job["source"]).read_text(encoding="utf-8")
    document = HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=("data",))).render(pdf_variant=VARIANT)
    document.write_pdf(job["target"], attachments=attachments, pdf_variant=VARIANT)
    anchors: dict[str, int] = {}
    for number, page in enumerate(document.pages):
        anchors = dict.fromkeys(page.anchors, number) | anchors
    return {"pages": len(document.pages), "anchors": anchors}


if __name__ == "__main__":
    gc.disable()  # a sheet is small and all of it lives to the end: collecting costs a sixth of the time
    print(json.dumps(press(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
