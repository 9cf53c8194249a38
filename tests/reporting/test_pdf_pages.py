"""The printed evaluation by the boxes of its words: short, no page half empty, no label on another or cut."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace

import pikepdf
import pytest

from slim_cli import reporting
from slim_cli.reporting.selection import Style
from slim_cli.results import Occlusion
from tests.reporting import cases, factory
from tests.reporting.pdf_pages import PrintedPage, Word, half_empty, printed_pages

RATES_HZ = (8_000, 16_000, 44_100)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """An evaluation of three exhibits with pictures up to different frequencies, one with an occlusion curve."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    folder = tmp_path_factory.mktemp("pages")
    results = []
    for number, rate_hz in enumerate(RATES_HZ, start=1):
        result = factory.scored(f"call {number}.wav", 6.0 - 4 * number, duration_s=9.0)
        result = replace(result, media=replace(result.media, sample_rate_hz=rate_hz))
        name = f"overview/{number}-{result.sha256[:12]}.npz"
        factory.overview(9.0, number, rate_hz).save(folder / "out" / name)
        results.append(replace(result, overview=name))
    curve = Occlusion(tuple(float(s) for s in range(9)), 1.0, (-0.4,) * 9, 0.8)
    results = cases.evaluated([replace(results[0], occlusion=curve), *results[1:]])
    case, run = cases.case(folder, results), cases.calibrated(factory.run(results))
    style = Style("all", case, draft=False)
    return reporting.write(results, run, factory.reference(), folder / "out", ["pdf"], style)["pdf"]


def test_no_page_is_half_empty_but_the_last_of_a_section(evaluation):
    assert half_empty(evaluation) == []


def test_an_exhibit_has_at_most_two_pages_and_one_of_curves(evaluation):
    with pikepdf.open(evaluation) as pdf, pdf.open_outline() as outline:
        order = [page.obj.objgen for page in pdf.pages]
        chapter, after = next(
            (one, later) for one, later in zip(outline.root, outline.root[1:], strict=False) if one.children
        )
        starts = [order.index(item.destination[0].objgen) for item in [*chapter.children, after]]
    assert len(starts) == 1 + len(RATES_HZ)
    assert max(later - one for one, later in itertools.pairwise(starts)) <= 3


def test_no_word_stands_on_another_and_none_is_cut(evaluation):
    for number, page in enumerate(printed_pages(evaluation), start=1):
        assert list(page.collisions()) == [], f"page {number}"
        assert page.cut() == [], f"page {number}"


@pytest.mark.parametrize(
    ("left", "top", "collides", "cut"),
    [(0, 0, True, False), (5, 3, True, False), (0, 9, False, False), (12, 0, False, False), (-1, 40, False, True)],
)
def test_what_collides_or_is_cut_is_found(left, top, collides, cut):
    page = PrintedPage(100, 100, (Word(0, 0, 11, 10, "one"), Word(left, top, left + 11, top + 10, "two")))
    assert bool(list(page.collisions())) is collides
    assert page.cut() == (["two"] if cut else [])
