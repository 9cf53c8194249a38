"""What is written: formats, hostile names, words, sameness."""

from __future__ import annotations

import csv
import html
import json
import re
import shlex
import shutil
import subprocess

import jsonschema
import pikepdf
import pytest

from slim_cli import reporting
from slim_cli.errors import UsageError
from slim_cli.evidence.names import safe_name
from slim_cli.loading import SCHEMA_FILE
from slim_cli.reporting.selection import Style
from slim_cli.run_record import RunRecord
from slim_cli.words import load_measures, load_words, read_data
from tests.reporting import cases, factory
from tests.reporting.conftest import SECTIONS


def plain(text: str) -> str:
    """The visible text of an HTML document on one line."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture(scope="session")
def pdf_text(written):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    command = ["pdftotext", "-raw", str(written.pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def phrases():
    """What an English triage must not say; both modes in every language are tested in `test_sections`."""
    return [p for p in read_data("banned.en.toml")["phrase"] if "triage" in p.get("modes", ["triage"])]


@pytest.mark.parametrize("phrase", phrases(), ids=lambda p: p["text"])
def test_phrases_that_claim_too_much_never_appear(written, pdf_text, phrase):
    for text in (plain(written.html), " ".join(pdf_text.split())):
        for permitted in phrase.get("permitted", ()):
            text = re.sub(re.escape(permitted), "", text, flags=re.IGNORECASE)
        assert phrase["text"].lower() not in text.lower()


@pytest.mark.parametrize(
    "words",
    [
        "This is not the probability that the recording is fake",
        "Triage – not for court",
        "positive score leans towards synthetic speech",
        "validation found 5.0 % false alarms (of 812 bona fide files) and 28 % misses (of 955 spoof files)",
        "No strength of evidence is stated: this is a triage.",
        "not proof of natural origin",
        "Hann window",
        factory.FINGERPRINT,
        factory.digest("head.safetensors"),
        "slim scan examples/evidence -o out/demo",
        "permission denied",
        "soundfile 0.14.0 (libsndfile 1.2.2)",
        "truncated: the last page of the stream is not marked as its end",
        "636166e92e776176",
    ],
)
def test_both_renderings_say(written, pdf_text, words):
    assert words in plain(written.html).replace("\xa0", " ")
    squeezed = re.sub(r"\s", "", words)
    assert squeezed in re.sub(r"\s", "", pdf_text)


@pytest.mark.parametrize("name", factory.HOSTILE_NAMES.values(), ids=factory.HOSTILE_NAMES)
def test_hostile_names_are_harmless_and_recognisable(written, pdf_text, name):
    assert html.escape(safe_name(name)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in written.html
    with open(written.folder / "results.csv", encoding="utf-8-sig", newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    assert any(path.removeprefix("'") == safe_name(name) for path in paths)
    if name.isascii() or "\ufffd" not in name:
        assert re.sub(r"\s", "", safe_name(name)) in re.sub(r"\s", "", pdf_text)


def test_no_raw_control_or_direction_character_reaches_a_report(written, pdf_text):
    for text in (written.html, pdf_text.replace("\f", "")):
        assert not set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text))


def test_no_csv_cell_starts_a_formula(written):
    with open(written.folder / "results.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    risky = [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert all(re.fullmatch(r"-\d+(\.\d+)?(e-\d+)?", cell) for cell in risky)
    assert len(rows) == 1 + len(written.results)


def test_the_html_needs_no_network_and_runs_no_script_but_its_own(written):
    assert "default-src 'none'" in written.html
    assert not re.search(r"(src|href|url\()\s*=?\s*[\"'(]?\s*(https?:|//|file:)", written.html)
    assert " style=" not in re.sub(r"<style>.*?</style>", "", written.html, flags=re.DOTALL)
    assert len(re.findall(r"<script>", written.html)) == 1


def test_every_row_follows_the_shipped_schema(written):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    lines = (written.folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(written.results)
    for line in lines:
        validator.validate(json.loads(line))


def test_what_was_written_can_be_read_back(written):
    results, run = reporting.load(written.folder)
    assert run == written.run
    assert [r.to_json() for r in results] == [r.to_json() for r in written.results]


def test_reading_an_empty_folder_says_what_is_missing(tmp_path):
    with pytest.raises(UsageError, match="holds no results"):
        reporting.load(tmp_path)


def test_the_pdf_is_tagged_pdf_a_3a_with_its_data_attached(written):
    with pikepdf.open(written.pdf) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        assert set(pdf.attachments) == {"results.jsonl", "run.json", "reference.json"}
        attached = pdf.attachments["results.jsonl"].get_file().read_bytes()
        assert attached == (written.folder / "results.jsonl").read_bytes()
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
            exhibits = next(item for item in outline.root if "Results" in item.title).children
        assert any("Limits" in title for title in titles)
        assert len(exhibits) == SECTIONS


def test_every_pdf_font_is_embedded(written):
    with pikepdf.open(written.pdf) as pdf:
        dictionaries = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary)]
        fonts = [o for o in dictionaries if o.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)


def test_no_picture_is_smoothed_which_pdf_a_forbids(written):
    with pikepdf.open(written.pdf) as pdf:
        pictures = [o for o in pdf.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"]
        assert len(pictures) > 3, "those of the exhibits and of the gallery"
        assert not [o for o in pictures if o.get("/Interpolate")]


def test_a_printed_evaluation_names_itself_on_every_page_and_sums_up_on_one(tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    results = cases.evaluated([*factory.mixed(), factory.scored("last.wav", 0.2)])
    case, run = cases.case(tmp_path, results), cases.calibrated(factory.run(results))
    style = Style("top:1", case, "de")
    written = reporting.write(results, run, factory.reference(), tmp_path / "out", ["pdf"], style)
    text = subprocess.run(["pdftotext", "-raw", written["pdf"], "-"], capture_output=True, text=True, check=True).stdout
    pages = [" ".join(page.split()) for page in text.split("\f")[:-1]]
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert re.search(r"SLIM-20261123-[0-9A-F]{10} · Fassung stated report.version · Fall stated case.number", page)
        assert f"Seite {number} von {len(pages)}" in page
        assert "ENTWURF" in page
    words = load_words("de")
    for key in ("chapter.A", "summary.question", "summary.misleading", "receipt.heading", "chapter.G"):
        assert words.say(key) in pages[0], key
    assert "E-01" in pages[0]
    assert "B Verwaltungsangaben" not in pages[0]
    assert "B Verwaltungsangaben" in " ".join(pages[1:3])
    assert reporting.stored_case(tmp_path / "out") == case


def test_the_same_findings_give_the_same_bytes(tmp_path):
    results = [factory.scored("a.wav", 1.2)]
    for name in ("one", "two"):
        reporting.write(results, factory.run(results), factory.reference(), tmp_path / name)
    for file in ("report.pdf", "report.html", "results.csv", "results.jsonl", "run.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_a_failed_writer_leaves_the_old_file_and_no_remains(tmp_path, monkeypatch):
    results = [factory.scored("a.wav", 1.2)]
    reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["html"])
    before = (tmp_path / "report.html").read_bytes()

    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("slim_cli.reporting.html.pieces", fail)
    with pytest.raises(OSError, match="disk full"):
        reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["html"])
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["reference.json", "report.html", "report.json", "run.json"]


@pytest.mark.parametrize(("formats", "limit"), [(["docx"], "all"), (["html"], "some")])
def test_unknown_formats_and_limits_are_refused_before_anything_is_written(tmp_path, formats, limit):
    output = tmp_path / "out"
    with pytest.raises(UsageError, match="unknown"):
        reporting.write([], factory.run([]), factory.reference(), output, formats, Style(limit))
    assert not output.exists()


def test_nothing_scored_still_makes_a_report(tmp_path):
    results = [factory.unscored("notes.txt", "no_audio", "not an audio file (plain text)")]
    reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["html", "csv"])
    assert "0 of them hold enough speech" in plain((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_every_measure_is_explained_with_unit_definition_and_confounds():
    measured = {name for result in factory.mixed() for name in result.observations}
    explained = {entry.key: entry for entry in load_measures()}
    assert measured <= explained.keys()
    assert all(entry.plain and entry.definition and entry.confounds for entry in explained.values())


def test_the_run_record_survives_its_json():
    run = factory.run(factory.mixed())
    assert RunRecord.from_json(run.to_json()) == run
    assert shlex.join(run.command) == "slim scan examples/evidence -o out/demo"
