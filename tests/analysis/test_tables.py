"""The numbers of every table, against computations that share no code with them."""

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from slim_cli.analysis.correlation import correlation_rows, pearson
from slim_cli.analysis.dataset_figures import dataset_rows
from slim_cli.analysis.layers import block_means, choose_blocks, layer_correlation
from slim_cli.analysis.mismatch import mismatch_rows
from slim_cli.analysis.spectrograms import case_rows
from slim_cli.analysis.systems import system_rows, weights
from slim_cli.analysis.tsne import project
from slim_cli.corpora.manifest import Clip
from slim_cli.detector import load_detector
from slim_cli.validation.scores import Scores


def scored(real: list[float], fake: list[float], origin: str = "here") -> Scores:
    """Clips with these scores, whose mismatch is a tenth of them."""
    clips = [Clip(Path(f"{origin}-r{i}"), "bonafide", "", f"p{i}", origin) for i in range(len(real))]
    clips += [Clip(Path(f"{origin}-f{i}"), "spoof", f"s{i % 2}", "", origin) for i in range(len(fake))]
    values = np.array(real + fake)
    return Scores(tuple(clips), values, values / 10)


def test_pearson_is_that_of_numpy() -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 5, 16))
    np.testing.assert_allclose(pearson(a, b), [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)])


def test_each_system_is_compared_with_bona_fide_by_welchs_test() -> None:
    rng = np.random.default_rng(0)
    parts = {"": rng.normal(0.9, 0.02, 30), "far": rng.normal(0.8, 0.05, 12), "near": rng.normal(0.9, 0.01, 9)}
    r, systems = np.concatenate(list(parts.values())), np.repeat(list(parts), [30, 12, 9])
    rows = {row["group"]: row for row in correlation_rows(r, systems != "", systems)}
    assert list(rows) == ["bona fide", "all systems", "far", "near"]
    real = parts[""]
    p_values = {}
    for name in ("far", "near"):
        fake = parts[name]
        spread = [x.var(ddof=1) / len(x) for x in (fake, real)]
        t = (fake.mean() - real.mean()) / math.sqrt(sum(spread))
        df = sum(spread) ** 2 / (spread[0] ** 2 / (len(fake) - 1) + spread[1] ** 2 / (len(real) - 1))
        p_values[name] = 2 * stats.t.sf(abs(t), df)
        row = rows[name]
        assert (row["t"], row["df"], row["p"]) == pytest.approx((t, df, p_values[name]))
        assert (row["n"], row["mean_r"], row["sd_r"]) == pytest.approx((len(fake), fake.mean(), fake.std(ddof=1)))
    assert rows["far"]["p_adjusted"] == pytest.approx(2 * p_values["far"])
    assert rows["near"]["p_adjusted"] == pytest.approx(p_values["near"])


def test_a_system_of_one_clip_is_listed_without_a_test() -> None:
    rows = correlation_rows(np.array([0.9, 0.8, 0.7]), np.array([False, False, True]), np.array(["", "", "one"]))
    assert [rows[-1][key] for key in ("group", "n", "sd_r", "t", "p", "p_adjusted")] == ["one", 1, "", "", "", ""]


def test_mismatch_has_quartiles_per_class_and_an_error_rate_per_dataset() -> None:
    real, fake = [float(v) for v in range(1, 12)], [float(v) for v in range(10, 21)]
    scores = scored(real, fake) + scored([5.0], [6.0], "small")
    rows = {(row["dataset"], row["class"]): row for row in mismatch_rows(scores, rounds=50)}
    row = rows["here", "bonafide"]
    found = [row[k] for k in ("n", "minimum", "q1", "median", "q3", "maximum")]
    assert found == pytest.approx([11, 0.1, 0.35, 0.6, 0.85, 1.1])
    assert row["eer"] == pytest.approx(1 / 11)
    assert row["eer_low"] <= 1 / 11 <= row["eer_high"]
    assert rows["small", "spoof"]["eer"] == ""
    assert rows["all clips", "spoof"]["n"] == 12


def test_error_rates_are_given_where_both_classes_are_large_enough() -> None:
    real, fake = [float(v) for v in range(10)], [v + 5.5 for v in range(10)]
    rows = system_rows(scored(real, fake) + scored([0.0], [1.0], "small"), rounds=20)
    assert [row["dataset"] for row in rows] == ["all clips", "here"]
    here = rows[1]
    # threshold between 7 and 7.5: two of ten on the wrong side of it in each class
    assert (here["eer"], here["f1"]) == pytest.approx((0.2, 0.8))
    above = sum(f > r for f in fake for r in real) / 100
    assert here["auc"] == pytest.approx(above)
    assert (here["bonafide"], here["spoof"], here["systems"]) == (10, 10, 2)


def test_trainable_weights_are_those_of_the_head(bundle: Path) -> None:
    detector = load_detector(bundle, "cpu")
    trained = sum(math.prod(p.shape) for name, p in detector.model.named_parameters() if name.startswith("head."))
    assert weights(detector) == {
        "trainable_weights": trained,
        "encoder_weights": sum(math.prod(p.shape) for p in detector.model.parameters()) - trained,
    }


def test_datasets_count_clips_systems_speakers_languages_and_hours(clips: list[Clip]) -> None:
    everything, first, second = dataset_rows(clips, np.full(24, 900.0))
    assert everything["hours"] == 6.0
    assert first == {
        "dataset": "origin0",
        "split": "train",
        "samples": 22,
        "bonafide": 11,
        "spoof": 11,
        "systems": 3,
        "speakers_known": 5,
        "speaker_unknown": 0,
        "languages": "en fr",
        "hours": 5.5,
    }
    assert second["samples"] == 2


def test_blocks_agree_as_far_as_they_find_the_same_clips_alike() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((12, 6)), rng.standard_normal((12, 9))
    turned = a @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    found = layer_correlation([a, b], [turned, b])
    expected = stats.spearmanr(pdist(a, "cosine"), pdist(b, "cosine")).statistic
    np.testing.assert_allclose(found, [[1, expected], [expected, 1]], atol=1e-9)


def test_the_rule_finds_the_runs_that_agree_least() -> None:
    planted = np.full((9, 9), 0.8)
    planted[1:4, 5:9] = 0.1
    (a, b), (c, d) = choose_blocks(planted)
    assert planted[a : b + 1, c : d + 1].max() == 0.1
    assert (b - a + 1, d - c + 1) >= (3, 3)


def test_the_rule_misses_no_pair_of_runs() -> None:
    table = np.random.default_rng(1).uniform(size=(5, 4))
    means = {
        (a, b, c, d): table[a : b + 1, c : d + 1].mean()
        for a, b, c, d in product(range(5), range(5), range(4), range(4))
        if b - a >= 1 and d - c >= 1  # a third of five blocks is two, and so of four
    }
    (a, b), (c, d) = choose_blocks(table)
    assert (a, b, c, d) == min(means, key=means.__getitem__)


def test_blocks_above_those_read_are_seen_too(bundle: Path, clips: list[Clip]) -> None:
    detector = load_detector(bundle, "cpu")
    style, linguistics = block_means(detector.model, clips[:3], next(detector.model.parameters()).device)
    assert ([block.shape for block in style], len(linguistics)) == ([(3, 16)] * 3, 2)
    assert detector.model.style.blocks == (0, 1)


@pytest.mark.parametrize(
    ("threshold", "calls"),
    [
        (2.5, ["flagged: false alarm", "not flagged: miss", "not flagged: correct", "flagged: hit"]),
        (9.0, ["not flagged: correct", "not flagged: miss", "not flagged: correct", "not flagged: miss"]),
    ],
)
def test_telling_cases_are_the_extremes_of_each_class(threshold: float, calls: list[str]) -> None:
    rows = case_rows(scored([1.0, 3.0, -2.0], [0.0, 4.0, 2.0]), threshold)
    assert [row["score"] for row in rows] == [3.0, 0.0, -2.0, 4.0]
    assert [row["call"] for row in rows] == calls


def test_a_map_keeps_far_groups_apart_and_is_the_same_every_time() -> None:
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(0, 1, (15, 8)), rng.normal(20, 1, (15, 8))])
    first = project(features)
    assert (first == project(features)).all()
    centres = first[:15].mean(0), first[15:].mean(0)
    within = max(np.linalg.norm(part - part.mean(0), axis=1).max() for part in (first[:15], first[15:]))
    assert np.linalg.norm(centres[0] - centres[1]) > within
