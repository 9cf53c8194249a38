"""Error rates on cases worked out by hand."""

import numpy as np
import pytest

from slim_cli.assessment.metrics import (
    actual_cost,
    area_under_curve,
    asvspoof_score,
    bootstrap,
    bootstrap_draws,
    cllr,
    cllr_min,
    detection_cost,
    equal_error_rate,
    error_rates,
    f1_score,
    review_threshold,
    wilson,
)


@pytest.mark.parametrize(
    ("bona_fide", "spoof", "expected"),
    [
        ([0, 1, 2, 3], [4, 5, 6, 7], 0.0),
        ([4, 5, 6, 7], [0, 1, 2, 3], 1.0),
        ([0, 1, 2, 3], [2.5, 3.5, 4.5, 5.5], 0.25),
        ([1, 1, 1, 1], [1, 1, 1, 1], 0.5),
        ([0, 0, 0, 10], [-10, 5, 5, 5], 0.25),
    ],
)
def test_equal_error_rate(bona_fide: list[float], spoof: list[float], expected: float) -> None:
    rate, _ = equal_error_rate(np.array(bona_fide, float), np.array(spoof, float))
    assert rate == pytest.approx(expected)


@pytest.mark.parametrize("count", [19, 20, 826, 1000])
def test_the_review_threshold_is_the_lowest_that_flags_no_more_than_the_share_asked_for(count: int) -> None:
    scores = np.random.default_rng(count).normal(0, 5, count)
    threshold = review_threshold(scores, 0.05)
    assert (scores >= threshold).mean() <= 0.05
    assert (scores >= threshold - 0.01).sum() > np.floor(0.05 * count)
    assert round(threshold, 2) == threshold


def test_an_equal_error_rate_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        equal_error_rate(np.array([]), np.array([1.0]))


def test_the_threshold_itself_counts_as_flagged() -> None:
    thresholds, false_alarm, miss = error_rates(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    at_one = list(thresholds).index(1.0)
    assert false_alarm[at_one] == 0.5
    assert miss[at_one] == 0.0


def test_area_counts_ties_half() -> None:
    assert area_under_curve(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == pytest.approx(0.875)


def test_f1_of_the_spoof_class() -> None:
    assert f1_score(np.array([0.0, 2.0]), np.array([1.0, 3.0]), 1.5) == pytest.approx(0.5)


def test_a_detector_that_knows_nothing_costs_one() -> None:
    same = np.zeros(10)
    assert detection_cost(same, same) == pytest.approx(1.0)


def test_bootstrap_keeps_groups_together() -> None:
    values = np.array([0.0, 0.0, 1.0, 1.0])
    estimate = bootstrap(["a", "a", "b", "b"], lambda rows: float(values[rows].mean()), rounds=200)
    assert estimate.value == 0.5
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_costs_and_directions_are_those_of_asvspoof_5() -> None:
    """Worked by hand: β = 1.9, so that scores above ln 1.9 = 0.642 (theirs: below -0.642) are rejected as spoof."""
    bona_fide, spoof = np.array([-2.0, 0.0, 0.641, 0.643]), np.array([0.6, 0.7, 2.0, 3.0, 4.0])
    assert actual_cost(bona_fide, spoof) == pytest.approx((0.95 * 1 * 1 / 4 + 0.05 * 10 * 1 / 5) / 0.5)
    assert detection_cost(bona_fide, spoof) == pytest.approx(0.05 * 10 * 1 / 5 / 0.5)
    assert list(asvspoof_score(bona_fide)) == [2.0, 0.0, -0.641, -0.643]


@pytest.mark.parametrize(
    ("bona_fide", "spoof", "expected"), [([0.0], [0.0], 1.0), ([-99.0], [99.0], 0.0), ([np.log(3)], [0.0], 1.5)]
)
def test_cllr_in_bits(bona_fide: list[float], spoof: list[float], expected: float) -> None:
    assert cllr(np.array(bona_fide), np.array(spoof)) == pytest.approx(expected)


def test_cllr_min_is_blind_to_the_scale() -> None:
    rng = np.random.default_rng(0)
    bona_fide, spoof = rng.normal(0, 1, 50), rng.normal(1, 1, 40)
    lost = cllr_min(bona_fide, spoof)
    assert lost == pytest.approx(cllr_min(np.exp(bona_fide) * 7 - 3, np.exp(spoof) * 7 - 3))
    assert 0 < lost < cllr(bona_fide, spoof)
    assert cllr_min(np.array([0.0, 1.0]), np.array([2.0])) == 0.0


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(0, 18, 0.0, 0.1759), (18, 18, 0.8241, 1.0), (7, 18, 0.2031, 0.6138)]
)
def test_wilson_interval(count: int, total: int, low: float, high: float) -> None:
    share = wilson(count, total)
    assert (share.value, share.low, share.high) == pytest.approx((count / total, low, high), abs=5e-5)


@pytest.mark.parametrize(("groups", "strata"), [("aaaa", None), ("aabc", [0, 0, 1, 1])])
def test_a_class_of_one_group_has_no_interval(groups: str, strata: list[int] | None) -> None:
    values = np.arange(4.0)
    classes = None if strata is None else np.array(strata)
    estimate = bootstrap([*groups], lambda rows: float(values[rows].mean()), 20, strata=classes)
    assert estimate.value == 1.5
    assert np.isnan([estimate.low, estimate.high]).all()
    assert estimate.text() == "1.500"


def test_bootstrap_resamples_each_class_for_itself() -> None:
    spoof = np.array([False] * 4 + [True] * 2)
    sizes = {tuple(np.bincount(spoof[rows], minlength=2)) for rows in bootstrap_draws([*"abcdxy"], 50, strata=spoof)}
    assert sizes == {(4, 2)}
