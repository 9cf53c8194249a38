"""What a resample of scored clips keeps together, and the equal error rate with its interval over such units."""

from __future__ import annotations

from functools import partial

import numpy as np

from slim_cli.assessment.metrics import Estimate, bootstrap, equal_error_rate
from slim_cli.corpora.manifest import Clip
from slim_cli.validation.scores import Scores

MIN_UNITS = 5


def units(scores: Scores) -> list[str]:
    """What a resample keeps together: the speaker of a recording, the system of a synthetic clip.

    Unknown speakers of one origin count as one. A class with fewer than five units is resampled clip by clip.
    """
    names = [unit(clip) for clip in scores.clips]
    for kind in (False, True):
        rows = np.flatnonzero(scores.is_spoof == kind)
        if len({names[row] for row in rows}) < MIN_UNITS:
            for row in rows:
                names[row] = str(row)
    return names


def unit(clip: Clip) -> str:
    """The speaker of a recording (its origin, where the speaker is not known), or the system of a synthetic clip."""
    if clip.is_spoof:
        return f"system {clip.system.lower()}"
    return f"speaker {clip.speaker}" if clip.speaker_known else f"origin {clip.origin}"


def error_rate(scores: Scores, rounds: int = 1000) -> Estimate:
    """Equal error rate of some clips, with its interval over `units`."""
    spoof = scores.is_spoof
    return bootstrap(units(scores), partial(rate_of, scores.score, spoof), rounds, 0, spoof)


def rate_of(score: np.ndarray, spoof: np.ndarray, rows: np.ndarray) -> float:
    """Equal error rate of some rows of scores (N,), of which some (N,) are of spoof clips."""
    return equal_error_rate(score[rows[~spoof[rows]]], score[rows[spoof[rows]]])[0]
