"""`slim verify`: an output folder compared with its audit log."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from slim_cli.custody import audit
from slim_cli.custody.evidence_manifest import from_text
from slim_cli.results import FileResult, Remark
from tests.cli.conftest import Slim, World, rows


@pytest.fixture
def out(slim: Slim, world: World, tmp_path: Path) -> Path:
    """What a scan of two files left."""
    world.rows = rows(("a.wav", "scored", 0.5), ("b.wav", "decode_failed", None))
    slim("scan", "evidence", "-o", tmp_path / "out", "--allow-errors")
    return tmp_path / "out"


def test_a_scan_logs_its_beginning_every_file_its_end_and_the_report(out: Path) -> None:
    log = list(audit.entries(out))
    assert [e.event for e in log] == ["scan_started", *["file_examined"] * 2, "scan_ended", "report_written"]
    started, first, _, ended, written = (e.payload for e in log)
    assert started["command"][:2] == ["slim", "scan"]
    assert {len(started["fingerprint"]), len(started["configuration"])} == {64}
    assert started["model"] == {"config.json": "00"}
    assert first["path"] == "a.wav"
    assert (ended["complete"], ended["rows"]) == (True, 2)
    listed = from_text((out / "manifest.sha256").read_text())
    assert listed["results.jsonl"] == ended["results"]
    assert hashlib.sha256((out / "manifest.sha256").read_bytes()).hexdigest() == written["manifest"]


def test_an_untouched_folder_passes(slim: Slim, out: Path) -> None:
    ran = slim("verify", out)
    assert (ran.code, ran.err) == (0, "")
    assert "5 entries" in ran.out
    assert json.loads(slim("verify", out, "--json").out)["changed"] == []


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        pytest.param("audit.jsonl", lambda b: b[: b[:-1].rindex(b"\n") + 1], "its end was cut off", id="log cut"),
        pytest.param("audit.jsonl", lambda b: b[:-9], "its end was cut off", id="log torn"),
        pytest.param("manifest.sha256", lambda b: b[1:], "not the one that the audit log knows", id="manifest"),
        pytest.param("run.json", lambda b: b.replace(b"tiny", b"tony"), "run.json was changed", id="record"),
        pytest.param("case.txt", lambda b: b"x", "case.txt was added", id="file added"),
        pytest.param("audit.jsonl", lambda b: b.replace(b"a.wav", b"z.wav"), "line 3 does not hold", id="log"),
        pytest.param("results.jsonl", lambda b: b.replace(b"0.5", b"0.4"), "row 1 of results.jsonl was", id="row"),
        pytest.param("results.jsonl", lambda b: b + b"{}\n", "holds 3 rows, 2 were logged", id="row added"),
        pytest.param("report.html", lambda b: b + b" ", "report.html was changed", id="report"),
    ],
)
def test_what_was_changed_is_named_and_exits_with_4(slim: Slim, out: Path, name: str, change, told: str) -> None:
    (out / name).write_bytes(change((out / name).read_bytes() if (out / name).exists() else b""))
    ran = slim("verify", out)
    assert ran.code == 4
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [(b"speech", 0, ""), (b"changed", 4, "file a.wav was changed"), (None, 4, "a.wav is gone")],
)
def test_the_evidence_is_hashed_again_at_wish(
    slim: Slim, world: World, tmp_path: Path, content: bytes | None, code: int, told: str
) -> None:
    digest = hashlib.sha256(b"speech").hexdigest()
    name = b"caf\xe9.wav"
    world.rows = [
        FileResult("a.wav", "scored", score=0.5, sha256=digest),
        FileResult("caf\ufffd.wav", "no_audio", Remark("empty_file"), path_hex=name.hex(), sha256=digest),
        FileResult("locked.wav", "unreadable", Remark("unreadable", {"error": "EACCES"})),
    ]
    slim("scan", "evidence", "-o", tmp_path / "out", "--allow-errors")
    (tmp_path / os.fsdecode(name)).write_bytes(b"speech")
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    ran = slim("verify", tmp_path / "out", "--evidence", tmp_path)
    assert ran.code == code
    assert told in ran.err


def test_files_of_several_roots_are_found_where_their_roots_lay(slim: Slim, world: World, tmp_path: Path) -> None:
    rows = [("x.flac", "a/x.flac", b"one"), ("b/x.flac", "b", b"two"), ("y.flac", "/medium/c/y.flac", b"three")]
    for path, content in (("a/x.flac", b"one"), ("b/x.flac", b"two"), ("c/y.flac", b"three"), ("x.flac", b"other")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    world.rows = [
        FileResult(path, "scored", score=0.5, root=root, sha256=hashlib.sha256(content).hexdigest())
        for path, root, content in rows
    ]
    slim("scan", "evidence", "-o", tmp_path / "out")
    assert slim("verify", tmp_path / "out", "--evidence", tmp_path).code == 0
    (tmp_path / "b/x.flac").write_bytes(b"changed")
    (tmp_path / "c/y.flac").unlink()
    ran = slim("verify", tmp_path / "out", "--evidence", tmp_path)
    assert (ran.code, "b/x.flac was changed" in ran.err, "y.flac is gone" in ran.err) == (4, True, True)
    assert "file x.flac was" not in ran.err


def test_a_folder_without_a_log_is_wrong_use(slim: Slim, tmp_path: Path) -> None:
    ran = slim("verify", tmp_path)
    assert ran.code == 2
    assert "no audit log" in ran.err
