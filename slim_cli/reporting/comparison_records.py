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
