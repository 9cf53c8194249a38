"""From a file's score to a likelihood ratio, where a calibration was made for this pipeline and covers the exhibit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slim_cli.errors import FormatError
from slim_cli.evidence.formats import LOSSLESS, TELEPHONE_RATE_HZ, codec_class, codec_of
from slim_cli.loading import of_schema, parse_json, read
from slim_cli.results import MODEL_RATE_HZ, FileResult, LikelihoodRatio, LrStatus, Media, Remark

SCHEMA = "slim-calibration/1"
FILE_NAME = "calibration.json"
MIN_CARRIED = 300

Interval = tuple[float, float]
Weight = tuple[LrStatus, tuple[Remark, ...], LikelihoodRatio | None]


@dataclass(frozen=True)
class Scope:
    """Conditions that the calibration's files of both classes cover; exhibits beyond them get no likelihood ratio.

    Attributes:
        net_speech_s: detected speech of a channel, seconds.
        bandwidth_hz: effective bandwidth as far as the model hears (8 kHz), Hz; None where the calibration did not
            measure it.
        snr_db: signal-to-noise ratio, dB; None where the calibration did not measure it.
        codecs: codecs by `codec_family`, or by any decoder's name for them; empty where the calibration did not record
            them.
        languages: ISO 639 codes; a scan does not recognise languages, the reader has to compare them.
    """

    net_speech_s: Interval
    bandwidth_hz: Interval | None = None
    snr_db: Interval | None = None
    codecs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def why_outside(self, result: FileResult) -> tuple[Remark, ...]:
        """Every reason why a scored exhibit lies outside; none when it lies inside."""
        top = result.top_channel
        codec = codec_family(result.media) if result.media else "unknown"
        reasons = _beyond("speech", top.net_speech_s if top else None, self.net_speech_s, 1)
        known = {family if family == LOSSLESS else codec_of(family).id for family in self.codecs}
        if self.codecs and codec not in known:
            covered = ", ".join(map(family_name, self.codecs))
            reasons += (Remark("codec_outside_scope", {"codec": family_name(codec), "covered": covered}),)
        if self.bandwidth_hz:
            reasons += _beyond("bandwidth", heard_bandwidth_hz(result), self.bandwidth_hz, 0)
        if self.snr_db:
            reasons += _beyond("snr", observed(result, "snr_db"), self.snr_db, 1)
        return reasons


def codec_family(media: Media) -> str:
    """`lossless` for formats that lose nothing above the telephone's rate, else the codec's id.

    >>> [codec_family(Media("", codec, 44_100, 1, 1, 1.0, "", "")) for codec in ("PCM_24", "alac", "MPEG_LAYER_III")]
    ['lossless', 'lossless', 'mp3']
    """
    return LOSSLESS if codec_class(media.codec, media.sample_rate_hz) == LOSSLESS else codec_of(media.codec).id


def family_name(family: str) -> str:
    """What `codec_family` gives, or a decoder's name for it, as readers know it.

    >>> [family_name(family) for family in ("lossless", "MPEG_LAYER_III", "PCM_16")]
    ['lossless', 'MP3', 'PCM 16-bit ≤ 8 kHz']
    """
    if family == LOSSLESS:
        return family
    codec = codec_of(family)
    return codec.name if codec.lossy else f"{codec.name} ≤ {TELEPHONE_RATE_HZ // 1000} kHz"


def heard_bandwidth_hz(result: FileResult) -> float | None:
    """Effective bandwidth of a file as far as the model hears, Hz; None where it could not be measured."""
    value = observed(result, "effective_bandwidth_hz")
    return None if value is None else min(value, MODEL_RATE_HZ / 2)


def observed(result: FileResult, name: str) -> float | None:
    """Value of a usable observation, else None."""
    seen = result.observations.get(name)
    return seen.value if seen is not None and seen.usable else None


def _beyond(quantity: str, value: float | None, limits: Interval, digits: int) -> tuple[Remark, ...]:
    if value is None:
        return (Remark("scope_not_measured", {"quantity": quantity}),)
    if limits[0] <= value <= limits[1]:
        return ()
    shown, low, high = rounded_apart(value, limits, digits)
    return (Remark("outside_scope", {"quantity": quantity, "value": shown, "low": low, "high": high}),)


def rounded_apart(value: float, limits: Interval, digits: int) -> tuple[float, float, float]:
    """A value and the limits that it lies beyond, rounded no further than shows it.

    >>> rounded_apart(2.196, (2.2, 10.0), 1)
    (2.196, 2.2, 10.0)
    """
    for places in range(digits, 12):
        shown, low, high = (round(number, places) for number in (value, *limits))
        if not low <= shown <= high:
            return shown, low, high
    return (value, *limits)


@dataclass(frozen=True)
class Calibration:
    """A fitted and bounded map from file scores to likelihood ratios.

    ln LR = slope x score + intercept, by logistic regression with balanced classes, then cut off at the bounds.

    Attributes:
        fingerprint: fingerprint of the pipeline (`scan_fingerprint`) that it belongs to.
        propositions: the two propositions in words, by `h1` (synthetic) and `h2` (recorded).
        slope: natural-log LR per unit of score, positive.
        intercept: natural-log LR at score 0.
        refits: slope, intercept, lowest and highest log10 LR of bootstrap resamples, for the interval of a ratio.
        bounds: lowest and highest log10 LR that the data support (ELUB, Vergeer et al. 2016).
        scope: the conditions covered.
        carried_over: fingerprints of later pipelines that scored at least 300 files as this one did, by the file's log.
        account: the file without its refits, with its SHA-256, for `RunRecord.calibration`.
        content: the file as it is.
    """

    fingerprint: str
    propositions: dict[str, str]
    slope: float
    intercept: float
    refits: tuple[tuple[float, float, float, float], ...]
    bounds: Interval
    scope: Scope
    carried_over: tuple[str, ...] = ()
    account: dict[str, Any] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False, compare=False)

    def assess(
        self, result: FileResult, fingerprint: str
    ) -> tuple[LrStatus, tuple[Remark, ...], LikelihoodRatio | None]:
        """The likelihood ratio of an exhibit, or why there is none.

        Args:
            result: the exhibit's row.
            fingerprint: fingerprint of the running pipeline.

        Returns:
            `lr_status` (one of `slim_cli.results.LR_STATUSES`), `lr_reasons` (none when given), and the ratio.
        """
        if result.score is None:
            return "uncalibrated", (Remark("no_score"),), None
        if fingerprint not in (self.fingerprint, *self.carried_over):
            prints: dict[str, str | int | float] = {"calibration": self.fingerprint[:12], "scan": fingerprint[:12]}
            return "uncalibrated", (Remark("other_pipeline", prints),), None
        outside = self.scope.why_outside(result)
        if outside:
            return "out_of_scope", outside, None
        return "given", (), self.ratio(result.score)

    def ln(self, scores: np.ndarray) -> np.ndarray:
        """Bounded natural-log likelihood ratios of many scores (N,), without their intervals."""
        return np.clip(self.slope * scores + self.intercept, *np.log(10) * np.array(self.bounds))

    def ratio(self, score: float) -> LikelihoodRatio:
        """The bounded likelihood ratio of a score (log-odds, positive = synthetic), with its 95 % interval."""
        raw = (self.slope * score + self.intercept) / np.log(10)
        value = float(np.clip(raw, *self.bounds))
        slope, intercept, lowest, highest = np.array(self.refits or [(self.slope, self.intercept, *self.bounds)]).T
        spread = np.clip((slope * score + intercept) / np.log(10), lowest, highest)
        low, high = (float(end) for end in np.clip(np.quantile(spread, [0.025, 0.975]), *self.bounds))
        return LikelihoodRatio(value, min(low, value), max(high, value), bounded=bool(value != raw))


@dataclass(frozen=True)
class CarryOver:
    """Entry of a calibration's log: another pipeline that scores as the one did for which it was fitted.

    Attributes:
        source: fingerprint of the pipeline before.
        target: fingerprint of the pipeline after.
        date: when they were compared, ISO 8601 UTC.
        tool_version: version of this package after.
        files: different files that both scored equal, to the 4 decimals of results; none was scored otherwise.
        list_sha256: SHA-256 over their hashes and scores.
    """

    source: str
    target: str
    date: str
    tool_version: str
    files: int
    list_sha256: str


def followers(fingerprint: str, log: Sequence[CarryOver], name: str) -> tuple[str, ...]:
    """The pipelines that a calibration was carried over to, from one to the next.

    Raises:
        FormatError: an entry rests on too few files, or on a pipeline that the calibration does not hold for.
    """
    known = [fingerprint]
    for number, entry in enumerate(log):
        if entry.files < MIN_CARRIED:
            raise FormatError(f"{name}: carried_over.{number}: rests on {entry.files} files; {MIN_CARRIED} are needed")
        if entry.source not in known:
            raise FormatError(f"{name}: carried_over.{number}: its source is no pipeline that it holds for")
        known.append(entry.target)
    return tuple(known[1:])


@dataclass(frozen=True)
class _FittedLine:
    slope: float
    intercept: float
    refits: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class _Bounds:
    low: float
    high: float


@dataclass(frozen=True)
class _Stored:
    """What a scan needs of a calibration file; the rest is its account."""

    pipeline_fingerprint: str
    propositions: dict[str, str]
    method: _FittedLine
    bounds: _Bounds
    scope: dict[str, Any]
    carried_over: tuple[CarryOver, ...] = ()


def load_calibration(path: Path) -> Calibration:
    """Reads a calibration file.

    Raises:
        FormatError: the file is missing, or not of schema `slim-calibration/1`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}") from error
    return read_calibration(content, str(path))


def read_calibration(content: bytes, name: str) -> Calibration:
    """The calibration of a file's content; `name` is what an error calls it.

    Raises:
        FormatError: it is not of schema `slim-calibration/1`.
    """
    data = parse_json(content, name)
    stored = read(_Stored, of_schema(SCHEMA, data, name), name, extra="ignore")
    account = {**data, "method": {key: value for key, value in data["method"].items() if key != "refits"}}
    return Calibration(
        stored.pipeline_fingerprint,
        stored.propositions,
        stored.method.slope,
        stored.method.intercept,
        stored.method.refits,
        (stored.bounds.low, stored.bounds.high),
        read(Scope, stored.scope, name, at="scope"),
        followers(stored.pipeline_fingerprint, stored.carried_over, name),
        {**account, "sha256": hashlib.sha256(content).hexdigest()},
        content,
    )
