"""Undisputed recordings beside an exhibit, the stated language, and a case file filled from a folder."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from slim_cli.reporting.case_file import Case, load_case
from slim_cli.reporting.case_folder import compare_folder, filled_case
from slim_cli.reporting.own_recordings import beside_undisputed, within_language
from slim_cli.results import FileResult
from slim_cli.words import load_words
from tests.reporting import cases

EXHIBIT = FileResult("exhibits/call.wav", "scored", score=1.0)
RIFF = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"
)


def undisputed(*scores: float | None) -> list[FileResult]:
    return [
        FileResult(f"known/{n}.wav", "insufficient_speech" if score is None else "scored", score=score)
        for n, score in enumerate(scores)
    ]


def case(**entry: str) -> Case:
    return Case({}, references=({"file": "known", "alike": "speaker", "exhibits": "", **entry},))


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        pytest.param([0.0] * 11 + [2.0, 2.5, 3.0], ["Of 14 undisputed recordings 3 scored higher"], id="among them"),
        pytest.param([0.0] * 14, ["Of 14 undisputed recordings 0 scored higher", "1 of 15 cases"], id="above all"),
        pytest.param([0.0, 2.0, None, None], ["2 further undisputed recordings got no score"], id="some unscored"),
        pytest.param([0.5], ["The one undisputed recording scored +0.50, this exhibit +1.00"], id="one"),
        pytest.param([None], ["The undisputed recording that the case names got no score"], id="none scored"),
        pytest.param([0.0] * 3, ["alike in: speaker", "The likelihood ratio does not use them"], id="likeness"),
    ],
)
def test_an_exhibit_is_put_beside_undisputed_recordings(scores: list[float | None], told: list[str]) -> None:
    found = beside_undisputed(EXHIBIT, "E-01", case(), [EXHIBIT, *undisputed(*scores)], load_words())
    assert found is not None
    text = " ".join(found.sentences)
    assert [one for one in told if one not in text] == []
    assert ("For the proposition" in text or "For it:" in text) == (scores != [None])
    assert ("Against" in text) == (scores != [None])


@pytest.mark.parametrize(
    ("entry", "number", "beside"),
    [
        ({}, "E-01", True),
        ({"exhibits": "E-02, E-01"}, "E-01", True),
        ({"exhibits": "E-02"}, "E-01", False),
        ({"file": "known/0.wav"}, "E-01", True),
        ({"file": "0.wav"}, "E-01", True),
        ({"file": "know"}, "E-01", False),
        ({"file": "exhibits"}, "E-01", False),
    ],
)
def test_it_is_beside_those_that_the_case_names_for_it(entry: dict[str, str], number: str, beside: bool) -> None:
    found = beside_undisputed(EXHIBIT, number, case(**entry), [EXHIBIT, *undisputed(0.0)], load_words())
    assert (found is not None) == beside


@pytest.mark.parametrize(
    ("stated", "covered", "kept"),
    [("en", ["en", "de"], True), ("de-AT", ["de"], True), ("", ["en"], True), ("fr", [], True), ("fr", ["en"], False)],
)
def test_a_stated_language_outside_the_calibration_leaves_no_ratio(stated: str, covered: list[str], kept: bool) -> None:
    given = replace(EXHIBIT, lr=cases.RATIO, lr_status="given")
    row = within_language(given, {"language": stated}, {"languages": covered})
    assert (row.lr is not None, row.lr_status) == ((True, "given") if kept else (False, "out_of_scope"))
    assert [reason.code for reason in row.lr_reasons] == ([] if kept else ["language_outside_scope"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two recordings, one of them with a hostile name, and a text."""
    evidence = tmp_path / "evidence"
    (evidence / "sub").mkdir(parents=True)
    (evidence / "sub" / "a.wav").write_bytes(RIFF + bytes(100))
    (evidence / 'q"uote\\\x7f\n.wav').write_bytes(RIFF + bytes(200))
    (evidence / "notes.txt").write_text("Nothing to hear.", encoding="utf-8")
    return evidence


def test_a_case_file_is_filled_from_a_folder_and_agrees_with_it(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(filled_case(folder), encoding="utf-8")
    filled = load_case(path)
    assert [(one["file"], one["number"]) for one in filled.exhibits] == [
        ('q"uote\\\x7f\n.wav', "E-01"),
        ("sub/a.wav", "E-02"),
    ]
    digest = hashlib.sha256((folder / "sub" / "a.wav").read_bytes()).hexdigest()
    assert filled.exhibits[1]["sha256"] == digest
    assert "# no exhibit: notes.txt" in path.read_text("utf-8")
    assert filled.references == ()
    assert list(compare_folder(filled, folder)) == []


def test_differences_from_a_folder_are_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(filled_case(folder), encoding="utf-8")
    (folder / "sub" / "a.wav").write_bytes(RIFF + bytes(101))
    (folder / "new.wav").write_bytes(RIFF + bytes(102))
    next(folder.glob("q*")).unlink()
    found = {(one.kind, one.name) for one in compare_folder(load_case(path), folder)}
    assert {("changed", "sub/a.wav"), ("unnamed", "new.wav")} <= found
    assert ("absent", "E-01") in found
    assert len(found) == 3
