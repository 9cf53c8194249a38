"""What is known beside a file: reference distributions, ranges, error rates, and how steady its score is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from slim_cli.reporting.figures.strip import Cell
from slim_cli.words import MeasureWords


@dataclass(frozen=True)
class Share:
    """How many reference files reach a value; exact to within one bin of the stored histogram.

    Attributes:
        least: files surely at or above the value.
        most: files possibly at or above it.
        n: all files of the class.
    """

    least: int
    most: int
    n: int

    @property
    def rate_bound(self) -> float:
        """Where no file reaches the value: the rate that n files cannot exclude (95 % confidence, rule of three)."""
        return min(1.0, 3 / self.n) if self.n else 1.0

    @property
    def rate_least(self) -> float:
        return self.least / self.n if self.n else 0.0

    @property
    def rate_most(self) -> float:
        return self.most / self.n if self.n else 0.0


@dataclass(frozen=True)
class Nearest:
    """The known error rate nearest to an exhibit's conditions.

    Attributes:
        known: whether the validation has such a row.
        text: the row, or that there is none.
    """

    known: bool
    text: str


@dataclass(frozen=True)
class Stability:
    """The score after small changes.

    Attributes:
        rows: change, score after it, difference.
        flips: whether the sign changes.
        text: what that means.
    """

    rows: tuple[tuple[str, str, str], ...]
    flips: bool
    text: str


@dataclass(frozen=True)
class Measure:
    """One row of the artefact table; `cell` is its place in the strip, None without a value or a range."""

    words: MeasureWords
    value: str
    usable: bool
    note: str
    bona_fide: str
    spoof: str
    outside: bool
    cell: Cell | None


@dataclass(frozen=True)
class Figure:
    """One validation figure: a rate with its interval, in words."""

    key: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class OriginRate:
    """Error rate at one origin, or under one condition, of the validation data; the interval where one is stored."""

    origin: str
    rate: float
    n_bona_fide: int
    n_spoof: int
    low: float | None = None
    high: float | None = None

    @classmethod
    def stored(cls, origin: str, entry: Any) -> OriginRate:
        """A rate of the reference statistics: by name, or as a list without interval."""
        if not isinstance(entry, Mapping):
            rate, n_bona_fide, n_spoof = (*entry, 0)[:3]
            return cls(origin, float(rate), int(n_bona_fide), int(n_spoof))
        counts = int(entry.get("n_bona_fide", 0)), int(entry.get("n_spoof", 0))
        return cls(origin, float(entry["value"]), *counts, entry.get("low"), entry.get("high"))


@dataclass(frozen=True)
class ConditionRow:
    """The error rates measured under one condition; None where one was not measured."""

    name: str
    eer: OriginRate | None
    false_alarms: OriginRate | None
    misses: OriginRate | None


@dataclass(frozen=True)
class Validation:
    """What was measured of the model, and of its calibration, before this run."""

    figures: tuple[Figure, ...]
    origins: tuple[OriginRate, ...]
    corpora: tuple[OriginRate, ...]
    conditions: tuple[ConditionRow, ...]
    condition_files: str
    calibration: tuple[Figure, ...]
    codecs: tuple[OriginRate, ...]
    score_histogram: Markup
    mismatch_histogram: Markup
    false_alarms: str
    misses: str
    misleading: str
    tippett: Markup | None = None


@dataclass(frozen=True)
class ToHear:
    """A stretch to listen to.

    Attributes:
        what: its kind and, in a file of several channels, its channel, in words.
        start_s: where it starts in the decoded signal, seconds.
        end_s: where it ends.
        score: log-odds, positive = synthetic; None where it was not scored.
        beside: how it lies among bona fide recordings of like length, in words.
        marked: whether it reaches the threshold for such recordings.
        playable: whether the listening proxy holds it.
    """

    what: str
    start_s: float
    end_s: float
    score: float | None
    beside: str = ""
    marked: bool = False
    playable: bool = False


@dataclass(frozen=True)
class FileToHear:
    """What to hear first of one file.

    Attributes:
        label: what the report calls the file.
        path: its name.
        anchor: of the file in the report; empty where the report has no section or line of it.
        player: id of the element that holds its listening proxy.
        duration_s: its length, seconds.
        stretches: the highest ones of each length.
        rejected: voiced sound that was not taken for speech.
        more: how many such stretches are not shown.
        rules: the rules by which stretches are marked, in words.
        audio: its listening proxy as a data URL, where it has no section that holds it.
    """

    label: str
    path: str
    anchor: str
    player: str
    duration_s: float
    stretches: tuple[ToHear, ...]
    rejected: tuple[ToHear, ...]
    more: int
    rules: tuple[str, ...]
    audio: str | None = None


@dataclass(frozen=True)
class HearFirst:
    """The page on what to hear first.

    Attributes:
        files: the files, in the order in which to hear them.
        left_out: how many more have stretches to hear.
        marked_below: files with a marked stretch whose own score lies below the review threshold.
        rejected: how often voiced sound is not taken for speech in clips of known origin, in words; empty where not
            measured.
    """

    files: tuple[FileToHear, ...] = ()
    left_out: int = 0
    marked_below: int = 0
    rejected: str = ""

    @property
    def audible(self) -> bool:
        """Whether it holds a player of its own."""
        return any(file.audio for file in self.files)
