"""Questions to the results of scans."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from slim_cli.reporting.writers import Findings, get_writer
from slim_cli.results import ChannelResult, FileResult, Media
from tests.cli.conftest import Slim
from tests.reporting import factory

pytest.importorskip("duckdb")


def media(codec: str) -> Media:
    return Media("WAV", codec, 8_000, 1, 80_000, 10.0, "soundfile", "1")


def row(path: str, score: float | None, sha256: str, codec: str = "PCM_16", month: str = "2026-10") -> FileResult:
    return FileResult(
        path=path,
        status="decode_failed" if score is None else "scored",
        sha256=sha256 * 64,
        modified=f"{month}-03T10:00:00+00:00",
        media=None if score is None else media(codec),
        score=score,
        channels=() if score is None else (ChannelResult(0, "0" * 64, 3.0), ChannelResult(1, "1" * 64, 5.5)),
    )


RUNS = {
    "2026-11-01": [row("in/a.wav", 1.0, "a"), row("in/b.wav", 3.0, "b", "ULAW", "2026-09"), row("c.wav", None, "c")],
    "2026-11-02": [row("in/a.wav", 1.0, "a"), row("out/\x1b[2Jd.wav", 5.0, "d", "ULAW")],
}


@pytest.fixture(params=["lines", "parquet"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two runs, with their rows in JSON Lines or in Parquet alone."""
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    for day, rows in RUNS.items():
        folder = tmp_path / "runs" / day
        folder.mkdir(parents=True)
        record = {
            "started": f"{day}T01:00:00Z",
            "finished": f"{day}T02:00:00Z",
            "complete": True,
            "files_found": len(rows),
            "tool_version": "1",
            "model": {"name": "tiny", "version": "1"},
            "fingerprint": "f" * 64,
        }
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
        (folder / "results.jsonl").write_text("".join(r.to_json() + "\n" for r in rows), encoding="utf-8")
        if request.param == "parquet":
            findings = Findings(rows, factory.run(rows), factory.reference(), folder)
            get_writer("parquet")[1](findings, folder / "results.parquet")
            (folder / "results.jsonl").unlink()
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("question", "options", "lines"),
    [
        ("select count(*) as n from files", [], [["n"], ["5"]]),
        (
            "select path, speech_s from files where codec = 'PCM_16' limit 1",
            [],
            [["path", "speech_s"], ["in/a.wav", "5.5"]],
        ),
        (
            "select run, files_found, model from runs order by run",
            [],
            [["run", "files_found", "model"], ["2026-11-01", "3", "tiny 1"], ["2026-11-02", "2", "tiny 1"]],
        ),
        (
            "worst",
            ["--top", "1"],
            [
                ["score", "codec", "speech_s", "path", "paths", "sha256"],
                ["5.0", "ULAW", "5.5", r"out/\x1b[2Jd.wav", "1", "d" * 64],
            ],
        ),
        (
            "folders",
            [],
            [
                ["folder", "files", "scored", "median", "highest"],
                ["out", "1", "1", "5.0", "5.0"],
                ["in", "2", "2", "1.0", "3.0"],
                ["", "1", "0", "", ""],
            ],
        ),
        (
            "codecs",
            [],
            [
                ["codec", "recordings", "mean", "median", "p95"],
                ["ULAW", "2", "4.0", "4.0", "4.9"],
                ["PCM_16", "1", "1.0", "1.0", "1.0"],
            ],
        ),
        (
            "months",
            [],
            [
                ["month", "recordings", "mean", "median", "p95"],
                ["2026-09", "1", "3.0", "3.0", "3.0"],
                ["2026-10", "2", "2.33", "1.0", "4.6"],
            ],
        ),
        ("failed", [], [["status", "reason", "files", "first"], ["decode_failed", "", "1", "c.wav"]]),
        (
            "new",
            ["--since", "2026-11-02T00:00Z"],
            [
                ["started", "run", "path", "status", "score"],
                ["2026-11-02 01:00:00", "2026-11-02", "in/a.wav", "scored", "1.0"],
                ["2026-11-02 01:00:00", "2026-11-02", r"out/\x1b[2Jd.wav", "scored", "5.0"],
            ],
        ),
    ],
)
def test_answers(slim: Slim, runs: Path, question: str, options: list[str], lines: list[list[str]]) -> None:
    ran = slim("query", question, runs, "--as", "csv", *options)
    assert (ran.code, ran.err) == (0, "")
    assert list(csv.reader(io.StringIO(ran.out))) == lines


def test_one_run_can_be_asked_and_answers_come_in_three_forms(slim: Slim, runs: Path) -> None:
    asked = ("query", "select path, score from files where score > 2", runs / "2026-11-01")
    assert json.loads(slim(*asked, "--as", "json").out) == {"path": "in/b.wav", "score": 3.0}
    assert slim(*asked).out.split() == ["path", "score", "in/b.wav", "3.0"]
    assert slim(*asked, "--as", "xml").code == 2


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("selec", "cannot be answered: Parser Error"),
        ("select * from read_csv('/etc/passwd')", "disabled by configuration"),
        ("copy files to '/tmp/stolen.csv'", "disabled by configuration"),
        ("set enable_external_access = true", "cannot be answered"),
        ("install httpfs", "cannot be answered"),
    ],
)
def test_a_question_reads_and_writes_nothing_else(slim: Slim, runs: Path, question: str, told: str) -> None:
    ran = slim("query", question, runs)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.count("\n") == 1


def test_a_folder_without_results_is_a_usage_error(slim: Slim, tmp_path: Path) -> None:
    ran = slim("query", "worst", tmp_path)
    assert (ran.code, "no results of a scan" in ran.err) == (2, True)
