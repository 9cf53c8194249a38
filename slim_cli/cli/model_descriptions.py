"""What a bundle or a recipe is, in lines on stdout."""

from __future__ import annotations

from pathlib import Path

from slim_cli.cli.console import show


def describe_bundle(folder: Path) -> None:
    """Prints what a bundle is, what it was measured at, and the hash of every file."""
    from slim_cli.assessment.reference import load_reference
    from slim_cli.bundle_config import read_config
    from slim_cli.detector.bundle import verify_bundle

    digests = verify_bundle(folder)
    config, reference = read_config(folder), load_reference(folder)
    point = reference.operating_point
    show(
        f"{config.name} {config.version}: {config.description}",
        f"Reference data: {reference.description}",
        f"Review threshold: score {point.score:+.2f}; there {point.false_alarm_rate:.1%} of {point.n_bona_fide} bona "
        f"fide files were flagged and {point.miss_rate:.1%} of {point.n_spoof} spoof files missed",
        f"Folder: {folder} ({megabytes(folder):.1f} MB)",
        *(f"  {digest}  {name}" for name, digest in sorted(digests.items())),
    )


def describe_recipe(path: Path) -> None:
    """Prints what a recipe is and where its encoders come from."""
    from slim_cli.detector import hub
    from slim_cli.training.recipe import load_recipe
    from slim_cli.training.recipe_encoders import hub_encoders

    recipe = load_recipe(path)
    show(f"{recipe.name} {recipe.version}: {recipe.description}", f"Recipe: {path}")
    for part, encoder in hub_encoders(recipe):
        there = f"in {encoder.folder}" if encoder.folder.is_dir() else f"not here: slim models pull {recipe.name}"
        show(f"{part}: {encoder.source} @ {encoder.revision}, {there}", *listing(hub.recorded(encoder)))


def listing(digests: dict[str, str]) -> list[str]:
    """A line for each file: hash and name."""
    return [f"  {digest}  {name}" for name, digest in sorted(digests.items())]


def megabytes(folder: Path) -> float:
    """Size of all files of a folder, megabytes."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
