"""Writes what a bundle knows about its own scores, from scores of clips that its training had left out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile
import soxr

from slim_cli.assessment.metrics import Estimate, review_threshold, wilson
from slim_cli.assessment.reference import FILE_NAME, SCHEMA
from slim_cli.corpora.channel_conditions import SURROUNDINGS
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.bundle import write_sums
from slim_cli.engines.local import examine_files
from slim_cli.evidence.formats import TELEPHONE_RATE_HZ, codec_class
from slim_cli.results import FileResult
from slim_cli.validation.breakdown import Rows
from slim_cli.validation.resampling_units import error_rate
from slim_cli.validation.scores import Scores, summarise

BINS = 48
REJECTED = "rejected_voiced"
ROUNDS = 1000
MIN_FILES = 20  # a range of percentiles over fewer files would pass for more than it is
PER_FILE = ("encoder_tags", "generator_tags", "content_credentials")  # facts on one file, not measures of a class
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


ClassValues = dict[str, dict[str, list[float]]]


@dataclass
class Measured:
    """Values of the artefact measures of many clips, from which ranges are drawn.

    Attributes:
        as_stored: by measure and class (`bona_fide`, `spoof`), of the clips as they are stored.
        by_codec: the same by codec class, of the clips as stored and of their coded copies.
        rate_hz: highest sample rate among them, Hz; None where it was not noted.
        rejected_s: by class, seconds of voiced sound that was not taken for speech, one per clip as it is stored.
    """

    as_stored: ClassValues = field(default_factory=dict)
    by_codec: dict[str, ClassValues] = field(default_factory=dict)
    rate_hz: int | None = None
    rejected_s: dict[str, list[float]] = field(default_factory=dict)

    def add(self, result: FileResult, is_spoof: bool, copy: bool = False) -> None:
        """Adds the row of a clip, or of a coded copy of one, whose values count for its codec only."""
        if result.media is None:
            return
        label = "spoof" if is_spoof else "bona_fide"
        own = codec_class(result.media.codec, result.media.sample_rate_hz)
        groups = [self.by_codec.setdefault(own, {})] + ([] if copy else [self.as_stored])
        if not copy:
            seconds = (sum(v.end_s - v.start_s for v in channel.rejected_voiced) for channel in result.channels)
            self.rejected_s.setdefault(label, []).append(max(seconds, default=0.0))
        self.rate_hz = max(self.rate_hz or 0, result.media.sample_rate_hz)
        for name, seen in result.observations.items():
            for group in groups if seen.usable and seen.value is not None else []:
                group.setdefault(name, {"bona_fide": [], "spoof": []})[label].append(float(seen.value or 0.0))


def coded_copies(clip: Path, folder: Path, name: str) -> list[Path]:
    """Copies of a clip as MP3 and as telephone sound (G.711 µ-law, 8 kHz), written into a folder under a name."""
    samples, rate = soundfile.read(clip, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    lossy, telephone = folder / f"{name}.mp3", folder / f"{name}.wav"
    soundfile.write(lossy, mono, rate, format="MP3", subtype="MPEG_LAYER_III")
    soundfile.write(telephone, soxr.resample(mono, rate, TELEPHONE_RATE_HZ), TELEPHONE_RATE_HZ, subtype="ULAW")
    return [lossy, telephone]


def measure_clips(clips: Sequence[Clip], copies: bool = True) -> Measured:
    """The artefact measures of clips as stored, and in coded copies unless these are not wanted."""
    measured = Measured()
    for clip, result in zip(clips, examine_files([clip.path for clip in clips], detector=None), strict=True):
        measured.add(result, clip.is_spoof)
    if not copies:
        return measured
    with TemporaryDirectory() as folder:
        pairs = [(clip, coded_copies(clip.path, Path(folder), str(n))) for n, clip in enumerate(clips)]
        owners = [clip for clip, copies in pairs for _ in copies]
        results = examine_files([path for _, copies in pairs for path in copies], detector=None)
        for clip, result in zip(owners, results, strict=True):
            measured.add(result, clip.is_spoof, copy=True)
    return measured


def write_reference(
    bundle: Path,
    scores: Scores,
    description: str,
    observations: Measured | ClassValues,
    false_alarms: float = 0.05,
    variants: int | None = None,
    chosen_on: tuple[Scores, str] | None = None,
) -> dict[str, Any]:
    """Writes `reference.json` into a bundle and renews its hash list.

    Args:
        bundle: the bundle's folder.
        scores: file-level scores of clips left out of training, as they are and perhaps under conditions.
        description: one sentence on the data and the protocol.
        observations: values of each artefact measure; without codecs, a plain mapping by measure and class.
        false_alarms: share of bona fide clips that the operating point may flag, as they are and after each channel;
            noise and rooms do not move it.
        variants: how many variants of the model were compared on the clips that set the operating point; None where
            nobody says.
        chosen_on: scores of other clips that set the operating point, and one sentence on them; without, `scores` do.

    Returns:
        what was written.
    """
    measured = observations if isinstance(observations, Measured) else Measured(observations)
    every, scores = scores, scores.undegraded
    spoof = scores.is_spoof
    real, fake = scores.score[~spoof], scores.score[spoof]
    heard = {name or "clean": part for name, part in every.by_condition().items()}
    choosing, set_on = chosen_on or (every, description)
    threshold = _operating_score(choosing, false_alarms)
    reference = {
        "schema": SCHEMA,
        "description": description,
        "score": _pair(scores.score, spoof),
        "mismatch": _pair(scores.mismatch, spoof),
        "operating_point": {
            "score": threshold,
            "false_alarm_rate": round(float((real >= threshold).mean()), 4),
            "miss_rate": round(float((fake < threshold).mean()), 4),
            "n_bona_fide": len(real),
            "n_spoof": len(fake),
            "set_on": set_on.rstrip("."),
            "variants": variants,
        },
        "observations": _ranges(measured.as_stored),
        "observations_by_codec": {codec: _ranges(values) for codec, values in measured.by_codec.items()},
        "observations_rate_hz": measured.rate_hz,
        "metrics": {
            **_metrics(scores, threshold),
            "eer_by_condition": {
                name or "clean": _rate(part) for name, part in _with_spoof(every).by_condition().items()
            },
            "false_alarms_by_condition": {name: _false_alarms(part, threshold) for name, part in heard.items()},
            "misses_by_condition": {name: _misses(part, threshold) for name, part in heard.items()},
            **_rejected(measured),
        },
    }
    (bundle / FILE_NAME).write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    write_sums(bundle)
    return reference


def _operating_score(scores: Scores, false_alarms: float) -> float:
    """The lowest score that few enough bona fide clips reach, as they are and after each channel."""
    return max(
        review_threshold(part.score[~part.is_spoof], false_alarms)
        for name, part in scores.by_condition().items()
        if name not in SURROUNDINGS
    )


def renew_ranges(bundle: Path, measured: Measured, only: Sequence[str] = ()) -> list[str]:
    """Puts the ranges of measures into a bundle's `reference.json`, all else left as it is, and renews its hash list.

    Args:
        bundle: the bundle's folder.
        measured: values of the measures.
        only: names of the measures to renew, `rejected_voiced` for how often voiced sound is not taken for speech; none
            for all.

    Returns:
        the names of those that got ranges as stored.
    """
    path = bundle / FILE_NAME
    reference = json.loads(path.read_text(encoding="utf-8"))

    def chosen(values: ClassValues) -> dict[str, dict[str, dict[str, float]]]:
        return {name: ranges for name, ranges in _ranges(values).items() if not only or name in only}

    renewed = chosen(measured.as_stored)
    reference["observations"] = {**reference["observations"], **renewed}
    by_codec = reference.setdefault("observations_by_codec", {})
    for codec, values in measured.by_codec.items():
        by_codec[codec] = {**by_codec.get(codec, {}), **chosen(values)}
    if not only or REJECTED in only:
        reference["metrics"] = {**reference.get("metrics", {}), **_rejected(measured)}
    path.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    write_sums(bundle)
    return [*renewed, *([REJECTED] if not only or REJECTED in only else [])]


def _rejected(measured: Measured) -> dict[str, Any]:
    """How many clips of each class hold voiced sound that was not taken for speech, with the interval."""
    rates = {
        label: {**_estimate(wilson(sum(value > 0 for value in seconds), len(seconds))), "n": len(seconds)}
        for label, seconds in measured.rejected_s.items()
    }
    return {f"{REJECTED}_by_class": rates} if rates else {}


def _metrics(scores: Scores, threshold: float) -> dict[str, Any]:
    summary = summarise(scores)
    origins = np.array([clip.origin for clip in scores.clips], dtype=object)
    parts = {origin: scores.take(origins == origin) for origin in sorted(set(origins))}
    figures = Rows(None, ROUNDS).row("", scores).figures
    metrics = {
        "eer_pooled": _estimate(summary.pooled),
        "eer_all_clips": _estimate(summary.all_clips),
        "eer_mean_origin": _estimate(summary.mean_origin),
        "eer_mismatch": _estimate(summary.mismatch),
        "eer_by_origin": {name: _rate(parts[name]) for name in summary.origins},
        "false_alarms_by_corpus": {
            name: _false_alarms(part, threshold) for name, part in parts.items() if not part.is_spoof.any()
        },
        **{name: _estimate(figures[name]) for name in ("auc", "f1", "min_dcf")},
    }
    return {name: entry for name, entry in metrics.items() if entry != {}}


def _with_spoof(scores: Scores) -> Scores:
    """The clips of the origins that have spoof clips."""
    demo = {clip.origin for clip in scores.clips if clip.is_spoof}
    return scores.take(np.array([clip.origin in demo for clip in scores.clips], bool))


def _false_alarms(part: Scores, threshold: float) -> dict[str, float]:
    return _share(part.score[~part.is_spoof] >= threshold, part)


def _misses(part: Scores, threshold: float) -> dict[str, float]:
    return _share(part.score[part.is_spoof] < threshold, part)


def _share(hits: np.ndarray, part: Scores) -> dict[str, float]:
    return {**_estimate(wilson(int(hits.sum()), len(hits))), **_counts(part)}


def _rate(part: Scores) -> dict[str, float]:
    return {**_estimate(error_rate(part)), **_counts(part)}


def _counts(part: Scores) -> dict[str, int]:
    spoof = part.is_spoof
    return {"n_bona_fide": int((~spoof).sum()), "n_spoof": int(spoof.sum())}


def _estimate(value: Estimate) -> dict[str, float]:
    return {key: round(part, 4) for key, part in asdict(value).items() if math.isfinite(part)}


def _pair(values: np.ndarray, spoof: np.ndarray) -> dict[str, Any]:
    low, high = np.quantile(values, [0.002, 0.998])
    edges = np.linspace(low, high, BINS + 1)
    return {"bona_fide": _histogram(values[~spoof], edges), "spoof": _histogram(values[spoof], edges)}


def _histogram(values: np.ndarray, edges: np.ndarray) -> dict[str, Any]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return {
        "n": len(values),
        "edges": [round(float(e), 4) for e in edges],
        "counts": [int(c) for c in counts],
        "quantiles": {str(q): round(float(np.quantile(values, q)), 4) for q in QUANTILES},
    }


def _ranges(measures: ClassValues) -> dict[str, dict[str, dict[str, float]]]:
    kept = {
        name: {label: _range(values) for label, values in classes.items() if len(values) >= MIN_FILES}
        for name, classes in measures.items()
        if name not in PER_FILE
    }
    return {name: ranges for name, ranges in kept.items() if ranges}


def _range(values: list[float]) -> dict[str, float]:
    p5, p50, p95 = np.quantile(values, [0.05, 0.5, 0.95])
    return {"p5": round(float(p5), 4), "p50": round(float(p50), 4), "p95": round(float(p95), 4), "n": len(values)}
