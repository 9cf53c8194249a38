"""`slim analyze`: the paper's figures and tables, from a manifest and a bundle."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.common_options import Device, Manifests
from slim_cli.cli.console import complain, show
from slim_cli.resources import DEFAULT_MODEL, find_bundle


class Analysis(StrEnum):
    """What can be asked for."""

    CORRELATION = "correlation"
    MISMATCH = "mismatch"
    TSNE = "tsne"
    LAYERS = "layers"
    SPECTROGRAMS = "spectrograms"
    DATASETS = "datasets"
    SYSTEMS = "systems"
    ALL = "all"


def analyze(
    what: Annotated[Analysis, typer.Argument(help="Draw this figure, or all.")],
    manifest: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the PNG, SVG and CSV files to this folder.")],
    model: Annotated[
        list[str] | None, typer.Option(help="Use this model; with --folds, one per fold in order.")
    ] = None,
    folds: Annotated[
        Path | None, typer.Option(help="Show each fold of this CSV (origin,fold) to its own model.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="Read the ready-made encoders of this recipe, for layers.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many clips, drawn at random.")] = None,
    device: Device = "auto",
) -> None:
    """Redo the paper's figures: correlation, mismatch, t-SNE, layers, spectrograms, datasets, error rates, or all."""
    from slim_cli.errors import EnvironmentUnfit

    if not (find_spec("matplotlib") and find_spec("sklearn")):
        raise EnvironmentUnfit(
            "slim analyze draws with matplotlib and scikit-learn: pip install 'slim-audit[analyze]'."
        )
    from slim_cli.analysis.gallery import ANALYSES, analyse
    from slim_cli.analysis.material import Material, sample
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.corpora.manifest import one_bundle_or_folds, share_out, to_score

    models = model or [DEFAULT_MODEL]
    one_bundle_or_folds(models, folds)
    every = read_manifests(manifest, complain)
    clips = sample(to_score(every), limit)
    shares = share_out(clips, [find_bundle(name) for name in models], folds)

    shown = 0

    def report(done: int, total: int) -> None:
        nonlocal shown
        if done == total or done >= shown + 100:
            shown = done
            complain(f"{done} of {total} clips embedded")

    material = Material(every, shares, output, device, recipe, report)
    for name in ANALYSES if what is Analysis.ALL else (what.value,):
        show(analyse(name, material).summary)
