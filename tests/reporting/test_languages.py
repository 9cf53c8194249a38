"""A report of a folder that provokes every remark speaks one language throughout, and writes numbers its way."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest

from slim_cli.reporting.build import build_report
from slim_cli.reporting.scale import load_scale
from slim_cli.reporting.selection import Style
from slim_cli.reporting.table import flat
from slim_cli.reporting.templates import render
from slim_cli.reporting.writers import Findings
from slim_cli.results import FileResult, Observation, Remark
from slim_cli.words import Words, languages, load_words, read_data
from tests.reporting import cases, factory
from tests.reporting.test_sections import text_of

OTHERS = [tag for tag in languages() if tag != "en"]
ENGLISH = load_words()


def fields(entry: str | dict[str, str]) -> list[tuple[str, str]]:
    """Values that a sentence fills in, each with its form."""
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    return [(name, form or "") for text in texts for _, name, form, _ in string.Formatter().parse(text) if name]


def invented(code: str) -> Remark:
    """A remark with values that its sentence can show; tables are filled by their first key."""
    values: dict[str, str | int | float] = {}
    for name, form in fields(ENGLISH.item(f"remarks.{code}")):
        if form.startswith("@"):
            values[name] = next(iter(ENGLISH.item(form[1:])))
        elif form.startswith("?"):
            values[name] = 3
        else:
            values[name] = 1234.5 if "0" in form else 3 if name == "n" else f"‹{name}›"
    return Remark(code, values)


EVERY = [invented(code) for code in ENGLISH.item("remarks")]


def provoked() -> list[FileResult]:
    """Every remark as a remark, as a reason, as a reason for no ratio and as the note of a measure."""
    scored = factory.scored("alles.wav", 1.2)
    notes = {name: Observation(None, "", False, note) for name, note in zip(scored.observations, EVERY, strict=False)}
    outside = replace(scored, lr_status="out_of_scope", lr_reasons=tuple(EVERY))
    return [
        replace(outside, remarks=tuple(EVERY), observations={**scored.observations, **notes}),
        replace(cases.evaluated([factory.scored("mit.wav", 2.0)])[0]),
        *(FileResult(f"{n}.dat", "refused", remark) for n, remark in enumerate(EVERY)),
    ]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Visible text of triage and evaluation, by mode and language."""
    folder, results, texts = tmp_path_factory.mktemp("languages"), provoked(), {}
    case = cases.case(folder, results)
    for language in languages():
        for style in (Style("all", None, language), Style("all", case, language)):
            run = cases.calibrated(factory.run(results))
            report = build_report(results, run, factory.reference(), folder, style)
            texts[style.mode, language] = text_of(render(report, "html"))
    return texts


def leaves(table: object) -> list[str]:
    """Every text of a language file."""
    if isinstance(table, str):
        return [table]
    parts = table.values() if isinstance(table, dict) else table if isinstance(table, list) else []
    return [text for part in parts for text in leaves(part)]


def fixed(text: str) -> str:
    """The longest part of a sentence that stands the same whatever is filled in."""
    return max((part for part, *_ in string.Formatter().parse(text)), key=len).strip()


def told(language: str) -> list[str]:
    """The fixed parts of an English file that another language must not show: what is long enough to be a sentence."""
    same = {fixed(text) for text in leaves(load_words(language).entries)}
    parts = {fixed(text) for text in leaves(ENGLISH.entries)} - same
    return sorted(part for part in parts if len(part.split()) > 2)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("mode", ["triage", "evaluate"])
def test_no_english_sentence_stands_in_a_report_of_another_language(texts, mode, language):
    text = texts[mode, language]
    assert [part for part in told(language) if part in text] == []


@pytest.mark.parametrize("language", languages())
def test_every_remark_is_told_in_the_language(texts, language):
    words = load_words(language)
    shown = " ".join(texts["triage", language].split())
    assert [r.code for r in EVERY if " ".join(words.sentence(r).split()) not in shown] == []


@pytest.mark.parametrize("language", languages())
def test_every_reason_for_no_ratio_is_told(texts, language):
    words, text = load_words(language), texts["evaluate", language]
    assert [r.code for r in EVERY if " ".join(words.sentence(r).rstrip(".").split()) not in text] == []


@pytest.mark.parametrize("language", OTHERS)
def test_numbers_follow_the_language(texts, language):
    point = re.compile(r"(?<![\d.:])[+−]?\d+\.\d{2}(?![\d.])")
    assert point.findall(texts["triage", "en"])
    assert point.findall(texts["triage", language]) == []


@pytest.mark.parametrize("language", languages())
def test_tables_tell_the_same_sentences(tmp_path: Path, language: str) -> None:
    results = provoked()
    findings = Findings(results, factory.run(results), factory.reference(), tmp_path, Style("all", None, language))
    words: Words = load_words(language)
    rows = list(flat(findings))
    assert rows[0]["remarks"] == rows[0]["lr_reasons"] == words.sentences(EVERY)
    assert [row["reason"] for row in rows[2:]] == [words.sentence(remark) or None for remark in EVERY]


@pytest.mark.parametrize("language", OTHERS)
def test_scales_of_all_languages_have_the_same_bands(language: str) -> None:
    own, english = load_scale(language), load_scale("en")
    assert [low for low, _ in own.bands] == [low for low, _ in english.bands]
    assert not {phrase for _, phrase in own.bands} & {phrase for _, phrase in english.bands}


@pytest.mark.parametrize("language", languages())
def test_every_language_names_what_must_not_be_said(language: str) -> None:
    listed = read_data(f"banned.{language}.toml")["phrase"]
    assert len(listed) >= 10
    assert {mode for phrase in listed for mode in phrase.get("modes", [])} == {"triage", "evaluate"}
