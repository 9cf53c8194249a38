"""Models by name, recipes as well as bundles: which a name means, its encoders of the hub, and whether all is whole."""

from __future__ import annotations

from pathlib import Path

from slim_cli.detector import hub
from slim_cli.detector.bundle import read_plugs, verify_bundle
from slim_cli.detector.hub import HubEncoder
from slim_cli.detector.published import fingerprint, published_as
from slim_cli.resources import DEFAULT_MODEL, bundled, find_bundle, find_recipe, presets
from slim_cli.training.recipe import Recipe, load_recipe


def is_recipe(name: str) -> bool:
    """Whether a name means a recipe: a file, or a preset without a trained bundle."""
    return Path(name).is_file() or (name in presets() and name not in {folder.name for folder in bundled()})


def hub_encoders(recipe: Recipe) -> list[tuple[str, HubEncoder]]:
    """The hub's encoders of a recipe, each by its part in it."""
    ready = {name: table for name, table in recipe.encoders.items() if recipe.encoder_class(name).ready_made}
    named = [(name, HubEncoder.of(table)) for name, table in ready.items()]
    return [(name, encoder) for name, encoder in named if encoder]


def on_this_machine() -> list[str]:
    """The default model, then the other bundles, then the recipes of which an encoder was pulled."""
    pulled = [
        name
        for name in presets()
        if is_recipe(name)
        and any(encoder.folder.exists() for _, encoder in hub_encoders(load_recipe(find_recipe(name))))
    ]
    return [DEFAULT_MODEL, *(folder.name for folder in bundled() if folder.name != DEFAULT_MODEL), *pulled]


def check_whole(name: str) -> str:
    """Compares every file of a bundle or of a recipe's encoders with its hash list; says what was found.

    Raises:
        IntegrityError: one differs.
    """
    if is_recipe(name):
        counts = [len(hub.verify(encoder)) for _, encoder in hub_encoders(load_recipe(find_recipe(name)))]
        return f"{name}: {sum(counts)} files as at the first pull"
    folder = find_bundle(name)
    digests = verify_bundle(folder)
    return (
        f"{folder.name}: {len(digests)} files as listed in it; {published_as(fingerprint(digests, read_plugs(folder)))}"
    )
