"""`slim validate` as a function: scores of labelled clips, made or read, and the error rates that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from slim_cli import __version__, hashing
from slim_cli.assessment.calibration import load_calibration
from slim_cli.assessment.reference import FILE_NAME, load_reference
from slim_cli.corpora.channel_conditions import Condition
from slim_cli.corpora.channel_conditions import conditions as choose
from slim_cli.corpora.datasets import read_manifests
from slim_cli.corpora.manifest import Clip, one_bundle_or_folds, share_out, to_score
from slim_cli.errors import UsageError
from slim_cli.resources import user_dir
from slim_cli.validation.breakdown import Breakdown, Reading, break_down
from slim_cli.validation.looks import FILE_NAME as LOOKS
from slim_cli.validation.looks import TEST, log_look
from slim_cli.validation.scores import Scores, read_scores
from slim_cli.validation.tables import Table, markdown, record, tables


@dataclass(frozen=True)
class ValidateOptions:
    """What is validated, and how.

    Attributes:
        manifests: lists of labelled clips, to be scored by `bundles`; or else
        scores: scores of an earlier validation.
        bundles: folder of a bundle; with folds, one per fold in order.
        folds: CSV with origin,fold; None where one bundle scores all clips.
        conditions: degradations under which clips are scored too, as `slim_cli.corpora.channel_conditions.conditions`.
        threshold: score that flags a clip; None takes that of `threshold_bundle`, or sets it on the clips.
        threshold_bundle: bundle whose shipped threshold is meant; None takes a single scoring bundle's.
        calibration: calibration file by which scores are read as likelihood ratios.
        rounds: bootstrap rounds.
        device: `auto`, `cpu` or `cuda:N`.
    """

    manifests: tuple[Path, ...] = ()
    scores: tuple[Path, ...] = ()
    bundles: tuple[Path, ...] = ()
    folds: Path | None = None
    conditions: str = ""
    threshold: float | None = None
    threshold_bundle: Path | None = None
    calibration: Path | None = None
    rounds: int = 1000
    device: str = "auto"

    def __post_init__(self) -> None:
        if bool(self.scores) == bool(self.manifests):
            raise UsageError("Give manifests (-m) with --model, or --scores of an earlier evaluation.")
        if self.scores and (self.bundles or self.folds or self.conditions):
            raise UsageError("--scores are scores already: --model, --folds and --conditions do not go with them.")


@dataclass(frozen=True)
class ValidationOutcome:
    """What a validation found.

    Attributes:
        scores: every score, and the clips without one.
        reading: how they were read.
        result: the error rates.
        shown: the same as tables.
    """

    scores: Scores
    reading: Reading
    result: Breakdown
    shown: Sequence[Table] = field(default_factory=list)

    @property
    def markdown(self) -> str:
        """All tables in Markdown."""
        return markdown(self.shown)

    @property
    def curves(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the undegraded clips, (N,) each: scores, natural-log likelihood ratios or else scores, which are spoof."""
        plain = self.scores.undegraded
        return plain.score, self.reading.llr(plain.score) if self.reading.llr else plain.score, plain.is_spoof

    def write(self, folder: Path) -> None:
        """Writes the figures beside `scores.csv`, which stands in the folder already."""
        plain = self.scores.undegraded
        plain.write_asvspoof(folder / "asvspoof-scores.tsv", folder / "asvspoof-keys.tsv")
        facts = {
            "tool_version": __version__,
            "models": sorted({trial.model for trial in self.scores.trials} - {""}),
            "scores_sha256": hashing.file_sha256(folder / "scores.csv"),
        }
        (folder / "evaluation.json").write_text(record(self.result, facts), encoding="utf-8")
        (folder / "evaluation.md").write_text(self.markdown, encoding="utf-8")


def validate(
    options: ValidateOptions,
    keep: Path | None = None,
    report: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] = lambda notice: None,
) -> ValidationOutcome:
    """Scores labelled clips as a scan with its gate at 0 does, or reads their scores, and breaks error rates down.

    Args:
        options: what is validated, and how.
        keep: file for the scores, written before anything is computed from them.
        report: called with (clips scored, clips in all).
        tell: called with notices, such as audio that a list names and that is missing.

    Raises:
        UsageError: lists, scores or names cannot be used, or there are no clips of one class.
        EnvironmentUnfit: a condition was asked for by name that cannot be measured here, or a bundle cannot be loaded.
    """
    chosen = choose(options.conditions) if options.conditions else []
    reading = _reading(options)
    if options.scores:
        parts = [read_scores(path) for path in options.scores]
    else:
        parts = _score(_shares(options, tell), [one for one in chosen if not one.missing], options.device, report)
    pooled = sum(parts[1:], parts[0])
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        pooled.write(keep)
    if options.manifests and (models := log_look(pooled, user_dir() / LOOKS)):
        tell(f"Clips of the part {TEST}: {models} models have been shown them here, by {user_dir() / LOOKS}.")
    result = break_down(pooled, reading)
    return ValidationOutcome(
        pooled, reading, result, tables(result, {one.name: one.missing for one in chosen if one.missing})
    )


def _shares(options: ValidateOptions, tell: Callable[[str], None]) -> list[tuple[Path, list[Clip]]]:
    """Each bundle with the clips it is to score."""
    one_bundle_or_folds(options.bundles, options.folds)
    return share_out(to_score(read_manifests(options.manifests, tell)), options.bundles, options.folds)


def _score(
    shares: Sequence[tuple[Path, list[Clip]]],
    conditions: Sequence[Condition],
    device: str,
    report: Callable[[int, int], None] | None,
) -> list[Scores]:
    from slim_cli.detector import load_detector  # why: loads torch, which scores of an earlier validation do not need
    from slim_cli.validation.labelled_scan import scan_clips

    parts: list[Scores] = []
    total = sum(len(own) for _, own in shares)

    def told(done: int) -> None:
        if report:
            report(done + sum(len(own) for _, own in shares[: len(parts)]), total)

    for bundle, own in shares:
        parts.append(scan_clips(load_detector(bundle, device), own, conditions, told))
    return parts


def _reading(options: ValidateOptions) -> Reading:
    """How the scores are to be read; the threshold is the shipped one of a single bundle, where none is given."""
    llr = load_calibration(options.calibration).ln if options.calibration else None
    shipping = options.threshold_bundle or (options.bundles[0] if len(options.bundles) == 1 else None)
    unseen = _unseen(shipping) if shipping else None
    if options.threshold is not None:
        return Reading(options.threshold, "given", llr, options.rounds, unseen)
    if shipping is None or (not options.threshold_bundle and not (shipping / FILE_NAME).is_file()):
        return Reading(None, "", llr, options.rounds, unseen)
    threshold = load_reference(shipping).operating_point.score
    return Reading(threshold, f"shipped with {shipping.name}", llr, options.rounds, unseen)


def _unseen(bundle: Path) -> Callable[[Clip], bool] | None:
    """Whether a bundle's training heard neither system nor speaker of a clip; None where it has no record of it."""
    from slim_cli.training.record import read_record  # why: loads torch, which scores alone do not need

    trained = read_record(bundle)
    return (lambda clip: not trained.shares(clip)) if trained else None
