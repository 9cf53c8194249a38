"""How a scan works: its limits, and what is done beside the score."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from slim_cli.errors import UsageError
from slim_cli.results import MIN_NET_SPEECH_S, FileResult, LikelihoodRatio, LrStatus, Remark

OCCLUDED = ("none", "flagged", "all")
HIGHEST = "top:"
LOCAL = "local"
ENGINES = (LOCAL, "ray")
AHEAD = 32  # files that workers may begin before the one whose row comes next


Weight = tuple[LrStatus, tuple[Remark, ...], LikelihoodRatio | None]


class ScoresWindows(Protocol):
    """What a scan needs of a detector; `slim_cli.detector.runtime.Detector` is one."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything in the model that decides a score."""

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From (B, 64000) float32 at 16 kHz and (B,) valid samples to scores (B,) and mismatches (B,)."""


class GivesOpinion(Protocol):
    """What a scan needs of a second opinion; `slim_cli.detector.opinions.SecondOpinion` is one.

    Attributes:
        name: its name in rows and tables.
        label: its own word for the class that its score stands for.
        fingerprint: SHA-256 over what decides its scores.
    """

    name: str
    label: str
    fingerprint: str

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """From (B, 64000) float32 at 16 kHz and (B,) valid samples to scores (B,), positive = synthetic."""


class Weighs(Protocol):
    """What a scan needs of a calibration; `slim_cli.assessment.calibration.Calibration` is one."""

    def assess(self, result: FileResult, fingerprint: str) -> Weight:
        """From a scored row and the pipeline's fingerprint to `lr_status`, `lr_reasons` and the ratio."""


@dataclass(frozen=True, kw_only=True)
class ExaminationLimits:
    """How far each file is examined, in plain values.

    Attributes:
        max_duration_s: audio beyond this is left out, with a warning, seconds.
        max_size_bytes: larger files are refused; None for no limit.
        timeout_s: longest wait for a decoder, seconds.
        min_net_speech_s: channels with less detected speech are not scored, seconds; 0 scores every channel, and weighs
            all windows alike where no speech is detected.
        stability: whether scored files are heard again, changed in small ways.
        occlusion: which scored files are heard again with stretches replaced: `none`, `flagged`, `all` or `top:N`.
        embed_audio: whether a listening proxy of every scored file is stored beside its overview.
        track: the audio track to examine where a file has that many, from 0; None for the first that can be decoded.
        workers: processes that examine files side by side; 1 for this one.
        engine: where they run: `local` or `ray`.
        address: the Ray cluster; None for the one that the environment names, or one on this machine.
    """

    max_duration_s: float = 24 * 3600.0
    max_size_bytes: int | None = None
    timeout_s: float = 120.0
    min_net_speech_s: float = MIN_NET_SPEECH_S
    stability: bool = False
    occlusion: str = "none"
    embed_audio: bool = False
    track: int | None = None
    workers: int = 1
    engine: str = LOCAL
    address: str | None = None

    def __post_init__(self) -> None:
        if self.occlusion not in OCCLUDED and not self.occlusion_limit:
            choices = ", ".join(OCCLUDED)
            raise UsageError(f"The option occlusion takes {choices} or {HIGHEST}N; it was given {self.occlusion!r}.")
        if self.engine not in ENGINES:
            raise UsageError(f"The option engine takes {', '.join(ENGINES)}; it was given {self.engine!r}.")
        if self.engine == LOCAL and self.address:
            raise UsageError("--address names a Ray cluster; add --engine ray.")
        for name in ("max_duration_s", "max_size_bytes", "timeout_s", "workers"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"The option {name} must be greater than zero; it is {value}.")
        if not self.min_net_speech_s >= 0:
            raise UsageError(f"The option min_net_speech_s must not be negative; it is {self.min_net_speech_s}.")

    @property
    def occlusion_limit(self) -> int:
        """The N of `top:N`, 0 where something else was asked for."""
        number = self.occlusion.removeprefix(HIGHEST)
        return int(number) if number != self.occlusion and number.isascii() and number.isdigit() else 0


@dataclass(frozen=True, kw_only=True)
class ExaminationOptions(ExaminationLimits):
    """How files are examined: the limits, and what they are examined with.

    Attributes:
        output: folder for the overviews (waveform and spectrogram data); None to draw none.
        calibration: what turns scores into likelihood ratios; None to give none.
        review_score: score from which a file counts as flagged; None where there is none.
        opinions: second opinions; their scores stand in fields of their own and change nothing else.
        hashes: algorithms by which files are hashed beside SHA-256, of `slim_cli.evidence.exhibits.HASHES`.
    """

    output: Path | None = None
    calibration: Weighs | None = None
    review_score: float | None = None
    opinions: Sequence[GivesOpinion] = ()
    hashes: tuple[str, ...] = ()

    @classmethod
    def within(cls, limits: ExaminationLimits, **parts: Any) -> ExaminationOptions:
        """These limits with what files are examined with."""
        return cls(**{one.name: getattr(limits, one.name) for one in fields(ExaminationLimits)}, **parts)


class OcclusionChoice:
    """From which score on a file gets an occlusion curve, asked before each file and told its score afterwards.

    With `top:N` these are the files among the N highest so far: the N highest of the whole scan are among them, and of
    M files in random order about N (1 + ln(M / N)) are.

    >>> choice = OcclusionChoice(ExaminationOptions(occlusion="top:2"))
    >>> [(choice.above, choice.tell(score))[0] for score in (1.0, 3.0, 2.0, 1.5, 4.0)]
    [-inf, -inf, 1.0, 2.0, 2.0]

    Attributes:
        told: how many files it was told.
    """

    def __init__(self, options: ExaminationOptions) -> None:
        self._options = options
        self._highest: list[float] = []
        self.told = 0
        self._past = deque([self.above], maxlen=AHEAD + 1)

    def above_before(self, files: int) -> float | None:
        """What `above` was when so many files had been told; no more than the last `AHEAD` are remembered."""
        return self._past[files - self.told - 1]

    @property
    def above(self) -> float | None:
        """Scores above it get a curve; None where no file does."""
        options = self._options
        if options.occlusion == "flagged" and options.review_score is not None:
            return math.nextafter(options.review_score, -math.inf)
        if options.occlusion in ("none", "flagged"):
            return None
        full = options.occlusion_limit and len(self._highest) == options.occlusion_limit
        return self._highest[0] if full else -math.inf

    def tell(self, score: float | None) -> None:
        """Takes the score of the file at hand."""
        if score is not None and self._options.occlusion_limit:
            if len(self._highest) < self._options.occlusion_limit:
                heapq.heappush(self._highest, score)
            else:
                heapq.heappushpop(self._highest, score)
        self.told += 1
        self._past.append(self.above)
