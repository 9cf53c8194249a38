"""Scores of labelled clips, their CSV file, and the headline figures of the leave-origin-out protocol."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slim_cli.assessment.metrics import Estimate, asvspoof_score, bootstrap, equal_error_rate
from slim_cli.corpora.manifest import LABELS, Clip
from slim_cli.errors import UsageError
from slim_cli.results import STATUSES

MIN_PER_CLASS = 10
COLUMNS = ("path", "label", "origin", "system", "speaker", "language", "score", "mismatch")
TRIAL = ("condition", "duration_s", "net_speech_s", "model", "channels")
FAILURE = ("status", "reason")
STATED = {"subset": "subset", "codec": "codec", "condition": "dataset_condition"}  # of `Clip`, and their columns
KEPT = {**STATED, "family": "family"}


@dataclass(frozen=True)
class Trial:
    """How a clip came to its score.

    Attributes:
        condition: degradation applied to it beforehand, empty for none.
        duration_s: its length, seconds; None where not known.
        net_speech_s: detected speech in the channel that stands for it, seconds; None where not known.
        model: fingerprint of the model that scored it, empty where not known.
        channels: how many channels it has, of which the highest stands for it; None where not known.
    """

    condition: str = ""
    duration_s: float | None = None
    net_speech_s: float | None = None
    model: str = ""
    channels: int | None = None


@dataclass(frozen=True)
class FailedTrial:
    """A clip without a score.

    Attributes:
        clip: the clip.
        condition: degradation applied to it beforehand, empty for none.
        status: the status that a scan gives it, one of `slim_cli.results.STATUSES`.
        reason: why, in words; may hold text from the file and is therefore hostile.
    """

    clip: Clip
    condition: str
    status: str
    reason: str


@dataclass(frozen=True)
class Scores:
    """File-level scores of test clips.

    Attributes:
        clips: the clips; one that was scored under several conditions occurs several times.
        score: (N,) log-odds, positive = synthetic.
        mismatch: (N,) 1 - cos(S, L).
        trials: (N,) how each came to its score.
        unscored: clips that could not be scored; those of a selection are left out.
    """

    clips: tuple[Clip, ...]
    score: np.ndarray
    mismatch: np.ndarray
    trials: tuple[Trial, ...] = ()
    unscored: tuple[FailedTrial, ...] = ()

    def __post_init__(self) -> None:
        if not self.trials:
            object.__setattr__(self, "trials", (Trial(),) * len(self.clips))

    @property
    def is_spoof(self) -> np.ndarray:
        """(N,) whether each clip is synthetic."""
        return np.array([c.is_spoof for c in self.clips], bool)

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.clips + other.clips,
            np.concatenate([self.score, other.score]),
            np.concatenate([self.mismatch, other.mismatch]),
            self.trials + other.trials,
            self.unscored + other.unscored,
        )

    def take(self, rows: np.ndarray) -> Scores:
        """The scores of some rows, chosen by index or by a (N,) mask."""
        chosen = np.arange(len(self.clips))[rows]
        picked = [(self.clips[i], self.trials[i]) for i in chosen]
        return Scores(
            tuple(clip for clip, _ in picked),
            self.score[rows],
            self.mismatch[rows],
            tuple(trial for _, trial in picked),
        )

    @property
    def undegraded(self) -> Scores:
        """The scores of the clips as they are, without any condition applied."""
        return self.take(np.array([not trial.condition for trial in self.trials], bool))

    def by_condition(self) -> dict[str, Scores]:
        """The scores under each condition, in the order in which they come; those of clips as they are under ""."""
        names = np.array([trial.condition for trial in self.trials], dtype=str)
        return {name: self.take(names == name) for name in dict.fromkeys(names.tolist())}

    @property
    def unscored_by_status(self) -> dict[str, int]:
        """How many clips could not be scored as they are, by the status that a scan gives them."""
        return dict(Counter(failed.status for failed in self.unscored if not failed.condition))

    def write(self, path: Path) -> None:
        """Writes one CSV row per clip and condition; those without a score have a status and a reason."""
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow([*COLUMNS, *TRIAL, *KEPT.values(), *FAILURE])
            for clip, score, mismatch, trial in zip(self.clips, self.score, self.mismatch, self.trials, strict=True):
                times = ["" if v is None else f"{v:.3f}" for v in (trial.duration_s, trial.net_speech_s)]
                known = [f"{score:.4f}", f"{mismatch:.4f}", trial.condition, *times, trial.model, trial.channels or ""]
                out.writerow([*_facts(clip), *known, *_said(clip), "scored", ""])
            for failed in self.unscored:
                known = ["", "", failed.condition, "", "", "", ""]
                out.writerow([*_facts(failed.clip), *known, *_said(failed.clip), failed.status, failed.reason])

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
            every = list(csv.DictReader(file))
        rows = [row for row in every if (row.get("status") or "scored") == "scored"]
        scores = Scores(
            tuple(_clip(row) for row in rows),
            np.array([float(row["score"]) for row in rows]),
            np.array([float(row.get("mismatch") or "nan") for row in rows]),
            tuple(_trial(row) for row in rows),
            tuple(_failed(row) for row in every if (row.get("status") or "scored") != "scored"),
        )
        if not np.isfinite(scores.score).all():
            raise ValueError("a score is not a finite number")
    except KeyError as error:
        raise UsageError(f"The scores {path} need a column {error}.") from error
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"The scores {path} cannot be read: {error}.") from error
    return scores


def _facts(clip: Clip) -> list[str]:
    return [str(clip.path), clip.label, clip.origin, clip.system, clip.speaker, clip.language]


def _said(clip: Clip) -> Iterator[str]:
    return (getattr(clip, name) for name in KEPT)


def _clip(row: dict[str, str]) -> Clip:
    if row["label"] not in LABELS:
        raise ValueError(f"the label {row['label']!r} is neither bonafide nor spoof")
    system, speaker, origin, language = (row.get(n) or "" for n in ("system", "speaker", "origin", "language"))
    said: dict[str, Any] = {name: row.get(column) or "" for name, column in KEPT.items()}
    return Clip(Path(row["path"]), row["label"], system, speaker, origin, language, role="test", **said)


def _trial(row: dict[str, str]) -> Trial:
    duration, speech = (float(row[name]) if row.get(name) else None for name in ("duration_s", "net_speech_s"))
    channels = int(row["channels"]) if row.get("channels") else None
    return Trial(row.get("condition") or "", duration, speech, row.get("model") or "", channels)


def _failed(row: dict[str, str]) -> FailedTrial:
    if row["status"] not in STATUSES:
        raise ValueError(f"the status {row['status']!r} is none that a scan gives")
    return FailedTrial(_clip(row), row.get("condition") or "", row["status"], row.get("reason") or "")


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
