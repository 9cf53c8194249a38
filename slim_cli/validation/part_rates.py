"""Error rates of parts of the clips, and the clips that are confused worst."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from slim_cli.assessment.metrics import Estimate, bootstrap, wilson
from slim_cli.corpora.manifest import Clip
from slim_cli.validation.resampling_units import rate_of
from slim_cli.validation.scores import Scores

RESYNTHESIS = ("codec", "vocoder", "copy")
MIN_PER_LANGUAGE = 20
CONFUSIONS = 10


@dataclass(frozen=True)
class PartRates:
    """Error rates of some of the clips as they are.

    Attributes:
        name: what they have in common, text from a manifest and therefore hostile.
        n_bona_fide: bona fide clips.
        n_spoof: spoof clips.
        eer: equal error rate with its interval over origins; None where a class is missing.
        false_alarms: share of the bona fide clips at or above the threshold; None where there are none.
        misses: share of the spoof clips below it; None where there are none.
    """

    name: str
    n_bona_fide: int
    n_spoof: int
    eer: Estimate | None
    false_alarms: Estimate | None
    misses: Estimate | None


@dataclass(frozen=True)
class Confusion:
    """A clip on the wrong side of the threshold.

    Attributes:
        label: `spoof` for one that is missed, `bonafide` for a false alarm.
        name: its origin and file name, hostile.
        system: its system or kind of speech, hostile.
        score: its score.
        duration_s: its length in seconds, where it is known.
    """

    label: str
    name: str
    system: str
    score: float
    duration_s: float | None


def parts(scores: Scores, unseen: Callable[[Clip], bool] | None) -> Iterator[tuple[str, Scores]]:
    """Parts of clips as they are, by what they have in common.

    Args:
        scores: the clips.
        unseen: whether training heard neither the system nor the speaker of a clip; None where that is not known.
    """
    clips, spoof = scores.clips, scores.is_spoof
    families, languages = (np.array([getattr(clip, about) for clip in clips], str) for about in ("family", "language"))
    if unseen:
        yield "no system or speaker of training", scores.take(np.array([unseen(clip) for clip in clips], bool))
    if np.isin(families[spoof], RESYNTHESIS).any():
        yield "without resynthesised copies", scores.take(~np.isin(families, RESYNTHESIS))
    for family in np.unique(families[spoof & (families != "")]):
        yield f"family {family}, against all recordings", scores.take(~spoof | (families == family))
    for language, count in zip(*np.unique(languages[~spoof & (languages != "")], return_counts=True), strict=True):
        if count >= MIN_PER_LANGUAGE:
            yield f"recordings in {language}", scores.take(~spoof & (languages == language))


def rate(name: str, scores: Scores, threshold: float, rounds: int) -> PartRates:
    """The error rates of a part at a threshold, with `rounds` of the bootstrap."""
    spoof, score = scores.is_spoof, scores.score
    both = spoof.any() and not spoof.all()
    origins = [clip.origin for clip in scores.clips]
    eer = bootstrap(origins, lambda rows: rate_of(score, spoof, rows), rounds) if both else None
    alarms = _share(score[~spoof] >= threshold) if not spoof.all() else None
    misses = _share(score[spoof] < threshold) if spoof.any() else None
    return PartRates(name, int((~spoof).sum()), int(spoof.sum()), eer, alarms, misses)


def _share(hits: np.ndarray) -> Estimate:
    return wilson(int(hits.sum()), len(hits))


def confusions(scores: Scores, threshold: float) -> Iterator[Confusion]:
    """The worst misses and the worst false alarms at a threshold, at most `CONFUSIONS` of each."""
    order = np.argsort(scores.score, kind="stable")
    for wanted, rows in ((True, order), (False, order[::-1])):
        own = [row for row in rows if scores.is_spoof[row] == wanted and (scores.score[row] < threshold) == wanted]
        for row in own[:CONFUSIONS]:
            clip = scores.clips[row]
            name = f"{clip.origin}/{clip.path.name}"
            yield Confusion(clip.label, name, clip.system, float(scores.score[row]), scores.trials[row].duration_s)
