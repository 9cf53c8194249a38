"""A calibration from made-up scan rows: disjoint from training, fitted, bounded, measured and scoped."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slim_cli.assessment.calibration import load_calibration
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.results import ChannelResult, FileResult, Media, Observation
from slim_cli.training.record import TrainingRecord
from slim_cli.validation.calibrating import Exhibits, Statement, check_disjoint, fit_calibration
from slim_cli.validation.calibration_scope import narrowed, scope_of

STATEMENT = Statement("f" * 64, "tiny 0", "m" * 64, "made up")


def exhibits(count: int = 80, distance: float = 5.0, codecs: tuple[str, str] = ("PCM_16", "FLAC")) -> Exhibits:
    """`count` recordings of eight speakers in `codecs[0]`, and as many spoof files of five systems in `codecs[1]`."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(2 * count):
        spoof = number >= count
        clip = Clip(
            Path(f"{number}.wav"),
            "spoof" if spoof else "bonafide",
            f"system{number % 5}" if spoof else "read",
            "" if spoof else f"speaker{number % 8}",
            "page",
            "en" if number % 2 else "fr",
        )
        speech = 3.0 + number % count / count * (4 if spoof else 8)
        score = float(rng.normal() + distance * spoof)
        media = Media("WAV", codecs[spoof], 16_000, 1, 160_000, 10.0, "libsndfile", "1")
        result = FileResult(
            clip.path.name,
            "scored",
            sha256=f"{number:064x}",
            media=media,
            score=score,
            channels=(ChannelResult(0, "0" * 64, speech, score),),
            observations={"effective_bandwidth_hz": Observation(4000.0 + 100 * (number % 40), "Hz")},
        )
        rows.append((clip, result, "m" * 64))
    rows.append((Clip(Path("short.wav"), "spoof"), FileResult("short.wav", "insufficient_speech"), "m" * 64))
    return Exhibits.gather(rows)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    """The content of a calibration file over 80 files of each class."""
    return fit_calibration(exhibits(), STATEMENT, "checked")


def test_a_calibration_can_be_read_and_gives_bounded_ratios(content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(content))
    calibration = load_calibration(path)
    low, neutral, high = (calibration.ratio(score) for score in (-9.0, 2.5, 9.0))
    assert (low.log10, high.log10) == calibration.bounds
    assert -2 < low.log10 < -0.8 < 0.8 < high.log10 < 2
    assert abs(neutral.log10) < 0.3
    assert neutral.low < neutral.log10 < neutral.high
    assert calibration.fingerprint == "f" * 64
    assert calibration.account["sha256"]
    assert "refits" not in calibration.account["method"]


def test_its_account_says_what_it_was_made_from_and_what_it_is_worth(content: dict[str, Any]) -> None:
    data, metrics = content["data"], content["metrics"]
    assert (data["n_bona_fide"], data["n_spoof"], data["speakers"]) == (80, 80, 8)
    assert data["generators"] == [f"system{i}" for i in range(5)]
    assert (data["excluded"], data["disjoint"]) == ({"insufficient_speech": 1}, "checked")
    assert data["scored_by"] == "the model itself"
    assert metrics["cllr_min"]["value"] < metrics["cllr"]["value"] < 1
    assert metrics["eer"]["low"] <= metrics["eer"]["value"] < 0.05
    assert metrics["cllr"]["low"] < metrics["cllr"]["value"] < metrics["cllr"]["high"]
    assert content == {**fit_calibration(exhibits(), STATEMENT, "checked"), "created": content["created"]}


def test_the_scope_is_what_both_classes_cover() -> None:
    files = exhibits()
    scope = scope_of(files.results, files.scores.is_spoof)
    assert scope.net_speech_s == pytest.approx((3.4, 6.75), abs=0.02)
    assert scope.bandwidth_hz == pytest.approx((4195, 7705), abs=1)
    assert scope.snr_db is None
    assert scope.codecs == ("lossless",)


def test_a_condition_under_which_ratios_mislead_leaves_the_scope() -> None:
    """The scores of coded files are those of recordings, whatever they are; so are the scores of the shortest."""
    files = exhibits(160)
    coded = [replace(r, media=replace(r.media, codec="opus")) if n % 3 == 0 else r for n, r in enumerate(files.results)]
    blind = [
        replace(r, score=(r.score or 0.0) - 5.0 * clip.is_spoof)
        if r.media.codec == "opus" or r.channels[0].net_speech_s < 4
        else r
        for r, clip in zip(coded, files.clips, strict=True)
    ]
    files = replace(files, results=tuple(blind))
    scope, kept, strata = narrowed(files.results, files.scores.is_spoof, files.ratios, 0.1)
    assert scope.codecs == ("lossless",)
    assert scope.net_speech_s[0] == 4.0
    worst = {stratum.value: stratum.misleading_spoof for stratum in strata if stratum.condition == "codec"}
    assert worst["opus"] > 0.3 > 0.1 >= worst["lossless"]
    taken = {("codec", "opus"), *((s.condition, s.value) for s in strata if s.value[1] == 4.0)}
    assert [s for s in strata if s.worst > 0.1 and (s.condition, s.value) not in taken] == []
    assert kept.tolist() == [r.media.codec != "opus" and r.channels[0].net_speech_s >= 4 for r in files.results]
    content = fit_calibration(files, STATEMENT, "checked")
    assert content["data"]["outside_scope"] == 320 - kept.sum()


def test_no_ratio_is_fitted_where_every_condition_misleads() -> None:
    with pytest.raises(UsageError, match="Under no condition do at most 10% of the ratios"):
        fit_calibration(exhibits(distance=0.5), STATEMENT, "checked")
    assert fit_calibration(exhibits(distance=0.5), STATEMENT, "checked", 1.0)["data"]["outside_scope"] == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (exhibits(20), "at least 30 scored files of each class; there are 20 bona fide and 20 spoof"),
        (exhibits(distance=-2.0), "do not score above recorded ones"),
        (exhibits(codecs=("PCM_16", "aac")), "class and codec go together"),
    ],
    ids=["too few", "upside down", "codec follows class"],
)
def test_what_would_mislead_is_refused(files: Exhibits, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fit_calibration(files, STATEMENT, "checked")


def record(**names: set[str]) -> TrainingRecord:
    empty: dict[str, frozenset[str]] = dict.fromkeys(("speakers", "systems", "relatives", "origins"), frozenset())
    return TrainingRecord(**{**empty, **{key: frozenset(values) for key, values in names.items()}})


@pytest.mark.parametrize(
    ("trained_on", "message"),
    [
        (record(speakers={"speaker3"}), r"10 of 160 files share .* \(the speaker speaker3\)"),
        (
            record(systems={"system1", "system2"}),
            r"32 of 160 files share .* \(the system system1, the system system2\)",
        ),
    ],
)
def test_files_that_were_trained_on_are_refused(trained_on: TrainingRecord, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_disjoint(exhibits(), {"m" * 64: trained_on})


def test_disjointness_is_stated_or_said_to_be_unchecked() -> None:
    assert check_disjoint(exhibits(), {"m" * 64: record(speakers={"else"})}).startswith("no file shares")
    assert check_disjoint(exhibits(), {"m" * 64: None}).startswith("not checked for 160 files")


def test_scores_of_a_model_that_is_not_at_hand_are_refused() -> None:
    files = exhibits()
    with pytest.raises(UsageError, match="come from a model"):
        check_disjoint(replace(files, models=("x" * 64, *files.models[1:])), {"m" * 64: None})
