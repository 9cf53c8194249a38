"""`slim models`: bundled models and the ready-made encoders of recipes: what they are, and are they unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.console import complain, show
from slim_cli.cli.model_descriptions import describe_bundle, describe_recipe, listing, megabytes
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.resources import CONFIG, DEFAULT_MODEL, bundled, find_bundle, find_recipe, is_fingerprint, presets

app = typer.Typer(no_args_is_help=True, help="List, describe and check models; fetch the encoders of recipes.")

Model = Annotated[str, typer.Argument(help="Take this model (bundled, or its folder) or recipe (name or file).")]


@app.command("list")
def list_models() -> None:
    """List the bundled models, and the recipes that name ready-made encoders."""
    from slim_cli.bundle_config import read_config
    from slim_cli.training.recipe import load_recipe

    for folder in bundled():
        config = read_config(folder)
        show(f"{folder.name}  {config.version}  {megabytes(folder):.1f} MB  {config.description}")
    for name, path in presets().items():
        if not (path.parent / CONFIG).exists():
            show(f"{name}  recipe  {load_recipe(path).description}")


@app.command()
def info(model: Model = DEFAULT_MODEL) -> None:
    """Describe a model: what it is, what it was measured at, and the hash of every file."""
    from slim_cli.training.recipe_encoders import is_recipe

    if is_recipe(model):
        describe_recipe(find_recipe(model))
    else:
        describe_bundle(find_bundle(model))


@app.command()
def pull(
    recipe: Annotated[
        str, typer.Argument(help="Fetch the encoders of this recipe (name or file), or the model of this fingerprint.")
    ],
    disk: Annotated[
        Path | None, typer.Option("--from", help="Take them from this folder, brought along, in place of the network.")
    ] = None,
) -> None:
    """Fetch the encoders of a recipe, or a published model; exit code 4 when a file is not what it was at first."""
    from slim_cli.detector import hub
    from slim_cli.detector.bundle import take_bundle
    from slim_cli.training.recipe import load_recipe
    from slim_cli.training.recipe_encoders import hub_encoders

    if is_fingerprint(recipe):
        if disk is None:
            raise UsageError(f"The model {recipe} is taken from a release on a disk; name its folder by --from.")
        show(f"{take_bundle(recipe, disk)}: use it by --model {recipe}")
        return
    encoders = hub_encoders(load_recipe(find_recipe(recipe)))
    if not encoders:
        raise UsageError(f"The recipe {recipe} names no encoders on the hub: there is nothing to pull.")
    for part, encoder in encoders:
        state = "as at the first pull" if hub.recorded(encoder) else "hashes recorded"
        digests = hub.pull(encoder, disk, part)
        show(f"{part}: {encoder.source} @ {encoder.revision}, {state}: {encoder.folder}", *listing(digests))


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Check these models or recipes; if none is named, all that are on this machine."),
    ] = None,
) -> None:
    """Compare every file of a model with its hash list; exit code 4 when one differs."""
    from slim_cli.training.recipe_encoders import check_whole, on_this_machine

    changed = False
    for name in names or on_this_machine():
        try:
            show(check_whole(name))
        except IntegrityError as error:
            complain(str(error))
            changed = True
    raise typer.Exit(IntegrityError.exit_code if changed else 0)
