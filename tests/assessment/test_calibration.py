"""A likelihood ratio is given only for the pipeline and the conditions that were calibrated."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slim_cli.assessment.calibration import Calibration, Scope, load_calibration
from slim_cli.errors import UsageError
from slim_cli.results import ChannelResult, FileResult, Media, Observation, Remark
from tests.conftest import said

SCOPE = Scope((2.0, 30.0), (3000.0, 8000.0), (10.0, 60.0), ("lossless", "aac"), ("en",))
REFITS = ((1.8, -1.0, -1.7, 0.8), (2.2, -1.0, -1.3, 1.2))
CALIBRATION = Calibration("f" * 64, {"h1": "synthetic", "h2": "recorded"}, 2.0, -1.0, REFITS, (-1.5, 1.0), SCOPE)


def exhibit(**changes: Any) -> FileResult:
    facts = {"score": 1.0, "speech_s": 5.0, "codec": "aac", "bandwidth": 7000.0, "snr": 30.0, **changes}
    media = Media("mp4", facts["codec"], 16_000, 1, 160_000, 10.0, "PyAV", "1")
    observations = {"effective_bandwidth_hz": Observation(facts["bandwidth"], "Hz")}
    if facts["snr"] is not None:
        observations["snr_db"] = Observation(facts["snr"], "dB")
    channel = ChannelResult(0, "0" * 64, facts["speech_s"], facts["score"])
    return FileResult(
        "a.m4a", "scored", media=media, score=facts["score"], channels=(channel,), observations=observations
    )


def test_a_covered_exhibit_gets_its_ratio() -> None:
    status, reason, ratio = CALIBRATION.assess(exhibit(score=0.9), "f" * 64)
    assert (status, reason) == ("given", ())
    assert ratio is not None
    assert ratio.log10 == pytest.approx(0.8 / 2.302585)
    assert ratio.low == pytest.approx((1.81 * 0.9 - 1) / 2.302585)
    assert ratio.high == pytest.approx((2.19 * 0.9 - 1) / 2.302585)
    assert not ratio.bounded


@pytest.mark.parametrize(("score", "value", "other_end"), [(9.0, 1.0, 0.81), (-9.0, -1.5, -1.31)])
def test_a_ratio_never_leaves_the_bounds_whose_own_uncertainty_is_in_its_interval(
    score: float, value: float, other_end: float
) -> None:
    ratio = CALIBRATION.ratio(score)
    assert (ratio.log10, ratio.bounded) == (value, True)
    assert sorted([ratio.low, ratio.high]) == pytest.approx(sorted([value, other_end]))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"speech_s": 1.9}, "its net speech of 1.9 s lies outside the calibrated range of 2 to 30 s"),
        ({"speech_s": 31.0}, "its net speech of 31 s"),
        ({"codec": "opus"}, "its codec Opus is not among those calibrated (formats that lose nothing, AAC)"),
        ({"bandwidth": 2900.0}, "its bandwidth of 2,900 Hz"),
        ({"snr": 5.0}, "its signal-to-noise ratio of 5 dB"),
        ({"snr": None}, "its signal-to-noise ratio could not be measured"),
    ],
)
def test_beyond_the_scope_there_is_a_reason_and_no_ratio(changes: dict[str, Any], reason: str) -> None:
    status, given, ratio = CALIBRATION.assess(exhibit(**changes), "f" * 64)
    assert (status, ratio) == ("out_of_scope", None)
    assert said(given).startswith(reason)


@pytest.mark.parametrize("changes", [{"codec": "PCM_24"}, {"codec": "flac"}, {"bandwidth": 16_000.0}])
def test_what_the_model_cannot_hear_does_not_exclude(changes: dict[str, Any]) -> None:
    """Formats without loss sound alike, and the model hears nothing above 8 kHz."""
    assert CALIBRATION.assess(exhibit(**changes), "f" * 64)[0] == "given"


def test_what_the_calibration_did_not_measure_does_not_exclude() -> None:
    plain = replace(CALIBRATION, scope=Scope((2.0, 30.0)))
    assert plain.assess(exhibit(codec="opus", snr=None), "f" * 64)[0] == "given"


def test_another_pipeline_or_no_score_gives_no_ratio() -> None:
    assert CALIBRATION.assess(exhibit(), "e" * 64)[0::2] == ("uncalibrated", None)
    assert CALIBRATION.assess(FileResult("a", "no_audio"), "f" * 64) == ("uncalibrated", (Remark("no_score"),), None)


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"schema": "slim-calibration/9"}), "\xff"])
def test_a_broken_calibration_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"calibration\.json: "):
        load_calibration(path)
