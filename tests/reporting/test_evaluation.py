"""What a likelihood ratio says in words, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slim_cli.reporting.build import build_report
from slim_cli.reporting.case_file import Case, load_case
from slim_cli.reporting.evaluation import evaluate
from slim_cli.reporting.nearest_condition import ConditionalLimits, nearest, stability
from slim_cli.reporting.rows import Standings
from slim_cli.reporting.scale import load_scale
from slim_cli.reporting.selection import TRIAGE, Style
from slim_cli.reporting.templates import render
from slim_cli.results import LikelihoodRatio, Observation, Remark
from slim_cli.words import load_words
from tests.reporting import cases, factory
from tests.reporting.test_sections import section_of, text_of

WORDS = load_words()
OTHER = Remark("other_pipeline", {"calibration": "ab", "scan": "cd"})
CODEC = Remark("codec_outside_scope", {"codec": "MP3", "covered": "lossless, AAC"})
LINE = {"method": {"slope": 2.302585, "intercept": 1.381551}}
ASKED = Case({"propositions.h1": "synthetic", "propositions.h2": "recorded"})


def said(ratio: LikelihoodRatio | None, case: Case = ASKED, **changes):
    result = replace(factory.scored("a.wav", 1.0), lr=ratio, lr_status="given" if ratio else "uncalibrated", **changes)
    return evaluate(result, "E-1", case, WORDS, LINE | {"bounds": {"low": -1.5, "high": 2.0}})


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (
            1.6,
            "about 40 times more probable if H1 is true than if H2 is true. On the scale in section J this is moderate",
        ),
        (
            -1.6,
            "about 40 times more probable if H2 is true than if H1 is true. On the scale in section J this is moderate",
        ),
        (0.5, "about 3.2 times more probable if H1 is true than if H2 is true. On the scale in section J this is weak"),
        (
            0.999,
            "about 10 times more probable if H1 is true than if H2 is true. On the scale in section J this is moderate",
        ),
        (
            3.2,
            "1,600 times more probable if H1 is true than if H2 is true. On the scale in section J this is strong",
        ),
        (0.2, "do not support one proposition over the other"),
        (-0.2, "do not support one proposition over the other"),
        (0.0, "do not support one proposition over the other"),
    ],
)
def test_the_sentence_follows_the_ratio(log10, words):
    assert words in said(LikelihoodRatio(log10, log10 - 0.1, log10 + 0.1)).statement


def test_ratio_interval_and_logarithm_are_printed_to_two_figures():
    assert said(cases.RATIO).figures == "Likelihood ratio 40 (95 % interval 13 to 79); log10 1.60 (1.10 to 1.90)."


@pytest.mark.parametrize(
    ("ratio", "caution", "expected"),
    [
        (LikelihoodRatio(0.5, -0.2, 0.9), "interval includes 1", True),
        (LikelihoodRatio(0.5, 0.2, 0.9), "interval includes 1", False),
        (LikelihoodRatio(2.0, 1.2, 2.0, bounded=True), "cut off at the bound", True),
        (LikelihoodRatio(1.9, 1.2, 2.0), "cut off at the bound", False),
        (LikelihoodRatio(1.06, 0.81, 1.21), "from “weak support” to “moderate support”", True),
        (LikelihoodRatio(-1.06, -1.21, -0.81), "from “weak support” to “moderate support”", True),
        (LikelihoodRatio(1.5, 1.1, 1.9), "In words the interval", False),
        (LikelihoodRatio(0.5, -0.2, 1.9), "In words the interval", False),
        (LikelihoodRatio(1.9, 1.2, 2.0), "ratios from 0.032 to 100", True),
        (LikelihoodRatio(1.9, 1.2, 2.0), "not the probability", True),
    ],
)
def test_what_must_be_known_with_a_ratio_stands_beside_it(ratio, caution, expected):
    assert any(caution in text for text in said(ratio).cautions) is expected


@pytest.mark.parametrize("bounded", [True, False])
def test_the_summary_says_when_a_ratio_was_cut_off(bounded):
    assert ("cut off at the bound of the calibration" in said(LikelihoodRatio(2.0, 1.2, 2.0, bounded)).short) is bounded


@pytest.mark.parametrize("missing", ["propositions.h1", "propositions.h2"])
def test_nothing_is_said_about_propositions_that_were_not_stated(missing):
    case = Case({**ASKED.items, missing: ""})
    one = said(cases.RATIO, case)
    assert (one.status, one.figures) == ("no_propositions", "")
    assert "does not state both propositions" in one.statement


@pytest.mark.parametrize(
    ("status", "reasons", "expected"),
    [
        ("uncalibrated", (), "no calibration was used"),
        ("uncalibrated", (OTHER,), "made for another model"),
        (
            "out_of_scope",
            (CODEC, cases.SHORT),
            "MP3 is not among those calibrated (formats that lose nothing, AAC)",
        ),
        (
            "out_of_scope",
            (CODEC, cases.SHORT),
            "speech of 2.2 s lies outside the calibrated range of 2.3 to 10 s",
        ),
    ],
)
def test_where_there_is_no_ratio_every_reason_is_told(status, reasons, expected):
    result = replace(factory.scored("a.wav", 1.0), lr_status=status, lr_reasons=reasons)
    one = evaluate(result, "E-1", ASKED, WORDS, {})
    assert (one.status, one.figures, one.cautions) == (status, "", ())
    assert expected in one.statement
    assert expected in one.short


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_scale_rises_from_one_and_names_its_source(language):
    scale = load_scale(language)
    lows = [low for low, _ in scale.bands]
    assert lows == sorted(lows)
    assert lows[0] == 1
    assert len({phrase for _, phrase in scale.bands}) == len(lows)
    assert "ENFSI" in scale.source


@pytest.mark.parametrize(
    ("codec", "rate_hz", "known", "words"),
    [
        ("PCM_16", 16_000, True, "without lossy coding: equal error rate 14 % (812 bona fide, 955 spoof files)"),
        ("PCM_16", 8_000, False, "No validation for these conditions (PCM 16-bit, 8 kHz"),
        (
            "ULAW",
            8_000,
            True,
            "20 %, 95 % interval 12 % to 31 % (9 bona fide, 8 spoof files). Chosen because the exhibit is stored as",
        ),
        ("opus", 48_000, False, "unknown"),
        ("GSM610", 8_000, False, "No validation for these conditions (GSM 06.10, 8 kHz"),
        ("dss_sp", 16_000, False, "unknown"),
    ],
)
def test_the_nearest_validated_condition_is_named_or_its_absence_said(codec, rate_hz, known, words):
    result = factory.scored("a.wav", 1.0)
    result = replace(result, media=replace(result.media, codec=codec, sample_rate_hz=rate_hz))
    measured = {"value": 0.2, "low": 0.12, "high": 0.31, "n_bona_fide": 9, "n_spoof": 8}
    stored = {"eer_by_condition": {"clean": [0.142, 812, 955], "g711": measured}}
    one = nearest(result, stored, WORDS)
    assert one.known is known
    assert words in one.text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("after", "flips", "words"),
    [
        ({"edges_trimmed": -0.4, "cropped": 1.2}, True, "without silence at both ends. This score is not steady"),
        ({"edges_trimmed": 0.5, "cropped": 1.2}, True, "without silence at both ends. This score is not steady"),
        ({"edges_trimmed": 0.8, "cropped": 1.5}, False, "largest difference is 0.50"),
        ({"cropped": None}, False, ""),
    ],
)
def test_a_score_that_changes_its_sign_is_called_unsteady(after, flips, words):
    one = stability(replace(factory.scored("a.wav", 1.0), stability=after), 0.62, WORDS)
    assert one is not None
    assert one.flips is flips
    assert words in one.text
    assert len(one.rows) == len(after)


def test_without_the_changes_nothing_is_said_of_them():
    assert stability(factory.scored("a.wav", 1.0), 0.62, WORDS) is None


def test_limits_name_the_files_that_they_concern():
    results = [
        factory.scored("short.wav", 1.0, duration_s=5.0),
        replace(factory.scored("long.wav", -1.0, duration_s=60.0), stability={"cropped": 0.3}),
        factory.scored("two.wav", 1.0, duration_s=60.0, channels=2),
    ]
    reference = replace(factory.reference(), metrics={"eer_by_condition": {"clean": [0.1, 1, 1]}})
    standings, limits = Standings(reference, TRIAGE), ConditionalLimits(reference)
    for number, result in enumerate(results, start=1):
        standings.add(result)
        limits.add(standings.row(number, result, WORDS))
    met = dict(limits.told(WORDS))
    assert {text.partition(":")[0]: files for text, files in met.items()} == {
        "Little speech": "No. 1",
        "Several channels": "No. 3",
        WORDS.say("limits.conditional_item.unsteady"): "No. 2",
    }


def test_the_example_case_can_be_used():
    from pathlib import Path

    case = load_case(Path(__file__).parents[2] / "examples" / "case.toml")
    assert all("EXAMPLE" in case.items[key] for key in ("laboratory.name", "case.number", "case.customer"))
    assert len(case.listed) == 9


@pytest.mark.parametrize(
    ("snr_db", "label"),
    [
        (40.0, "as recorded, without lossy coding: equal error rate 14 %"),
        (20.0, "noise 20 dB below the speech: equal error rate 30 %"),
        (9.0, "noise 10 dB below the speech: equal error rate 40 %"),
        (None, "as recorded, without lossy coding: equal error rate 14 %"),
    ],
)
def test_of_the_conditions_that_apply_the_worst_is_shown(snr_db, label):
    seen = {"snr_db": Observation(snr_db, "dB", snr_db is not None)}
    rates = {"clean": [0.14, 812, 955], "noise-20db": [0.3, 812, 955], "noise-10db": [0.4, 812, 955]}
    one = nearest(replace(factory.scored("a.wav", 1.0), observations=seen), {"eer_by_condition": rates}, WORDS)
    assert one.text.replace("\xa0", " ").startswith(label)


def test_a_better_row_of_noise_never_hides_the_row_of_the_coding():
    seen = {"snr_db": Observation(9.0, "dB")}
    rates = {"clean": [0.3, 812, 955], "noise-10db": [0.2, 812, 955]}
    one = nearest(replace(factory.scored("a.wav", 1.0), observations=seen), {"eer_by_condition": rates}, WORDS)
    assert one.text.startswith("as recorded, without lossy coding")


def test_no_exhibit_is_dropped_from_the_answers_and_only_exhibits_are_counted(tmp_path):
    results = [factory.scored(f"{n:02d}.wav", 1.0 + n / 10) for n in range(20)]
    case = cases.case(tmp_path, results)
    results = [*results, factory.unscored("notes.txt", "no_audio", "not an audio file")]
    report = build_report(results, factory.run(results), factory.reference(), tmp_path, Style(case=case))
    text = text_of(section_of(render(report, "html"), "A"))
    assert all(f"E-{n:02d}" in text for n in range(1, 21))
    assert "1 file was found that is no exhibit of the case file" in text


@pytest.mark.parametrize(
    ("cropped", "ratio", "phrase", "leaves"),
    [
        (0.42, "10", "moderate support for H1", False),
        (1.0, "40", "moderate support for H1", True),
        (0.3, "7.9", "weak support for H1", True),
        (-1.0, "0.40", "weak support for H2", True),
        (-9.0, "0.032", "moderate support for H2", True),
        (None, "–", "–", False),
    ],
)
def test_a_ratio_comes_with_its_robustness_and_what_does_not_hold_is_said_first(cropped, ratio, phrase, leaves):
    one = said(LikelihoodRatio(1.1, 0.9, 1.3), stability={"cropped": cropped})
    assert one.robustness is not None
    assert one.robustness.rows == (("cropped by 5 % at both ends", ratio, phrase),)
    assert one.cautions[0].startswith("This ratio does not hold") is leaves
    assert ("This ratio does not hold" in one.short) is leaves


def test_without_small_changes_nothing_is_said_of_robustness():
    assert said(LikelihoodRatio(1.1, 0.9, 1.3)).robustness is None
