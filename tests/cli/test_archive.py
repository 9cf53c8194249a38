"""Growing archives: what is known is not scored twice, and a scan may be a part of a larger one."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.engines.local import examine_files
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.results import FileResult
from tests.cli.conftest import Ran, Slim, World, rows
from tests.conftest import RATE_HZ, FakeDetector

Scan = Callable[..., Ran]


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch, world: World) -> FakeDetector:
    """The real scan with a detector that counts what it is given."""
    made = FakeDetector()
    monkeypatch.setattr("slim_cli.engines.scan_job.load_detector", lambda bundle, device: made)
    monkeypatch.setattr("slim_cli.engines.scanning.examine_files", examine_files)
    return made


@pytest.fixture
def evidence(tmp_path: Path, speech: np.ndarray) -> Path:
    """Two recordings, one of them twice, a damaged file and a text."""
    folder = tmp_path / "evidence"
    (folder / "b").mkdir(parents=True)
    soundfile.write(folder / "a.wav", speech[: 6 * RATE_HZ], RATE_HZ)
    soundfile.write(folder / "b" / "other.wav", speech[: 5 * RATE_HZ] * 0.5, RATE_HZ)
    (folder / "b" / "twin.wav").write_bytes((folder / "a.wav").read_bytes())
    (folder / "damaged.flac").write_bytes(b"fLaC" + b"\xff" * 500)
    (folder / "notes.txt").write_bytes(b"Dear Sir,\n")
    return folder


def written(folder: Path) -> dict[str, FileResult]:
    lines = (folder / "results.jsonl").read_text("utf-8").splitlines()
    return {row.path: row for row in map(FileResult.from_json, lines)}


def origins(found: dict[str, FileResult]) -> dict[str, str]:
    return {path: row.from_ledger.run.split()[0] for path, row in found.items() if row.from_ledger}


def test_equal_content_is_scored_once_and_names_its_origin(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    scan = lambda out, *more: slim("scan", evidence, "-o", tmp_path / out, "--ledger", tmp_path / "l", *more)  # noqa: E731
    assert scan("first").code == 3
    first, windows = written(tmp_path / "first"), sum(detector.batches)
    assert origins(first) == {"b/twin.wav": "first"}
    assert first["b/twin.wav"].score == first["a.wav"].score
    ran = scan("second", "--json")
    second = written(tmp_path / "second")
    assert sum(detector.batches) == windows
    assert origins(second) == {"a.wav": "first", "b/other.wav": "first", "b/twin.wav": "first"}
    for path, row in first.items():
        assert (second[path].score, second[path].status, second[path].sha256) == (row.score, row.status, row.sha256)
    assert json.loads(ran.out)["from_ledger"] == 3
    dates = {row.from_ledger.date for row in second.values() if row.from_ledger}
    assert dates == {json.loads((tmp_path / "first/run.json").read_text())["started"]}
    head = (tmp_path / "first/audit.jsonl").read_bytes().split(b"\n")[0]
    assert second["a.wav"].from_ledger.run == f"first {hashlib.sha256(head).hexdigest()[:12]}"


def test_a_failed_file_is_tried_again_and_a_changed_one_is_examined(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, speech: np.ndarray
) -> None:
    slim("scan", evidence, "-o", tmp_path / "first", "--ledger", tmp_path / "l")
    soundfile.write(evidence / "damaged.flac", speech[: 4 * RATE_HZ], RATE_HZ)
    soundfile.write(evidence / "a.wav", speech[: 7 * RATE_HZ], RATE_HZ)
    assert slim("scan", evidence, "-o", tmp_path / "second", "--ledger", tmp_path / "l").code == 0
    found = written(tmp_path / "second")
    assert found["damaged.flac"].status == "scored"
    assert origins(found) == {"b/other.wav": "first", "b/twin.wav": "first"}


@pytest.mark.parametrize("options", [["--stability"], ["--max-duration", "1h"]])
def test_a_row_that_other_options_made_is_not_taken(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, options: list[str]
) -> None:
    slim("scan", evidence, "-o", tmp_path / "first", "--ledger", tmp_path / "l")
    slim("scan", evidence, "-o", tmp_path / "second", "--ledger", tmp_path / "l", *options)
    assert set(origins(written(tmp_path / "second"))) == {"b/twin.wav"}


def test_for_a_case_everything_is_examined_anew_and_hashed(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    case = Path(__file__).parents[2] / "examples" / "case.toml"
    slim("scan", evidence, "-o", tmp_path / "first", "--ledger", tmp_path / "l")
    windows = sum(detector.batches)
    slim("scan", evidence, "-o", tmp_path / "case", "--ledger", tmp_path / "l", "--case", case)
    assert origins(written(tmp_path / "case")) == {}
    assert sum(detector.batches) > 2 * windows - 1
    refused = slim("scan", evidence, "-o", tmp_path / "x", "--ledger", tmp_path / "l", "--case", case, "--trust-stat")
    assert (refused.code, "--trust-stat takes hashes" in refused.err) == (2, True)


def test_trust_in_size_and_times_reads_no_content_and_says_so(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ("--ledger", tmp_path / "l", "--trust-stat")
    slim("scan", evidence, "-o", tmp_path / "first", *ledger)
    (evidence / "b/other.wav").touch()
    hashed = []
    hashes = Exhibit.hashes
    monkeypatch.setattr(Exhibit, "hashes", lambda self, names: hashed.append(self.path.name) or hashes(self, names))
    slim("scan", evidence, "-o", tmp_path / "second", *ledger)
    assert set(hashed) == {"other.wav", "damaged.flac"}
    found = written(tmp_path / "second")
    trusted = {path for path, row in found.items() if any(r.code == "hash_taken_on_trust" for r in row.remarks)}
    assert trusted == {"a.wav", "b/twin.wav", "notes.txt"}
    assert found["a.wav"].sha256 == written(tmp_path / "first")["a.wav"].sha256


def test_an_interrupted_run_that_goes_on_ends_with_the_rows_of_an_unbroken_one(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    slim("scan", evidence, "-o", tmp_path / "whole" / "run", "--ledger", tmp_path / "l1")
    broken = ("scan", evidence, "-o", tmp_path / "broken" / "run", "--ledger", tmp_path / "l2")
    for number in range(4):
        ran = slim(*broken, "--max-runtime", "0.000001s", *(["--resume"] if number else []))
        assert ran.code == 6
        assert f"{4 - number} files are left" in ran.err
    assert slim(*broken, "--max-runtime", "1h", "--resume").code == 3
    compared = []
    for folder in (tmp_path / "whole/run", tmp_path / "broken/run"):
        text = (folder / "results.jsonl").read_text("utf-8")
        for row in written(folder).values():
            if row.from_ledger:
                text = text.replace(row.from_ledger.run, "RUN").replace(row.from_ledger.date, "DATE")
        compared.append(text)
        assert verify(VerifyOptions(folder)).changed == ()
    assert compared[0] == compared[1]


def test_what_is_no_ledger_is_left_alone(slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Dear Sir,\n" * 200)
    with sqlite3.connect(tmp_path / "base") as base:
        base.execute("CREATE TABLE mine (x)")
    for place, told in (
        (tmp_path / "text", "not a database"),
        (tmp_path / "base", "something else"),
        (evidence / "l", "lies inside"),
        (tmp_path / "none" / "l", "unable to open"),
    ):
        before = place.read_bytes() if place.exists() else None
        ran = slim("scan", evidence, "-o", tmp_path / "out", "--ledger", place, "--force")
        assert (ran.code, told in ran.err, ran.err.count("\n")) == (2, True, 1), ran.err
        assert (place.read_bytes() if place.exists() else None) == before


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["--include", "*.wav"], ["a.wav", "b/other.wav", "b/twin.wav"]),
        (["--include", "*.wav", "--exclude", "twin*"], ["a.wav", "b/other.wav"]),
        (["--exclude", "b/*", "--exclude", "*.flac"], ["a.wav", "notes.txt"]),
        (["--since", "1h"], ["a.wav", "b/other.wav", "b/twin.wav", "damaged.flac", "notes.txt"]),
        (["--since", "2000-01-01", "--include", "notes*"], ["notes.txt"]),
    ],
)
def test_a_scan_narrowed_down_says_so_in_log_and_record(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, options: list[str], paths: list[str]
) -> None:
    slim("scan", evidence, "-o", tmp_path / "out", *options)
    assert list(written(tmp_path / "out")) == paths
    opening = json.loads((tmp_path / "out/audit.jsonl").read_text().splitlines()[0])["payload"]
    assert opening["choice"] == json.loads((tmp_path / "out/run.json").read_text())["parameters"]["choice"]
    assert opening["choice"].keys() & {"include", "exclude", "since"}


def test_nothing_chosen_and_nothing_named_are_usage_errors(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    ran = slim("scan", evidence, "-o", tmp_path / "out", "--include", "*.xyz")
    assert (ran.code, "to be examined" in ran.err) == (2, True)
    for named in ([], [evidence, "--files-from", tmp_path / "list"]):
        ran = slim("scan", *named, "-o", tmp_path / "out")
        assert (ran.code, "--files-from" in ran.err) == (2, True)


def test_listed_files_are_examined(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list").write_bytes(b"evidence/a.wav\0evidence/gone.wav\0")
    assert slim("scan", "--files-from", "list", "-o", "out").code == 3
    found = written(tmp_path / "out")
    assert {path: row.status for path, row in found.items()} == {
        "evidence/a.wav": "scored",
        "evidence/gone.wav": "unreadable",
    }
    assert verify(VerifyOptions(tmp_path / "out", evidence=tmp_path)).changed == ()


@pytest.mark.parametrize(
    "written", [["--metrics", "evidence/slim.prom"], ["--metrics", "out/slim.prom"], ["--ledger", "evidence/a.wav"]]
)
def test_nothing_is_written_into_evidence_or_beside_the_results(
    slim: Slim,
    detector: FakeDetector,
    evidence: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in evidence.rglob("*.*")}
    (tmp_path / "list").write_bytes(b"evidence/a.wav\n")
    for named in (["evidence"], ["--files-from", "list"]) if written[1] != "evidence/slim.prom" else (["evidence"],):
        ran = slim("scan", *named, "-o", "out", *written)
        assert (ran.code, "lies inside" in ran.err) == (2, True), ran.err
    assert {path: path.read_bytes() for path in evidence.rglob("*.*")} == before
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_what_a_run_wrote_is_not_examined_by_the_run_that_replaces_it(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slim("scan", "evidence", "-o", "out")
    before = (tmp_path / "out/results.jsonl").read_bytes()
    (tmp_path / "list").write_bytes(b"out/results.jsonl\n")
    assert slim("scan", "--files-from", "list", "-o", "out", "--force").code == 2
    assert (tmp_path / "out/results.jsonl").read_bytes() == before


def test_shards_merge_into_the_rows_of_one_scan(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    slim("scan", evidence, "-o", tmp_path / "whole")
    shards = [tmp_path / f"shard{i}" for i in (1, 2)]
    for i, folder in enumerate(shards, start=1):
        slim("scan", evidence, "-o", folder, "--shard", f"{i}/2")
    assert [len(written(folder)) > 0 for folder in shards] == [True, True]
    before = {path: path.read_bytes() for folder in shards for path in sorted(folder.rglob("*")) if path.is_file()}
    missing = slim("merge", shards[0], "-o", tmp_path / "m")
    assert (missing.code, "these are missing: 2" in missing.err) == (2, True)
    twice = slim("merge", *shards, shards[0], "-o", tmp_path / "m")
    assert (twice.code, "given twice: 1" in twice.err) == (2, True)
    assert slim("merge", *shards, "-o", tmp_path / "merged", "--format", "csv").code == 0
    scores = [{path: row.score for path, row in written(tmp_path / name).items()} for name in ("whole", "merged")]
    assert scores[0] == scores[1]
    assert list(scores[1]) == list(scores[0])
    assert verify(VerifyOptions(tmp_path / "merged")).changed == ()
    assert verify(VerifyOptions(tmp_path / "merged")).unfinished == ""
    for row in written(tmp_path / "merged").values():
        assert row.overview is None or (tmp_path / "merged" / row.overview).is_file()
    assert {path: path.read_bytes() for path in before} == before
    opening = json.loads((tmp_path / "merged/audit.jsonl").read_text().splitlines()[0])["payload"]
    assert [one["head"] for one in opening["merged"]] == [verify(VerifyOptions(folder)).head for folder in shards]


def test_a_changed_or_unlike_shard_is_refused(
    slim: Slim, detector: FakeDetector, evidence: Path, tmp_path: Path
) -> None:
    slim("scan", evidence, "-o", tmp_path / "one", "--include", "a.wav")
    slim("scan", evidence, "-o", tmp_path / "other", "--include", "other.wav", "--stability")
    ran = slim("merge", tmp_path / "one", tmp_path / "other", "-o", tmp_path / "m")
    assert (ran.code, "another configuration" in ran.err) == (2, True)
    slim("scan", evidence, "-o", tmp_path / "again", "--include", "a.wav")
    ran = slim("merge", tmp_path / "one", tmp_path / "again", "-o", tmp_path / "m")
    assert (ran.code, "both hold a row of 'a.wav'" in ran.err) == (2, True)
    path = tmp_path / "one" / "results.jsonl"
    path.write_bytes(path.read_bytes().replace(b"scored", b"SCORED"))
    assert slim("merge", tmp_path / "one", "-o", tmp_path / "m").code == 4


def test_metrics_for_prometheus(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(("a.wav", "scored", 5.0), ("b.wav", "decode_failed", None))
    slim("scan", "evidence", "-o", tmp_path / "out", "--metrics", tmp_path / "slim.prom")
    lines = (tmp_path / "slim.prom").read_text().splitlines()
    assert {
        'slim_scan_files{status="scored"} 1',
        'slim_scan_files{status="decode_failed"} 1',
        'slim_scan_files{status="refused"} 0',
        "slim_scan_for_review 1",
        "slim_scan_exit_code 3",
    } <= set(lines)
    names = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == names
    assert os.stat(tmp_path / "slim.prom").st_mode & 0o777 == 0o644
