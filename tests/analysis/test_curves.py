"""The tables behind the pictures of an evaluation; with scores whose ratios are known beforehand."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from slim_cli.analysis.curves import det, reliability, tippett
from slim_cli.assessment.metrics import equal_error_rate

DISTANCE = 1.5


def ratios(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Natural-log ratios of two normal distributions at unit spread: perfectly calibrated."""
    rng = np.random.default_rng(0)
    return tuple(DISTANCE * rng.normal(side * DISTANCE / 2, 1, count) for side in (-1, 1))


def test_the_det_curve_passes_through_the_equal_error_rate() -> None:
    bona_fide, spoof = ratios(200)
    rows = det(bona_fide, spoof).rows
    rate, threshold = equal_error_rate(bona_fide, spoof)
    nearest = min(rows, key=lambda row: abs(row["threshold"] - threshold))
    assert nearest["false_alarm_rate"] == pytest.approx(rate, abs=0.01)
    assert nearest["miss_rate"] == pytest.approx(rate, abs=0.01)
    assert (rows[0]["false_alarm_rate"], rows[0]["miss_rate"]) == (1.0, 0.0)


def test_the_tippett_curves_fall_from_all_to_none_and_count_misleading_ratios() -> None:
    bona_fide, spoof = np.array([-2.0, -1.0, 1.0, -3.0]), np.array([-1.0, 2.0])
    finding = tippett(bona_fide, spoof, calibrated=True)
    assert finding.summary == "misleading evidence: 25.0 % of bona fide, 50.0 % of spoof"
    assert [row["bona_fide_at_or_above"] for row in finding.rows] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert [row["spoof_at_or_above"] for row in finding.rows] == [1.0, 1.0, 1.0, 0.5, 0.5]


@pytest.mark.parametrize(("scale", "honest"), [(1.0, True), (3.0, False)])
def test_reliability_tells_calibrated_from_overconfident_ratios(scale: float, honest: bool) -> None:
    bona_fide, spoof = ratios()
    rows = reliability(scale * bona_fide, scale * spoof, calibrated=True).rows
    gaps = [abs(row["announced"] - row["found"]) for row in rows]
    assert (max(gaps) < 0.05) is honest
    assert sum(row["clips"] for row in rows) == 8000
    assert all(row["low"] <= row["found"] <= row["high"] for row in rows)


def test_classes_of_different_size_weigh_the_same() -> None:
    bona_fide, spoof = ratios()
    rows = reliability(bona_fide, spoof[:400], calibrated=True).rows
    assert max(abs(row["announced"] - row["found"]) for row in rows) < 0.12
