"""Reports of very many files: lists that a reader can look through, tables that hold all, one row in memory."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import html
import re
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from slim_cli.reporting.rows import Standings
from slim_cli.reporting.selection import Style
from slim_cli.reporting.stored_rows import StoredRows, outline
from slim_cli.reporting.templates import render
from slim_cli.reporting.writers import Findings, get_writer
from slim_cli.results import FileResult, LedgerOrigin
from slim_cli.words import load_words
from tests.reporting import factory


def many(count: int) -> list[FileResult]:
    """Scored files, a third of them none, every tenth damaged."""
    rows = []
    for number in range(count):
        name = f"{number:05d}.wav"
        if number % 10 == 9:
            rows.append(factory.unscored(name, "decode_failed", "damaged"))
        elif number % 3 == 2:
            rows.append(factory.unscored(name, "no_audio", "text"))
        else:
            rows.append(factory.scored(name, number % 7 - 3.0))
    return rows


@pytest.fixture
def stored(tmp_path: Path) -> StoredRows:
    text = "".join(row.to_json() + "\n" for row in many(60))
    (tmp_path / "results.jsonl").write_text(text, encoding="utf-8")
    return StoredRows(tmp_path / "results.jsonl")


def test_stored_rows_are_the_rows(stored: StoredRows) -> None:
    rows = [FileResult.from_json(row.to_json()) for row in many(60)]
    assert len(stored) == 60
    assert list(stored) == rows
    assert (stored[0], stored[-1], stored[10:13]) == (rows[0], rows[-1], rows[10:13])
    with pytest.raises(IndexError):
        stored[60]


def test_an_outline_keeps_what_lists_say(stored: StoredRows) -> None:
    row = stored[0]
    kept = outline(row)
    assert kept.channels[0].windows == ()
    assert (kept.path, kept.score, kept.sha256, kept.status) == (row.path, row.score, row.sha256, row.status)
    assert kept.top_channel is not None
    assert row.top_channel is not None
    assert kept.top_channel.net_speech_s == row.top_channel.net_speech_s


def standing(results: Iterable[FileResult], limit: str) -> Standings:
    found = Standings(factory.reference(), Style(limit))
    for row in results:
        found.add(row)
    found.rank()
    return found


def test_lists_hold_every_section_the_highest_scores_and_failures_first(stored: StoredRows) -> None:
    standings = standing(stored, "top:15")
    rows = [standings.row(number, stored[number - 1], load_words("en")) for number in standings.listed(20)]
    assert [row.rank for row in rows if row.rank] == list(range(1, 16))
    assert [row.shown for row in rows] == [bool(row.rank) for row in rows]
    assert sorted(row.result.status for row in rows if not row.rank) == ["decode_failed"] * 6 + ["no_audio"] * 4
    assert sorted(standings.listed(60)) == list(range(1, 61))


def test_equal_content_is_told_of_by_its_first_file(stored: StoredRows) -> None:
    rows = [stored[3], dataclasses.replace(stored[4], sha256=None), *stored[0:3], stored[3], stored[3]]
    standings = standing(rows, "all")
    twins = [standings.row(number, row, load_words("en")).twin for number, row in enumerate(rows, start=1)]
    assert twins == [None, None, None, None, None, 1, 1]


@pytest.mark.parametrize("medium", ["html", "pdf"])
def test_a_report_says_what_it_does_not_list_and_where_it_stands(
    stored: StoredRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, medium: str
) -> None:
    monkeypatch.setattr("slim_cli.reporting.rows.LISTED", 20)
    monkeypatch.setattr("slim_cli.reporting.build.PRINTED", 10)
    findings = Findings(stored, factory.run(list(stored)), factory.reference(), tmp_path, Style("top:3"))
    page = html.unescape(render(findings.report, medium))
    digest = hashlib.sha256((tmp_path / "results.jsonl").read_bytes()).hexdigest()
    most = {"html": 20, "pdf": 10}[medium]
    assert f"{60 - most} more files are not listed here" in page
    assert digest in page
    table = page[page.index('id="file-table"') :]
    assert len(re.findall("<tr data-state", table)) == most
    assert "60 files were found" in re.sub("<[^>]*>", "", page)
    links = set(re.findall(r'href="#(file-\d+)"', page))
    assert links
    assert all(f'id="{anchor}"' in page for anchor in links)


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl"])
def test_tables_hold_all_files(stored: StoredRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("slim_cli.reporting.rows.LISTED", 20)
    monkeypatch.setattr("slim_cli.reporting.parquet.PART", 7)
    findings = Findings(stored, factory.run(list(stored)), factory.reference(), tmp_path, Style("top:3"))
    file_name, writer = get_writer(name)
    writer(findings, tmp_path / f"new-{file_name}")
    target = tmp_path / f"new-{file_name}"
    if name == "csv":
        with target.open(encoding="utf-8-sig", newline="") as lines:
            paths = [row["path"] for row in csv.DictReader(lines)]
    elif name == "jsonl":
        assert target.read_bytes() == (tmp_path / "results.jsonl").read_bytes()
        paths = [row.path for row in StoredRows(target)]
    else:
        from pyarrow import parquet

        paths = parquet.read_table(target)["path"].to_pylist()
    assert paths == [row.path for row in stored]


def test_memory_does_not_grow_with_what_rows_hold(tmp_path: Path) -> None:
    """Forty times the windows in every row cost hardly more memory."""
    peaks = []
    for windows in (1, 40):
        row = factory.scored("a.wav", 1.0)
        channel = row.channels[0]
        row = dataclasses.replace(row, channels=(dataclasses.replace(channel, windows=channel.windows * windows),))
        text = "".join(dataclasses.replace(row, path=f"{n}.wav").to_json() + "\n" for n in range(150))
        (tmp_path / "results.jsonl").write_text(text, encoding="utf-8")
        stored = StoredRows(tmp_path / "results.jsonl")
        findings = Findings(stored, factory.run([row]), factory.reference(), tmp_path, Style("top:0"))
        tracemalloc.start()
        get_writer("csv")[1](findings, tmp_path / "results.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000


@pytest.mark.parametrize("name", ["csv", "html"])
def test_memory_does_not_grow_with_the_number_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A thousand rows more cost less than half a megabyte: their scores, hashes and places."""
    monkeypatch.setattr("slim_cli.reporting.build.PRINTED", 20)
    monkeypatch.setattr("slim_cli.reporting.rows.LISTED", 20)
    row = factory.scored("a.wav", 1.0)
    peaks = []
    for count in (100, 1100):
        rows = (dataclasses.replace(row, path=f"{n}.wav", sha256=factory.digest(str(n))) for n in range(count))
        path = tmp_path / "results.jsonl"
        path.write_text("".join(one.to_json() + "\n" for one in rows), encoding="utf-8")
        findings = Findings(StoredRows(path), factory.run([row]), factory.reference(), tmp_path, Style("top:3"))
        tracemalloc.start()
        get_writer(name)[1](findings, tmp_path / f"report.{name}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000


def test_a_report_of_what_is_new_says_what_is_not_and_where_it_comes_from(tmp_path: Path) -> None:
    origin = LedgerOrigin("2026-11-27 0123456789ab", "2026-11-27T01:00:00Z")
    rows = [factory.scored("old.wav", 5.0), factory.scored("new.wav", 1.0), factory.scored("older.wav", 2.0)]
    results = [row if row.path == "new.wav" else dataclasses.replace(row, from_ledger=origin) for row in rows]
    findings = Findings(results, factory.run(results), factory.reference(), tmp_path, Style("new"))
    assert [exhibit.result.path for exhibit in findings.report.exhibits] == ["new.wav"]
    (warning,) = findings.report.warnings
    assert warning.startswith("2 files were not examined in this scan")
    assert warning.endswith("New in this scan: 1.")
    page = html.unescape(render(findings.report, "html"))
    assert page.count("taken over from run 2026-11-27 0123456789ab of") == 2
    get_writer("csv")[1](findings, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [row["from_run"] for row in csv.DictReader(lines)] == [origin.run, "", origin.run]
