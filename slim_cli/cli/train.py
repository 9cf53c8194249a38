"""`slim train`: encoders, stage 1 and stage 2, from a recipe and CSV manifests to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from slim_cli.training.pipeline import Workshop

app = typer.Typer(no_args_is_help=True, help="Train SLIM on your own recordings.")

RecipeArgument = Annotated[Path, typer.Argument(help="Recipe (TOML), e.g. models/slim-mini/recipe.toml.")]
Manifests = Annotated[list[Path], typer.Option("--manifest", "-m", help="CSV with path,label,...; may be repeated.")]
Work = Annotated[Path, typer.Option("--output", "-o", help="Work folder; a stopped training goes on from it.")]
Folds = Annotated[Path | None, typer.Option(help="CSV with origin,fold.")]
LeaveOut = Annotated[int | None, typer.Option(help="Fold whose origins, systems and speakers are left out.")]
Teacher = Annotated[Path | None, typer.Option(help="Whisper encoder to imitate (transformers folder).")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda:N.")]


@app.command()
def encoder(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    teacher: Teacher = None,
    device: Device = "auto",
) -> None:
    """Train the pair of small encoders: without labels first, then with them."""
    workshop = _workshop(recipe, manifest, output, (folds, leave_out), (teacher, device))
    workshop.train_encoder(_report("encoder"))


@app.command()
def stage1(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    device: Device = "auto",
) -> None:
    """Learn style-linguistics dependency features from bona fide speech."""
    _workshop(recipe, manifest, output, (folds, leave_out), (None, device)).train_stage1(_report("stage 1"))


@app.command()
def stage2(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    device: Device = "auto",
) -> None:
    """Learn the classifier from bona fide and spoof, and write the bundle."""
    bundle = _workshop(recipe, manifest, output, (folds, leave_out), (None, device)).train_stage2(_report("stage 2"))
    typer.echo(bundle)


def _workshop(
    recipe: Path,
    manifests: list[Path],
    output: Path,
    split: tuple[Path | None, int | None],
    means: tuple[Path | None, str],
) -> Workshop:
    import torch

    from slim_cli.errors import UsageError
    from slim_cli.training.corpus import AudioPack
    from slim_cli.training.manifest import leave_origin_out, read_folds, read_manifests
    from slim_cli.training.pipeline import Workshop
    from slim_cli.training.recipe import load_recipe

    (folds, leave_out), (teacher, device) = split, means
    clips = read_manifests(manifests)
    chosen = clips
    if leave_out is not None:
        if folds is None:
            raise UsageError("--leave-out needs --folds, the CSV that says which origin is in which fold.")
        chosen, _ = leave_origin_out(clips, read_folds(folds), leave_out)
    if device == "auto":
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
    run = output / ("all" if leave_out is None else f"fold-{leave_out}")
    pack = AudioPack(clips, output / "audio")
    return Workshop(load_recipe(recipe), chosen, pack, run, output, clips, teacher, device)


def _report(stage: str):  # type: ignore[no-untyped-def]
    console = Console(stderr=True)

    def report(step: int, steps: int, losses: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        console.print(f"{stage} {step}/{steps}  {shown}", highlight=False, markup=False)

    return report
