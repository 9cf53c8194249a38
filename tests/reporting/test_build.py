"""The view model: order, counts, comparisons."""

from __future__ import annotations

import dataclasses
import html
from pathlib import Path

import pytest

from slim_cli.assessment.reference import Histogram
from slim_cli.audio.overview import Overview
from slim_cli.errors import UsageError
from slim_cli.reporting.build import build_report, inside, share_at_or_above
from slim_cli.reporting.selection import Style, check_limit, is_shown
from slim_cli.reporting.templates import render
from slim_cli.results import Occlusion
from tests.reporting import factory


def build(results, limit="all", folder=Path(".")):
    return build_report(results, factory.run(results), factory.reference(), folder, Style(limit))


def test_counts_add_up_to_the_files_found():
    counts = build(factory.mixed()).counts
    assert counts.flagged + counts.below + sum(counts.unscored.values()) == counts.found == len(factory.mixed())


def test_scored_files_come_by_falling_score_and_the_others_in_the_order_found():
    rows = build(factory.mixed()).rows
    scores = [row.result.score for row in rows if row.rank]
    assert scores == sorted(scores, reverse=True)
    assert [row.number for row in rows if not row.rank] == [8, 9, 10, 11, 12]


def test_a_file_at_the_threshold_is_flagged():
    threshold = factory.reference().operating_point.score
    rows = build([factory.scored("at.wav", threshold), factory.scored("below.wav", threshold - 0.0001)]).rows
    assert [row.state for row in rows] == ["flagged", "below"]


@pytest.mark.parametrize(("limit", "shown"), [("all", 7), ("flagged", 3), ("top:2", 2), ("top:0", 0), ("top:300", 7)])
def test_the_limit_decides_which_files_get_a_section(limit, shown):
    report = build(factory.mixed(), limit)
    assert len(report.exhibits) == shown
    assert report.left_out == 7 - shown


@pytest.mark.parametrize("limit", ["", "none", "top", "top:", "top:-1", "top:x", "top:²"])
def test_a_limit_without_meaning_is_refused(limit):
    with pytest.raises(UsageError, match="limit"):
        check_limit(limit)


def test_an_unscored_file_is_never_shown():
    assert not is_shown("all", None, False)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [(-5.0, 7, 10), (0.0, 7, 10), (0.5, 7, 10), (1.0, 7, 7), (2.5, 0, 2), (3.0, 0, 2), (99.0, 0, 2)],
)
def test_shares_are_bounds_that_never_claim_more_than_the_histogram_knows(value, least, most):
    one = Histogram(10, (0.0, 1.0, 2.0, 3.0), (3, 5, 2))
    share = share_at_or_above(one, value)
    assert (share.least, share.most) == (least, most)


def test_the_report_number_depends_on_content_alone():
    results = factory.mixed()
    same, other = build(results), build([dataclasses.replace(results[0], score=3.0), *results[1:]])
    assert build(results).identity == same.identity != other.identity


def test_a_stopped_scan_says_so():
    run = dataclasses.replace(factory.run([]), complete=False, files_found=3000)
    report = build_report([], run, factory.reference(), Path("."))
    assert report.warnings[0].startswith("Unfinished: 0 of 3,000 files. The scan was stopped before its end.")


def test_an_overview_outside_the_output_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="outside"):
        inside(tmp_path, "../elsewhere.npz")


def test_a_missing_overview_leaves_a_note_and_the_curves():
    result = dataclasses.replace(factory.scored("a.wav", 1.0), overview="overview/gone.npz")
    exhibit = build([result]).exhibits[0]
    assert "missing" in exhibit.picture_note
    assert "Score per window" in exhibit.timeline


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("faithfulness", [0.81, None])
def test_an_occlusion_curve_is_drawn_below_the_others_and_says_how_faithful_it_is(language, faithfulness):
    curve = Occlusion(tuple(float(s) for s in range(23)), 1.0, (-0.4,) * 23, faithfulness)
    results = [dataclasses.replace(factory.scored("a.wav", 2.0), occlusion=curve), factory.scored("b.wav", 1.0)]
    style = Style("all", language=language)
    report = build_report(results, factory.run(results), factory.reference(), Path("."), style)
    heading = report.words.say("figure.timeline.occlusion")
    assert [heading in html.unescape(exhibit.timeline) for exhibit in report.exhibits] == [True, False]
    page = render(report, "html")
    assert page.count('data-field="occlusion"') == 1
    say, shown = report.words.say, {"en": "0.81", "de": "0,81"}[language]
    told = say("exhibit.faithfulness", value=shown) if faithfulness else say("exhibit.no_faithfulness")
    assert told in html.unescape(page)


def test_a_drawn_exhibit_has_both_spectrograms_on_a_scale_that_a_script_can_read(tmp_path):
    result = factory.drawn(factory.scored("a.wav", 1.0, duration_s=6.0), tmp_path, 1)
    exhibit = build([result], folder=tmp_path).exhibits[0]
    assert exhibit.timeline.count("<image ") == 2
    assert 'data-left="46" data-right="692" data-duration="6"' in exhibit.timeline
    assert "window 32.0 ms, hop 8 ms" in exhibit.picture_note
    assert build([result], folder=tmp_path).gallery[0].picture.startswith("data:image/jpeg")


def test_an_overview_of_an_earlier_version_shows_what_it_holds_and_names_what_it_lacks(tmp_path):
    result = factory.drawn(factory.scored("a.wav", 1.0, duration_s=6.0), tmp_path, 1)
    path = inside(tmp_path, result.overview)
    dataclasses.replace(Overview.load(path), linear_db=None, linear_hz=None).save(path)
    exhibit = build([result], folder=tmp_path).exhibits[0]
    assert exhibit.timeline.count("<image ") == 1
    assert "Mel spectrogram" in exhibit.timeline
    assert "not stored by the version that scanned" in exhibit.picture_note


def test_the_strip_shows_every_usable_measure_that_has_a_range_and_marks_those_outside():
    exhibit = build([factory.scored("a.wav", 1.0)]).exhibits[0]
    cells = {m.cell.label: m.cell.outside for m in exhibit.measures if m.cell}
    assert cells == {
        "Effective bandwidth": False,
        "High-frequency energy ratio": True,
        "Pauses per minute": False,
        "Digital silence": True,
    }
    assert exhibit.strip.count("<text ") == 2 * len(cells)
    assert exhibit.strip.count('font-weight="600"') == 2
    assert build([dataclasses.replace(exhibit.result, observations={})]).exhibits[0].strip is None


@pytest.mark.parametrize(("audio", "embedded"), [(True, True), (False, False)])
def test_a_listening_proxy_is_embedded_unless_unwanted_and_sound_is_allowed_only_then(tmp_path, audio, embedded):
    results = [factory.drawn(factory.scored("a.wav", 1.0, duration_s=3.0), tmp_path, 1)]
    factory.listened(results[0], tmp_path)
    report = build_report(results, factory.run(results), factory.reference(), tmp_path, Style("all", audio=audio))
    page = render(report, "html")
    assert ("data:audio/webm;base64," in page, "media-src data:" in page) == (embedded, embedded)
    assert "data:audio" not in render(report, "pdf")


@pytest.mark.parametrize(("exhibits", "medium", "pictures"), [(3, "html", 3), (50, "html", 50), (50, "pdf", 40)])
def test_the_gallery_is_complete_on_screen_and_one_page_on_paper(exhibits, medium, pictures):
    results = [factory.scored(f"{n}.wav", 1.0, duration_s=3.0) for n in range(exhibits)]
    page = render(build_report(results, factory.run(results), factory.reference(), Path("."), Style("all")), medium)
    assert page.partition('id="gallery"')[2].partition("</section>")[0].count("<li>") == pictures
