import json
import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slim_cli.errors import EnvironmentUnfit, IntegrityError, UsageError
from slim_cli.results import FileResult, Remark
from tests.cli.conftest import Slim, World, rows

SCORED = ("a.wav", "scored", 0.5)
HIGH = ("b.wav", "scored", 3.0)
DAMAGED = ("c.wav", "decode_failed", None)
QUIET = ("d.wav", "insufficient_speech", None)


def send(number: int) -> Callable[[], FileResult]:
    """A row during whose making a signal comes."""

    def make() -> FileResult:
        os.kill(os.getpid(), number)
        return FileResult("late.wav", "scored", score=0.0)

    return make


@pytest.mark.parametrize(
    ("found", "options", "code"),
    [
        pytest.param(rows(SCORED, QUIET, ("n.txt", "no_audio", None)), [], 0, id="all examined"),
        pytest.param(rows(SCORED, HIGH), [], 0, id="a high score alone is no failure"),
        pytest.param(rows(SCORED, HIGH), ["--fail-on", "score>=3"], 1, id="a file at the threshold"),
        pytest.param(rows(SCORED), ["--fail-on", "score>=3"], 0, id="no file at the threshold"),
        pytest.param(rows(SCORED, DAMAGED), [], 3, id="a damaged file"),
        pytest.param(rows(("x", "unreadable", None)), [], 3, id="an unreadable file"),
        pytest.param(rows(("x", "refused", None)), [], 3, id="a refused file"),
        pytest.param(rows(SCORED, DAMAGED), ["--allow-errors"], 0, id="a damaged file, allowed"),
        pytest.param(rows(HIGH, DAMAGED), ["--fail-on", "score>=3"], 1, id="findings before errors"),
        pytest.param([*rows(HIGH, DAMAGED), IntegrityError("Changed.")], ["--fail-on", "score>=3"], 4, id="changed"),
        pytest.param([*rows(SCORED), send(signal.SIGINT)], [], 130, id="Ctrl-C"),
        pytest.param([*rows(SCORED), send(signal.SIGTERM)], [], 143, id="SIGTERM"),
    ],
)
def test_exit_code(slim: Slim, world: World, tmp_path: Path, found: list[Any], options: list[str], code: int) -> None:
    world.rows = found
    assert slim("scan", "evidence", "-o", tmp_path / "out", *options).code == code


def test_a_report_that_cannot_be_rendered_leaves_the_rows_and_code_5(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED, HIGH)

    def fail() -> None:
        raise EnvironmentUnfit("Pango is missing.")

    world.on_write = fail
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--fail-on", "score>=3")
    assert ran.code == 5
    assert "Pango is missing." in ran.err
    assert len(written_rows(tmp_path / "out")) == 2


def written_rows(folder: Path) -> list[FileResult]:
    return [FileResult.from_json(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def test_every_row_is_on_disk_before_the_next_file_is_begun(slim: Slim, world: World, tmp_path: Path) -> None:
    seen = []

    def look() -> FileResult:
        seen.append(len(written_rows(tmp_path / "out")))
        return FileResult("next.wav", "no_audio")

    world.rows = [look, look, look]
    slim("scan", "evidence", "-o", tmp_path / "out")
    assert seen == [0, 1, 2]


def test_a_stopped_scan_keeps_finished_files_and_reports_them_as_incomplete(
    slim: Slim, world: World, tmp_path: Path
) -> None:
    world.rows = [*rows(SCORED, HIGH), send(signal.SIGINT), *rows(DAMAGED)]
    ran = slim("scan", "evidence", "-o", tmp_path / "out")
    assert [r.path for r in written_rows(tmp_path / "out")] == ["a.wav", "b.wav"]
    (written,) = world.written
    assert [r.path for r in written["results"]] == ["a.wav", "b.wav"]
    assert not written["run"].complete
    assert "Stopped" in ran.err
    assert "Traceback" not in ran.err


def test_evidence_that_is_pulled_out_stops_the_scan_which_goes_on_when_it_is_back(
    slim: Slim, world: World, tmp_path: Path
) -> None:
    evidence, apart = tmp_path / "medium", tmp_path / "apart"
    evidence.mkdir()
    gone = FileResult("b.wav", "unreadable", Remark("unreadable", {"error": "ENOENT"}))
    world.rows = [*rows(SCORED), lambda: evidence.rename(apart) and gone, *rows(DAMAGED)]
    ran = slim("scan", evidence, "-o", tmp_path / "out")
    assert (ran.code, [r.path for r in written_rows(tmp_path / "out")]) == (5, ["a.wav"])
    assert f"The evidence {evidence} is no longer there; bring it back and go on with --resume." in ran.err
    apart.rename(evidence)
    world.rows = rows(SCORED, HIGH, DAMAGED)
    assert slim("scan", evidence, "-o", tmp_path / "out", "--resume", "--allow-errors").code == 0
    assert [r.path for r in written_rows(tmp_path / "out")] == ["a.wav", "b.wav", "c.wav"]


def test_a_file_that_cannot_be_read_alone_stops_nothing(slim: Slim, world: World, tmp_path: Path) -> None:
    (tmp_path / "medium").mkdir()
    world.rows = [FileResult("a.wav", "unreadable", Remark("unreadable", {"error": "EIO"})), *rows(HIGH)]
    slim("scan", tmp_path / "medium", "-o", tmp_path / "out")
    assert [r.status for r in written_rows(tmp_path / "out")] == ["unreadable", "scored"]


def test_stopped_before_the_first_file_writes_no_report(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = [send(signal.SIGINT)]
    assert slim("scan", "evidence", "-o", tmp_path / "out").code == 130
    assert world.written == []


def test_the_run_record_says_what_was_done(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED, DAMAGED)
    slim("scan", "evidence", "-o", tmp_path / "out", "--report", "top:2", "--format", "csv,html")
    (written,) = world.written
    run = written["run"]
    assert run.command[:3] == ("slim", "scan", "evidence")
    assert run.counts == {"scored": 1, "decode_failed": 1}
    assert run.model["name"] == "tiny"
    assert run.complete
    assert {"Python", "torch", "libsndfile", "FFmpeg", "Device"} <= run.software.keys()
    assert written["formats"] == ("csv", "html")
    assert written["style"].limit == "top:2"


def test_limits_reach_the_scan(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED)
    out = tmp_path / "out"
    slim("scan", "evidence", "-o", out, "--max-duration", "30m", "--max-size", "2G", "--timeout", "9s")
    options = world.asked["options"]
    assert (options.max_duration_s, options.max_size_bytes, options.timeout_s) == (1800.0, 2 * 1024**3, 9.0)
    assert options.output == out


@pytest.mark.parametrize(
    "options",
    [
        ["--format", "docx"],
        ["--format", ""],
        ["--report", "some"],
        ["--fail-on", "score>3"],
        ["--fail-on", "score>=high"],
        ["--max-size", "big"],
        ["--max-duration", "0"],
        ["--timeout", "-1"],
        ["--no-such-option"],
    ],
)
def test_wrong_use_exits_with_2_in_plain_words_and_writes_nothing(
    slim: Slim, world: World, tmp_path: Path, options: list[str]
) -> None:
    ran = slim("scan", "evidence", "-o", tmp_path / "out", *options)
    assert ran.code == 2
    assert ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_a_refusal_of_the_scan_leaves_no_output_folder(
    slim: Slim, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(paths: Any, **asked: Any) -> Any:
        raise UsageError("There are no files in evidence.")

    monkeypatch.setattr("slim_cli.engines.scanning.examine_files", refuse)
    ran = slim("scan", "evidence", "-o", tmp_path / "out")
    assert (ran.code, ran.err) == (2, "slim: There are no files in evidence.\n")
    assert not (tmp_path / "out").exists()


def test_earlier_results_are_kept_unless_forced_and_other_files_always(
    slim: Slim, world: World, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    world.rows = rows(SCORED, HIGH)
    assert slim("scan", "evidence", "-o", out).code == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    world.rows = rows(SCORED)
    assert slim("scan", "evidence", "-o", out).code == 2
    assert len(written_rows(out)) == 2
    assert slim("scan", "evidence", "-o", out, "--force").code == 0
    assert len(written_rows(out)) == 1
    assert not (out / "overview" / "1-old.npz").exists()
    assert (out / "notes.txt").read_text("utf-8") == "mine"


def test_an_output_that_is_a_file_is_refused(slim: Slim, world: World, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    assert slim("scan", "evidence", "-o", tmp_path / "out", "--force").code == 2


def test_the_table_goes_to_stdout_and_the_list_of_failures_to_stderr(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED, HIGH, DAMAGED, QUIET)
    ran = slim("scan", "evidence", "-o", tmp_path / "out")
    lines = ran.out.splitlines()
    assert [line.split()[4 if "scored" in line else -1] for line in lines[1:3]] == ["b.wav", "a.wav"]
    assert "4 files: 2 scored, 1 with too little speech, 1 not decodable." in ran.out
    assert "1 of 2 scored files reached the review threshold of +1.00" in ran.out
    assert str(tmp_path / "out" / "report.html") in ran.out
    assert ran.err == "slim: not examined: c.wav: because of decode_failed (decode_failed)\n"
    assert "\x1b" not in ran.out + ran.err


def test_json_is_one_line_with_every_flag(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = [*rows(HIGH, DAMAGED), IntegrityError("Changed.")]
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--json", "--fail-on", "score>=2")
    (line,) = ran.out.splitlines()
    summary = json.loads(line)
    assert summary["schema"] == "slim-summary/1"
    assert summary["exit_code"] == ran.code == 4
    assert summary["counts"] == {"scored": 1, "decode_failed": 1}
    assert summary["not_examined"] == 1
    assert summary["at_or_above_fail_on"] == 1
    assert summary["integrity_failure"] is True
    assert summary["interrupted"] is False


def test_quiet_prints_nothing_but_grave_errors(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED, DAMAGED)
    assert slim("scan", "evidence", "-o", tmp_path / "out", "--quiet").out == ""
    world.rows = [*rows(SCORED), IntegrityError("Evidence changed.")]
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--quiet", "--force")
    assert (ran.out, ran.err) == ("", "slim: Evidence changed.\n")


def test_timings_name_every_stage(slim: Slim, world: World, tmp_path: Path) -> None:
    world.rows = rows(SCORED)
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--timings")
    assert [line.split()[0] for line in ran.err.splitlines()][-2:] == ["report", "total"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("\x1b[2Jgone.wav", r"\x1b[2Jgone.wav"), ("\u202egpj.wav", r"\u202egpj.wav"), ("[red]x[/red].wav",) * 2],
)
def test_hostile_names_are_shown_harmless_on_both_streams(
    slim: Slim, world: World, tmp_path: Path, name: str, shown: str
) -> None:
    world.rows = rows((name, "decode_failed", None), (name, "scored", 0.0))
    ran = slim("scan", "evidence", "-o", tmp_path / "out")
    assert ran.out.count(shown) == 2
    assert shown in ran.err
    assert name == shown or name not in ran.out + ran.err


def test_a_large_archive_shows_highest_scores_and_failures_and_says_so(
    slim: Slim, world: World, tmp_path: Path
) -> None:
    world.rows = rows(*((f"{n:03d}.wav", "scored", n / 10) for n in range(100)))
    ran = slim("scan", "evidence", "-o", tmp_path / "out")
    assert "099.wav" in ran.out
    assert "010.wav" not in ran.out
    assert "The table shows 40 of 100 files" in ran.out


def calibration(folder: Path, name: str = "calibration.json") -> Path:
    """A calibration file as small as it can be."""
    text = {
        "schema": "slim-calibration/1",
        "pipeline_fingerprint": "f" * 64,
        "propositions": {"h1": "synthetic", "h2": "recorded"},
        "method": {"slope": 1.0, "intercept": 0.0, "refits": []},
        "bounds": {"low": -1.0, "high": 1.0},
        "scope": {"net_speech_s": [2.0, 60.0]},
    }
    (folder / name).write_text(json.dumps(text), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("own", "asked", "used"),
    [(False, None, False), (True, None, True), (True, "none", False), (False, "other.json", True)],
)
def test_the_models_own_calibration_is_used_unless_another_or_none_is_asked_for(
    slim: Slim, world: World, tmp_path: Path, own: bool, asked: str | None, used: bool
) -> None:
    world.rows = rows(SCORED)
    if own:
        calibration(tmp_path)
    file = asked and (str(calibration(tmp_path, asked)) if asked.endswith(".json") else asked)
    ran = slim("scan", "evidence", "-o", tmp_path / "out", *(["--calibration", file] if file else []))
    assert ran.code == 0
    assert (world.asked["options"].calibration is not None) == used
    assert bool(world.written[0]["run"].calibration) == used


def test_a_missing_calibration_is_a_usage_error(slim: Slim, world: World, tmp_path: Path) -> None:
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--calibration", tmp_path / "missing.json")
    assert ran.code == 2
    assert "missing.json: cannot be read" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "stability", "occlusion"),
    [([], False, "flagged"), (["--stability"], True, "flagged"), (["--occlusion", "all"], False, "all")],
)
def test_second_hearings_are_asked_for_and_recorded(
    slim: Slim, world: World, tmp_path: Path, options: list[str], stability: bool, occlusion: str
) -> None:
    world.rows = rows(SCORED)
    slim("scan", "evidence", "-o", tmp_path / "out", *options)
    asked = world.asked["options"]
    assert (asked.stability, asked.occlusion, asked.review_score) == (stability, occlusion, 1.0)
    recorded = world.written[0]["run"].parameters
    assert (recorded["stability"] != "none", recorded["occlusion"]["files"]) == (stability, occlusion)


@pytest.mark.parametrize(("options", "asked"), [([], False), (["--embed-audio"], True)])
def test_listening_proxies_are_asked_for_and_recorded(
    slim: Slim, world: World, tmp_path: Path, options: list[str], asked: bool
) -> None:
    world.rows = rows(SCORED)
    slim("scan", "evidence", "-o", tmp_path / "out", *options)
    assert world.asked["options"].embed_audio == asked
    assert (world.written[0]["run"].parameters["listening_proxy"] != "none") == asked


def test_an_unknown_occlusion_is_a_usage_error(slim: Slim, world: World, tmp_path: Path) -> None:
    ran = slim("scan", "evidence", "-o", tmp_path / "out", "--occlusion", "some")
    assert (ran.code, "none, flagged, all" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("stands", "given", "folder"),
    [
        pytest.param(".", "evidence", "slim-reports/{today}-evidence", id="beside where one stands"),
        pytest.param(".", "evidence/call 1.wav", "slim-reports/{today}-call-1.wav", id="named after a file"),
        pytest.param("evidence", ".", "../slim-reports/{today}-evidence", id="not inside the evidence"),
        pytest.param("evidence/calls", "..", "../../slim-reports/{today}-evidence", id="nor deeper inside it"),
    ],
)
def test_without_an_output_the_results_go_to_a_new_folder_whose_report_is_printed_last(
    slim: Slim, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: str, given: str, folder: str
) -> None:
    (tmp_path / "evidence" / "calls").mkdir(parents=True)
    (tmp_path / "evidence" / "call 1.wav").write_bytes(b"")
    monkeypatch.chdir(tmp_path / stands)
    world.rows = rows(SCORED)
    expected = (Path.cwd() / folder.format(today=date.today().isoformat())).resolve()
    for wanted in (expected, expected.with_name(f"{expected.name}-2")):
        ran = slim("scan", given)
        last = ran.out.splitlines()[-1].removeprefix("Report: ")
        assert (ran.code, Path(last).resolve()) == (0, wanted / "report.html")
        assert len(written_rows(wanted)) == 1
    assert not list((tmp_path / "evidence").rglob("*.jsonl"))


@pytest.mark.parametrize("option", ["--force", "--resume"])
def test_an_earlier_scan_is_meant_only_where_its_folder_is_named(slim: Slim, world: World, option: str) -> None:
    ran = slim("scan", "evidence", option)
    assert (ran.code, ran.err) == (2, f"slim: {option} needs the folder of the earlier scan: --output DIR.\n")
