"""Error rates of a detector. Scores are positive = synthetic; the target class is spoof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: the point estimate.
        low: 2.5th percentile of the bootstrap.
        high: 97.5th percentile of the bootstrap.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"


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
    """Normalised minDCF, ASVspoof 5 track 1: P(spoof) 0.05, cost 1 of rejecting bona fide, 10 of accepting spoof."""
    _, false_alarm, miss = error_rates(bona_fide, spoof)
    cost = 0.95 * 1 * false_alarm + 0.05 * 10 * miss
    return float(cost.min() / min(0.95 * 1, 0.05 * 10))


def f1_score(bona_fide: np.ndarray, spoof: np.ndarray, threshold: float) -> float:
    """F1 of the spoof class when scores at or above the threshold are called spoof."""
    hits, alarms = int((spoof >= threshold).sum()), int((bona_fide >= threshold).sum())
    return 2 * hits / (hits + alarms + len(spoof)) if hits else 0.0


def bootstrap(
    groups: Sequence[str], statistic: Callable[[np.ndarray], float], rounds: int = 1000, seed: int = 0
) -> Estimate:
    """95 % interval by resampling whole groups with replacement.

    Args:
        groups: (N,) group of each item, e.g. its origin; items of one group are never parted.
        statistic: indices of items (with repetition) → figure; a ValueError skips that round.
        rounds: resamples.
        seed: seed of the resampling.

    Returns:
        the figure on all items, with the 2.5th and 97.5th percentile of the resamples.
    """
    names = np.asarray(groups)
    members = [np.flatnonzero(names == g) for g in np.unique(names)]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        picked = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        try:
            values.append(statistic(picked))
        except ValueError:
            continue
    low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
    return Estimate(statistic(np.arange(len(names))), float(low), float(high))
