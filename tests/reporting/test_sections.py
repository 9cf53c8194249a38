"""Both modes in every language: what each section must hold, what must never be said, and words that match."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from slim_cli.evidence.names import safe_name
from slim_cli.reporting.build import build_report
from slim_cli.reporting.case_file import load_case
from slim_cli.reporting.sections import load_sections
from slim_cli.reporting.selection import Style
from slim_cli.reporting.templates import render
from slim_cli.resources import templates_dir
from slim_cli.words import languages, load_measures, load_words, read_data
from tests.reporting import cases, factory

MODES = ("triage", "evaluate")
LANGUAGES = languages()
EVERY = [(mode, language) for mode in MODES for language in LANGUAGES]
SECTIONS = load_sections()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The report for the screen and for paper, in each mode and language."""
    results = cases.evaluated(factory.mixed())
    run = cases.calibrated(factory.run(results))
    case = cases.case(tmp_path_factory.mktemp("case"), results)
    made = {}
    for mode, language in EVERY:
        style = Style("all", case if mode == "evaluate" else None, language)
        report = build_report(results, run, factory.reference(), Path("."), style)
        made[mode, language] = {medium: render(report, medium) for medium in ("html", "pdf")}
    return made


def text_of(markup: str) -> str:
    """The visible text on one line."""
    markup = re.sub(r"<(style|script)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def section_of(markup: str, letter: str) -> str:
    """The markup of a section, up to the next one."""
    return markup.partition(f'data-section="{letter}"')[2].partition("data-section=")[0]


def field_texts(markup: str) -> dict[str, str]:
    """The text of each field of a section, from its element's start to the next field's."""
    parts = re.split(r'data-field="([\w]+)"[^>]*>', markup)
    return {name: text_of(content) for name, content in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize(("mode", "language"), EVERY)
@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.letter)
def test_every_section_holds_its_fields(reports, section, mode, language):
    for markup in reports[mode, language].values():
        content = section_of(markup, section.letter)
        fields = field_texts(content)
        assert set(section.fields[mode]) <= fields.keys()
        assert load_words(language).say(f"chapter.{section.letter}") in text_of(content)
        assert f'id="{section.id}"' in markup


@pytest.mark.parametrize(("language", "given"), [("en", "command line"), ("de", "Befehlszeile")])
def test_settings_stand_with_where_each_was_given_but_for_defaults(reports, language, given):
    told = field_texts(section_of(reports["triage", language]["html"], "D"))["settings"]
    assert told.startswith(f"max-duration 30m (slim.toml) format html,pdf ({given})")
    assert "device" not in told


def test_every_item_of_a_standard_stands_where_the_list_says():
    fields = {section.letter: section.fields["evaluate"] for section in SECTIONS}
    standards = tomllib.loads((templates_dir() / "sections.toml").read_text(encoding="utf-8"))["standard"]
    places = [place.split(".") for standard in standards for item in standard["items"] for place in item["at"]]
    assert all(field in fields[letter] for letter, field in places)
    assert [item["item"] for item in standards[0]["items"]] == list("abcdefghijklmnop")


def phrases() -> list[dict]:
    return [{"language": tag, **phrase} for tag in languages() for phrase in read_data(f"banned.{tag}.toml")["phrase"]]


@pytest.mark.parametrize("phrase", phrases(), ids=lambda p: p["text"])
def test_what_must_not_be_said_is_never_said(reports, phrase):
    language = phrase["language"]
    for mode in phrase.get("modes", MODES):
        for markup in reports[mode, language].values():
            text = text_of(markup).lower()
            for permitted in phrase.get("permitted", ()):
                text = text.replace(permitted.lower(), "")
            assert phrase["text"].lower() not in text


@pytest.mark.parametrize("phrase", [p for p in phrases() if "modes" in p], ids=lambda p: p["text"])
def test_what_is_banned_in_one_mode_is_said_in_the_other(reports, phrase):
    other = next(mode for mode in MODES if mode not in phrase["modes"])
    assert phrase["text"].lower() in text_of(reports[other, phrase["language"]]["html"]).lower()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The measurements on E-01 are about 40 times more probable if H1 is true than if H2 is true."),
        ("en", "On the scale in section J this is moderate support for H1 over H2."),
        ("en", "Likelihood ratio 40 (95 % interval 13 to 79)"),
        ("en", "for E-02: its net speech of 2.2 s lies outside the calibrated range of 2.3 to 10 s."),
        ("en", "Cllr: cost of the ratios (0 = none, 1 = as good as saying nothing) 0.710 0.660 to 0.770"),
        ("en", "Bona fide files with a ratio above 1 (misleading) 21 % 17 % to 26 %"),
        (
            "en",
            "The most misleading ratios, before any cut at the bounds: 20 for a bona fide file, 0.13 for a spoof file.",
        ),
        ("en", "formats that lose nothing 22 % – 300 200"),
        ("en", "G.711 µ-law 30 % 26 % to 35 % 90 80"),
        ("en", "scope.codecs lossless, MP3, G.711 µ-law"),
        (
            "en",
            "Origin Rate 95 % interval Bona fide files Spoof files page-a 11 % 7 % to 16 % 40 62 page-b 24 % – 22 31",
        ),
        ("en", "Collection Rate Bona fide files asterisk-en 2.1 % 240"),
        ("en", "false-alarm rate 5.0 %, 95 % interval 3.7 % to 6.8 % (812 bona fide files)"),
        ("en", "WAV, PCM 16-bit"),
        ("de", "verlustfreie Formate 22 % – 300 200"),
        ("en", "1 received hash does not agree with the measured one."),
        ("en", "DOES NOT AGREE"),
        ("en", "crosses the review threshold with: without silence at both ends."),
        ("en", "DRAFT – not signed"),
        ("de", "Die Messungen an E-01 sind etwa 40-mal so wahrscheinlich, wenn H1 zutrifft, wie wenn H2 zutrifft."),
        ("de", "eine mäßige Stützung von H1 gegenüber H2"),
        ("de", "STIMMT NICHT ÜBEREIN"),
        ("de", "ENTWURF – nicht unterschrieben"),
    ],
)
def test_an_evaluation_says(reports, language, words):
    for markup in reports["evaluate", language].values():
        assert words in text_of(markup)


@pytest.mark.parametrize("text", [*cases.PROPOSITIONS.values(), "stated case.question", "stated exhibit.remark"])
def test_an_evaluation_quotes_case_and_calibration(reports, text):
    assert text in text_of(reports["evaluate", "en"]["html"])


@pytest.mark.parametrize("text", ["DRAFT", "the case file states", "verbal scale", "H1"])
def test_a_triage_has_nothing_of_an_evaluation(reports, text):
    assert text.lower() not in text_of(reports["triage", "en"]["html"]).lower()


def test_what_the_case_leaves_out_is_listed_and_not_guessed(tmp_path):
    data = cases.filled()
    data["laboratory"]["name"] = data["propositions"]["h2"] = ""
    data["exhibit"] = [cases.exhibit("a.wav", "E-7", source="")]
    results = cases.evaluated([factory.scored("a.wav", 1.0)])
    report = build_report(
        results,
        cases.calibrated(factory.run(results)),
        factory.reference(),
        Path("."),
        Style(case=load_case(cases.write(tmp_path, data))),
    )
    text = text_of(section_of(render(report, "html"), "B"))
    assert "Laboratory not stated in the case file" in text
    assert "name of the laboratory, proposition H2, list of hashes received with the items" in text
    assert "E-7 : source" in text
    assert report.rows[0].state == "no_propositions"


def test_hostile_texts_of_a_case_are_shown_and_do_nothing(tmp_path):
    results = cases.evaluated([factory.scored("a.wav", 1.0)])
    data = {**cases.filled(cases.HOSTILE), "exhibit": [cases.exhibit("a.wav", cases.HOSTILE, remark=cases.HOSTILE)]}
    case = load_case(cases.write(tmp_path, data, f"{'0' * 64}  {cases.HOSTILE.replace(chr(27), ' ')}\n"))
    style = Style(case=case)
    report = build_report(results, cases.calibrated(factory.run(results)), factory.reference(), Path("."), style)
    for medium in ("html", "pdf"):
        markup = render(report, medium)
        assert len(re.findall(r"<script", markup)) == (medium == "html")
        assert not set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", markup))
        assert safe_name(cases.HOSTILE) in text_of(markup)
        assert "49" not in text_of(section_of(markup, "B")).partition("stated")[0][:200]


@pytest.mark.parametrize(("draft", "marked"), [(True, True), (False, False)])
def test_a_draft_is_marked_until_it_is_signed(tmp_path, draft, marked):
    results = [factory.scored("a.wav", 1.0)]
    style = Style(case=cases.case(tmp_path, results), draft=draft)
    report = build_report(results, factory.run(results), factory.reference(), Path("."), style)
    assert ("DRAFT" in text_of(render(report, "html"))) is marked
    assert ("data:image/svg+xml" in render(report, "pdf").partition("</style>")[0]) is marked
    assert (
        report.identity
        == build_report(results, factory.run(results), factory.reference(), Path("."), Style(case=style.case)).identity
    )


def test_the_case_decides_the_report_number(tmp_path):
    results = [factory.scored("a.wav", 1.0)]
    one, other = (tmp_path / name for name in ("one", "other"))
    numbers = set()
    for folder, text in ((one, "stated"), (other, "otherwise")):
        folder.mkdir()
        style = Style(case=load_case(cases.write(folder, cases.filled(text))))
        numbers.add(build_report(results, factory.run(results), factory.reference(), Path("."), style).identity)
    assert len(numbers) == 2


def leaves(entry: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a language file by its dotted key; of a list also how many it has, but of the glossary.

    Of a text with plural forms only the common one: how many there are is the language's own.
    """
    if isinstance(entry, dict) and isinstance(entry.get("other"), str):
        yield key, entry["other"]
    elif isinstance(entry, dict):
        for name, value in entry.items():
            yield from leaves(value, f"{key}.{name}")
    elif isinstance(entry, list):
        yield f"{key}{'' if key.startswith('.glossary') else len(entry)}", str(entry)
    else:
        yield key, str(entry)


def entries(language: str) -> dict[str, str]:
    return dict(leaves({k: v for k, v in load_words(language).entries.items() if k != "observation"}))


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_language_has_the_same_keys_and_values_to_fill_in(language):
    english, other = entries("en"), entries(language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w*\}", text)) == sorted(re.findall(r"\{\w*\}", other[key])), key


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_measure_is_explained_in_every_language(language):
    for english, other in zip(load_measures(), load_measures(language), strict=True):
        for part in ("title", "plain", "definition", "confounds"):
            told = getattr(other, part)
            assert told
            assert told != getattr(english, part) or part == "title", (english.key, part)


@pytest.mark.parametrize(("mode", "language"), EVERY)
def test_every_link_leads_somewhere(reports, mode, language):
    for markup in reports[mode, language].values():
        assert set(re.findall(r'href="#([\w-]+)"', markup)) <= set(re.findall(r'\bid="([\w-]+)"', markup))
        assert len(re.findall(r'\bid="', markup)) == len(set(re.findall(r'\bid="([^"]*)"', markup)))
