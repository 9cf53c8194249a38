"""Datasets among scored clips, and the equal error rate of the mismatch within them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from slim_cli.assessment.metrics import Estimate, bootstrap, equal_error_rate
from slim_cli.validation.resampling_units import units
from slim_cli.validation.scores import MIN_PER_CLASS, Scores

ALL = "all clips"


def datasets(scores: Scores) -> Iterator[tuple[str, Scores]]:
    """All clips, then those of each dataset, which is their origin."""
    yield ALL, scores
    origins = np.array([clip.origin for clip in scores.clips])
    for name in np.unique(origins):
        yield str(name) or "unnamed", scores.take(origins == name)


def has_both(scores: Scores) -> bool:
    """Whether there are enough clips of both classes for an equal error rate worth printing."""
    return int(np.bincount(scores.is_spoof, minlength=2).min()) >= MIN_PER_CLASS


def mismatch_error(scores: Scores, rounds: int = 1000) -> Estimate:
    """Equal error rate of the mismatch, with its 95 % bootstrap interval.

    Clips of several origins are resampled by origin, those of one origin by speaker and by system (`units`).
    """
    spoof, values = scores.is_spoof, scores.mismatch
    origins = [clip.origin for clip in scores.clips]

    def rate(rows: np.ndarray) -> float:
        return equal_error_rate(values[rows][~spoof[rows]], values[rows][spoof[rows]])[0]

    if len(set(origins)) > 1:
        return bootstrap(origins, rate, rounds)
    return bootstrap(units(scores), rate, rounds, strata=spoof)
