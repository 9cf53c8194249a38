"""A calibration holds for another pipeline only where enough files were seen to score alike, and says so itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slim_cli.assessment.calibration import MIN_CARRIED, load_calibration
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import ExaminationOptions
from slim_cli.errors import FormatError
from slim_cli.results import FileResult
from tests.cli.conftest import Slim

OLD = "a" * 64
DETECTOR = SimpleNamespace(fingerprint="new weights", info=SimpleNamespace(name="tiny", version="1"))
NEW = scan_fingerprint(DETECTOR, ExaminationOptions())


def rows(count: int, fingerprint: str = OLD) -> list[FileResult]:
    return [
        FileResult(f"{n}.wav", "scored", sha256=f"{n:064x}", score=round(n / 7, 4), fingerprint=fingerprint)
        for n in range(count)
    ]


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    content = {
        "schema": "slim-calibration/1",
        "pipeline_fingerprint": OLD,
        "propositions": {"h1": "", "h2": ""},
        "method": {"slope": 2.0, "intercept": -2.0, "refits": [[2.0, -2.0, -1.0, 1.0]]},
        "bounds": {"low": -1.0, "high": 1.0},
        "scope": {"net_speech_s": [2, 9]},
    }
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def carry(slim: Slim, calibration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command on rows before and rows now."""

    def run(before: list[FileResult], now: list[FileResult]) -> Any:
        def scan(paths: Any, **asked: Any) -> Iterator[FileResult]:
            yield from now

        monkeypatch.setattr("slim_cli.engines.local.examine_files", scan)
        monkeypatch.setattr("slim_cli.detector.load_detector", lambda bundle, device: DETECTOR)
        (tmp_path / "bundle").mkdir(exist_ok=True)
        (tmp_path / "before.jsonl").write_text("".join(row.to_json() + "\n" for row in before))
        arguments = ("--carry-over", calibration, "--before", tmp_path / "before.jsonl", "--model", tmp_path / "bundle")
        return slim("calibrate", tmp_path, *arguments, "-o", tmp_path / "new.json")

    return run


def test_enough_equal_files_are_logged_and_nothing_else_changes(carry: Any, calibration: Path, tmp_path: Path) -> None:
    before = rows(MIN_CARRIED)
    now = [replace(row, score=(row.score or 0.0) + 3e-5, fingerprint=NEW) for row in before]
    ran = carry(before, [*now, FileResult("other.wav", "scored", sha256="f" * 64, score=9.0)])
    assert (ran.code, ran.err) == (0, "")
    old, new = (json.loads(path.read_text()) for path in (calibration, tmp_path / "new.json"))
    (entry,) = new.pop("carried_over")
    assert new == old
    assert (entry["source"], entry["target"], entry["files"]) == (OLD, NEW, MIN_CARRIED)
    loaded, row = load_calibration(tmp_path / "new.json"), rows(1)[0]
    assert (loaded.fingerprint, loaded.carried_over) == (OLD, (NEW,))
    reasons = {print_: [reason.code for reason in loaded.assess(row, print_)[1]] for print_ in (OLD, NEW, "b" * 64)}
    assert reasons["b" * 64] == ["other_pipeline"]
    assert "other_pipeline" not in (*reasons[OLD], *reasons[NEW])
    again = carry(before, now)
    assert again.code == 0


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (rows(MIN_CARRIED - 1), rows(MIN_CARRIED - 1), "holds 299 scored files; 300 different ones are needed"),
        (rows(MIN_CARRIED) * 2, rows(MIN_CARRIED - 1), "299 of these files were scored before; 300 are needed"),
        (rows(MIN_CARRIED, "c" * 64), rows(MIN_CARRIED), "are of another pipeline"),
        (
            rows(400),
            [*rows(399), replace(rows(400)[399], score=57.0002)],
            "1 of 400 files score otherwise now (399.wav",
        ),
        (rows(400), [*rows(399), replace(rows(400)[399], score=None)], "57.0 before, None now"),
    ],
    ids=["few rows", "few files", "another pipeline", "another score", "no score"],
)
def test_what_does_not_show_equality_is_refused(
    carry: Any, tmp_path: Path, before: list[FileResult], now: list[FileResult], message: str
) -> None:
    ran = carry(before, now)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert not (tmp_path / "new.json").exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [({"files": MIN_CARRIED - 1}, "rests on 299 files"), ({"source": "d" * 64}, "no pipeline that it holds for")],
)
def test_a_log_that_does_not_hold_voids_the_file(calibration: Path, entry: dict[str, Any], message: str) -> None:
    whole = {"source": OLD, "target": NEW, "date": "", "tool_version": "", "files": MIN_CARRIED, "list_sha256": ""}
    content = json.loads(calibration.read_text())
    calibration.write_text(json.dumps({**content, "carried_over": [{**whole, **entry}]}))
    with pytest.raises(FormatError, match=message):
        load_calibration(calibration)


def test_a_calibration_is_carried_over_twice_by_its_log(calibration: Path) -> None:
    entry = {"date": "", "tool_version": "", "files": MIN_CARRIED, "list_sha256": ""}
    log = [{**entry, "source": OLD, "target": NEW}, {**entry, "source": NEW, "target": "e" * 64}]
    calibration.write_text(json.dumps({**json.loads(calibration.read_text()), "carried_over": log}))
    assert load_calibration(calibration).carried_over == (NEW, "e" * 64)
