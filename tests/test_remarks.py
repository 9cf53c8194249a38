"""Remarks and their sentences: every code has one in every language, and no sentence is left over."""

import ast
import string
from pathlib import Path

import pytest

from slim_cli.errors import EvidenceError
from slim_cli.results import Remark
from slim_cli.words import languages, load_words

PACKAGE = Path(__file__).resolve().parents[1] / "slim_cli"


def remark_calls() -> list[tuple[str, ast.Call]]:
    """Every place of the source that makes a remark, with the name of the module."""
    return [
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Remark"
    ]


def codes_in(argument: ast.expr) -> list[str]:
    """The codes that an argument can be: a text, or a choice between texts."""
    if isinstance(argument, ast.IfExp):
        return codes_in(argument.body) + codes_in(argument.orelse)
    return [argument.value] if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else []


CODES = {code for _, call in remark_calls() for code in codes_in(call.args[0])}
STORED = {"evidence/audio_stream.py"}  # rebuilds remarks that were made elsewhere


def test_the_code_of_a_remark_stands_in_the_source() -> None:
    computed = {name for name, call in remark_calls() if not codes_in(call.args[0])}
    assert computed == STORED


@pytest.mark.parametrize("language", languages())
def test_every_code_has_a_sentence_and_every_sentence_a_code(language: str) -> None:
    assert set(load_words(language).item("remarks")) == CODES | {"legacy_text"}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("table", ["remarks", "content", "system_error"])
def test_sentences_of_all_languages_fill_in_the_same_values(language: str, table: str) -> None:
    def fields(entry: str | dict[str, str]) -> set[str]:
        text = entry if isinstance(entry, str) else entry["other"]
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    own, english = (load_words(tag).item(table) for tag in (language, "en"))
    assert {key: fields(entry) for key, entry in own.items()} == {key: fields(entry) for key, entry in english.items()}


@pytest.mark.parametrize(
    ("remark", "language", "sentence"),
    [
        (Remark("bytes_missing", {"announced": 384_044, "present": 1000}), "en", "384,044 bytes, 1,000 are there"),
        (
            Remark("bytes_missing", {"announced": 384_044, "present": 1000}),
            "de",
            "384.044 Byte an, vorhanden sind 1.000",
        ),
        (Remark("starts_late", {"start_s": 12.34}), "de", "12,3 s später"),
        (Remark("pages_lost", {"n": 1, "bytes": 0}), "en", "1 page of the stream is lost"),
        (Remark("pages_lost", {"n": 2, "bytes": 0}), "de", "2 Seiten des Datenstroms fehlen"),
        (Remark("unreadable", {"error": "EACCES"}), "de", "nicht lesbar: Zugriff verweigert"),
        (Remark("unreadable", {"error": "EOTHER"}), "de", "nicht lesbar: EOTHER"),
        (Remark("of_another_version", {"n": 3}), "en", "of_another_version n=3"),
        (Remark("legacy_text", {"text": "{braces} stay"}), "en", "{braces} stay"),
    ],
)
def test_a_sentence_follows_the_rules_of_its_language(remark: Remark, language: str, sentence: str) -> None:
    assert sentence in load_words(language).sentence(remark)


def test_an_evidence_error_speaks_english_and_keeps_its_remark() -> None:
    error = EvidenceError(Remark("empty_file"), "decode_failed")
    assert (str(error), error.remark.code, error.status) == (
        "the file is empty (0 bytes)",
        "empty_file",
        "decode_failed",
    )
