"""One small writer per output format, behind a registry."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from slim_cli.assessment.reference import Reference
from slim_cli.errors import EnvironmentUnfit, UsageError
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


def _lazily(module: str, function: str) -> Writer:
    """A writer whose module is imported when it first writes."""

    def write(findings: Findings, target: Path) -> None:
        getattr(importlib.import_module(f"slim_cli.reporting.{module}"), function)(findings, target)

    return write


WRITERS: Mapping[str, tuple[str, Writer]] = MappingProxyType(
    {
        "jsonl": ("results.jsonl", _lazily("json_lines", "write_jsonl")),
        "csv": ("results.csv", _lazily("table", "write_csv")),
        "html": ("report.html", _lazily("html", "write_html")),
        "pdf": ("report.pdf", _lazily("pdf", "write_pdf")),
        "parquet": ("results.parquet", _lazily("parquet", "write_parquet")),
        "audacity": ("audacity", _lazily("tracks", "write_audacity")),
        "raven": ("raven", _lazily("tracks", "write_raven")),
        "uco": ("results.jsonld", _lazily("uco", "write_uco")),
    }
)
_NEEDED: Mapping[str, str] = MappingProxyType({"parquet": "pyarrow"})


def get_writer(name: str) -> tuple[str, Writer]:
    """File name and writer of a format.

    Raises:
        UsageError: the format is unknown.
        EnvironmentUnfit: a package that it needs is not installed.
    """
    if name not in WRITERS:
        raise UsageError(f"The output format {name!r} is unknown; known are {', '.join(sorted(WRITERS))}.")
    if name in _NEEDED and importlib.util.find_spec(_NEEDED[name]) is None:
        raise EnvironmentUnfit(
            f"The output format {name} needs {_NEEDED[name]}; install it with: pip install 'slim-audit[{name}]'."
        )
    return WRITERS[name]
