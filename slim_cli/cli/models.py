"""`slim models`: bundled models and the ready-made encoders of recipes: what they are, and are they unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slim_cli.cli.console import complain, show
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.resources import CONFIG, DEFAULT_MODEL, bundled, find_bundle, find_recipe, is_fingerprint, presets

if TYPE_CHECKING:
    from slim_cli.detector.hub import HubEncoder
    from slim_cli.training.recipe import Recipe

app = typer.Typer(no_args_is_help=True, help="List, describe and check models; fetch the encoders of recipes.")

Model = Annotated[str, typer.Argument(help="Take this model (bundled, or its folder) or recipe (name or file).")]


@app.command("list")
def list_models() -> None:
    """List the bundled models, and the recipes that name ready-made encoders."""
    from slim_cli.bundle_config import read_config

    for folder in bundled():
        config = read_config(folder)
        show(f"{folder.name}  {config.version}  {_megabytes(folder):.1f} MB  {config.description}")
    for name, path in presets().items():
        if not (path.parent / CONFIG).exists():
            show(f"{name}  recipe  {_recipe(path).description}")


@app.command()
def info(model: Model = DEFAULT_MODEL) -> None:
    """Describe a model: what it is, what it was measured at, and the hash of every file."""
    from slim_cli.assessment.reference import load_reference
    from slim_cli.bundle_config import read_config
    from slim_cli.detector.bundle import verify_bundle

    if _is_recipe(model):
        return _describe(find_recipe(model))
    folder = find_bundle(model)
    digests = verify_bundle(folder)
    config, reference = read_config(folder), load_reference(folder)
    point = reference.operating_point
    show(
        f"{config.name} {config.version}: {config.description}",
        f"Reference data: {reference.description}",
        f"Review threshold: score {point.score:+.2f}; there {point.false_alarm_rate:.1%} of {point.n_bona_fide} bona "
        f"fide files were flagged and {point.miss_rate:.1%} of {point.n_spoof} spoof files missed",
        f"Folder: {folder} ({_megabytes(folder):.1f} MB)",
        *(f"  {digest}  {name}" for name, digest in sorted(digests.items())),
    )


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

    if is_fingerprint(recipe):
        return _take(recipe, disk)

    encoders = _encoders(_recipe(find_recipe(recipe)))
    if not encoders:
        raise UsageError(f"The recipe {recipe} names no encoders on the hub: there is nothing to pull.")
    for part, encoder in encoders:
        known = bool(hub.recorded(encoder))
        digests = hub.pull(encoder, disk, part)
        state = "as at the first pull" if known else "hashes recorded"
        show(f"{part}: {encoder.source} @ {encoder.revision}, {state}: {encoder.folder}", *_listing(digests))


def _take(fingerprint: str, disk: Path | None) -> None:
    from slim_cli.detector.bundle import take_bundle

    if disk is None:
        raise UsageError(f"The model {fingerprint} is taken from a release on a disk; name its folder by --from.")
    show(f"{take_bundle(fingerprint, disk)}: use it by --model {fingerprint}")


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Check these models or recipes; if none is named, all that are on this machine."),
    ] = None,
) -> None:
    """Compare every file of a model with its hash list; exit code 4 when one differs."""
    from slim_cli.detector import hub
    from slim_cli.detector.bundle import read_plugs, verify_bundle
    from slim_cli.detector.published import fingerprint, published_as

    changed = False
    for name in names or [DEFAULT_MODEL, *_others()]:
        try:
            if _is_recipe(name):
                counts = [len(hub.verify(encoder)) for _, encoder in _encoders(_recipe(find_recipe(name)))]
                show(f"{name}: {sum(counts)} files as at the first pull")
            else:
                folder = find_bundle(name)
                digests = verify_bundle(folder)
                state = published_as(fingerprint(digests, read_plugs(folder)))
                show(f"{folder.name}: {len(digests)} files as listed in it; {state}")
        except IntegrityError as error:
            complain(str(error))
            changed = True
    raise typer.Exit(IntegrityError.exit_code if changed else 0)


def _others() -> list[str]:
    """Bundles beside the default one, and recipes of which an encoder was pulled."""
    pulled = [
        name
        for name in presets()
        if _is_recipe(name) and any(encoder.folder.exists() for _, encoder in _encoders(_recipe(find_recipe(name))))
    ]
    return [folder.name for folder in bundled() if folder.name != DEFAULT_MODEL] + pulled


def _is_recipe(name: str) -> bool:
    """Whether a name means a recipe: a file, or a preset without a trained bundle."""
    return Path(name).is_file() or (name in presets() and name not in {folder.name for folder in bundled()})


def _recipe(path: Path) -> Recipe:
    from slim_cli.training.recipe import load_recipe

    return load_recipe(path)


def _encoders(recipe: Recipe) -> list[tuple[str, HubEncoder]]:
    """The hub encoders of a recipe by their part in it."""
    from slim_cli.detector.hub import HubEncoder

    ready = {name: table for name, table in recipe.encoders.items() if recipe.encoder_class(name).ready_made}
    named = [(name, HubEncoder.of(table)) for name, table in ready.items()]
    return [(name, encoder) for name, encoder in named if encoder]


def _describe(path: Path) -> None:
    from slim_cli.detector import hub

    recipe = _recipe(path)
    show(f"{recipe.name} {recipe.version}: {recipe.description}", f"Recipe: {path}")
    for part, encoder in _encoders(recipe):
        there = f"in {encoder.folder}" if encoder.folder.is_dir() else f"not here: slim models pull {recipe.name}"
        show(f"{part}: {encoder.source} @ {encoder.revision}, {there}", *_listing(hub.recorded(encoder)))


def _listing(digests: dict[str, str]) -> list[str]:
    return [f"  {digest}  {name}" for name, digest in sorted(digests.items())]


def _megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
