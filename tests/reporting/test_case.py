"""The case file: read as it stands, checked, compared with what was found, never guessed."""

from __future__ import annotations

from dataclasses import replace
from unicodedata import normalize

import pytest

from slim_cli.errors import UsageError
from slim_cli.reporting.case_file import FOLDER, blank_case, load_case, stored_case
from slim_cli.reporting.own_recordings import is_undisputed
from slim_cli.reporting.receipt import compare
from slim_cli.reporting.scale import load_scale
from slim_cli.words import load_words
from tests.reporting import cases, factory

A, B = factory.digest("a"), factory.digest("b")


@pytest.fixture
def blank(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(blank_case(), encoding="utf-8")
    return load_case(path)


def test_a_blank_case_misses_every_item_but_the_optional_ones_and_the_version(blank):
    keys = [entry.key for entry in blank.missing]
    assert {"laboratory.name", "case.question", "propositions.h1", "received.hash_list", "exhibit.number"} <= {*keys}
    assert not {"report.version", "laboratory.accreditation", "exhibit.seal", "report.supersedes"} & {*keys}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_item_that_can_be_missing_has_a_name(blank, language):
    words = load_words(language)
    assert all(words.say(f"case.item.{entry.key}") for entry in blank.missing)


def test_a_complete_case_misses_nothing(tmp_path):
    assert cases.case(tmp_path, [factory.scored("a.wav", 1.0)]).missing == ()


def test_a_case_without_exhibits_misses_them(tmp_path):
    case = load_case(cases.write(tmp_path, cases.filled(), f"{A}  a.wav\n"))
    assert [entry.key for entry in case.missing] == ["exhibit.file"]


def test_dates_and_numbers_are_taken_as_written(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text("[report]\nversion = 2\nissued = 2026-11-23T09:30:00+01:00\n[case]\nreceived = 2026-11-02\n")
    items = load_case(path).items
    assert [items["report.version"], items["report.issued"], items["case.received"]] == [
        "2",
        "2026-11-23 09:30:00+01:00",
        "2026-11-02",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[laboratory", "not valid TOML"),
        ("[laboratory]\nnames = 'x'", r"laboratory\.names: is unknown"),
        ("[labs]\nname = 'x'", "labs: is unknown"),
        ("laboratory = 'x'", "laboratory: expected a table"),
        ("[laboratory]\nname = true", r"laboratory\.name: expected a text or a whole number or a number"),
        ("[laboratory]\nname = ['x']", r"laboratory\.name: expected a text"),
        ("[propositions]\nconditioning = 'x'", r"propositions\.conditioning: expected a list"),
        ("exhibit = 'x'", "exhibit: expected a list"),
        ("[received]\nhash_list = '../list'", "in the folder of the case file"),
        ("[received]\nhash_list = '/etc/list'", "in the folder of the case file"),
        ("[received]\nhash_list = 'gone'", "hash list .*gone cannot be read"),
        ("[received]\nhash_list = 'case.toml'", "in the folder of the case file"),
    ],
)
def test_a_case_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, text, message):
    path = tmp_path / "case.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as refused:
        load_case(path)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_case(path)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{A}  a.wav", "a.wav"),
        (f"{A} *a b.wav", "a b.wav"),
        (f"{A.upper()}  a.wav", "a.wav"),
        (f"SHA256 (a.wav) = {A}", "a.wav"),
        (f"# from the police\n\n{A}  a.wav", "a.wav"),
    ],
)
def test_hash_lists_are_read_as_tools_write_them(tmp_path, line, name):
    listed = load_case(cases.write(tmp_path, cases.filled(), line)).listed
    assert [(one.name, one.digest, one.kind) for one in listed] == [(name, A, "sha256")]


SCALE = """
source = 'of the laboratory'
[[band]]
from = 1
phrase = 'none'
[[band]]
from = 5
phrase = { en = 'some', de = 'etwas' }
"""


def with_scale(folder, text):
    (folder / "own.toml").write_text(text, encoding="utf-8")
    data = cases.filled()
    data["report"]["scale"] = "own.toml"
    return load_case(cases.write(folder, data))


@pytest.mark.parametrize(("language", "phrase"), [("en", "some"), ("de", "etwas"), ("fr", "some")])
def test_a_laboratory_may_have_a_scale_of_its_own(tmp_path, language, phrase):
    case = with_scale(tmp_path, SCALE)
    assert load_scale(language, case.scale).phrase(7) == phrase
    assert "own.toml" in case.sources


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[band]", "not valid TOML"),
        ("source = 'x'", "band: is missing"),
        (SCALE.replace("from = 1", "from = 9"), "must rise from 1"),
        (SCALE.replace("phrase = 'none'", "phrase = 3"), r"band\.0\.phrase: expected a text or a table"),
    ],
)
def test_a_scale_that_cannot_be_used_is_refused(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        with_scale(tmp_path, text)


def test_a_line_that_is_no_hash_is_named(tmp_path):
    with pytest.raises(UsageError, match="Line 2 of the hash list"):
        load_case(cases.write(tmp_path, cases.filled(), f"{A}  a.wav\na.wav {B}\n"))


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [
        ("{own}  calls/a.wav", "match"),
        ("{own}  ./calls/a.wav", "match"),
        ("{own}  evidence\\calls\\a.wav", "match"),
        ("{own}  a.wav", "match"),
        ("{own}  other name.wav", "renamed"),
        ("{wrong}  a.wav", "mismatch"),
        ("SHA3 (a.wav) = {short}", "other_kind"),
        ("{md5}  a.wav", "match"),
        ("{short}  a.wav", "mismatch"),
        ("filename,md5,sha256\na.wav,{md5},{own}", "match"),
        ("filename,md5,sha256\na.wav,{short},{own}", "mismatch"),
        ("{wrong}  a.wav\n{own}  calls/a.wav", "contradiction"),
        ("{md5}  b.wav", "renamed"),
        ("{wrong}  b.wav", "unlisted"),
        ("", "no_list"),
    ],
)
def test_received_hashes_are_compared_with_measured_ones(tmp_path, listed, outcome):
    result = replace(factory.scored("calls/a.wav", 1.0), hashes={"md5": "5" * 32})
    text = listed.format(own=result.sha256, wrong=B, md5="5" * 32, short="0" * 32)
    case = load_case(cases.write(tmp_path, cases.filled(), text))
    receipt = compare(case, [result])
    assert [one.outcome for one in receipt.files] == [outcome]
    assert ("hashes_bad" in receipt.troubles) is (outcome == "mismatch")
    assert ("hashes_uncompared" in receipt.troubles) is (outcome == "other_kind")
    assert ("hashes_contradict" in receipt.troubles) is (outcome == "contradiction")


def test_contradicting_hashes_of_list_and_case_file_are_stated_first(tmp_path):
    results = [factory.scored("a.wav", 1.0), factory.scored("b.wav", 2.0)]
    data = {**cases.filled(), "exhibit": [cases.exhibit("a.wav", "E-1", sha256=A)]}
    receipt = compare(load_case(cases.write(tmp_path, data, f"{B}  a.wav\n{B}  b.wav\n{A}  c.wav\n")), results)
    assert list(receipt.troubles.items()) == [("hashes_contradict", 1), ("hashes_bad", 1), ("hashes_absent", 1)]
    assert [line.digest for line in receipt.files[0].lines] == [A, B]


@pytest.mark.parametrize(("found", "listed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_unicode_forms_of_one_name_meet(tmp_path, found, listed):
    result = factory.scored(normalize(found, "Gespräch/é.wav"), 1.0)
    named = normalize(listed, "Gespräch/é.wav")
    data = {**cases.filled(), "exhibit": [cases.exhibit(named, "E-1")]}
    data["reference"] = [{"file": named, "alike": "speaker", "exhibits": ""}]
    case = load_case(cases.write(tmp_path, data, f"{B}  {named}\n"))
    receipt = compare(case, [result])
    assert (receipt.files[0].outcome, receipt.files[0].exhibit["number"], receipt.not_found) == ("mismatch", "E-1", ())
    assert is_undisputed(result, case.references[0])


def test_files_that_differ_in_the_unicode_form_of_their_names_alone_stay_apart(tmp_path):
    names = [normalize(form, "é.wav") for form in ("NFC", "NFD")]
    results = [factory.scored(name, 1.0) for name in names]
    lines = "".join(f"{result.sha256}  {result.path}\n" for result in results)
    receipt = compare(load_case(cases.write(tmp_path, cases.filled(), lines)), results)
    assert [one.outcome for one in receipt.files] == ["match", "match"]


def test_a_name_that_fits_two_files_means_neither(tmp_path):
    results = [factory.scored("one/a.wav", 1.0), factory.scored("two/a.wav", 2.0)]
    receipt = compare(load_case(cases.write(tmp_path, cases.filled(), f"{B}  a.wav\n")), results)
    assert [one.outcome for one in receipt.files] == ["unlisted", "unlisted"]
    assert [line.name for line in receipt.absent] == ["a.wav"]
    assert receipt.troubles == {"hashes_absent": 1}


def test_of_two_listed_items_that_fit_one_file_the_one_with_its_hash_is_meant(tmp_path):
    result = factory.scored("a.wav", 1.0)
    listed = f"{result.sha256}  one/a.wav\n{B}  two/a.wav\n"
    receipt = compare(load_case(cases.write(tmp_path, cases.filled(), listed)), [result])
    assert (receipt.files[0].outcome, [line.name for line in receipt.absent]) == ("match", ["two/a.wav"])


def test_a_listed_file_that_could_not_be_read_is_not_called_a_match(tmp_path):
    case = load_case(cases.write(tmp_path, cases.filled(), f"{A}  locked.wav\n"))
    locked = next(result for result in factory.mixed() if result.path == "locked.wav")
    assert compare(case, [locked]).files[0].outcome == "unread"


def test_the_hash_of_an_exhibit_counts_like_a_line_of_the_list(tmp_path):
    result = factory.scored("a.wav", 1.0)
    data = {**cases.filled(), "exhibit": [cases.exhibit("a.wav", "E-1", sha256=result.sha256 or "")]}
    receipt = compare(load_case(cases.write(tmp_path, data)), [result])
    assert (receipt.files[0].outcome, receipt.files[0].exhibit["number"]) == ("match", "E-1")


def test_exhibits_that_were_not_found_are_named(tmp_path):
    data = {**cases.filled(), "exhibit": [cases.exhibit("gone.wav", "E-9")]}
    receipt = compare(load_case(cases.write(tmp_path, data)), [factory.scored("a.wav", 1.0)])
    assert [exhibit["number"] for exhibit in receipt.not_found] == ["E-9"]


def test_a_case_is_kept_byte_for_byte_and_found_again(tmp_path):
    case = cases.case(tmp_path, [factory.scored("a.wav", 1.0)])
    output = tmp_path / "out"
    case.store(output)
    assert stored_case(output) == case
    assert (output / FOLDER / "case.toml").read_bytes() == (tmp_path / "case.toml").read_bytes()
    assert stored_case(tmp_path / "elsewhere") is None
