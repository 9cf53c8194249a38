"""Calibration, bounds and costs against lir, the package of the Netherlands Forensic Institute (`oracle/make.py`)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slim_cli.assessment.fitting import REFITS, cross_fitted, elub, fit_logistic, refit
from slim_cli.assessment.metrics import cllr, cllr_min
from slim_cli.errors import UsageError

ORACLE = json.loads((Path(__file__).parent / "oracle" / "lir.json").read_text())["cases"]


@pytest.mark.parametrize("case", ORACLE.values(), ids=list(ORACLE))
def test_the_numbers_are_those_of_lir(case: dict[str, Any]) -> None:
    bona_fide, spoof, expected = np.array(case["bona_fide"]), np.array(case["spoof"]), case["lir"]
    slope, intercept = fit_logistic(bona_fide, spoof)
    assert (slope, intercept) == pytest.approx((expected["slope"], expected["intercept"]), abs=1e-5)
    ratios = [slope * scores + intercept for scores in (bona_fide, spoof)]
    low, high = elub(*(ratio / np.log(10) for ratio in ratios))
    assert (low, high) == pytest.approx((expected["elub_low"], expected["elub_high"]), abs=1e-6)
    assert cllr(*ratios) == pytest.approx(expected["cllr"], abs=1e-6)
    assert cllr_min(bona_fide, spoof) == pytest.approx(expected["cllr_min"], abs=1e-6)


def test_the_cases_cover_a_bound_on_each_side_and_none_at_all() -> None:
    bounds = [(case["lir"]["elub_low"], case["lir"]["elub_high"]) for case in ORACLE.values()]
    assert min(low for low, _ in bounds) < -1
    assert max(high for _, high in bounds) > 1
    assert (0.0, 0.0) in bounds


def sample(count: int = 60) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    is_spoof = np.arange(2 * count) >= count
    score = rng.normal(size=2 * count) + 2.0 * is_spoof
    return score, is_spoof, [f"{'system' if s else 'speaker'}{i % 6}" for i, s in enumerate(is_spoof)]


def test_refits_scatter_around_the_fit() -> None:
    score, is_spoof, groups = sample()
    slope, intercept = fit_logistic(score[~is_spoof], score[is_spoof])
    refits = np.array(refit(score, is_spoof, groups))
    assert len(refits) == REFITS
    bounds = elub(*((slope * score[is_spoof == kind] + intercept) / np.log(10) for kind in (False, True)))
    low, high = np.quantile(refits, [0.025, 0.975], axis=0)
    assert (low < [slope, intercept, *bounds]).all()
    assert (high > [slope, intercept, *bounds]).all()


def test_a_file_is_judged_by_a_fit_that_never_saw_its_group() -> None:
    score, is_spoof, groups = sample()
    moved = score.copy()
    own = np.array(groups) == "speaker0"
    moved[own] += 5.0
    before, after = (cross_fitted(values, is_spoof, groups) for values in (score, moved))
    fold = np.isin(groups, ["speaker0", "speaker5", "system0", "system5"])  # six groups in five folds
    assert (before[fold & ~own] == after[fold & ~own]).all()
    assert (before[~fold] != after[~fold]).any()


def test_one_system_alone_cannot_be_held_out() -> None:
    score, is_spoof, groups = sample()
    with pytest.raises(UsageError, match="more than one synthesis system"):
        cross_fitted(score, is_spoof, ["one" if s else g for g, s in zip(groups, is_spoof, strict=True)])
