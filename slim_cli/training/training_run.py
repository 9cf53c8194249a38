"""`slim train` as a function: from a recipe and lists of labelled clips to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slim_cli.corpora.audio_pack import AudioPack
from slim_cli.corpora.datasets import read_manifests
from slim_cli.corpora.manifest import MAX_CLIP_S, Clip, leave_origin_out, read_folds
from slim_cli.detector.runtime import choose_device
from slim_cli.errors import UsageError
from slim_cli.training.loop import Report
from slim_cli.training.pipeline import Training
from slim_cli.training.recipe import load_recipe

Tell = Callable[[str], None]


@dataclass(frozen=True)
class TrainOptions:
    """What is trained, and on what.

    Attributes:
        recipe: file of the recipe (TOML).
        manifests: lists of labelled clips: CSV, or NAME=FOLDER of a dataset.
        output: work folder; a stopped training goes on from what is in it.
        folds: CSV with origin,fold.
        leave_out: fold whose origins, systems and speakers are left out; None for none.
        max_clip_s: longer clips are cut to their first seconds.
        device: `auto`, `cpu` or `cuda:N`.
    """

    recipe: Path
    manifests: Sequence[Path]
    output: Path
    folds: Path | None = None
    leave_out: int | None = None
    max_clip_s: float = MAX_CLIP_S
    device: str = "auto"


def train(
    options: TrainOptions,
    reports: Callable[[str], Report] | None = None,
    tell: Tell = lambda notice: None,
) -> Path:
    """Trains SLIM by all steps of a recipe; finished steps in the work folder are not done again.

    Args:
        options: what is trained, and on what.
        reports: gives who is told of a step from its name.
        tell: called with notices, such as audio that a list names and that is missing.

    Returns:
        the bundle's folder.

    Raises:
        UsageError: recipe or lists cannot be used, or hold no clips that the recipe learns from.
    """
    return open_training(options, tell).run(reports)


def open_training(options: TrainOptions, tell: Tell = lambda notice: None) -> Training:
    """The training that the options ask for, of which nothing is done yet, to be taken step by step.

    Raises:
        UsageError: as for `train`.
    """
    plan = load_recipe(options.recipe)
    parts = clips_of(options.manifests, options.folds, options.leave_out, tell)
    clips, chosen = ([clip for clip in part if plan.protocol.needs(clip)] for part in parts)
    if not clips:
        read = ", ".join([*plan.protocol.stage1, *plan.protocol.stage2, *plan.protocol.fusion])
        raise UsageError(f"The recipe {plan.name} learns from {read}; none of the clips is of these.")
    run = options.output / ("all" if options.leave_out is None else f"fold-{options.leave_out}")
    pack = AudioPack(clips, options.output / "audio", options.max_clip_s)
    return Training(plan, clips, chosen, pack, run, options.output, str(choose_device(options.device)))


def clips_of(
    manifests: Sequence[Path], folds: Path | None, leave_out: int | None, tell: Tell
) -> tuple[list[Clip], list[Clip]]:
    """All clips of some lists, and those to train on.

    Raises:
        UsageError: a list cannot be read, or a fold is left out of no folds.
    """
    clips = read_manifests(manifests, tell)
    if leave_out is None:
        return clips, clips
    if folds is None:
        raise UsageError("--leave-out needs --folds, the CSV that says which origin is in which fold.")
    chosen, _ = leave_origin_out(clips, read_folds(folds), leave_out)
    return clips, chosen
