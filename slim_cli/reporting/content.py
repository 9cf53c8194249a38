"""What a report is made from, as hashes: the number printed on it, and the SHA-256 of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from slim_cli.reporting.selection import Style
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord


def report_number(results: Sequence[FileResult], run: RunRecord, style: Style) -> str:
    """The number printed on a report, derived from its content."""
    content = Content(run, style)
    for result in results:
        content.add(result)
    return number_of(content.digest, run)


def number_of(content: str, run: RunRecord) -> str:
    """The number of a report of this content."""
    return f"SLIM-{run.started[:10].replace('-', '')}-{content[:10].upper()}"


class Content:
    """What a report is made from: the run record, the rows, what was asked for, the case. Rows are added in order.

    Attributes:
        observed: names of the observations, opinions and stability checks that rows hold.
    """

    def __init__(self, run: RunRecord, style: Style) -> None:
        self._whole, self._rows, self._style = hashlib.sha256(run.to_json().encode()), hashlib.sha256(), style
        self.observed: dict[str, set[str]] = {"opinions": set(), "stability": set(), "observations": set()}

    def add(self, result: FileResult) -> None:
        """Takes the next row."""
        row = result.to_json().encode()
        self._whole.update(row)
        self._rows.update(row + b"\n")
        for kind, names in self.observed.items():
            names.update(getattr(result, kind))

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        digest = self._whole.copy()
        digest.update(f"{self._style.limit} {self._style.language}".encode())
        for name, content in sorted((self._style.case.sources if self._style.case else {}).items()):
            digest.update(f"{name} {len(content)} ".encode() + content)
        return digest.hexdigest()

    @property
    def rows_digest(self) -> str:
        """SHA-256 over the rows as `results.jsonl` holds them."""
        return self._rows.hexdigest()
