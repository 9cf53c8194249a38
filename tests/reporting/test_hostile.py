"""Names that attack, on real files: found on disk, and shown harmless and recognisable in every output."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from slim_cli import reporting
from slim_cli.cli.console import show
from slim_cli.cli.summary import summary_table
from slim_cli.engines.local import examine_files
from slim_cli.engines.scan_summary import ScanSummary
from slim_cli.evidence.names import safe_name
from slim_cli.output_formats import OUTPUT_FORMATS
from slim_cli.reporting.selection import Style
from tests.reporting import factory

NAMES = {
    "script": b"<script>alert(1)&lt;.wav",
    "formula": b"=cmd()|'C calc'!A0.wav",
    "rich markup": b"[bold red]x[{{7*7}}.wav",
    "ansi": b"\x1b[31mred\x1b]0;title\x07\xc2\x9b2J.wav",
    "right to left": "invoice\u202egpj\u2066.wav".encode(),
    "invalid utf-8": b"caf\xe9\xff.wav",
    "255 bytes": b"n" * 251 + b".wav",
    "newlines": b"line\r\nbreak\ttab.wav",
}
HIDDEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a scan finds of files with these names, by kind of name; then given a score, so that all is written."""
    evidence = tmp_path_factory.mktemp("evidence")
    for name in NAMES.values():
        with open(os.path.join(os.fsencode(evidence), name), "wb") as file:
            file.write(b"not audio")
    found = examine_files([evidence], detector=None)
    rows = {bytes.fromhex(r.path_hex) if r.path_hex else r.path.encode(): r for r in found}
    rows = {os.path.basename(name): row for name, row in rows.items()}
    assert set(rows) == set(NAMES.values())
    return {
        kind: replace(factory.scored(rows[name].path, 1.0, duration_s=7.0), path_hex=rows[name].path_hex)
        for kind, name in NAMES.items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("hostile")
    results = list(found.values())
    reporting.write(results, factory.run(results), factory.reference(), path, list(OUTPUT_FORMATS), Style("all"))
    return path


@pytest.fixture(scope="module")
def pdf_text(folder):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    command = ["pdftotext", "-raw", str(folder / "report.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=NAMES)
def result(request, found):
    return found[request.param]


def cells(path, **dialect):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [cell for row in csv.reader(file, **dialect) for cell in row]


def squeezed(text):
    return re.sub(r"\s|\ufffd", "", text)


def test_in_the_pdf(result, folder, pdf_text):
    assert squeezed(safe_name(result.path)) in squeezed(pdf_text)
    if result.path_hex:
        assert result.path_hex in squeezed(pdf_text)
    assert not HIDDEN.search(pdf_text.replace("\f", ""))


def test_in_the_bookmarks_of_the_pdf(result, folder):
    with pikepdf.open(folder / "report.pdf") as pdf, pdf.open_outline() as outline:
        titles = [child.title for item in outline.root for child in item.children]
    assert any(squeezed(safe_name(result.path)) in squeezed(title) for title in titles)
    assert not any(HIDDEN.search(title) for title in titles)


def test_in_the_html(result, folder):
    text = (folder / "report.html").read_text("utf-8")
    shown = safe_name(result.path)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;")):
        shown = shown.replace(character, entity)
    assert shown in text
    assert "<script>alert" not in text
    assert not HIDDEN.search(text)


def test_in_the_csv(result, folder):
    found = cells(folder / "results.csv")
    assert safe_name(result.path) in {cell.removeprefix("'") for cell in found}
    assert not any(cell.startswith("=") for cell in found)
    assert not HIDDEN.search((folder / "results.csv").read_text("utf-8-sig"))


def test_in_json_lines(result, folder):
    text = (folder / "results.jsonl").read_text("utf-8")
    assert not HIDDEN.search(text)
    assert result.path in {json.loads(line)["path"] for line in text.splitlines()}


def test_in_parquet(result, folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert result.path in parquet.read_table(folder / "results.parquet").column("path").to_pylist()


def test_in_the_case_record(result, folder):
    text = (folder / "results.jsonld").read_text("utf-8")
    assert not HIDDEN.search(text)
    paths = {node.get("uco-observable:filePath") for node in json.loads(text)["@graph"]}
    assert safe_name(result.path) in paths


def test_in_tracks_and_their_file_names(folder, found):
    for name in ("audacity", "raven"):
        tracks = sorted((folder / name).iterdir())
        assert len(tracks) == len(found)
        assert all(re.fullmatch(r"[0-9]{4}-[A-Za-z0-9._-]*", track.name) for track in tracks)
        assert not any(HIDDEN.search(track.read_text("utf-8")) for track in tracks)
    shown = {
        cell.removeprefix("'") for track in tracks for cell in cells(track, delimiter="\t", quoting=csv.QUOTE_NONE)
    }
    assert {safe_name(result.path) for result in found.values()} <= shown


def test_on_the_terminal(result, found, capsys):
    show(summary_table(ScanSummary(list(found.values()), 0.0, Path("out")), plain=True))
    text = capsys.readouterr().out
    assert safe_name(result.path) in text
    assert not HIDDEN.search(text)
