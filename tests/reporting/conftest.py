"""Invented results and one written report, shared by the reporting tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from slim_cli import reporting
from slim_cli.reporting.selection import Style
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from tests.reporting import factory

SECTIONS = 8


@dataclass(frozen=True)
class Written:
    """A report with its sources."""

    folder: Path
    results: list[FileResult]
    run: RunRecord

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def pdf(self) -> Path:
        return self.folder / "report.pdf"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A scan with every status and every hostile name, written in all formats; two of the sections have pictures, the
    first also has a listening proxy."""
    folder = tmp_path_factory.mktemp("report")
    results = [*factory.mixed(), *(factory.scored(name, -6.0, 0.2, 7.0) for name in factory.HOSTILE_NAMES.values())]
    results[:2] = [factory.drawn(result, folder, i + 1) for i, result in enumerate(results[:2])]
    factory.listened(results[0], folder)
    run = factory.run(results)
    reporting.write(results, run, factory.reference(), folder, style=Style(f"top:{SECTIONS}"))
    return Written(folder, results, run)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver")
    return path
