"""Speeds are measured with what the package brings, and told with the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from slim_cli.engines import speed
from tests.conftest import FakeDetector


def test_every_speed_is_measured_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(speed, "SHORT_FILES", 3)
    monkeypatch.setattr(speed, "_command", lambda folder, formats: asked.append((formats, (folder / "one").is_dir())))
    detector = FakeDetector()
    found = speed.measure(detector, minutes=0.2, rounds=2)
    assert asked == [("csv", True), ("html,pdf", True)] * 2
    assert found.rounds == 2
    assert found.share == pytest.approx(found.scan_x / found.encoders_x, rel=0.5)
    assert found.short_files > 1
    assert {"processor", "processors", "load", "torch"} <= found.machine.keys()
    windows = 2 * 5  # of 12 s, in each of two rounds by the detector alone
    assert sum(detector.batches) >= windows


def test_the_command_that_is_timed_is_a_whole_scan(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "notes.txt").write_bytes(b"Dear Sir,\n")
    speed._command(tmp_path, "csv")
    assert (tmp_path / "out" / "results.csv").is_file()
