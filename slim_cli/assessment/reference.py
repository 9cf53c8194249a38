"""What a bundle knows about its own scores: reference distributions, operating point, observation ranges."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli.errors import EnvironmentUnfit

SCHEMA = "slim-reference/1"
FILE_NAME = "reference.json"


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
    """

    score: float
    false_alarm_rate: float
    miss_rate: float
    n_bona_fide: int
    n_spoof: int


@dataclass(frozen=True)
class Range:
    """5th, 50th and 95th percentile of a measure over `n` files."""

    p5: float
    p50: float
    p95: float
    n: int


@dataclass(frozen=True)
class Reference:
    """Everything the report draws beside a file's own numbers.

    Attributes:
        description: one sentence on the data and the protocol behind the numbers.
        score: distributions of the file score.
        mismatch: distributions of the file mismatch.
        operating_point: where a file is flagged for review.
        observations: range of each artefact measure by name and class.
        metrics: headline figures by name, e.g. `eer`, each with interval and counts.
    """

    description: str
    score: ClassPair
    mismatch: ClassPair
    operating_point: OperatingPoint
    observations: dict[str, dict[str, Range]] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

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
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r}")
        return Reference(
            description=data["description"],
            score=_pair(data["score"]),
            mismatch=_pair(data["mismatch"]),
            operating_point=OperatingPoint(**data["operating_point"]),
            observations={
                name: {label: Range(**r) for label, r in ranges.items()}
                for name, ranges in data.get("observations", {}).items()
            },
            metrics=data.get("metrics", {}),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EnvironmentUnfit(f"The reference statistics {path} cannot be used: {error}.") from error


def _pair(data: dict[str, Any]) -> ClassPair:
    return ClassPair(_histogram(data["bona_fide"]), _histogram(data["spoof"]))


def _histogram(data: dict[str, Any]) -> Histogram:
    return Histogram(data["n"], tuple(data["edges"]), tuple(data["counts"]), data.get("quantiles", {}))
