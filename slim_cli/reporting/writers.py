"""One small writer per output format, found by its name."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from slim_cli.assessment.reference import Reference
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.output_formats import OUTPUT_FORMATS
from slim_cli.reporting.build import build_report
from slim_cli.reporting.selection import TRIAGE, Style
from slim_cli.reporting.view import Report
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord


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


def get_writer(name: str) -> tuple[str, Writer]:
    """File name and writer of a format; the writer's module is imported when it first writes.

    Raises:
        UsageError: the format is unknown.
        EnvironmentUnfit: a package that it needs is not installed.
    """
    if name not in OUTPUT_FORMATS:
        raise UsageError(f"The output format {name!r} is unknown; known are {', '.join(sorted(OUTPUT_FORMATS))}.")
    found = OUTPUT_FORMATS[name]
    if found.needs and importlib.util.find_spec(found.needs) is None:
        raise EnvironmentUnfit(
            f"The output format {name} needs {found.needs}; install it with: pip install 'slim-audit[{name}]'."
        )

    def write(findings: Findings, target: Path) -> None:
        module, _, function = found.writer.partition(":")
        getattr(importlib.import_module(f"slim_cli.reporting.{module}"), function)(findings, target)

    return found.file, write
