"""`slim validate`: score labelled clips, or read their scores, and write error rates as tables, pictures and JSON."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slim_cli.cli import quantities
from slim_cli.cli.common_options import Device
from slim_cli.cli.console import complain, every_hundred, show_tables
from slim_cli.resources import find_bundle

if TYPE_CHECKING:
    from slim_cli.validation.validating import ValidationOutcome

_ON_SCREEN = 5


def validate(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Write to this folder, or to a .csv for the scores alone.")
    ],
    manifest: Annotated[
        list[Path] | None,
        typer.Option(
            "--manifest",
            "-m",
            help="Score the clips of this CSV (path,label,…) or of NAME=FOLDER[:SUBSET] of slim datasets.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Score with this model; with --folds, one per fold in order.")
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(help="Read these scores of an earlier validation (CSV) instead of -m and --model."),
    ] = None,
    folds: Annotated[
        Path | None, typer.Option(help="Score each fold of this CSV (origin,fold) with its own model.")
    ] = None,
    conditions: Annotated[
        str | None,
        typer.Option(
            help="Score them also after channels, in noise and in rooms: all, channels, surroundings, or some of "
            "mp3-64k,aac-64k,opus-16k,amr-wb,g711,g711-alaw,amr-nb,gsm,g722,band-8k,noise-20db,noise-10db,room,room-noise."
        ),
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Flag from this score on, or from that of this model on.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Read likelihood ratios by this calibration file in actDCF, Cllr and the pictures."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all tables in Markdown, for a model card.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Draw so many bootstrap samples for the intervals.")] = 1000,
    device: Device = "auto",
) -> None:
    """Score labelled clips (those of role test, where a manifest says so) and write error rates with intervals."""
    from slim_cli.validation.validating import ValidateOptions
    from slim_cli.validation.validating import validate as run

    given, shipping = quantities.score_or_bundle(threshold) if threshold else (None, None)
    options = ValidateOptions(
        manifests=tuple(manifest or ()),
        scores=tuple(scores or ()),
        bundles=tuple(find_bundle(name) for name in model or ()),
        folds=folds,
        conditions=conditions or "",
        threshold=given,
        threshold_bundle=shipping,
        calibration=calibration,
        rounds=rounds,
        device=device,
    )
    alone = output.suffix == ".csv"
    found = run(options, output if alone else output / "scores.csv", every_hundred("clips scored"), complain)
    if not alone:
        found.write(output)
        _draw(found, output)
    if markdown:
        typer.echo(found.markdown, nl=False)
    else:
        show_tables(found.shown[:_ON_SCREEN])


def _draw(found: ValidationOutcome, folder: Path) -> None:
    if not find_spec("matplotlib"):
        complain("no pictures were drawn: they need matplotlib (pip install 'slim-audit[analyze]')")
        return
    from slim_cli.analysis.curves import write_curves

    write_curves(folder, *found.curves, found.result.calibrated)
