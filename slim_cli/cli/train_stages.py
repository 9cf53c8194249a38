"""`slim train encoder`, `views`, `stage1`, `stage2`: a training step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from slim_cli.cli.common_options import Device, Manifests
from slim_cli.cli.console import complain
from slim_cli.cli.train_options import Folds, LeaveOut, MaxClip, RecipeArgument, Work
from slim_cli.corpora.manifest import MAX_CLIP_S

if TYPE_CHECKING:
    from slim_cli.training.loop import Report
    from slim_cli.training.pipeline import Training


def encoder(
    recipe: RecipeArgument, manifest: Manifests, output: Work, max_clip_s: MaxClip = MAX_CLIP_S, device: Device = "auto"
) -> None:
    """Find the patterns of small encoders in recorded speech; no label is read, so all folds share them."""
    open_training(recipe, manifest, output, None, None, max_clip_s, device).train_encoder()


def _step(name: str, told: str, sentence: str) -> Callable[..., None]:
    """The command for a step that reads labels, by the name of its method, what is told of it, and its help."""

    def step(
        recipe: RecipeArgument,
        manifest: Manifests,
        output: Work,
        folds: Folds = None,
        leave_out: LeaveOut = None,
        max_clip_s: MaxClip = MAX_CLIP_S,
        device: Device = "auto",
    ) -> None:
        training = open_training(recipe, manifest, output, folds, leave_out, max_clip_s, device)
        made = getattr(training, name)(told_as(told))
        if made:
            typer.echo(made)

    step.__name__, step.__doc__ = name.partition("_")[2], sentence
    return step


STEPS = (
    encoder,
    _step("tune_views", "view", "Tune the encoders beside style and linguistics, if any, on bona fide and spoof."),
    _step("train_stage1", "stage 1", "Learn style-linguistics dependency features from bona fide speech."),
    _step("train_stage2", "stage 2", "Learn the classifier from bona fide and spoof, and write the bundle."),
)


def open_training(
    recipe: Path,
    manifests: list[Path],
    output: Path,
    folds: Path | None,
    leave_out: int | None,
    max_clip_s: float,
    device: str,
) -> Training:
    """The training that the options ask for."""
    from slim_cli.training import training_run

    options = training_run.TrainOptions(recipe, manifests, output, folds, leave_out, max_clip_s, device)
    return training_run.open_training(options, complain)


def told_as(stage: str) -> Report:
    """Prints on stderr how far a step has come."""
    console = Console(stderr=True)

    def report(step: int, steps: int, losses: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        console.print(f"{stage} {step}/{steps}  {shown}", highlight=False, markup=False)

    return report
