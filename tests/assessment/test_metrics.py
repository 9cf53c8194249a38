"""Error rates on cases worked out by hand."""

import numpy as np
import pytest

from slim_cli.assessment.metrics import (
    area_under_curve,
    bootstrap,
    detection_cost,
    equal_error_rate,
    error_rates,
    f1_score,
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
