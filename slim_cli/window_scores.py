"""Scores of parts of a channel: of a window, of a stretch, of voiced sound that is no speech."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WindowScore:
    """One analysis window of one channel.

    Attributes:
        start_s: where the window starts in the decoded signal, seconds.
        end_s: where it ends, seconds.
        speech_s: net speech inside it, seconds.
        score: log-odds of the classifier, positive = synthetic; not calibrated.
        mismatch: 1 - cos(style dependency, linguistic dependency), in [0, 2]; larger = less natural.
    """

    start_s: float
    end_s: float
    speech_s: float
    score: float
    mismatch: float


@dataclass(frozen=True)
class Stretch:
    """A stretch of a channel with the mean of its window scores, weighted by net speech.

    Attributes:
        length_s: 10 or 30 s, as looked for; where all windows of a channel span less, they are its one stretch.
        start_s: where it starts in the decoded signal, seconds.
        end_s: where it ends, seconds.
        score: log-odds, positive = synthetic; not calibrated.
    """

    length_s: float
    start_s: float
    end_s: float
    score: float


@dataclass(frozen=True)
class VoicedStretch:
    """A stretch of voiced sound that the speech detector did not take for speech.

    Attributes:
        start_s: where it starts in the decoded signal, seconds.
        end_s: where it ends, seconds.
        score: mean of the scores of the windows over it, weighted by what each holds of it (log-odds, positive =
            synthetic); it is no part of the file's score, and no ratio follows from it. None where the stretch is too
            short to be scored.
    """

    start_s: float
    end_s: float
    score: float | None = None
