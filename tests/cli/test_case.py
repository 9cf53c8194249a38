"""`slim case` and `slim scan --case` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slim_cli.reporting.case_file import blank_case, load_case
from tests.cli.conftest import Slim, World, rows
from tests.reporting import cases


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    data = {**cases.filled(), "exhibit": [cases.exhibit("a.wav", "E-1")]}
    return cases.write(tmp_path, data, f"{'a' * 64}  a.wav\n")


def test_a_new_case_file_is_commented_and_empty(slim: Slim, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    ran = slim("case", "new", path)
    assert (ran.code, ran.err) == (0, "")
    assert path.read_text(encoding="utf-8") == blank_case()
    assert load_case(path).missing


def test_a_new_case_file_goes_to_stdout_too(slim: Slim) -> None:
    assert slim("case", "new", "-").out.splitlines() == blank_case().splitlines()


def test_a_case_file_is_never_replaced(slim: Slim, complete: Path) -> None:
    before = complete.read_bytes()
    ran = slim("case", "new", complete)
    assert ran.code == 2
    assert "exists already" in ran.err
    assert complete.read_bytes() == before


@pytest.mark.parametrize(
    ("language", "name", "total"),
    [("en", "name of the laboratory", "items are missing"), ("de", "Name des Laboratoriums", "Angaben fehlen")],
)
def test_every_missing_item_is_listed(slim: Slim, tmp_path: Path, language: str, name: str, total: str) -> None:
    path = tmp_path / "case.toml"
    slim("case", "new", path)
    ran = slim("case", "check", path, "--language", language)
    assert ran.code == 1
    assert f"laboratory.name: {name}" in ran.out
    assert len(ran.out.splitlines()) == len(load_case(path).missing)
    assert total in ran.err


def test_a_complete_case_is_called_so(slim: Slim, complete: Path) -> None:
    ran = slim("case", "check", complete)
    assert (ran.code, ran.out, ran.err) == (0, "Complete; 1 exhibit.\n", "")


def test_hostile_texts_reach_the_terminal_harmlessly(slim: Slim, tmp_path: Path) -> None:
    data = {**cases.filled(), "exhibit": [cases.exhibit("a.wav", cases.HOSTILE, source="")]}
    ran = slim("case", "check", cases.write(tmp_path, data))
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out
    assert r"exhibit.source <script>alert(1)</script> {{ 7*7 }} {case} \u202egpj.\x1b[31m =cmd()" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--case", "gone.toml"], "gone.toml cannot be read"),
        (["--language", "tlh"], "report language 'tlh' is unknown"),
    ],
)
def test_a_scan_refuses_what_it_cannot_write_before_it_starts(
    slim: Slim, world: World, tmp_path: Path, arguments: list[str], message: str
) -> None:
    ran = slim("scan", tmp_path, "-o", tmp_path.parent / "out", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert world.asked == {}


def test_a_scan_hands_the_case_and_the_language_to_the_report(
    slim: Slim, world: World, tmp_path: Path, complete: Path
) -> None:
    world.rows = rows(("a.wav", "scored", 0.5))
    ran = slim("scan", tmp_path, "-o", tmp_path.parent / f"{tmp_path.name}-out", "--case", complete, "--language", "de")
    assert ran.code == 0
    assert world.written[0]["style"].case == load_case(complete)
    assert world.written[0]["style"].language == "de"


def test_an_evaluation_never_speaks_of_a_review(slim: Slim, world: World, complete: Path, tmp_path: Path) -> None:
    world.rows = rows(("a.wav", "scored", 9.0))
    ran = slim("scan", "evidence", "--case", complete, "-o", tmp_path / "out")
    assert "0 of 1 exhibit got a likelihood ratio" in ran.out
    assert "review" not in ran.out + ran.err
    line = json.loads(slim("scan", "evidence", "--case", complete, "-o", tmp_path / "two", "--json").out)
    assert (line["review_score"], line["for_review"]) == (None, None)


def test_undisputed_recordings_are_counted_as_files_and_never_as_exhibits(
    slim: Slim, world: World, complete: Path, tmp_path: Path
) -> None:
    own = '\n[[reference]]\nfile = "known"\nalike = "speaker"\n'
    complete.write_text(complete.read_text("utf-8") + own, "utf-8")
    world.rows = rows(("a.wav", "scored", 9.0), ("known/1.wav", "scored", 1.0), ("known/2.wav", "scored", 1.5))
    told = slim("scan", "evidence", "--case", complete, "-o", tmp_path / "out").out
    assert "3 files: 3 scored." in told
    assert "0 of 1 exhibit got a likelihood ratio" in told


def test_a_case_file_is_filled_from_a_folder_never_inside_it(
    slim: Slim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "call.amr").write_bytes(b"#!AMR\n" + bytes(99))
    monkeypatch.chdir(evidence)
    ran = slim("case", "new", ".")
    assert (ran.code, "lies inside the evidence" in ran.err) == (2, True)
    monkeypatch.chdir(tmp_path)
    assert slim("case", "new", "evidence").out == "Written: case.toml\n"
    same = slim("case", "check", "case.toml", "--evidence", "evidence")
    assert (same.code, same.out.splitlines()[-1]) == (1, "The folder holds what the case file names.")
    (evidence / "call.amr").write_bytes(b"#!AMR\n" + bytes(98))
    changed = slim("case", "check", "case.toml", "--evidence", "evidence", "--language", "de")
    assert changed.code == 4
    assert "call.amr: Die Prüfsumme ist nicht die mitgeteilte" in changed.out
