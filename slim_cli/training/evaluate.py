"""Scoring labelled clips in the windows of a scan, and the headline figures of the leave-origin-out protocol."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slim_cli.assessment.metrics import Estimate, bootstrap, equal_error_rate
from slim_cli.audio.windows import WindowCutter
from slim_cli.detector.runtime import Detector
from slim_cli.training.manifest import Clip

MIN_PER_CLASS = 10
COLUMNS = ("path", "label", "origin", "system", "speaker", "language", "score", "mismatch")


@dataclass(frozen=True)
class Scores:
    """File-level scores of test clips.

    Attributes:
        clips: the clips.
        score: (N,) log-odds, positive = synthetic.
        mismatch: (N,) 1 - cos(S, L).
    """

    clips: tuple[Clip, ...]
    score: np.ndarray
    mismatch: np.ndarray

    @property
    def is_spoof(self) -> np.ndarray:
        """(N,) whether each clip is synthetic."""
        return np.array([c.is_spoof for c in self.clips])

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.clips + other.clips,
            np.concatenate([self.score, other.score]),
            np.concatenate([self.mismatch, other.mismatch]),
        )

    def write(self, path: Path) -> None:
        """Writes one CSV row per clip."""
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            for clip, score, mismatch in zip(self.clips, self.score, self.mismatch, strict=True):
                facts = [clip.path, clip.label, clip.origin, clip.system, clip.speaker, clip.language]
                out.writerow([*facts, f"{score:.4f}", f"{mismatch:.4f}"])


def read_scores(path: Path) -> Scores:
    """Reads what `Scores.write` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clips = tuple(
        Clip(Path(r["path"]), r["label"], r["system"], r["speaker"], r["origin"], r["language"], role="test")
        for r in rows
    )
    return Scores(clips, np.array([float(r["score"]) for r in rows]), np.array([float(r["mismatch"]) for r in rows]))


def score_clips(detector: Detector, clips: Sequence[Clip], read: Callable[[Clip], np.ndarray]) -> Scores:
    """Scores each clip as the plain mean over a scan's windows; every clip is scored, however short or silent.

    Args:
        detector: a loaded bundle.
        clips: test clips.
        read: clip → samples (T,) at 16 kHz.
    """
    waveforms, lengths, owners = [], [], []
    for number, clip in enumerate(clips):
        for window in WindowCutter(1).push(read(clip)[None], last=True):
            waveforms.append(window.samples[0])
            lengths.append(window.length)
            owners.append(number)
    score, mismatch = detector.score(np.stack(waveforms), np.array(lengths))
    counts = np.bincount(owners)
    return Scores(tuple(clips), np.bincount(owners, score) / counts, np.bincount(owners, mismatch) / counts)


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
    """Headline figures with 95 % bootstrap intervals over origins."""
    spoof = scores.is_spoof
    origins = np.array([c.origin for c in scores.clips])
    demo = np.isin(origins, np.unique(origins[spoof]))

    def estimate(values: np.ndarray, chosen: np.ndarray) -> Estimate:
        v, s, g = values[chosen], spoof[chosen], origins[chosen]
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
