"""`slim train`: all steps of a recipe at once, or encoders, views, stage 1 and stage 2 one by one, to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli import bundle_parts, partial, train_stages
from slim_cli.cli.choices import completing, recipes
from slim_cli.cli.common_options import Device, Manifests
from slim_cli.cli.train_options import Folds, LeaveOut, MaxClip
from slim_cli.cli.train_stages import open_training, told_as
from slim_cli.corpora.manifest import MAX_CLIP_S
from slim_cli.errors import UsageError
from slim_cli.resources import find_recipe

app = typer.Typer(no_args_is_help=True, invoke_without_command=True)
_PRESET = f"Train by a recipe that came with the package: {', '.join(recipes())}."


@app.callback()
def train(
    context: typer.Context,
    preset: Annotated[str | None, typer.Option(help=_PRESET, autocompletion=completing(recipes))] = None,
    recipe: Annotated[Path | None, typer.Option(help="Train by a recipe of your own (TOML).")] = None,
    manifest: Manifests = [],  # noqa: B006 # why: Typer makes a list of its own for each run
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Work in this folder; a stopped training goes on from it.")
    ] = None,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Train SLIM: all stages of a recipe at once (--preset or --recipe, -m, -o), or one by one."""
    if context.invoked_subcommand:
        if preset or recipe or manifest or output:
            raise UsageError("A single stage takes its recipe, manifests and folder after its name.")
        return
    if bool(preset) == bool(recipe) or not manifest or not output:
        raise UsageError("Training needs a recipe (--preset or --recipe), clips (-m) and a work folder (-o).")
    chosen = recipe or find_recipe(preset or "")
    typer.echo(open_training(chosen, manifest, output, folds, leave_out, max_clip_s, device).run(told_as))


for command in (
    *train_stages.STEPS,
    *(bundle_parts.reference, bundle_parts.record, bundle_parts.measures, partial.stretches, bundle_parts.controls),
):
    app.command()(command)
