"""Names in any script on paper: drawn where a font holds them, told by code points where none does."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from slim_cli import reporting
from slim_cli.reporting import pdf
from slim_cli.reporting.glyphs import drawn_ranges, merged, with_code_points
from slim_cli.reporting.selection import Style
from tests.reporting import factory

LATIN = [(0x20, 0x24F), (0x2000, 0x2300)]
NAMES = {
    "\u0645\u0643\u0627\u0644\u0645\u0629.wav": "[U+0645 U+0643 U+0627 U+0644 U+0645 U+0629].wav",
    "\u901a\u8a71.wav": "[U+901A U+8A71].wav",
    "\u0915\u0949\u0932.wav": "[U+0915 U+0949 U+0932].wav",
    "\u0e42\u0e17\u0e23.wav": "[U+0E42 U+0E17 U+0E23].wav",
    "\u05e9\u05d9\u05d7\u05d4.wav": "[U+05E9 U+05D9 U+05D7 U+05D4].wav",
    "\U0001f4de call.wav": "[U+1F4DE] call.wav",
    "\u2764\ufe0f.wav": "[U+2764]\ufe0f.wav",
    "caf\u00e9 \u2013 1.wav": "caf\u00e9 \u2013 1.wav",
}


@pytest.mark.parametrize(("name", "told"), NAMES.items())
def test_what_no_font_holds_is_told_by_code_points(name, told):
    assert with_code_points(name, LATIN) == told
    assert with_code_points(name, None) == name


@pytest.mark.parametrize(
    ("charsets", "ranges"),
    [("20-7e\n7f 80-ff\n", [(0x20, 0xFF)]), ("41 61\n41-42", [(0x41, 0x42), (0x61, 0x61)]), ("\n", None)],
)
def test_charsets_of_all_fonts_are_one(charsets, ranges):
    assert merged(charsets) == ranges


def test_the_fonts_here_hold_the_letters_of_the_report():
    if shutil.which("fc-list") is None:
        pytest.skip("fc-list is not installed: apt-get install fontconfig")
    assert with_code_points("A–ß ● × → ≤ µ", drawn_ranges()) == "A–ß ● × → ≤ µ"


def test_the_printed_report_names_every_file_by_letters_or_code_points(tmp_path, monkeypatch):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    monkeypatch.setattr(pdf, "drawn_ranges", lambda: LATIN)
    results = [factory.unscored(name, "no_audio", "none") for name in NAMES]
    written = reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["pdf"], Style())
    text = subprocess.run(["pdftotext", "-raw", written["pdf"], "-"], capture_output=True, text=True, check=True).stdout
    squeezed = "".join(text.split())
    for told in NAMES.values():
        assert "".join(told.replace("\ufe0f", "").split()) in squeezed.replace("\ufe0f", "")
