"""From scored files to a calibration file: likelihood ratios, their bounds, what they are worth and where they hold."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import numpy as np

from slim_cli import __version__
from slim_cli.assessment.calibration import SCHEMA, codec_family
from slim_cli.assessment.fitting import cross_fitted, elub, fit_logistic, refit
from slim_cli.assessment.metrics import bootstrap, cllr, cllr_min, equal_error_rate
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.results import FileResult
from slim_cli.training.record import TrainingRecord
from slim_cli.validation.calibration_scope import MIN_FILES, MOST_MISLEADING, narrowed
from slim_cli.validation.resampling_units import error_rate, unit, units
from slim_cli.validation.scores import Scores, Trial

ROUNDS = 1000
H1 = "The speech was produced by a synthesis or conversion system of the kinds in the calibration data."
H2 = "The speech is a recording of a person speaking, made under conditions of the kinds in the calibration data."

_TWINS = "twins that stand in for the model: trained alike, but on other files"
_LN10 = np.log(10)
_QUANTILES = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Exhibits:
    """Files of known class that a scan could score.

    Attributes:
        clips: what each file is.
        results: its row of a scan, with its score.
        models: fingerprint of the model that scored it.
        excluded: files left out, by the status a scan gives them.
    """

    clips: tuple[Clip, ...]
    results: tuple[FileResult, ...]
    models: tuple[str, ...]
    excluded: dict[str, int]

    @classmethod
    def gather(cls, rows: Iterable[tuple[Clip, FileResult, str]]) -> Exhibits:
        """Keeps the scored ones of (clip, result, model)."""
        every = list(rows)
        kept = [row for row in every if row[1].score is not None]
        excluded: Counter[str] = Counter(result.status for _, result, _ in every if result.score is None)
        clips, results, models = zip(*kept, strict=True) if kept else ((), (), ())
        return cls(clips, results, models, dict(excluded))

    @property
    def scores(self) -> Scores:
        """Their scores as those of an evaluation."""
        mismatch = [np.nan if r.mismatch is None else r.mismatch for r in self.results]
        trials = tuple(Trial(model=model) for model in self.models)
        return Scores(self.clips, np.array([r.score or 0.0 for r in self.results]), np.array(mismatch), trials)

    def take(self, kept: Sequence[bool] | np.ndarray) -> Exhibits:
        """Those of a mask (N,)."""
        return Exhibits(
            tuple(compress(self.clips, kept)),
            tuple(compress(self.results, kept)),
            tuple(compress(self.models, kept)),
            self.excluded,
        )

    def ratios(self, kept: Sequence[bool] | np.ndarray | None = None) -> np.ndarray:
        """Log10 LR of each, or of those of a mask (N,), by a fit on the others without its speaker or generator."""
        own = self if kept is None else self.take(kept)
        scores = own.scores
        return cross_fitted(scores.score, scores.is_spoof, [unit(clip) for clip in own.clips])


@dataclass(frozen=True)
class Statement:
    """What is said of a calibration.

    Attributes:
        fingerprint: of the pipeline whose scores are to be calibrated.
        model: its model's name and version.
        detector: its model's fingerprint.
        description: one sentence on the data.
        h1: proposition that the speech is synthetic.
        h2: proposition that it was recorded.
    """

    fingerprint: str
    model: str
    detector: str
    description: str
    h1: str = H1
    h2: str = H2


def check_disjoint(exhibits: Exhibits, records: Mapping[str, TrainingRecord | None]) -> str:
    """Makes sure that no file shares a speaker or a generator with the training data of the model that scored it.

    Args:
        exhibits: the files.
        records: record of training data by model fingerprint; None for a model that has none.

    Returns:
        what was checked, in words.

    Raises:
        UsageError: a file was scored by an unknown model, or shares something with that model's training data.
    """
    unknown = set(exhibits.models) - records.keys()
    if unknown:
        raise UsageError(
            f"Some scores come from a model ({sorted(unknown)[0][:12] or 'not named'}) that is neither --model nor "
            "--twin; score the files again with slim validate, or name the bundle."
        )
    shared = Counter(
        found
        for clip, model in zip(exhibits.clips, exhibits.models, strict=True)
        if (record := records[model]) is not None and (found := record.shares(clip))
    )
    if shared:
        names = ", ".join(name for name, _ in shared.most_common(3))
        raise UsageError(
            f"{shared.total()} of {len(exhibits.clips)} files share something with the training data of the model that "
            f"scored them ({names}{', …' if len(shared) > 3 else ''}); leave them out, or score them with a twin that "
            "was trained without them."
        )
    unrecorded = sum(records[model] is None for model in exhibits.models)
    if unrecorded:
        return f"not checked for {unrecorded} files: the model that scored them has no record of its training data"
    return "no file shares a speaker or a generator with the training data of the model that scored it (by name)"


def fit_calibration(
    exhibits: Exhibits, statement: Statement, disjoint: str, most_misleading: float = MOST_MISLEADING
) -> dict[str, Any]:
    """Fits, bounds and measures a calibration on the files under conditions where its ratios seldom mislead.

    Args:
        exhibits: files of both classes.
        statement: what is said of it.
        disjoint: what `check_disjoint` found.
        most_misleading: highest share of ratios of either class, in [0, 1], that may point the wrong way under a
            condition for it to stay in the scope.

    Returns:
        content of the calibration file.

    Raises:
        UsageError: too few files of a class, scores that do not rank, classes that share no conditions, or none under
            which few enough ratios mislead.
    """
    scores = exhibits.scores
    score, spoof, groups = scores.score, scores.is_spoof, units(scores)
    counts = int((~spoof).sum()), int(spoof.sum())
    if min(counts) < MIN_FILES:
        raise UsageError(
            f"A calibration needs at least {MIN_FILES} scored files of each class; there are {counts[0]} bona fide and "
            f"{counts[1]} spoof."
        )
    if fit_logistic(score[~spoof], score[spoof])[0] <= 0:
        raise UsageError(
            "Synthetic files do not score above recorded ones here; no ratio can be fitted to such scores."
        )
    scope, kept, strata = narrowed(exhibits.results, spoof, exhibits.ratios, most_misleading)
    exhibits = exhibits.take(kept)
    scope = replace(scope, languages=tuple(sorted({clip.language for clip in exhibits.clips if clip.language})))
    scores, held = exhibits.scores, exhibits.ratios()
    score, spoof, groups = scores.score, scores.is_spoof, units(scores)
    slope, intercept = fit_logistic(score[~spoof], score[spoof])
    ratio = (slope * score + intercept) / _LN10
    low, high = elub(ratio[~spoof], ratio[spoof])
    return {
        "schema": SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "tool_version": __version__,
        "pipeline_fingerprint": statement.fingerprint,
        "model": statement.model,
        "propositions": {"h1": statement.h1, "h2": statement.h2},
        "method": {
            "name": "class-balanced logistic regression of the file score; ln LR = slope x score + intercept",
            "slope": slope,
            "intercept": intercept,
            "refits": refit(score, spoof, groups),
        },
        "bounds": {"method": "ELUB (Vergeer et al. 2016)", "low": low, "high": high},
        "data": {**_data(exhibits, statement), "outside_scope": int((~kept).sum()), "disjoint": disjoint},
        "metrics": {**_metrics(scores, held, groups), "by_codec": _by_codec(exhibits, scores, held)},
        "scope": asdict(scope),
        "strata": {"most_misleading": most_misleading, "conditions": [asdict(stratum) for stratum in strata]},
        "tippett": {
            name: [round(float(q), 4) for q in np.quantile(held[kind], _QUANTILES)]
            for name, kind in (("bona_fide", ~spoof), ("spoof", spoof))
        },
    }


def _data(exhibits: Exhibits, statement: Statement) -> dict[str, Any]:
    real = [clip for clip in exhibits.clips if not clip.is_spoof]
    fake = [clip for clip in exhibits.clips if clip.is_spoof]
    listed = sorted(
        json.dumps([result.sha256, clip.label, round(result.score or 0.0, 4)])
        for clip, result in zip(exhibits.clips, exhibits.results, strict=True)
    )
    return {
        "description": statement.description,
        "scored_by": "the model itself" if set(exhibits.models) <= {statement.detector} else _TWINS,
        "n_bona_fide": len(real),
        "n_spoof": len(fake),
        "speakers": len({clip.speaker for clip in real if clip.speaker_known}),
        "bona_fide_origins": len({clip.origin for clip in real}),
        "generators": sorted({clip.system for clip in fake}),
        "excluded": exhibits.excluded,
        "models": sorted(set(exhibits.models)),
        "score_list_sha256": hashlib.sha256("\n".join(listed).encode()).hexdigest(),
    }


def _metrics(scores: Scores, held: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    """Figures of the ratios that each file got from a fit without its speaker or generator, with intervals."""
    score, spoof = scores.score, scores.is_spoof

    def estimate(figure: Callable[[np.ndarray, np.ndarray], float], values: np.ndarray) -> dict[str, float]:
        found = bootstrap(
            groups, lambda rows: figure(values[rows[~spoof[rows]]], values[rows[spoof[rows]]]), ROUNDS, strata=spoof
        )
        return {key: round(value, 4) for key, value in asdict(found).items()}

    return {
        "cllr": estimate(lambda real, fake: cllr(real * _LN10, fake * _LN10), held),
        "cllr_min": estimate(cllr_min, score),
        "eer": estimate(lambda real, fake: equal_error_rate(real, fake)[0], score),
        "misleading_bona_fide": estimate(lambda real, fake: float((real > 0).mean()), held),
        "misleading_spoof": estimate(lambda real, fake: float((fake < 0).mean()), held),
        "most_misleading_log10": [round(float(held[~spoof].max()), 4), round(float(held[spoof].min()), 4)],
        "how": "each file judged by a fit without its speaker or generator, in five parts; cllr_min and eer of the "
        "scores; 95 % intervals by bootstrap over speakers and generators",
    }


def _by_codec(exhibits: Exhibits, scores: Scores, held: np.ndarray) -> dict[str, dict[str, Any]]:
    """Counts, Cllr and EER with its interval of the files of each codec that holds both classes."""
    codecs = np.array([codec_family(r.media) if r.media else "" for r in exhibits.results])
    found = {}
    for codec in sorted(set(codecs)):
        real, fake = ((codecs == codec) & (scores.is_spoof == kind) for kind in (False, True))
        if real.any() and fake.any():
            found[codec] = {
                "n_bona_fide": int(real.sum()),
                "n_spoof": int(fake.sum()),
                "cllr": round(cllr(held[real] * _LN10, held[fake] * _LN10), 4),
                "eer": {name: round(value, 4) for name, value in asdict(error_rate(scores.take(real | fake))).items()},
            }
    return found
