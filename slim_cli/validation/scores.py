"""Scoring labelled clips in the windows of a scan, and the headline figures of the leave-origin-out protocol."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from slim_cli.assessment.metrics import Estimate, asvspoof_score, bootstrap, equal_error_rate
from slim_cli.audio.silero import load_network
from slim_cli.audio.speech import SpeechDetector, SpeechTrack
from slim_cli.audio.windows import WindowCutter
from slim_cli.corpora.channel_conditions import AS_IS, Condition
from slim_cli.corpora.manifest import LABELS, Clip
from slim_cli.detector.runtime import Detector
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ

MIN_PER_CLASS = 10
BATCH_WINDOWS = 64
COLUMNS = ("path", "label", "origin", "system", "speaker", "language", "score", "mismatch")
MEASURED = ("condition", "duration_s", "net_speech_s", "model")
STATED = {"subset": "subset", "codec": "codec", "condition": "dataset_condition"}  # of `Clip`, and their columns


@dataclass(frozen=True)
class Heard:
    """How a clip was heard when it was scored.

    Attributes:
        condition: degradation applied to it beforehand, empty for none.
        duration_s: its length, seconds; None where not known.
        net_speech_s: detected speech in it, seconds; None where not known.
        model: fingerprint of the model that scored it, empty where not known.
    """

    condition: str = ""
    duration_s: float | None = None
    net_speech_s: float | None = None
    model: str = ""


@dataclass(frozen=True)
class Scores:
    """File-level scores of test clips.

    Attributes:
        clips: the clips; one that was scored under several conditions occurs several times.
        score: (N,) log-odds, positive = synthetic.
        mismatch: (N,) 1 - cos(S, L).
        heard: (N,) how each was heard.
    """

    clips: tuple[Clip, ...]
    score: np.ndarray
    mismatch: np.ndarray
    heard: tuple[Heard, ...] = ()

    def __post_init__(self) -> None:
        if not self.heard:
            object.__setattr__(self, "heard", (Heard(),) * len(self.clips))

    @property
    def is_spoof(self) -> np.ndarray:
        """(N,) whether each clip is synthetic."""
        return np.array([c.is_spoof for c in self.clips], bool)

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.clips + other.clips,
            np.concatenate([self.score, other.score]),
            np.concatenate([self.mismatch, other.mismatch]),
            self.heard + other.heard,
        )

    def take(self, rows: np.ndarray) -> Scores:
        """The scores of some rows, chosen by index or by a (N,) mask."""
        chosen = np.arange(len(self.clips))[rows]
        picked = [(self.clips[i], self.heard[i]) for i in chosen]
        return Scores(
            tuple(clip for clip, _ in picked), self.score[rows], self.mismatch[rows], tuple(h for _, h in picked)
        )

    @property
    def undegraded(self) -> Scores:
        """The scores of the clips as they are, without any condition applied."""
        return self.take(np.array([not heard.condition for heard in self.heard], bool))

    def by_condition(self) -> dict[str, Scores]:
        """The scores under each condition, in the order in which they come; those of clips as they are under ""."""
        names = np.array([heard.condition for heard in self.heard], dtype=str)
        return {name: self.take(names == name) for name in dict.fromkeys(names.tolist())}

    def write(self, path: Path) -> None:
        """Writes one CSV row per clip and condition."""
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow([*COLUMNS, *MEASURED, *STATED.values()])
            for clip, score, mismatch, heard in zip(self.clips, self.score, self.mismatch, self.heard, strict=True):
                facts = [clip.path, clip.label, clip.origin, clip.system, clip.speaker, clip.language]
                times = ["" if v is None else f"{v:.3f}" for v in (heard.duration_s, heard.net_speech_s)]
                said = [getattr(clip, name) for name in STATED]
                out.writerow([*facts, f"{score:.4f}", f"{mismatch:.4f}", heard.condition, *times, heard.model, *said])

    def write_asvspoof(self, scores: Path, keys: Path) -> None:
        """Writes score and key files as ASVspoof 5's evaluation package reads them, where higher means bona fide.

        Trials are named by their number, since its tools split names at white space.
        """
        values = asvspoof_score(self.score)
        lines = [f"{number:06d}\t{value:.4f}\n" for number, value in enumerate(values)]
        scores.write_text("filename\tcm-score\n" + "".join(lines), encoding="utf-8")
        lines = [f"{number:06d}\t{clip.label}\n" for number, clip in enumerate(self.clips)]
        keys.write_text("filename\tcm-label\n" + "".join(lines), encoding="utf-8")


def read_scores(path: Path) -> Scores:
    """Reads what `Scores.write` wrote; any CSV with the columns path, label and score will do.

    Raises:
        UsageError: not readable, a column is missing, a label is unknown, or a score is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        scores = Scores(
            tuple(_clip(row) for row in rows),
            np.array([float(row["score"]) for row in rows]),
            np.array([float(row.get("mismatch") or "nan") for row in rows]),
            tuple(_heard(row) for row in rows),
        )
        if not np.isfinite(scores.score).all():
            raise ValueError("a score is not a finite number")
    except KeyError as error:
        raise UsageError(f"The scores {path} need a column {error}.") from error
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"The scores {path} cannot be read: {error}.") from error
    return scores


def _clip(row: dict[str, str]) -> Clip:
    if row["label"] not in LABELS:
        raise ValueError(f"the label {row['label']!r} is neither bonafide nor spoof")
    system, speaker, origin, language = (row.get(n) or "" for n in ("system", "speaker", "origin", "language"))
    said: dict[str, Any] = {name: row.get(column) or "" for name, column in STATED.items()}
    return Clip(Path(row["path"]), row["label"], system, speaker, origin, language, role="test", **said)


def _heard(row: dict[str, str]) -> Heard:
    duration, speech = (float(row[name]) if row.get(name) else None for name in ("duration_s", "net_speech_s"))
    return Heard(row.get("condition") or "", duration, speech, row.get("model") or "")


def score_clips(
    detector: Detector,
    clips: Sequence[Clip],
    read: Callable[[Clip], np.ndarray],
    conditions: Sequence[Condition] = (),
    report: Callable[[int], None] | None = None,
) -> Scores:
    """Scores each clip as a scan would, as it is and under each condition; every clip is scored, however short.

    Windows weigh by their net speech; in a clip without detected speech they weigh the same.

    Args:
        detector: a loaded bundle.
        clips: test clips; each is read once.
        read: clip → samples (T,) at 16 kHz.
        conditions: degradations of the whole clip.
        report: called with the number of clips heard so far.
    """
    heard: list[Heard] = []
    total = len(clips) * (1 + len(conditions))
    sums = np.zeros((3, total))  # of weights, scores and mismatches
    pieces = weighted_windows(clips, read, conditions, detector.fingerprint, heard)
    while batch := list(islice(pieces, BATCH_WINDOWS)):
        rows, waveforms, lengths, weights = (list(part) for part in zip(*batch, strict=True))
        score, mismatch = detector.score(np.stack(waveforms), np.array(lengths))
        np.add.at(sums.T, rows, np.stack([weights, weights * score, weights * mismatch], axis=1))
        if report:
            report(len(heard) // (1 + len(conditions)))
    owners = tuple(clip for clip in clips for _ in range(1 + len(conditions)))
    return Scores(owners, sums[1] / sums[0], sums[2] / sums[0], tuple(heard))


def weighted_windows(
    clips: Sequence[Clip],
    read: Callable[[Clip], np.ndarray],
    conditions: Sequence[Condition],
    model: str,
    heard: list[Heard],
) -> Iterator[tuple[int, np.ndarray, int, float]]:
    """The windows of a scan with their weights, one row of windows per clip and condition.

    Args:
        clips: the clips; each is read once.
        read: clip → samples (T,) at 16 kHz.
        conditions: degradations to be heard beside each clip as it is.
        model: fingerprint of the model that listens.
        heard: what each row was like is appended here.

    Yields:
        row, samples (WINDOW,), valid samples, and weight: the window's net speech, or 1 in a clip without any.
    """
    network = load_network()
    for clip in clips:
        original = read(clip)
        if not len(original):
            raise UsageError(f"The clip {clip.path} holds no audio; take it off the list.")
        for condition in (AS_IS, *conditions):
            samples = condition.apply(original)
            track = SpeechTrack()
            track.add(SpeechDetector(network, 1).push(samples[None], last=True)[0])
            speech = track.speech_s(0, len(samples))
            heard.append(Heard(condition.name, len(samples) / MODEL_RATE_HZ, speech, model))
            for window in WindowCutter(1).push(samples[None], last=True):
                weight = track.speech_s(window.start, window.stop) if speech else 1.0
                yield len(heard) - 1, window.samples[0], window.length, weight


@dataclass(frozen=True)
class Summary:
    """Headline figures of the protocol.

    Attributes:
        pooled: EER over the origins that have spoof clips (demo pages), interval over origins.
        all_clips: EER over every clip.
        mean_origin: mean EER over the origins with at least 10 clips of each class.
        origins: EER of each of those origins with its counts of bona fide and spoof.
        mismatch: EER of the mismatch alone, pooled as `pooled`.
    """

    pooled: Estimate
    all_clips: Estimate
    mean_origin: Estimate
    origins: dict[str, tuple[float, int, int]]
    mismatch: Estimate


def summarise(scores: Scores, rounds: int = 1000) -> Summary:
    """Headline figures of the undegraded clips with 95 % bootstrap intervals over origins."""
    scores = scores.undegraded
    spoof = scores.is_spoof
    origins = np.array([c.origin for c in scores.clips])
    demo = np.isin(origins, np.unique(origins[spoof]))

    def estimate(values: np.ndarray, chosen: np.ndarray) -> Estimate:
        v, s, g = values[chosen], spoof[chosen], origins[chosen]
        if np.isnan(v).any():
            return Estimate(*[float("nan")] * 3)
        return bootstrap(list(g), lambda rows: equal_error_rate(v[rows][~s[rows]], v[rows][s[rows]])[0], rounds)

    per = {}
    for origin in np.unique(origins):
        real, fake = (scores.score[(origins == origin) & (spoof == kind)] for kind in (False, True))
        if min(len(real), len(fake)) >= MIN_PER_CLASS:
            per[str(origin)] = (equal_error_rate(real, fake)[0], len(real), len(fake))
    rates = np.array([rate for rate, _, _ in per.values()])
    mean = (
        bootstrap(list(per), lambda rows: float(rates[rows].mean()), rounds) if per else Estimate(*[float("nan")] * 3)
    )
    everything = np.ones(len(spoof), bool)
    return Summary(
        estimate(scores.score, demo), estimate(scores.score, everything), mean, per, estimate(scores.mismatch, demo)
    )
