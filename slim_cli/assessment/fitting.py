"""Fitting of likelihood ratios to file scores: logistic regression, the bounds that the data support, resampled refits.

Checked against `lir` of the Netherlands Forensic Institute: `tests/assessment/oracle`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from slim_cli.assessment.metrics import bootstrap_draws
from slim_cli.errors import UsageError

REFITS = 400
FOLDS = 5
_STEP = 0.01  # log10 LR
_EXTREME = 9.0


def fit_logistic(bona_fide: np.ndarray, spoof: np.ndarray) -> tuple[float, float]:
    """Class-balanced logistic regression: ln LR = slope x score + intercept.

    Both classes weigh the same, so that the intercept carries no prior. The slope has a standard-normal penalty, as in
    scikit-learn and lir, which matters only where few scores separate the classes wholly.

    Args:
        bona_fide: (N,) scores, positive = synthetic.
        spoof: (M,) scores.

    Returns:
        slope and intercept.
    """
    score = np.concatenate([bona_fide, spoof])
    sign = np.concatenate([np.full(len(bona_fide), -1.0), np.ones(len(spoof))])
    weight = len(score) / (2 * np.where(sign < 0, len(bona_fide), len(spoof)))
    inputs = np.stack([score, np.ones(len(score))])

    def loss(point: np.ndarray) -> float:
        return float(weight @ np.logaddexp(0, -sign * (point @ inputs)) + point[0] ** 2 / 2)

    def gradient(point: np.ndarray) -> np.ndarray:
        return inputs @ (-sign * weight * _sigmoid(-sign * (point @ inputs))) + [point[0], 0.0]

    def hessian(point: np.ndarray) -> np.ndarray:
        share = _sigmoid(point @ inputs)
        return (inputs * (weight * share * (1 - share))) @ inputs.T + np.diag([1.0, 0.0])

    found = minimize(loss, np.zeros(2), jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-8})
    return float(found.x[0]), float(found.x[1])


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -values))


def elub(bona_fide: np.ndarray, spoof: np.ndarray) -> tuple[float, float]:
    """Empirical lower and upper bound: the range where the system serves better than a neutral one.

    One misleading ratio is added on each side; a bound lies where the expected utility falls below that of LR = 1
    (Vergeer et al. 2016, Science & Justice 56, 482-491), and never beyond log10(number of files + 1).

    Args:
        bona_fide: (N,) log10 LR of recorded speech.
        spoof: (M,) log10 LR of synthetic speech.

    Returns:
        lowest (at most 0) and highest (at least 0) log10 LR.
    """
    bona_fide, spoof = (np.sort(np.clip(v, -_EXTREME, _EXTREME)) for v in (bona_fide, spoof))
    lowest = max(min(bona_fide[0], spoof[0]), -np.log10(len(spoof) + 1))
    highest = min(max(bona_fide[-1], spoof[-1]), np.log10(len(bona_fide) + 1))
    steps = np.arange(min(0, int(lowest // _STEP)), max(0, int(highest // _STEP) + 1) + 1)
    threshold = steps * _STEP
    accepted_spoof = (len(spoof) - np.searchsorted(spoof, threshold, "right")) / (len(spoof) + 1)
    accepted_bona_fide = (len(bona_fide) - np.searchsorted(bona_fide, threshold, "right") + 1) / (len(bona_fide) + 1)
    loss = 1 - accepted_spoof + 10**threshold * accepted_bona_fide
    worse = loss > np.minimum(1.0, 10**threshold)
    low = np.max(threshold[worse & (steps <= 0)] + _STEP, initial=threshold[0])
    high = np.min(threshold[worse & (steps >= 0)] - _STEP, initial=threshold[-1])
    return min(round(float(low), 2), 0.0), max(round(float(high), 2), 0.0)


def refit(score: np.ndarray, is_spoof: np.ndarray, groups: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Slope, intercept and bounds on bootstrap resamples of whole groups within each class.

    Args:
        score: (N,) file scores.
        is_spoof: (N,) class of each.
        groups: (N,) what stays together: the speaker of a recording, the system of a synthetic file.
    """
    refits = []
    for rows in bootstrap_draws(groups, REFITS, strata=is_spoof):
        bona_fide, spoof = score[rows][~is_spoof[rows]], score[rows][is_spoof[rows]]
        slope, intercept = fit_logistic(bona_fide, spoof)
        bounds = elub(*((slope * scores + intercept) / np.log(10) for scores in (bona_fide, spoof)))
        refits.append((slope, intercept, *bounds))
    return refits


def cross_fitted(score: np.ndarray, is_spoof: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Bounded log10 LR of every file by a fit that saw none of its group, so that figures on them are not flattered.

    Args:
        score: (N,) file scores.
        is_spoof: (N,) class of each.
        groups: (N,) as in `refit`.

    Returns:
        (N,) log10 LR.

    Raises:
        UsageError: a class has only one group.
    """
    names, result = np.asarray(groups), np.empty(len(score))
    fold = np.empty(len(score), int)
    for kind, word in ((False, "speaker of the recordings"), (True, "synthesis system")):
        own = np.unique(names[is_spoof == kind])
        if len(own) < 2:
            raise UsageError(f"A calibration needs more than one {word}; the files have {len(own)}.")
        fold[is_spoof == kind] = np.searchsorted(own, names[is_spoof == kind]) % min(FOLDS, len(own))
    for number in np.unique(fold):
        held, rest = fold == number, fold != number
        slope, intercept = fit_logistic(score[rest & ~is_spoof], score[rest & is_spoof])
        ratio = (slope * score + intercept) / np.log(10)
        result[held] = np.clip(ratio[held], *elub(ratio[rest & ~is_spoof], ratio[rest & is_spoof]))
    return result
