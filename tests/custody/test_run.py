"""The run that owns an output folder: what it keeps, what it removes, and how it goes on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slim_cli.custody import audit
from slim_cli.custody import evidence_manifest as manifest
from slim_cli.custody.folder import OutputFolder, check_apart, read_history
from slim_cli.custody.lock import FolderLock
from slim_cli.custody.run import Run, open_run
from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.results import FileResult

OPENING = {"fingerprint": "f", "model": {}, "calibration": None, "configuration": "c", "evidence": ["e"]}
ROWS = [FileResult(f"{n}.wav", "scored", score=float(n), sha256=str(n) * 64) for n in range(4)]


def begin(folder: Path, **options: Any) -> Run:
    run = open_run(OutputFolder(folder, **options))
    run.begin(len(ROWS), {"run.json": "{}"}, **OPENING)
    return run


def finish(run: Run, rows: list[FileResult]) -> None:
    with run:
        for row in rows:
            run.record(row)
        run.end(True, len(ROWS), {"run.json": "{ }"})
        run.close("report_written")


def stop_after(folder: Path, count: int) -> None:
    """A run that ends abruptly after some rows."""
    with begin(folder) as run:
        for row in ROWS[:count]:
            run.record(row)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A finished run."""
    finish(begin(tmp_path / "whole"), ROWS)
    return tmp_path / "whole"


def add_row(folder: Path) -> None:
    with (folder / "results.jsonl").open("ab") as rows:
        rows.write(ROWS[2].to_json().encode() + b"\n")


def tear_row(folder: Path) -> None:
    with (folder / "results.jsonl").open("ab") as rows:
        rows.write(b'{"schema": "sl')


def tear_log(folder: Path) -> None:
    with (folder / "audit.jsonl").open("ab") as log:
        log.write(b'{"event": "file_ex')


def leave_partial(folder: Path) -> None:
    (folder / ".report.pdf.part").write_bytes(b"%PDF")


@pytest.mark.parametrize("accident", [lambda f: None, add_row, tear_row, tear_log, leave_partial])
@pytest.mark.parametrize("count", range(len(ROWS)))
def test_a_run_that_goes_on_ends_with_the_rows_of_an_unbroken_one(
    tmp_path: Path, whole: Path, count: int, accident: Callable[[Path], None]
) -> None:
    folder = tmp_path / "out"
    stop_after(folder, count)
    accident(folder)
    found = verify(VerifyOptions(folder))
    assert (found.changed, found.unfinished) == ((), f"{count} of 4")
    run = begin(folder, resume=True)
    assert list(run.earlier) == ROWS[:count]
    finish(run, ROWS[count:])
    assert (folder / "results.jsonl").read_bytes() == (whole / "results.jsonl").read_bytes()
    again = verify(VerifyOptions(folder))
    assert (again.changed, again.unfinished) == ((), "")


@pytest.mark.parametrize("name", ["fingerprint", "model", "calibration", "configuration", "evidence"])
def test_a_run_goes_on_only_as_it_was_begun(tmp_path: Path, name: str) -> None:
    stop_after(tmp_path / "out", 1)
    with (
        open_run(OutputFolder(tmp_path / "out", resume=True)) as run,
        pytest.raises(UsageError, match=f"another {name}"),
    ):
        run.begin(4, {}, **{**OPENING, name: "other"})


def test_a_changed_row_ends_the_attempt_to_go_on(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", 2)
    rows = tmp_path / "out" / "results.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b'"score": 1.0', b'"score": 9.0'))
    with pytest.raises(IntegrityError, match="Row 2 of"):
        OutputFolder(tmp_path / "out", resume=True)


def test_there_must_be_something_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run that could go on"):
        OutputFolder(tmp_path, resume=True)


@pytest.mark.parametrize("log", [b"", b'{"ev', b'{"event":"scan_started","payload":{"f'])
@pytest.mark.parametrize("resume", [True, False])
def test_a_run_that_ended_before_its_first_entry_is_begun_anew(tmp_path: Path, log: bytes, resume: bool) -> None:
    left = {"audit.jsonl": log, ".lock": b"", "results.jsonl": b"", ".run.json.part": b"{", "notes.txt": b"kept"}
    for name, content in left.items():
        (tmp_path / name).write_bytes(content)
    finish(begin(tmp_path, resume=resume), ROWS)
    assert verify(VerifyOptions(tmp_path)).changed == ()
    assert {"notes.txt", "results.jsonl"} <= {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / ".run.json.part").exists()


@pytest.mark.parametrize(("log", "rows"), [(b"a log of something else", b""), (b"", b"{}\n")])
def test_what_may_be_of_something_else_is_not(tmp_path: Path, log: bytes, rows: bytes) -> None:
    (tmp_path / "audit.jsonl").write_bytes(log)
    (tmp_path / "results.jsonl").write_bytes(rows)
    with pytest.raises(UsageError, match="holds no run that could go on"):
        begin(tmp_path, resume=True)
    with pytest.raises(UsageError, match="was written by no run"):
        begin(tmp_path, replace=True)


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with begin(tmp_path / "out"), pytest.raises(UsageError, match=rf"process {os.getpid()} of .* since 20"):
        FolderLock(tmp_path / "out")


def test_the_lock_of_a_dead_owner_is_taken_over_and_the_log_says_so(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", 1)
    program = (
        "import os, sys; from pathlib import Path; from slim_cli.custody.lock import FolderLock\n"
        "FolderLock(Path(sys.argv[1])); print(os.getpid())"
    )
    dead = subprocess.run([sys.executable, "-c", program, tmp_path / "out"], capture_output=True, check=True)
    finish(begin(tmp_path / "out", resume=True), ROWS[1:])
    taken = [entry.payload["left_by"] for entry in audit.entries(tmp_path / "out") if entry.event == "lock_taken_over"]
    assert [owner["process"] for owner in taken] == [int(dead.stdout)]
    assert not (tmp_path / "out" / ".lock").exists()


def test_the_log_names_user_host_and_version(whole: Path) -> None:
    opening = read_history(whole).opening
    assert all(opening[name] for name in ("user", "host", "version"))


def test_only_files_that_the_run_wrote_are_replaced(whole: Path) -> None:
    (whole / "notes.txt").write_text("mine", encoding="utf-8")
    (whole / "manifest.sha256").unlink()
    finish(begin(whole, replace=True), ROWS)
    assert (whole / "notes.txt").read_text("utf-8") == "mine"
    assert verify(VerifyOptions(whole)).changed == ()


@pytest.mark.parametrize("name", ["case/evidence.wav", "results.csv", "overview/1.npz", "proxy/a", "raven/b.txt"])
def test_what_no_run_wrote_is_never_replaced(whole: Path, tmp_path: Path, name: str) -> None:
    for folder in (whole, tmp_path / "bare"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"evidence")
        with pytest.raises(UsageError, match="written by no run"):
            OutputFolder(folder, replace=True)
        assert (folder / name).read_bytes() == b"evidence"


def test_results_are_replaced_only_at_wish(whole: Path) -> None:
    with pytest.raises(UsageError, match=r"--resume.*--force"):
        OutputFolder(whole)


@pytest.mark.parametrize(
    ("output", "evidence"),
    [
        ("case", "case"),
        ("case/out", "case"),
        (".", "case"),
        (".", "case/a.wav"),
        (".", "overview/deep/a.wav"),
        (".", "results.csv"),
        (".", "link"),
        (".", "LINK/a.wav"),
    ],
)
def test_evidence_that_results_would_touch_is_refused(tmp_path: Path, output: str, evidence: str) -> None:
    for folder in ("case", "overview/deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.wav").write_bytes(b"speech")
    (tmp_path / "results.csv").write_text("evidence", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "case")
    (tmp_path / "LINK").symlink_to(tmp_path / "overview" / "deep")
    with pytest.raises(UsageError, match=r"lies inside the evidence|results would be written"):
        check_apart(tmp_path / output, [tmp_path / evidence])


@pytest.mark.parametrize(("output", "evidence"), [("out", "case"), (".", "recordings"), (".", "recordings/a.wav")])
def test_evidence_beside_the_results_is_not(tmp_path: Path, output: str, evidence: str) -> None:
    for folder in ("case", "recordings"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").write_bytes(b"speech")
    check_apart(tmp_path / output, [tmp_path / evidence])


def test_what_stood_in_the_folder_before_is_none_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.wav").write_bytes(b"speech")
    finish(begin(tmp_path), ROWS)
    (tmp_path / "recordings" / "b.wav").write_bytes(b"speech")
    assert verify(VerifyOptions(tmp_path)).changed == ()
    assert set(manifest.from_text((tmp_path / "manifest.sha256").read_text())) == {"results.jsonl", "run.json"}


def test_the_manifest_is_one_of_sha256sum(whole: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    done = subprocess.run(["sha256sum", "--strict", "-c", "manifest.sha256"], cwd=whole, capture_output=True)
    assert done.returncode == 0


def test_a_death_between_log_and_manifest_is_no_change(whole: Path) -> None:
    (whole / "manifest.sha256").rename(whole / ".manifest.sha256.part")
    assert verify(VerifyOptions(whole)).changed == ()


def forge(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Flips a row and recomputes the whole chain and the manifest, as one who may write everything would."""
    rows = folder / "results.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b'"score": 1.0', b'"score": -1.0'))
    lines = rows.read_bytes().splitlines()
    log = [json.loads(line) for line in (folder / "audit.jsonl").read_bytes().splitlines()]
    examined = (entry for entry in log if entry["event"] == "file_examined")
    for line, entry in zip(lines, examined, strict=True):
        entry["payload"]["row"] = hashlib.sha256(line).hexdigest()
    change(log)
    listed = manifest.to_text(manifest.digests(folder, manifest.files(folder))).encode()
    (folder / "manifest.sha256").write_bytes(listed)
    log[-1]["payload"]["manifest"] = hashlib.sha256(listed).hexdigest()
    previous, text = audit.START, b""
    for entry in log:
        line = json.dumps({**entry, "previous": previous}, sort_keys=True, separators=(",", ":")).encode()
        previous, text = hashlib.sha256(line).hexdigest(), text + line + b"\n"
    (folder / "audit.jsonl").write_bytes(text)


def test_a_folder_written_anew_fits_its_own_log_but_not_the_seal(whole: Path) -> None:
    head = verify(VerifyOptions(whole)).head
    assert verify(VerifyOptions(whole, seal=head)).changed == ()
    forge(whole, lambda log: None)
    assert verify(VerifyOptions(whole)).changed == ()
    assert any("does not hold the sealed entry" in told for told in verify(VerifyOptions(whole, seal=head)).changed)


def test_rows_that_come_quickly_reach_the_disk_together_and_before_their_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        sync(descriptor)

    many = [FileResult(f"{n}.wav", "scored", score=float(n), sha256=f"{n:064d}") for n in range(300)]
    with begin(tmp_path / "out") as run:
        monkeypatch.setattr("slim_cli.custody.row_writer.os.fsync", fsync)
        for row in many:
            run.record(row)
        run.end(True, len(many), {})
        run.close("report_written")
    told = [name for name in synced if name in ("results.jsonl", "audit.jsonl")]
    assert 2 <= len(told) <= 600
    assert told[:-2:2] == ["results.jsonl"] * len(told[:-2:2])
    assert verify(VerifyOptions(tmp_path / "out")).changed == ()


def test_a_row_alone_is_settled_without_another(tmp_path: Path) -> None:
    with begin(tmp_path / "out") as run:
        run.record(ROWS[0])
        run.record(ROWS[1])
        for _ in range(200):
            if len(list(audit.entries(tmp_path / "out", torn_end=True))) == 3:
                break
            time.sleep(0.02)
        assert [e.payload.get("path") for e in audit.entries(tmp_path / "out")] == [None, "0.wav", "1.wav"]


def test_a_full_disk_ends_the_run_at_the_next_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    run = begin(tmp_path / "out")
    monkeypatch.setattr("slim_cli.custody.row_writer.os.fsync", full)
    run.record(ROWS[0])
    with pytest.raises(OSError, match="No space"):
        run.end(True, 1, {})
    with pytest.raises(OSError, match="No space"):
        run.record(ROWS[1])
    with pytest.raises(OSError, match="No space"):
        run.__exit__(None, None, None)
    monkeypatch.undo()
    FolderLock(tmp_path / "out").release()


def test_the_report_of_an_earlier_end_is_no_change_of_a_run_that_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with begin(out) as run:
        run.record(ROWS[0])
        run.end(False, 1, {"run.json": "{ }"})
        (out / "report.pdf").write_bytes(b"of one row, no PDF at all")
        run.close("report_written")
    assert verify(VerifyOptions(out)).changed != ()
    with begin(out, resume=True) as run:
        run.record(ROWS[1])
    assert verify(VerifyOptions(out)).changed == ()
    assert verify(VerifyOptions(out)).unfinished == "2 of 4"
