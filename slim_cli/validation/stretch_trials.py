"""How well the highest stretches of long recordings tell those with a passage of synthetic speech put in from others.

Recordings are made out of labelled clips (`slim_cli.corpora.insertions`), written without loss, and read as a scan
reads files. A recording with a passage differs from its host in few windows, and each waveform is scored once.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from slim_cli.audio.scoring import Score
from slim_cli.audio.stretches import LENGTHS_S
from slim_cli.corpora.insertions import Host, Insertion, LongRecordings
from slim_cli.corpora.manifest import Clip
from slim_cli.engines.clips import read_clips
from slim_cli.engines.options import ScoresWindows
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ, FileResult, Stretch

MINUTES = (1.0, 3.0, 10.0, 30.0)
PASSAGES_S = (3.0, 10.0, 30.0)
WHOLE = math.inf  # as a length of a stretch: the whole recording
_REMEMBERED = 8192  # windows, more than 4 hours


@dataclass(frozen=True)
class StretchTrial:
    """One recording, as it is or with a passage put in.

    Attributes:
        number: of the recording; those with a passage have their host's.
        seconds: its length.
        passage_s: length of the passage, 0 for none.
        start_s: where the passage starts; 0 without one.
        system: what synthesised the passage.
        same_origin: whether the passage comes from the origin of the clips around it.
        same_speaker: whether it is stated to be in their speaker's voice.
        clips: how many clips the recording is made of.
        origins: of how many origins.
        score: the recording's score; None where it was not scored.
        high_10: its highest stretch of 10 s; None where there is none.
        at_10: where that starts, seconds.
        high_30: its highest stretch of 30 s; likewise.
        at_30: where that starts.
    """

    number: int
    seconds: float
    passage_s: float = 0.0
    start_s: float = 0.0
    system: str = ""
    same_origin: bool = False
    same_speaker: bool = False
    clips: int = 1
    origins: int = 1
    score: float | None = None
    high_10: float | None = None
    at_10: float | None = None
    high_30: float | None = None
    at_30: float | None = None

    def high(self, length_s: float) -> float | None:
        """The highest stretch of 10 or of 30 s, or the score of the whole recording."""
        return {LENGTHS_S[0]: self.high_10, LENGTHS_S[1]: self.high_30, WHOLE: self.score}[length_s]

    def apart_s(self, length_s: float) -> float | None:
        """Distance of the middle of the highest stretch from the middle of the passage, seconds."""
        at = {LENGTHS_S[0]: self.at_10, LENGTHS_S[1]: self.at_30}.get(length_s)
        if at is None or not self.passage_s:
            return None
        return abs(at + min(length_s, self.seconds) / 2 - self.start_s - self.passage_s / 2)

    def overlaps(self, length_s: float) -> bool:
        """Whether the highest stretch holds some of the passage."""
        apart = self.apart_s(length_s)
        return apart is not None and apart < (min(length_s, self.seconds) + self.passage_s) / 2


@dataclass(frozen=True)
class TrialPlan:
    """What is made and read.

    Attributes:
        minutes: lengths of the recordings.
        passages_s: lengths of the passages put into each.
        each: recordings of each length.
        seed: of all that is chosen.
    """

    minutes: tuple[float, ...] = MINUTES
    passages_s: tuple[float, ...] = PASSAGES_S
    each: int = 20
    seed: int = 0


def try_stretches(
    detector: ScoresWindows, clips: Sequence[Clip], plan: TrialPlan, report: Callable[[int, int], None] | None = None
) -> Iterator[StretchTrial]:
    """Makes recordings and reads them, one after the other.

    Args:
        detector: what scores the windows.
        clips: bona fide and spoof clips.
        plan: what is made.
        report: called with (recordings read, recordings in all).

    Yields:
        one trial per recording, hosts before what was made of them; fewer where the clips do not fill a length.

    Raises:
        UsageError: a clip cannot be read, or the clips fill no recording.
    """
    told: list[StretchTrial] = []
    with TemporaryDirectory() as folder, LongRecordings(clips, plan.seed) as source:
        made = _written(source, plan, Path(folder), told)
        done = 0
        for (reading,) in read_clips(made, RememberedScores(detector.score)):
            yield _heard(told[done], reading.result)
            done += 1
            if report:
                report(done, len(plan.minutes) * plan.each * (1 + len(plan.passages_s)))
    if not done:
        raise UsageError("The clips fill no recording of these lengths.")


def long_recordings(
    detector: ScoresWindows, clips: Sequence[Clip], report: Callable[[int, int], None] | None = None
) -> list[StretchTrial]:
    """The highest stretches of bona fide recordings as they are, without any that could not be read."""
    bona_fide = [clip for clip in clips if not clip.is_spoof]
    trials = []
    for number, (reading,) in enumerate(read_clips([clip.path for clip in bona_fide], detector.score)):
        if reading.duration_s is not None:
            trials.append(_heard(StretchTrial(number, reading.duration_s), reading.result))
        if report:
            report(number + 1, len(bona_fide))
    return trials


def write_trials(path: Path, trials: Iterable[StretchTrial]) -> list[StretchTrial]:
    """Writes one CSV row per trial, each as it comes, so that a run that is stopped leaves those it has.

    Returns:
        the trials.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(field.name for field in fields(StretchTrial))
        kept = []
        for trial in trials:
            values = asdict(trial).values()
            out.writerow("" if v is None else round(v, 4) if isinstance(v, float) else v for v in values)
            file.flush()
            kept.append(trial)
    return kept


def read_trials(path: Path) -> list[StretchTrial]:
    """Reads what `write_trials` wrote.

    Raises:
        UsageError: it cannot be read or is something else.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_read(row) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"The trials {path} cannot be read: {error}.") from error


def _read(row: dict[str, str]) -> StretchTrial:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return StretchTrial(
        *(int(row["number"]), float(row["seconds"]), float(row["passage_s"]), float(row["start_s"]), row["system"]),
        *(row["same_origin"] == "True", row["same_speaker"] == "True", int(row["clips"]), int(row["origins"])),
        *(number(name) for name in ("score", "high_10", "at_10", "high_30", "at_30")),
    )


def _written(source: LongRecordings, plan: TrialPlan, folder: Path, told: list[StretchTrial]) -> Iterator[Path]:
    """The recordings as files, one at a time; what each is goes to `told`, without its sound."""
    number = 0
    for minutes in plan.minutes:
        for _ in range(plan.each):
            host = source.host(60 * minutes)
            if host is None:
                break
            number += 1
            found = (source.insertion(host, length) for length in plan.passages_s if length < host.seconds / 2)
            for insertion in chain([None], (one for one in found if one)):
                path = folder / f"{len(told)}.flac"
                soundfile.write(path, (insertion or host).samples, MODEL_RATE_HZ)
                told.append(_made(number, host, insertion))
                yield path
                path.unlink()


def _made(number: int, host: Host, insertion: Insertion | None) -> StretchTrial:
    trial = StretchTrial(number, host.seconds, clips=host.clips, origins=host.origins)
    if insertion is None:
        return trial
    return replace(
        trial,
        passage_s=round(insertion.end_s - insertion.start_s, 4),
        start_s=insertion.start_s,
        system=insertion.system,
        same_origin=insertion.same_origin,
        same_speaker=insertion.same_speaker,
    )


def _heard(trial: StretchTrial, result: FileResult) -> StretchTrial:
    highest = [_highest(result, length) for length in LENGTHS_S]
    (high_10, at_10), (high_30, at_30) = ((one.score, one.start_s) if one else (None, None) for one in highest)
    return replace(trial, score=result.score, high_10=high_10, at_10=at_10, high_30=high_30, at_30=at_30)


def _highest(result: FileResult, length_s: float) -> Stretch | None:
    every = (s for channel in result.channels for s in channel.stretches if s.length_s == length_s)
    return max(every, key=lambda s: s.score, default=None)


class RememberedScores:
    """Scores each waveform once, as long as it is among the last few thousand.

    Args:
        score: from waveforms (B, T) and lengths (B,) to arrays (B, ...).
    """

    def __init__(self, score: Score) -> None:
        self._score = score
        self._known: dict[bytes, tuple[np.ndarray, ...]] = {}

    def __call__(self, waveforms: np.ndarray, lengths: np.ndarray) -> Sequence[np.ndarray]:
        """What was found of each waveform."""
        keys = [hashlib.sha256(w[:n].tobytes()).digest() for w, n in zip(waveforms, lengths.tolist(), strict=True)]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        if new:
            found = self._score(waveforms[new], lengths[new])
            self._known.update((keys[row[0]], row[1:]) for row in zip(new, *found, strict=True))
        rows = [self._known[key] for key in keys]
        for key in list(self._known)[: max(0, len(self._known) - _REMEMBERED)]:
            del self._known[key]
        return [np.array(column) for column in zip(*rows, strict=True)]
