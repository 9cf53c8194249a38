"""`slim models`: the models that came with the package, what they say of themselves, and whether they are unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.bundles import DEFAULT, bundled, find_bundle, read_config
from slim_cli.cli.console import complain, show
from slim_cli.errors import IntegrityError

app = typer.Typer(no_args_is_help=True, help="List, describe and check models.")

Model = Annotated[str, typer.Argument(help="Bundled model or folder of a bundle.")]


@app.command("list")
def list_models() -> None:
    """List the bundled models."""
    for folder in bundled():
        config = read_config(folder)
        show(
            f"{folder.name}  {config.get('version', '')}  {_megabytes(folder):.1f} MB  {config.get('description', '')}"
        )


@app.command()
def info(model: Model = DEFAULT) -> None:
    """Describe a model: what it is, what it was measured at, and the hash of every file."""
    from slim_cli.assessment.reference import load_reference
    from slim_cli.detector.bundle import verify_bundle

    folder = find_bundle(model)
    digests = verify_bundle(folder)
    config, reference = read_config(folder), load_reference(folder)
    point = reference.operating_point
    show(
        f"{config['name']} {config['version']}: {config['description']}",
        f"Reference data: {reference.description}",
        f"Review threshold: score {point.score:+.2f}; there {point.false_alarm_rate:.1%} of {point.n_bona_fide} bona "
        f"fide files were flagged and {point.miss_rate:.1%} of {point.n_spoof} spoof files missed",
        f"Folder: {folder} ({_megabytes(folder):.1f} MB)",
        *(f"  {digest}  {name}" for name, digest in sorted(digests.items())),
    )


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all bundled ones if none is named.")] = None,
) -> None:
    """Compare every file of a model with its hash list; exit code 4 when one differs."""
    from slim_cli.detector.bundle import verify_bundle

    changed = False
    for folder in [find_bundle(name) for name in names] if names else [find_bundle(DEFAULT), *_others()]:
        try:
            show(f"{folder.name}: {len(verify_bundle(folder))} files as published")
        except IntegrityError as error:
            complain(str(error))
            changed = True
    raise typer.Exit(IntegrityError.exit_code if changed else 0)


def _others() -> list[Path]:
    return [folder for folder in bundled() if folder.name != DEFAULT]


def _megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
