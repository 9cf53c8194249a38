"""What to hear first: which stretches and files are shown, what stands beside them, and what is marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slim_cli.assessment.reference import StretchReference
from slim_cli.cli.summary import sentences
from slim_cli.engines.scan_summary import ScanSummary
from slim_cli.reporting.build import build_report
from slim_cli.reporting.hear_first import MOST, highest_of_file
from slim_cli.reporting.selection import TRIAGE, Style
from slim_cli.reporting.table import flat
from slim_cli.reporting.templates import render
from slim_cli.reporting.writers import Findings
from slim_cli.results import ChannelResult, FileResult, Stretch, VoicedStretch
from slim_cli.words import languages
from tests.reporting import cases, factory
from tests.reporting.test_sections import section_of, text_of

MARKED = "summary.marked_below"
LIKE = StretchReference(10.0, 300.0, 900.0, tuple(0.1 * k for k in range(40)), 30, 12, 1)
REFERENCE = replace(
    factory.reference(),
    stretches=(LIKE, StretchReference(30.0, 300.0, 900.0, (0.5, 1.0))),
    metrics={
        **factory.reference().metrics,
        "rejected_voiced_by_class": {
            "bona_fide": {"value": 0.05, "low": 0.03, "high": 0.08, "n": 400},
            "spoof": {"value": 0.1, "low": 0.07, "high": 0.14, "n": 380},
        },
    },
)


def long_file(name: str, stretches: list[list[Stretch]], score: float = -2.0, duration_s: float = 400.0) -> FileResult:
    result = factory.scored(name, score, duration_s=duration_s, channels=len(stretches))
    channels = [replace(c, stretches=tuple(own)) for c, own in zip(result.channels, stretches, strict=True)]
    return replace(result, channels=tuple(channels))


def stretch(start: float, score: float, length: float = 10.0) -> Stretch:
    return Stretch(length, start, start + length, score)


def unheard(name: str) -> FileResult:
    """A file without a score that holds voiced sound which was not taken for speech."""
    result = factory.unscored(name, "insufficient_speech", "no speech found")
    voiced = tuple(VoicedStretch(5.0 * k, 5.0 * k + 3, 4.5 - k) for k in range(4))
    media = replace(factory.scored(name, 0.0).media, duration_s=24.0)
    return replace(result, media=media, channels=(ChannelResult(0, "", 0.0, rejected_voiced=voiced),))


HIDDEN = long_file("hidden.wav", [[stretch(100, 3.85), stretch(200, 1.0), stretch(90, 2.0, 30.0)]])
PLAIN = long_file("plain.wav", [[stretch(40, 0.2)]], score=-1.0)
SHORT = long_file("short.wav", [[Stretch(10.0, 0.0, 6.0, 9.0)]], score=2.0, duration_s=6.0)
BESIDE_LONG = long_file("an-hour.wav", [[stretch(10, 0.1)]], score=-3.0, duration_s=3600.0)


def built(results: list[FileResult], style: Style = TRIAGE):
    return build_report(results, factory.run(results), REFERENCE, Path("."), style)


def test_channels_are_looked_at_together_and_no_time_is_shown_twice():
    both = long_file("call.wav", [[stretch(10, 2.0), stretch(50, 1.0)], [stretch(14, 3.0), stretch(80, 0.5)]])
    assert [(channel, one.start_s) for channel, one in highest_of_file(both, 10.0)] == [(1, 14), (0, 50), (1, 80)]


def test_a_marked_stretch_comes_first_then_what_has_no_score_then_the_highest():
    report = built([PLAIN, BESIDE_LONG, SHORT, unheard("machine.wav"), HIDDEN])
    assert [file.path for file in report.hear.files] == ["hidden.wav", "machine.wav", "plain.wav", "an-hour.wav"]
    assert report.hear.marked_below == 1
    hidden = report.hear.files[0]
    assert [(one.start_s, one.marked) for one in hidden.stretches] == [(100, True), (200, False), (90, False)]
    assert hidden.stretches[0].beside == "1 of 40 bona fide recordings of 5\xa0min to 15\xa0min reached as much"
    assert hidden.rules == (
        "A stretch of 10 s in a recording of 5\xa0min to 15\xa0min is marked from +3.71 on: of 40 bona fide recordings "
        "of that length (30 of them joined from clips) at most 5 % reach it. Of 12 other ones 1 reached it (8.3\xa0%, "
        "95 % interval 1.5\xa0% to 35\xa0%).",
        "Stretches of 30 s are not marked in recordings of a length of which fewer than 20 bona fide recordings were "
        "measured.",
    )


def test_where_nothing_was_measured_no_number_is_given():
    (file,) = built([BESIDE_LONG]).hear.files
    assert file.stretches[0].beside == "not measured for recordings of this length"
    assert not file.stretches[0].marked
    unchecked = replace(REFERENCE, stretches=(replace(LIKE, checked=0, alarms=0),), metrics={})
    report = build_report([HIDDEN, unheard("a.wav")], factory.run([HIDDEN]), unchecked, Path("."), TRIAGE)
    text = text_of(section_of(render(report, "pdf"), "C"))
    assert "How many others reach it was not measured." in text
    assert "How often it occurs in clips of known origin was not measured for this model." in text


def test_voiced_sound_that_was_rejected_is_on_the_page_of_a_file_without_a_score():
    report = built([unheard("machine.wav")])
    (file,) = report.hear.files
    assert [(one.what, one.score) for one in file.rejected] == [
        ("voiced, not taken for speech", score) for score in (4.5, 3.5, 2.5)
    ]
    assert file.more == 1
    for medium in ("html", "pdf"):
        text = text_of(section_of(render(report, medium), "C"))
        assert "voiced, not taken for speech 0–3 0.0–3.0 s +4.50" in text
        assert "bona fide (n = 400) 5 %, 95 % interval 3 % to 8 %;" in text.replace("\xa0", " ")


def test_a_short_file_is_heard_whole_and_a_long_list_is_cut_but_for_a_case(tmp_path):
    assert built([SHORT]).hear.files == ()
    many = [long_file(f"{n}.wav", [[stretch(40, 0.01 * n)]]) for n in range(MOST + 3)]
    report = built(many)
    assert (len(report.hear.files), report.hear.left_out) == (MOST, 3)
    case = cases.case(tmp_path, many)
    own = built(many, Style("all", case))
    assert len(own.hear.files) == len([row for row in own.rows if row.received and row.received.exhibit])


@pytest.mark.parametrize("language", languages())
def test_the_page_speaks_every_language(language):
    report = built([HIDDEN, PLAIN, unheard("a.wav")], Style("all", None, language))
    page = render(report, "html")
    for key, text in (("hear.heading", section_of(page, "C")), ("hear.marked", section_of(page, "C")), (MARKED, page)):
        assert " ".join(report.words.say(key, n=1).split()) in text_of(text)


def test_stdout_and_the_line_for_machines_count_as_the_report_does(tmp_path):
    results = [HIDDEN, PLAIN, BESIDE_LONG]
    below = sum(map(REFERENCE.marked_below, results))
    summary = ScanSummary(results, 0.62, tmp_path, marked_below=below)
    assert below == built(results).hear.marked_below == json.loads(summary.to_json())["marked_below"] == 1
    assert "In 1 file a stretch is marked to be heard first" in sentences(summary)[-1]
    assert "marked" not in " ".join(sentences(ScanSummary([PLAIN], 0.62, tmp_path)))


def test_the_table_for_spreadsheets_has_three_of_each_length(tmp_path):
    findings = Findings([HIDDEN, unheard("a.wav")], factory.run([HIDDEN]), REFERENCE, tmp_path)
    first, second = flat(findings)
    names = ("score", "start_s", "end_s", "channel")
    assert [first[f"stretch_10s_1_{name}"] for name in names] == [3.85, 100, 110, 1]
    assert [first[f"stretch_30s_1_{name}"] for name in names] == [2.0, 90, 120, 1]
    assert first["stretch_10s_3_score"] is None
    assert (first["stretch_marked"], second["stretch_marked"]) == ("yes", None)
    assert (second["rejected_voiced_s"], second["rejected_voiced_score"]) == (12.0, 4.5)
