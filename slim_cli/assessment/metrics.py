"""Error rates of a detector. Scores are positive = synthetic; the target class is spoof."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

# Costs of ASVspoof 5, track 1 (evaluation plan, equation 3; `calculate_metrics.py` in the evaluation package of
# github.com/asvspoof-challenge/asvspoof5): prior of spoof, cost of rejecting bona fide, cost of accepting spoof.
P_SPOOF, COST_FALSE_ALARM, COST_MISS = 0.05, 1.0, 10.0

Rate = TypeVar("Rate", float, np.ndarray)


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: the point estimate.
        low: 2.5th percentile of the bootstrap; not a number where there is too little to resample.
        high: 97.5th percentile of the bootstrap; likewise.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return self.text(100, 1)

    def text(self, scale: float = 1, digits: int = 3) -> str:
        """The figure times a scale, with its interval where it has one.

        >>> Estimate(0.25, 0.2, 0.3).text(100, 1), Estimate(0.25, float("nan"), float("nan")).text()
        ('25.0 [20.0, 30.0]', '0.250')
        """
        value, low, high = (f"{scale * part:.{digits}f}" for part in (self.value, self.low, self.high))
        return value if np.isnan(self.low) else f"{value} [{low}, {high}]"


def error_rates(bona_fide: np.ndarray, spoof: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False-alarm and miss rate at every threshold.

    Args:
        bona_fide: (N,) scores.
        spoof: (M,) scores.

    Returns:
        thresholds (K,), ascending; share of bona fide at or above each; share of spoof below each.
    """
    thresholds = np.unique(np.concatenate([bona_fide, spoof]))
    thresholds = np.append(thresholds, np.nextafter(thresholds[-1], np.inf))
    false_alarm = 1 - np.searchsorted(np.sort(bona_fide), thresholds, "left") / len(bona_fide)
    miss = np.searchsorted(np.sort(spoof), thresholds, "left") / len(spoof)
    return thresholds, false_alarm, miss


def equal_error_rate(bona_fide: np.ndarray, spoof: np.ndarray) -> tuple[float, float]:
    """Equal error rate, by linear interpolation where the two rates cross, and its threshold.

    >>> equal_error_rate(np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.5, 3.5, 4.5, 5.5]))[0]
    0.25

    Raises:
        ValueError: one of the classes is empty.
    """
    if not len(bona_fide) or not len(spoof):
        raise ValueError("an equal error rate needs scores of both classes")
    thresholds, false_alarm, miss = error_rates(bona_fide, spoof)
    after = int(np.argmax(miss >= false_alarm))
    if after == 0 or miss[after] == false_alarm[after]:
        return float((miss[after] + false_alarm[after]) / 2), float(thresholds[after])
    before = after - 1
    gap_before, gap_after = false_alarm[before] - miss[before], miss[after] - false_alarm[after]
    share = gap_before / (gap_before + gap_after)
    rate = miss[before] + share * (miss[after] - miss[before])
    return float(rate), float(thresholds[before] + share * (thresholds[after] - thresholds[before]))


def area_under_curve(bona_fide: np.ndarray, spoof: np.ndarray) -> float:
    """Probability that a spoof file scores above a bona fide one, ties counted half."""
    ordered = np.sort(bona_fide)
    below = np.searchsorted(ordered, spoof, "left")
    equal = np.searchsorted(ordered, spoof, "right") - below
    return float((below + equal / 2).mean() / len(bona_fide))


def detection_cost(bona_fide: np.ndarray, spoof: np.ndarray) -> float:
    """minDCF: normalised cost at the best threshold, with the costs of ASVspoof 5 track 1."""
    _, false_alarm, miss = error_rates(bona_fide, spoof)
    return float(_cost(false_alarm, miss).min())


def actual_cost(bona_fide: np.ndarray, spoof: np.ndarray) -> float:
    """actDCF: the same cost at the threshold that Bayes' rule sets for scores read as natural-log likelihood ratios.

    ASVspoof 5 accepts as bona fide from -ln β on, scores positive = bona fide; here that flags above +ln β = 0.642.

    Args:
        bona_fide: (N,) scores.
        spoof: (M,) scores.
    """
    threshold = np.log((1 - P_SPOOF) * COST_FALSE_ALARM / (P_SPOOF * COST_MISS))
    return _cost(float((bona_fide > threshold).mean()), float((spoof <= threshold).mean()))


def _cost(false_alarm: Rate, miss: Rate) -> Rate:
    alarms, misses = (1 - P_SPOOF) * COST_FALSE_ALARM, P_SPOOF * COST_MISS
    return (alarms * false_alarm + misses * miss) / min(alarms, misses)


def cllr(bona_fide: np.ndarray, spoof: np.ndarray) -> float:
    """Log-likelihood-ratio cost in bits: 0 is perfect, 1 says nothing (Brümmer & du Preez 2006).

    Args:
        bona_fide: (N,) natural-log likelihood ratios, positive = synthetic.
        spoof: (M,) the same.
    """
    return float((np.logaddexp(0, bona_fide).mean() + np.logaddexp(0, -spoof).mean()) / (2 * np.log(2)))


def pav_llr(bona_fide: np.ndarray, spoof: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Natural-log likelihood ratios after the best monotone calibration (pool adjacent violators, equal classes)."""
    from scipy.optimize import isotonic_regression  # why: takes a quarter of a second, and scans do without

    values, place = np.unique(np.concatenate([bona_fide, spoof]), return_inverse=True)
    weight = np.concatenate([np.full(len(bona_fide), 0.5 / len(bona_fide)), np.full(len(spoof), 0.5 / len(spoof))])
    total = np.bincount(place, weight)
    synthetic = np.bincount(place[len(bona_fide) :], weight[len(bona_fide) :], minlength=len(values))
    share = isotonic_regression(synthetic / total, weights=total).x.clip(0, 1)
    with np.errstate(divide="ignore"):
        llr = (np.log(share) - np.log1p(-share))[place]
    return llr[: len(bona_fide)], llr[len(bona_fide) :]


def cllr_min(bona_fide: np.ndarray, spoof: np.ndarray) -> float:
    """Cllr after `pav_llr`: what is lost by discrimination alone, whatever the calibration."""
    return cllr(*pav_llr(bona_fide, spoof))


def asvspoof_score(score: np.ndarray) -> np.ndarray:
    """Scores in the direction of ASVspoof's tools, where higher means bona fide."""
    return -score


def f1_score(bona_fide: np.ndarray, spoof: np.ndarray, threshold: float) -> float:
    """F1 of the spoof class when scores at or above the threshold are called spoof."""
    hits, alarms = int((spoof >= threshold).sum()), int((bona_fide >= threshold).sum())
    return 2 * hits / (hits + alarms + len(spoof)) if hits else 0.0


def review_threshold(bona_fide: np.ndarray, false_alarms: float = 0.05) -> float:
    """The lowest score, to two decimals, from which on at most that share of bona fide files is flagged.

    Args:
        bona_fide: (N,) scores.
        false_alarms: the share, below 1.

    >>> review_threshold(np.array([-1.0, 0.29, 0.5]), 0.5)
    0.3
    """
    allowed = math.floor(false_alarms * len(bona_fide))
    highest_unflagged = float(np.sort(bona_fide)[len(bona_fide) - allowed - 1])
    return math.floor(round(100 * highest_unflagged, 6) + 1) / 100


def wilson(count: int, total: int) -> Estimate:
    """A share with its 95 % interval (Wilson 1927), which holds for few files and for shares of 0 and 1.

    >>> str(wilson(0, 18))
    '0.0 [0.0, 17.6]'
    """
    if not total:
        return Estimate(*[float("nan")] * 3)
    z, share = 1.959964, count / total
    middle, scale = share + z**2 / (2 * total), 1 + z**2 / total
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return Estimate(share, max(0.0, float((middle - half) / scale)), min(1.0, float((middle + half) / scale)))


def bootstrap(
    groups: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    rounds: int = 1000,
    seed: int = 0,
    strata: np.ndarray | None = None,
) -> Estimate:
    """95 % interval by resampling whole groups with replacement.

    Args:
        groups: (N,) group of each item, e.g. its origin; items of one group are never parted.
        statistic: indices of items (with repetition) → figure; a ValueError skips that round.
        rounds: resamples.
        seed: seed of the resampling.
        strata: (N,) class of each item; each class resamples its own groups. None: all items are of one class.

    Returns:
        the figure on all items, with the 2.5th and 97.5th percentile of the resamples; without an interval where a
        class has only one group.
    """
    return bootstrap_all(groups, lambda rows: np.array([statistic(rows)]), rounds, seed, strata)[0]


def bootstrap_all(
    groups: Sequence[str],
    statistics: Callable[[np.ndarray], np.ndarray],
    rounds: int = 1000,
    seed: int = 0,
    strata: np.ndarray | None = None,
) -> list[Estimate]:
    """`bootstrap` of several figures on the same resamples; `statistics` returns them as one array."""
    values = []
    classes = np.zeros(len(groups), int) if strata is None else strata
    alone = any(len(np.unique(np.asarray(groups)[classes == kind])) < 2 for kind in np.unique(classes))
    for rows in () if alone else bootstrap_draws(groups, rounds, seed, strata):
        try:
            values.append(statistics(rows))
        except ValueError:
            continue
    point = statistics(np.arange(len(groups)))
    low, high = np.nanquantile(values, [0.025, 0.975], axis=0) if values else (point * np.nan, point * np.nan)
    return [Estimate(float(p), float(a), float(b)) for p, a, b in zip(point, low, high, strict=True)]


def bootstrap_draws(
    groups: Sequence[str], rounds: int, seed: int = 0, strata: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """The indices of each resample of `bootstrap`."""
    names = np.asarray(groups)
    classes = np.zeros(len(names), int) if strata is None else strata
    members = [
        [np.flatnonzero((names == g) & (classes == kind)) for g in np.unique(names[classes == kind])]
        for kind in np.unique(classes)
    ]
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        yield np.concatenate([own[i] for own in members for i in rng.integers(len(own), size=len(own))])
