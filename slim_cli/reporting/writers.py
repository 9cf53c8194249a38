"""One small writer per output format, behind a registry; every file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from slim_cli.assessment.reference import Reference
from slim_cli.errors import UsageError
from slim_cli.reporting.build import build_report
from slim_cli.reporting.selection import TRIAGE, Style
from slim_cli.reporting.view import Report
from slim_cli.results import FileResult, RunRecord


@dataclass(frozen=True)
class Findings:
    """What writers write from.

    Attributes:
        results: one result per file found, in the order found.
        run: what was done with what.
        reference: reference statistics of the model.
        folder: the output folder; the overviews lie below it.
        style: what the report is to be: limit, case, language.
    """

    results: Sequence[FileResult]
    run: RunRecord
    reference: Reference
    folder: Path
    style: Style = TRIAGE

    @cached_property
    def report(self) -> Report:
        """The view model, built once for all formats that need it."""
        return build_report(self.results, self.run, self.reference, self.folder, self.style)


Writer = Callable[[Findings, Path], None]


def _html(findings: Findings, target: Path) -> None:
    from slim_cli.reporting.html import write_html

    write_html(findings, target)


def _pdf(findings: Findings, target: Path) -> None:
    from slim_cli.reporting.pdf import write_pdf

    write_pdf(findings, target)


def _csv(findings: Findings, target: Path) -> None:
    from slim_cli.reporting.table import write_csv

    write_csv(findings, target)


def _jsonl(findings: Findings, target: Path) -> None:
    from slim_cli.reporting.lines import write_jsonl

    write_jsonl(findings, target)


WRITERS: Mapping[str, tuple[str, Writer]] = MappingProxyType(
    {
        "jsonl": ("results.jsonl", _jsonl),
        "csv": ("results.csv", _csv),
        "html": ("report.html", _html),
        "pdf": ("report.pdf", _pdf),
    }
)


def get_writer(name: str) -> tuple[str, Writer]:
    """File name and writer of a format.

    Raises:
        UsageError: the format is unknown.
    """
    try:
        return WRITERS[name]
    except KeyError:
        known = ", ".join(sorted(WRITERS))
        raise UsageError(f"The output format {name!r} is unknown; known are {known}.") from None


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path in the target's folder that takes the target's place when all went well."""
    partial = target.with_name(f".{target.name}.part")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
