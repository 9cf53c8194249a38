"""The printing press: turns a folder with `report.html` and attachments into a PDF. Runs as a process of its own.

Usage: python -P press.py FOLDER TARGET, with SOURCE_DATE_EPOCH set. It imports nothing of this package.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

ATTACHED = {
    "results.jsonl": "One line per file: every number of this report",
    "run.json": "What was done with what",
    "reference.json": "Reference statistics of the model",
}
VARIANT = "pdf/a-3a"


def press(folder: Path, target: Path) -> None:
    """Prints the document; nothing outside it is ever fetched.

    Args:
        folder: holds `report.html` and the files of `ATTACHED`.
        target: the PDF to write.
    """
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    attachments = [
        Attachment(
            string=(folder / name).read_bytes(),
            name=name,
            description=description,
            relationship="Data",
            created=moment,
            modified=moment,
        )
        for name, description in ATTACHED.items()
    ]
    document = HTML(
        string=(folder / "report.html").read_text(encoding="utf-8"),
        url_fetcher=URLFetcher(allowed_protocols=("data",)),
    )
    document.write_pdf(target, attachments=attachments, pdf_variant=VARIANT)


if __name__ == "__main__":
    press(Path(sys.argv[1]), Path(sys.argv[2]))
