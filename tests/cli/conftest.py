"""The command as a user meets it, with the model, the scan and the report writer replaced where a test says so."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slim_cli.assessment.reference import ClassPair, Histogram, OperatingPoint, Reference
from slim_cli.cli.main import main
from slim_cli.detector.bundle import BundleInfo
from slim_cli.engines.local import FileExamination
from slim_cli.results import FileResult, Remark


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Slim = Callable[..., Ran]


@pytest.fixture
def slim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Slim:
    """Runs `slim` with arguments in this process, without settings of whoever runs the tests."""
    monkeypatch.setenv("SLIM_CONFIG", "none")

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["slim", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def rows(*specification: tuple[str, str, float | None]) -> list[FileResult]:
    """Result rows from (path, status, score)."""
    return [
        FileResult(
            path,
            status,
            None if status == "scored" else Remark("legacy_text", {"text": f"because of {status}"}),
            score=score,
        )
        for path, status, score in specification
    ]


@dataclass
class World:
    """What the replaced parts do, and what they were asked.

    Attributes:
        rows: what the scan finds; an exception among them is raised in its place.
        written: arguments of each call of the report writer.
        on_write: called before the report is written.
    """

    rows: list[Any] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    on_write: Callable[[], None] = lambda: None

    def scan(self, paths: list[Path], **asked: Any) -> FileExamination:
        self.asked = {"paths": paths, **asked}
        known = {row.path for row in asked["earlier"]}
        rows = [row for row in self.rows if getattr(row, "path", None) not in known]
        return FileExamination(len(self.rows), self._rows(rows))

    def _rows(self, rows: list[Any]) -> Iterator[FileResult]:
        for row in rows:
            result = row() if callable(row) else row
            if isinstance(result, BaseException):
                raise result
            yield result

    def write(self, results: Any, run: Any, reference: Any, output: Path, formats: Any, style: Any) -> dict[str, Path]:
        self.on_write()
        self.written.append({"results": results, "run": run, "output": output, "formats": formats, "style": style})
        (output / "report.html").write_text("report", encoding="utf-8")
        return {"html": output / "report.html"}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A scan that finds what the test says."""
    made = World()
    histogram = Histogram(2, (-1.0, 1.0), (2,))
    pair = ClassPair(histogram, histogram)
    reference = Reference("Two files.", pair, pair, OperatingPoint(1.0, 0.1, 0.2, 10, 10))
    info = BundleInfo("tiny", "1", "A model for tests.", 3, {"config.json": "00"})
    detector = SimpleNamespace(fingerprint="f" * 64, info=info, device="cpu")
    monkeypatch.setattr("slim_cli.engines.scan_job.find_bundle", lambda name: tmp_path)
    monkeypatch.setattr("slim_cli.engines.scan_job.load_detector", lambda bundle, device: detector)
    monkeypatch.setattr("slim_cli.engines.scan_job.load_reference", lambda bundle: reference)
    monkeypatch.setattr("slim_cli.engines.scanning.examine_files", made.scan)
    for writing in ("engines.scanning", "reporting.reporting_again", "reporting"):
        monkeypatch.setattr(f"slim_cli.{writing}.write", made.write)
    return made
