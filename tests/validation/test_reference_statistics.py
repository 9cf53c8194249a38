"""The reference statistics of a bundle: what is written can be read, and the operating point keeps its promise."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.assessment.reference import Reference, load_reference
from slim_cli.corpora.manifest import Clip
from slim_cli.engines.local import examine_files
from slim_cli.evidence.formats import codec_class
from slim_cli.results import ChannelResult, FileResult, Media, Observation, VoicedStretch
from slim_cli.validation.reference_statistics import Measured, coded_copies, renew_ranges, write_reference
from slim_cli.validation.scores import Scores, Trial


@pytest.mark.parametrize("seed", range(5))
def test_the_operating_point_flags_no_more_bona_fide_than_asked_for(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = ["bonafide"] * 97 + ["spoof"] * 61
    clips = tuple(Clip(Path(f"{i}.wav"), label, origin=f"o{i % 4}") for i, label in enumerate(labels))
    score = rng.normal(size=158) + 1.5 * np.array([label == "spoof" for label in labels])
    ranges = {"dc_offset": {"bona_fide": [0.01 * i for i in range(20)], "spoof": [0.5] * 19}}
    write_reference(tmp_path, Scores(clips, score, rng.random(158)), "made up", ranges)
    reference = load_reference(tmp_path)
    point = reference.operating_point
    assert (score[:97] >= point.score).mean() == pytest.approx(point.false_alarm_rate, abs=1e-4)
    assert 0.02 < point.false_alarm_rate <= 0.05
    assert (score[97:] < point.score).mean() == pytest.approx(point.miss_rate, abs=1e-4)
    assert (sum(reference.score.bona_fide.counts), sum(reference.score.spoof.counts)) == (97, 61)
    assert set(reference.observations["dc_offset"]) == {"bona_fide"}


def test_ranges_are_renewed_without_touching_anything_else(tmp_path: Path) -> None:
    clips = tuple(Clip(Path(f"{i}.wav"), "spoof" if i % 2 else "bonafide", origin="o") for i in range(60))
    old = {name: {"bona_fide": [0.1] * 20, "spoof": []} for name in ("dc_offset", "hum_db")}
    write_reference(tmp_path, Scores(clips, np.arange(60.0), np.arange(60.0)), "made up", old)
    before = load_reference(tmp_path)
    values = {"bona_fide": [5.0] * 20, "spoof": [7.0] * 20}
    measured = Measured({"dc_offset": values, "hum_db": values}, {"telephone": {"hum_db": values}})
    assert renew_ranges(tmp_path, measured, ["hum_db"]) == ["hum_db"]
    after = load_reference(tmp_path)
    assert (after.observations["hum_db"]["bona_fide"].p95, after.observations["hum_db"]["spoof"].p50) == (5.0, 7.0)
    assert after.observations["dc_offset"] == before.observations["dc_offset"]
    assert after.observations_by_codec["telephone"]["hum_db"]["spoof"].n == 20
    assert (after.operating_point, after.metrics, after.score) == (before.operating_point, before.metrics, before.score)


def test_every_rate_is_written_with_an_interval_and_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    origins = ["page"] * 60 + ["corpus"] * 30
    clips = tuple(
        Clip(Path(f"{i}.wav"), "spoof" if i < 30 else "bonafide", origin=origin) for i, origin in enumerate(origins)
    )
    score = rng.normal(size=90) + 1.5 * (np.arange(90) < 30)
    write_reference(tmp_path, Scores(clips, score, score), "made up", {})
    metrics = load_reference(tmp_path).metrics
    rows = (metrics["eer_by_origin"]["page"], metrics["false_alarms_by_corpus"]["corpus"])
    for entry in (metrics["auc"], metrics["f1"], *rows):
        assert entry["low"] < entry["value"] < entry["high"]
    assert metrics["min_dcf"]["low"] < metrics["min_dcf"]["high"]
    assert [(row["n_bona_fide"], row["n_spoof"]) for row in rows] == [(30, 30), (30, 0)]
    assert [set(metrics[name]) for name in ("eer_by_origin", "false_alarms_by_corpus")] == [{"page"}, {"corpus"}]


def media(codec: str, rate_hz: int = 16_000) -> Media:
    return Media("any", codec, rate_hz, 1, rate_hz, 1.0, "any", "1")


@pytest.mark.parametrize(
    ("codec", "rate_hz", "expected"),
    [
        ("PCM_16", 44_100, "lossless"),
        ("pcm_s16le", 48_000, "lossless"),
        ("FLAC", 16_000, "lossless"),
        ("alac", 44_100, "lossless"),
        ("FLOAT", 16_000, "lossless"),
        ("MPEG_LAYER_III", 44_100, "lossy"),
        ("aac", 44_100, "lossy"),
        ("VORBIS", 48_000, "lossy"),
        ("OPUS", 48_000, "lossy"),
        ("amrwb", 16_000, "telephone"),
        ("pcm_mulaw", 8_000, "telephone"),
        ("ULAW", 8_000, "telephone"),
        ("G721_32", 8_000, "telephone"),
        ("PCM_16", 8_000, "telephone"),
    ],
)
def test_codecs_fall_into_three_classes(codec: str, rate_hz: int, expected: str) -> None:
    assert codec_class(codec, rate_hz) == expected


@pytest.fixture
def by_codec(tmp_path: Path):
    """Written and read again: 30 lossless files of either class, of which 25 were also coded as MP3."""
    measured = Measured()
    for number in range(60):
        seen = {"dc_offset": Observation(0.01 * number, ""), "effective_bandwidth_hz": Observation(7900.0, "Hz")}
        measured.add(FileResult("a", "scored", media=media("FLAC"), observations=seen), number % 2 == 1)
        if number < 50:
            seen = {"dc_offset": Observation(5.0, ""), "snr_db": Observation(None, "dB", False)}
            coded = FileResult("a", "scored", media=media("MPEG_LAYER_III"), observations=seen)
            measured.add(coded, number % 2 == 1, copy=True)
    labels = ["bonafide"] * 40 + ["spoof"] * 40
    scores = Scores(tuple(Clip(Path("a.wav"), x) for x in labels), np.arange(80.0), np.arange(80.0))
    write_reference(tmp_path, scores, "made up", measured)
    return load_reference(tmp_path)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [("MPEG_LAYER_III", 5.0), ("FLAC", 0.29)],
    ids=["its own class", "the class stored"],
)
def test_a_file_is_held_against_the_ranges_of_its_codec_class(by_codec, codec: str, expected: float) -> None:
    assert by_codec.ranges_for(media(codec))["dc_offset"]["bona_fide"].p50 == pytest.approx(expected)


def test_a_class_without_ranges_is_held_against_none(by_codec) -> None:
    assert by_codec.ranges_for(media("amrnb")) == {}


def test_measures_of_the_upper_band_are_not_compared_across_sample_rates(by_codec) -> None:
    assert by_codec.observations_rate_hz == 16_000
    assert "effective_bandwidth_hz" in by_codec.ranges_for(media("FLAC"))
    assert set(by_codec.ranges_for(media("FLAC", 44_100))) == {"dc_offset"}


def test_clips_with_voiced_sound_that_was_not_taken_for_speech_are_counted_by_class_as_stored(tmp_path: Path) -> None:
    (tmp_path / "reference.json").write_text(json.dumps({"schema": "slim-reference/1", "observations": {}}))
    measured = Measured()
    for number in range(20):
        voiced = (VoicedStretch(1.0, 3.0),) if number % 4 == 0 else ()
        row = FileResult(
            "a", "scored", media=media("FLAC"), channels=(ChannelResult(0, "", 1.0, rejected_voiced=voiced),)
        )
        measured.add(row, is_spoof=number >= 12)
        measured.add(row, is_spoof=number >= 12, copy=True)
    renew_ranges(tmp_path, measured)
    rates = json.loads((tmp_path / "reference.json").read_text())["metrics"]["rejected_voiced_by_class"]
    assert {name: (rate["n"], rate["value"]) for name, rate in rates.items()} == {
        "bona_fide": (12, 0.25),
        "spoof": (8, 0.25),
    }
    assert rates["bona_fide"]["low"] < 0.25 < rates["bona_fide"]["high"]


def test_conditions_have_their_own_error_rate_and_nothing_else(tmp_path: Path) -> None:
    """Two pages with both classes and a corpus; under `hiss` the classes change places."""
    origins = ["page"] * 15 + ["corpus"] * 10 + ["page"] * 15
    clips = tuple(Clip(Path(f"{i}.wav"), "spoof" if i >= 25 else "bonafide", origin=o) for i, o in enumerate(origins))
    score = np.where(np.arange(40) < 25, 0.0, 1.0) + np.linspace(0, 0.1, 40)
    plain, hiss = Scores(clips, score, score), Scores(clips, -score, score, (Trial("hiss"),) * 40)
    write_reference(tmp_path, plain + hiss, "made up", {})
    reference = load_reference(tmp_path)
    assert reference.score.bona_fide.n == 25
    assert reference.metrics["eer_pooled"]["value"] == 0.0
    rows = {name: (row["value"], row["n_bona_fide"], row["n_spoof"]) for name, row in _conditions(reference).items()}
    assert rows == {"clean": (0.0, 15, 15), "hiss": (1.0, 15, 15)}


def test_the_operating_point_keeps_its_promise_under_every_condition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = tuple(Clip(Path(f"{i}.wav"), "spoof" if i % 2 else "bonafide", origin=f"o{i % 3}") for i in range(400))
    plain, hiss = (
        Scores(clips, rng.normal(m, 1, 400), rng.random(400), (Trial(c),) * 400) for m, c in ((0, ""), (1, "hiss"))
    )
    write_reference(tmp_path, plain + hiss, "made up", {})
    reference = load_reference(tmp_path)
    point, alarms = reference.operating_point, reference.metrics["false_alarms_by_condition"]
    assert {name: row["value"] <= 0.05 for name, row in alarms.items()} == {"clean": True, "hiss": True}
    assert alarms["hiss"]["value"] > 0.03 > alarms["clean"]["value"] == pytest.approx(point.false_alarm_rate, abs=1e-4)
    assert (alarms["hiss"]["n_bona_fide"], point.n_bona_fide) == (200, 200)


def test_noise_and_rooms_are_told_and_do_not_move_the_operating_point(tmp_path: Path) -> None:
    clips = tuple(Clip(Path(f"{i}.wav"), "spoof" if i % 2 else "bonafide", origin="o") for i in range(100))
    plain = Scores(clips, np.linspace(0, 1, 100), np.zeros(100))
    worse = Scores(clips, np.linspace(5, 6, 100), np.zeros(100), (Trial("room"),) * 100)
    points = [write_reference(tmp_path, scores, "made up", {}) for scores in (plain, plain + worse)]
    assert points[0]["operating_point"] == points[1]["operating_point"]
    assert points[1]["metrics"]["false_alarms_by_condition"]["room"]["value"] == 1.0
    missed = points[1]["metrics"]["misses_by_condition"]
    assert (missed["clean"]["value"] > 0.9, missed["room"]["value"]) == (True, 0.0)


def _conditions(reference: Reference) -> dict[str, dict[str, float]]:
    return reference.metrics["eer_by_condition"]


def test_coded_copies_are_what_they_are_called(tmp_path: Path, speech: np.ndarray) -> None:
    soundfile.write(tmp_path / "clip.flac", speech, 16_000)
    copies = coded_copies(tmp_path / "clip.flac", tmp_path, "copy")
    results = list(examine_files(copies, detector=None))
    assert [codec_class(r.media.codec, r.media.sample_rate_hz) for r in results if r.media] == ["lossy", "telephone"]
    assert results[1].observations["effective_bandwidth_hz"].value == pytest.approx(4000, rel=0.05)


def test_an_operating_point_set_on_other_clips_is_measured_on_these(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = tuple(Clip(Path(f"{n}.wav"), "spoof" if n % 2 else "bonafide") for n in range(200))
    chosen, seen = (Scores(clips, rng.normal(size=200) + mean, np.zeros(200)) for mean in (0.0, 1.0))
    alone = write_reference(tmp_path, chosen, "tune", {})["operating_point"]
    both = write_reference(tmp_path, seen, "test", {}, variants=3, chosen_on=(chosen, "Clips of tune."))
    point = both["operating_point"]
    assert (point["score"], point["set_on"], point["variants"]) == (alone["score"], "Clips of tune", 3)
    real = seen.score[~seen.is_spoof]
    assert point["false_alarm_rate"] == round(float((real >= alone["score"]).mean()), 4) > alone["false_alarm_rate"]
    assert both["description"] == "test"
