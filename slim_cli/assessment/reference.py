"""What a bundle knows about its own scores: reference distributions, operating point, observation ranges."""

from __future__ import annotations

import dataclasses
import json
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slim_cli.assessment.metrics import review_threshold
from slim_cli.errors import EnvironmentUnfit, FormatError
from slim_cli.evidence.codec_traces import decided_by
from slim_cli.evidence.formats import codec_class
from slim_cli.loading import load, read
from slim_cli.results import FileResult, Media, Stretch

SCHEMA = "slim-reference/1"
FILE_NAME = "reference.json"
STRETCH_ALARMS = 0.05
LEAST_RECORDINGS = 20  # fewer set no threshold of 5 %

_BAND_MEASURES = (
    "effective_bandwidth_hz",
    "edge_slope_db_per_khz",
    "spectral_line_strength",
    "spectral_line_distance_hz",
)

Ranges = dict[str, dict[str, "Range"]]


@dataclass(frozen=True)
class Histogram:
    """Distribution of one file-level quantity over one class.

    Attributes:
        n: number of files.
        edges: bin edges, one more than `counts`.
        counts: files per bin.
        quantiles: value at each named quantile, e.g. `{"0.05": -3.1}`.
    """

    n: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    quantiles: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassPair:
    """The same quantity in both classes."""

    bona_fide: Histogram
    spoof: Histogram


@dataclass(frozen=True)
class OperatingPoint:
    """The score at which a file is flagged for review, with the error rates measured there.

    Attributes:
        score: threshold on the file score (log-odds, positive = synthetic).
        false_alarm_rate: share of bona fide files at or above it, in [0, 1].
        miss_rate: share of spoof files below it, in [0, 1].
        n_bona_fide: bona fide files behind the first rate.
        n_spoof: spoof files behind the second.
        set_on: the clips on which the threshold was set, in words; empty where the model does not say.
        variants: how many variants of the model were compared on these clips; None where it does not say.
    """

    score: float
    false_alarm_rate: float
    miss_rate: float
    n_bona_fide: int
    n_spoof: int
    set_on: str = ""
    variants: int | None = None


@dataclass(frozen=True)
class Range:
    """5th, 50th and 95th percentile of a measure over `n` files."""

    p5: float
    p50: float
    p95: float
    n: int


@dataclass(frozen=True)
class StretchReference:
    """The highest stretch of each of many bona fide recordings of like length.

    Attributes:
        length_s: 10 or 30 s.
        from_s: length of the recordings, at least, seconds.
        to_s: their length, below.
        highest: the score of each one's highest stretch, rising.
        joined: how many of them were joined from clips.
        checked: other bona fide recordings of that length, on which the threshold was tried.
        alarms: how many of these reached it.
    """

    length_s: float
    from_s: float
    to_s: float
    highest: tuple[float, ...]
    joined: int = 0
    checked: int = 0
    alarms: int = 0

    @property
    def threshold(self) -> float | None:
        """The score that at most 5 % of the recordings reach; None where they are too few to say."""
        if len(self.highest) < LEAST_RECORDINGS:
            return None
        return review_threshold(np.array(self.highest), STRETCH_ALARMS)

    def reached(self, score: float) -> int:
        """How many of the recordings hold a stretch as high."""
        return len(self.highest) - bisect_left(self.highest, score)


@dataclass(frozen=True)
class Reference:
    """Everything the report draws beside a file's own numbers.

    Attributes:
        description: one sentence on the data and the protocol behind the numbers.
        score: distributions of the file score.
        mismatch: distributions of the file mismatch.
        operating_point: where a file is flagged for review.
        observations: range of each artefact measure by name and class, over all files.
        metrics: headline figures by name, e.g. `eer`, each with interval and counts.
        observations_by_codec: the same ranges over the files of one codec class (`formats.codec_class`).
        observations_rate_hz: highest sample rate among the files behind the ranges, Hz; None where it was not noted.
        stretches: highest stretches of bona fide recordings, by length of the stretch and of the recording.
    """

    description: str
    score: ClassPair
    mismatch: ClassPair
    operating_point: OperatingPoint
    observations: Ranges = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    observations_by_codec: dict[str, Ranges] = field(default_factory=dict)
    observations_rate_hz: int | None = None
    stretches: tuple[StretchReference, ...] = ()

    def stretches_like(self, length_s: float, duration_s: float) -> StretchReference | None:
        """The highest stretches of a length of bona fide recordings of like duration; None where not measured."""
        like = (s for s in self.stretches if s.length_s == length_s and s.from_s <= duration_s < s.to_s)
        return next(like, None)

    def marks(self, stretch: Stretch, media: Media | None) -> bool | None:
        """Whether a stretch of a file reaches the threshold for recordings of its length; None where there is none."""
        like = self.stretches_like(stretch.length_s, media.duration_s) if media else None
        return None if like is None or like.threshold is None else stretch.score >= like.threshold

    def marks_any(self, row: FileResult) -> bool | None:
        """Whether any stretch of a file does; None where no threshold holds for it."""
        told = [self.marks(stretch, row.media) for channel in row.channels for stretch in channel.stretches]
        return None if all(one is None for one in told) else any(told)

    def marked_below(self, row: FileResult) -> bool:
        """Whether a stretch is marked in a file that, as a whole, is not flagged for review."""
        return bool(self.marks_any(row)) and (row.score is None or row.score < self.operating_point.score)

    def ranges_for(self, media: Media | None) -> Ranges:
        """The ranges that a file may be held against: those of its codec class where such are told apart.

        What the codec decides itself has none, nor have measures of the upper band of a file sampled faster than any
        file behind the ranges.
        """
        if media is None:
            return self.observations
        own = self.observations
        if self.observations_by_codec:
            own = self.observations_by_codec.get(codec_class(media.codec, media.sample_rate_hz), {})
        above = self.observations_rate_hz and media.sample_rate_hz > self.observations_rate_hz
        left_out = {*decided_by(media.codec), *(_BAND_MEASURES if above else ())}
        return {name: ranges for name, ranges in own.items() if name not in left_out}

    def to_json(self) -> str:
        """The content of `reference.json`, as `load_reference` reads it."""
        return json.dumps({"schema": SCHEMA, **dataclasses.asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def load_reference(bundle: Path) -> Reference:
    """Reads `reference.json` of a bundle.

    Args:
        bundle: the bundle's folder.

    Returns:
        The reference statistics.

    Raises:
        EnvironmentUnfit: the file is missing or not of schema `slim-reference/1`.
    """
    path = bundle / FILE_NAME
    try:
        return read(Reference, load(path, SCHEMA), str(path))
    except FormatError as error:
        raise EnvironmentUnfit(str(error)) from error
