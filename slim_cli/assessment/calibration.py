"""From a file's score to a likelihood ratio, where a calibration was made for this pipeline and covers the exhibit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slim_cli.errors import UsageError
from slim_cli.evidence.formats import LOSSLESS, TELEPHONE_RATE_HZ, codec_class, codec_of
from slim_cli.results import MODEL_RATE_HZ, FileResult, LikelihoodRatio, Media

SCHEMA = "slim-calibration/1"
FILE_NAME = "calibration.json"

Interval = tuple[float, float]


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

    def why_outside(self, result: FileResult) -> str:
        """Why a scored exhibit lies outside, in words; empty when it lies inside."""
        top = result.top_channel
        speech = _beyond(top.net_speech_s if top else None, self.net_speech_s, "its net speech", "s", "{:.1f}")
        if speech:
            return speech
        codec = codec_family(result.media) if result.media else "unknown"
        if self.codecs and codec not in {known if known == LOSSLESS else codec_of(known).id for known in self.codecs}:
            covered = ", ".join(map(family_name, self.codecs))
            return f"its codec {family_name(codec)} is not among those calibrated ({covered})"
        for limits, value, words, unit, form in (
            (self.bandwidth_hz, heard_bandwidth_hz(result), "its bandwidth", "Hz", "{:.0f}"),
            (self.snr_db, observed(result, "snr_db"), "its signal-to-noise ratio", "dB", "{:.1f}"),
        ):
            reason = _beyond(value, limits, words, unit, form) if limits else ""
            if reason:
                return reason
        return ""


def codec_family(media: Media) -> str:
    """`lossless` for formats that lose nothing above the telephone's rate, else the codec's id.

    >>> [codec_family(Media("", codec, 44_100, 1, 1, 1.0, "", "")) for codec in ("PCM_24", "alac", "MPEG_LAYER_III")]
    ['lossless', 'lossless', 'mp3']
    """
    return LOSSLESS if codec_class(media.codec, media.sample_rate_hz) == LOSSLESS else codec_of(media.codec).id


def family_name(family: str) -> str:
    """What `codec_family` gives, or a decoder's name for it, as readers know it.

    >>> [family_name(family) for family in ("lossless", "MPEG_LAYER_III", "PCM_16")]
    ['lossless', 'MP3', 'PCM 16-bit at 8 kHz or less']
    """
    if family == LOSSLESS:
        return family
    codec = codec_of(family)
    return codec.name if codec.lossy else f"{codec.name} at {TELEPHONE_RATE_HZ // 1000} kHz or less"


def heard_bandwidth_hz(result: FileResult) -> float | None:
    """Effective bandwidth of a file as far as the model hears, Hz; None where it could not be measured."""
    value = observed(result, "effective_bandwidth_hz")
    return None if value is None else min(value, MODEL_RATE_HZ / 2)


def observed(result: FileResult, name: str) -> float | None:
    """Value of a usable observation, else None."""
    seen = result.observations.get(name)
    return seen.value if seen is not None and seen.usable else None


def _beyond(value: float | None, limits: Interval, words: str, unit: str, form: str) -> str:
    if value is None:
        return f"{words} could not be measured, so that it cannot be compared with the calibration's"
    if limits[0] <= value <= limits[1]:
        return ""
    low, high = (form.format(limit) for limit in limits)
    return f"{words} of {form.format(value)} {unit} lies outside the calibrated range of {low} to {high} {unit}"


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
        account: the file without its refits, with its SHA-256, for `RunRecord.calibration`.
    """

    fingerprint: str
    propositions: dict[str, str]
    slope: float
    intercept: float
    refits: tuple[tuple[float, float, float, float], ...]
    bounds: Interval
    scope: Scope
    account: dict[str, Any] = field(default_factory=dict)

    def assess(self, result: FileResult, fingerprint: str) -> tuple[str, str, LikelihoodRatio | None]:
        """The likelihood ratio of an exhibit, or why there is none.

        Args:
            result: the exhibit's row.
            fingerprint: fingerprint of the running pipeline.

        Returns:
            `lr_status` (one of `slim_cli.results.LR_STATUSES`), `lr_reason` (empty when given), and the ratio.
        """
        if result.score is None:
            return "uncalibrated", "the file has no score", None
        if fingerprint != self.fingerprint:
            return (
                "uncalibrated",
                f"the calibration was made for another model, decoder or setting (pipeline {self.fingerprint[:12]}, "
                f"this scan is {fingerprint[:12]})",
                None,
            )
        outside = self.scope.why_outside(result)
        if outside:
            return "out_of_scope", outside, None
        return "given", "", self.ratio(result.score)

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


def load_calibration(path: Path) -> Calibration:
    """Reads a calibration file.

    Raises:
        UsageError: the file is missing, or not of schema `slim-calibration/1`.
    """
    try:
        text = path.read_bytes()
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r}")
        method, bounds = data["method"], data["bounds"]
        scope = {k: tuple(v) if isinstance(v, list) else v for k, v in data["scope"].items()}
        account = {**data, "method": {k: v for k, v in method.items() if k != "refits"}}
        return Calibration(
            data["pipeline_fingerprint"],
            dict(data["propositions"]),
            float(method["slope"]),
            float(method["intercept"]),
            tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in method["refits"]),
            (float(bounds["low"]), float(bounds["high"])),
            Scope(**scope),
            {**account, "sha256": hashlib.sha256(text).hexdigest()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The calibration {path} cannot be used: {error}.") from error
