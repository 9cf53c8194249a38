"""Scoring clips and breaking their error rates down, with a stand-in detector whose score is known beforehand."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.validation.breakdown import FIGURES, Reading, break_down
from slim_cli.validation.resampling_units import units
from slim_cli.validation.scores import FailedTrial, Scores, Trial, read_scores
from slim_cli.validation.tables import tables


def made_up(seed: int = 0) -> Scores:
    """Two pages with both classes, two corpora of recordings, three systems; under `hiss` nothing is told apart."""
    rng = np.random.default_rng(seed)
    clips, scores, trials = [], [], []
    for number in range(160):
        spoof = number < 60
        origin = f"page{number % 2}" if number < 100 else f"corpus{number % 2}"
        name = f"{number}.wav"
        clip = Clip(Path(name), "spoof" if spoof else "bonafide", f"s{number % 3}", f"p{number % 9}", origin, "en")
        for condition in ("", "hiss"):
            clips.append(clip)
            scores.append(rng.normal() + 2.0 * spoof * (not condition))
            trials.append(Trial(condition, 1.0 + number % 10, 1.0, "f" * 64))
    return Scores(tuple(clips), np.array(scores), np.full(320, 0.1), tuple(trials))


def coded(origins: int = 1) -> Scores:
    """Clips whose datasets state subset and codec, one of them of a rare codec, beside clips that state none."""
    plain = made_up().undegraded
    said = {"subset": ("eval", "progress"), "codec": ("alaw", "ulaw", "")}
    clips = [
        replace(
            c, origin=f"la{number // 2 % origins}", **{name: words[number % len(words)] for name, words in said.items()}
        )
        for number, c in enumerate(plain.clips)
    ]
    clips[0] = replace(clips[0], codec="opus")
    return replace(plain, clips=tuple(clips)) + plain


def test_scores_survive_the_round_trip_through_a_file(tmp_path: Path) -> None:
    scores = coded() + made_up()
    scores.write(tmp_path / "scores.csv")
    read = read_scores(tmp_path / "scores.csv")
    assert read.clips == tuple(replace(c, role="test") for c in scores.clips)
    assert read.trials == scores.trials
    assert read.score == pytest.approx(scores.score, abs=1e-4)


def test_clips_without_a_score_stay_in_the_file_and_are_counted(tmp_path: Path) -> None:
    scores = made_up()
    failed = [
        FailedTrial(replace(scores.clips[0], path=Path(f"x{n}.wav")), c, "decode_failed", 'it, "broke"')
        for n, c in ((0, ""), (1, ""), (1, "hiss"))
    ]
    whole = replace(scores, unscored=tuple(failed))
    whole.write(tmp_path / "scores.csv")
    read = read_scores(tmp_path / "scores.csv")
    assert [replace(f, clip=replace(f.clip, role="train")) for f in read.unscored] == failed
    assert len(read.clips) == len(scores.clips)
    result = break_down(read, Reading(threshold=1.0, rounds=5))
    assert result.unscored == {"decode_failed": 2}
    assert "Not scored, and in no figure: 2 clips (2 decode_failed)." in tables(result)[0].note
    assert (read + read).unscored_by_status == {"decode_failed": 4}


def test_scores_of_other_programs_need_only_path_label_and_score(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("path,label,score\na.wav,spoof,1.5\nb.wav,bonafide,-0.5\n")
    read = read_scores(tmp_path / "s.csv")
    assert list(read.score) == [1.5, -0.5]
    assert {(c.subset, c.codec, c.condition) for c in read.clips} == {("", "", "")}
    assert read.trials == (Trial(), Trial())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na,spoof\n", "need a column 'score'"),
        ("path,label,score\na,fake,1\n", "neither bonafide nor spoof"),
        ("path,label,score\na,spoof,high\n", "cannot be read"),
        ("path,label,score\na,spoof,nan\n", "not a finite number"),
    ],
)
def test_unusable_scores_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_scores(tmp_path / "s.csv")


def test_asvspoof_files_have_higher_for_bona_fide(tmp_path: Path) -> None:
    scores = made_up().undegraded
    scores.write_asvspoof(tmp_path / "s.tsv", tmp_path / "k.tsv")
    values, keys = (list(csv.DictReader((tmp_path / name).open(), delimiter="\t")) for name in ("s.tsv", "k.tsv"))
    assert [row["filename"] for row in values] == [row["filename"] for row in keys]
    assert [row["cm-label"] for row in keys] == [clip.label for clip in scores.clips]
    assert [float(row["cm-score"]) for row in values] == pytest.approx(-scores.score, abs=1e-4)


def test_every_breakdown_counts_the_clips_it_should() -> None:
    result = break_down(made_up(), Reading(threshold=1.0, threshold_source="given", rounds=20))
    assert [(r.name, r.n_bona_fide, r.n_spoof) for r in result.overall] == [
        ("all clips", 100, 60),
        ("origins with spoof clips", 40, 60),
    ]
    assert [(r.name, r.n_bona_fide, r.n_spoof) for r in result.origins] == [("page0", 20, 30), ("page1", 20, 30)]
    assert [(r.name, r.n_bona_fide, r.n_spoof) for r in result.systems] == [(f"s{i}", 100, 20) for i in range(3)]
    assert [r.name for r in result.durations] == ["0 to 2 s", "2 to 4 s", "4 to 8 s", "8 to 16 s"]
    assert sum(r.n_spoof for r in result.durations) == 60
    assert {name: total for name, (_, total, _) in result.corpora.items()} == {"corpus0": 30, "corpus1": 30}
    row = result.overall[0]
    assert tuple(row.figures) == tuple(row.over_origins) == FIGURES
    assert all(e.low <= e.value <= e.high for name, e in row.figures.items() if name != "cllr_min")
    assert row.figures["cllr_min"].value < row.figures["cllr"].value
    assert result.origins[0].over_origins == {}


@pytest.mark.parametrize(
    ("origins", "codecs", "subsets"),
    [
        (1, {"(not stated)": (33, 20), "alaw": (34, 19), "ulaw": (33, 20)}, {"eval": (50, 30), "progress": (50, 30)}),
        (
            2,
            {
                "la0: (not stated)": (16, 10),
                "la0: ulaw": (17, 10),
                "la1: (not stated)": (17, 10),
                "la1: alaw": (17, 10),
                "la1: ulaw": (16, 10),
            },
            {f"la{n}: {part}": (25, 15) for n in range(2) for part in ("eval", "progress")},
        ),
    ],
)
def test_clips_are_told_apart_by_what_their_dataset_says_of_them(
    origins: int, codecs: dict[str, tuple[int, int]], subsets: dict[str, tuple[int, int]]
) -> None:
    said = break_down(coded(origins), Reading(threshold=1.0, rounds=20)).said
    counts = {about: {row.name: (row.n_bona_fide, row.n_spoof) for row in rows} for about, rows in said.items()}
    assert counts == {"subset": subsets, "codec": codecs, "condition": {}}
    assert all(row.figures["eer"].low < row.figures["eer"].high for row in said["codec"])


def test_rates_at_the_threshold_are_shares_of_clips() -> None:
    scores = made_up()
    result = break_down(scores, Reading(threshold=1.0, rounds=5))
    plain = scores.undegraded
    flagged = plain.score >= 1.0
    assert result.false_alarms[:2] == (int((flagged & ~plain.is_spoof).sum()), 100)
    assert result.misses[:2] == (int((~flagged & plain.is_spoof).sum()), 60)
    assert result.misses[2].value == pytest.approx(result.misses[0] / 60)


def test_without_a_threshold_five_percent_of_the_clips_own_recordings_set_it() -> None:
    result = break_down(made_up(), Reading(rounds=5))
    assert 0.02 < result.false_alarms[2].value <= 0.05
    assert result.threshold_source == "set at 5 % false alarms on these clips"


def test_a_condition_is_compared_with_the_same_clips() -> None:
    (hiss,) = break_down(made_up(), Reading(threshold=1.0, rounds=200)).conditions
    plain = break_down(made_up().undegraded, Reading(threshold=1.0, rounds=5)).overall[1]
    assert hiss.row.name == "hiss"
    assert hiss.change.value == pytest.approx(hiss.row.figures["eer"].value - plain.figures["eer"].value)
    assert 0.1 < hiss.change.low < hiss.change.value
    assert hiss.misses.value > 0.7


def test_channels_and_surroundings_stand_in_tables_of_their_own() -> None:
    plain = made_up().undegraded
    under = {name: replace(plain, trials=(Trial(name),) * len(plain.clips)) for name in ("g711", "room")}
    result = break_down(plain + under["g711"] + under["room"], Reading(threshold=1.0, rounds=5))
    rows = {table.title: table for table in tables(result, {"amr-wb": "no encoder", "room-noise": "no library"})}
    channels, around = rows["Channels"], rows["Noise and rooms"]
    assert [row[0] for row in channels.rows] == ["as it is", "g711", "amr-wb"]
    assert [row[0] for row in around.rows] == ["as it is", "room", "room-noise"]
    assert "room: a simulated room, the microphone 1.5 to 4 m away" in around.note
    assert "coded" not in around.note
    assert "Noise and rooms" not in [table.title for table in tables(break_down(made_up(), Reading(rounds=5)))]


def test_calibrated_ratios_change_cllr_and_act_dcf_alone() -> None:
    raw, calibrated = (break_down(made_up(), Reading(1.0, "", llr, 5)) for llr in (None, lambda score: 3 * score - 3))
    changed = {f for f in FIGURES if raw.overall[0].figures[f].value != calibrated.overall[0].figures[f].value}
    assert changed == {"act_dcf", "cllr"}
    assert (raw.calibrated, calibrated.calibrated) == (False, True)


def test_a_speaker_stays_together_unless_there_are_too_few() -> None:
    names = units(made_up().undegraded)
    assert len({n for n in names[60:]}) == 9
    assert len({n for n in names[:60]}) == 60  # three systems would make no interval


def test_one_class_alone_has_no_error_rates() -> None:
    plain = made_up().undegraded
    with pytest.raises(UsageError, match="both classes"):
        break_down(plain.take(plain.is_spoof), Reading())


def test_false_alarms_of_the_highest_channel_stand_apart_by_number_of_channels() -> None:
    plain = made_up().undegraded
    counts = [1 + number % 2 for number in range(len(plain.clips))]
    trials = tuple(replace(trial, channels=count) for trial, count in zip(plain.trials, counts, strict=True))
    result = break_down(replace(plain, trials=trials), Reading(threshold=1.0, rounds=5))
    flagged = (plain.score >= 1.0) & ~plain.is_spoof
    for count in (1, 2):
        own = np.array(counts) == count
        assert result.channels[count][:2] == (int(flagged[own].sum()), int((own & ~plain.is_spoof).sum()))
    titles = [table.title for table in tables(result)]
    assert "False alarms by number of channels" in titles
    assert "False alarms by number of channels" not in [t.title for t in tables(break_down(plain, Reading(rounds=5)))]


def test_parts_of_the_clips_and_the_worst_confusions_are_told() -> None:
    """A third of the spoof clips resynthesise recordings, training heard the system `s0` and the speaker `p1`."""
    plain = made_up().undegraded
    families = tuple(("codec", "tts", "vc")[int(c.system[1])] if c.is_spoof else "natural" for c in plain.clips)
    scores = replace(plain, clips=tuple(replace(c, family=f) for c, f in zip(plain.clips, families, strict=True)))

    def unseen(clip: Clip) -> bool:
        return clip.system != "s0" if clip.is_spoof else clip.speaker != "p1"

    result = break_down(scores, Reading(threshold=1.0, rounds=50, unseen=unseen))
    counts = {part.name: (part.n_bona_fide, part.n_spoof) for part in result.parts}
    assert counts == {
        "no system or speaker of training": (89, 40),
        "without resynthesised copies": (100, 40),
        "family codec, against all recordings": (100, 20),
        "family tts, against all recordings": (100, 20),
        "family vc, against all recordings": (100, 20),
        "recordings in en": (100, 0),
    }
    english, whole = result.parts[-1], result.false_alarms
    assert (english.eer, english.misses, english.false_alarms) == (None, None, whole[2])
    missed = np.sort(scores.score[scores.is_spoof & (scores.score < 1.0)])[:10]
    alarms = np.sort(scores.score[~scores.is_spoof & (scores.score >= 1.0)])[::-1][:10]
    assert [one.score for one in result.confusions] == [*missed, *alarms]
    assert {"Parts of the clips", "Worst confusions"} <= {table.title for table in tables(result)}
