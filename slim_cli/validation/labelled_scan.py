"""Validation is a scan over a manifest with the gate at 0, and with degradations put in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from slim_cli.corpora.channel_conditions import Condition
from slim_cli.corpora.manifest import Clip
from slim_cli.engines.clips import ClipReading, read_clips
from slim_cli.engines.options import ScoresWindows
from slim_cli.evidence.decoding import Limits
from slim_cli.validation.scores import FailedTrial, Scores, Trial
from slim_cli.words import load_words


def scan_clips(
    detector: ScoresWindows,
    clips: Sequence[Clip],
    conditions: Sequence[Condition] = (),
    report: Callable[[int], None] | None = None,
    limits: Limits | None = None,
) -> Scores:
    """Scores each clip as a scan would, as it is and under each condition; every clip with sound is scored.

    Args:
        detector: what scores the windows.
        clips: test clips; each is decoded once.
        conditions: degradations of each channel of a whole clip.
        report: called with the number of clips scored so far.
        limits: what decoding one clip may cost.

    Returns:
        the scores, in the order of clips and conditions; what could not be decoded is among `Scores.unscored`.
    """
    names = ["", *(condition.name for condition in conditions)]
    kept: list[tuple[Clip, float, float, Trial]] = []
    failed: list[FailedTrial] = []
    read = read_clips([clip.path for clip in clips], detector.score, [one.apply for one in conditions], limits)
    for done, (clip, readings) in enumerate(zip(clips, read, strict=True), start=1):
        for name, one in zip(names, readings, strict=True):
            if one.result.score is None or one.result.mismatch is None:
                failed.append(_failed(clip, name, one))
            else:
                channels = len(one.result.channels)
                trial = Trial(name, one.duration_s, one.net_speech_s, detector.fingerprint, channels)
                kept.append((clip, one.result.score, one.result.mismatch, trial))
        if report:
            report(done)
    columns = zip(*kept, strict=True) if kept else ((), (), (), ())
    scored, score, mismatch, trials = (tuple(column) for column in columns)
    return Scores(scored, np.array(score, float), np.array(mismatch, float), trials, tuple(failed))


def _failed(clip: Clip, condition: str, reading: ClipReading) -> FailedTrial:
    reason = load_words().sentence(reading.result.reason) if reading.result.reason else ""
    return FailedTrial(clip, condition, reading.result.status, reason)
