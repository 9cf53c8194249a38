"""The audit log: what is written follows from what was written before, and the first line that does not is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from slim_cli.custody.audit import FILE_NAME, START, AuditLog, BrokenChain, entries, extract


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a log of five entries, written in two sessions."""
    with AuditLog(tmp_path) as log:
        log.append("scan_started", command=["slim", "scan"])
        log.append("file_examined", path="a\u202e\x1b[31m\n.wav", row="0" * 64)
        log.append("file_examined", path="b.wav", row="1" * 64)
    with AuditLog(tmp_path) as log:
        log.append("scan_ended", complete=True)
        log.append("report_written", files={})
    return tmp_path


def test_every_entry_holds_the_hash_of_the_line_before_it(kept: Path) -> None:
    found = list(entries(kept))
    lines = (kept / FILE_NAME).read_bytes().splitlines()
    assert [e.number for e in found] == [1, 2, 3, 4, 5]
    assert [e.digest for e in found] == [hashlib.sha256(line).hexdigest() for line in lines]
    assert START.encode() in lines[0]
    assert all(e.digest.encode() in after for e, after in zip(found, lines[1:], strict=False))


def test_a_hostile_name_is_one_line_of_ascii_and_comes_back_whole(kept: Path) -> None:
    assert (kept / FILE_NAME).read_bytes().isascii()
    assert list(entries(kept))[1].payload["path"] == "a\u202e\x1b[31m\n.wav"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param(
            lambda lines: [*lines[:1], lines[1].replace(b"examined", b"excluded"), *lines[2:]], 3, id="edited"
        ),
        pytest.param(lambda lines: [lines[0], *lines[2:]], 2, id="left out"),
        pytest.param(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, id="exchanged"),
        pytest.param(lambda lines: lines[1:], 1, id="beginning cut off"),
        pytest.param(lambda lines: [*lines[:2], b"{}\n", *lines[2:]], 3, id="put in"),
        pytest.param(lambda lines: [*lines[:2], b"\xff\n", *lines[2:]], 3, id="no text"),
        pytest.param(lambda lines: [*lines[:4], lines[4].rstrip()], 5, id="end cut short"),
    ],
)
def test_the_first_line_that_does_not_follow_is_named(kept: Path, change, line: int) -> None:
    log = kept / FILE_NAME
    log.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))
    with pytest.raises(BrokenChain, match=f"^line {line} "):
        list(entries(kept))
    told = extract(kept)
    assert told is not None
    assert told.broken == line


def test_a_line_that_a_crash_left_half_written_is_cut_off_and_told(kept: Path) -> None:
    with (kept / FILE_NAME).open("ab") as file:
        file.write(b'{"event":"file_ex')
    with AuditLog(kept) as log:
        log.append("report_written")
    last = list(entries(kept))[-2:]
    assert [e.event for e in last] == ["torn_line_removed", "report_written"]
    assert last[0].payload["size_bytes"] == 17


def test_the_extract_ends_with_the_scan_and_does_not_change_afterwards(kept: Path) -> None:
    before = extract(kept)
    assert before is not None
    assert (before.entries, before.head, before.broken) == (4, list(entries(kept))[3].digest, None)
    with AuditLog(kept) as log:
        log.append("report_rendered_again")
    assert extract(kept) == before


def test_without_a_log_or_an_end_of_the_scan_there_is_no_extract(tmp_path: Path) -> None:
    assert extract(tmp_path) is None
    with AuditLog(tmp_path) as log:
        log.append("scan_started")
    assert extract(tmp_path) is None
