"""`slim calibrate`: from labelled files to a calibration file, by which a scan can give likelihood ratios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli.cli.calibration_told import tell_calibration
from slim_cli.cli.common_options import Device
from slim_cli.cli.console import complain, every_hundred, show
from slim_cli.errors import UsageError
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def calibrate(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Take the files of these manifests (CSV, or NAME=FOLDER of slim datasets) or scores of slim validate."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write this calibration file (JSON).")],
    description: Annotated[
        str | None, typer.Option(help="Say in one sentence what the files are and where they come from.")
    ] = None,
    model: Annotated[str, typer.Option(help="Calibrate the scores of this model.")] = DEFAULT_MODEL,
    twin: Annotated[
        list[str] | None,
        typer.Option(help="Let this model, trained without a fold, stand in for --model; one per fold in order."),
    ] = None,
    folds: Annotated[Path | None, typer.Option(help="Score each fold of this CSV (origin,fold) with its twin.")] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="Hear the files in turn as they are and after these channels (all, or as slim validate), so that "
            "the ratios hold for their codecs; scores must cover them."
        ),
    ] = None,
    h1: Annotated[str | None, typer.Option(help="Word the proposition that the speech is synthetic so.")] = None,
    h2: Annotated[str | None, typer.Option(help="Word the proposition that it was recorded so.")] = None,
    most_misleading: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Take a condition out of the scope where a larger share of the ratios of a class points the wrong way "
            "(0.1 unless said).",
        ),
    ] = None,
    carry_over: Annotated[
        Path | None,
        typer.Option(help="Carry this calibration over to the present version, if its scores are those of --before."),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="Compare with these rows (results.jsonl) of the version before, of SOURCES.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Fit likelihood ratios to file scores, with bounds, error rates and the conditions they hold for."""
    from slim_cli.validation.calibration_file import CalibrateOptions
    from slim_cli.validation.calibration_file import calibrate as run
    from slim_cli.validation.carrying_over import CarryOverOptions
    from slim_cli.validation.carrying_over import carry_over as compare

    if (carry_over is None) != (before is None):
        raise UsageError("--carry-over takes a calibration, and --before the rows that show that scores agree.")
    if carry_over and before:
        again = CarryOverOptions(carry_over, before, tuple(sources), find_bundle(model), device)
        entry = compare(again, output, every_hundred("files scored"))["carried_over"][-1]
        show(f"{entry['files']} files score as before; carried over to {entry['target'][:12]}.", f"Written: {output}")
        return
    if description is None:
        raise UsageError("Say by --description what the files are and where they come from.")

    chosen: dict[str, Any] = {"h1": h1, "h2": h2, "most_misleading": most_misleading}
    options = CalibrateOptions(
        sources=tuple(sources),
        description=description,
        bundle=find_bundle(model),
        twins=tuple(find_bundle(name) for name in twin or ()),
        folds=folds,
        channels=channels or "",
        device=device,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    tell_calibration(run(options, output, every_hundred("files scored"), complain), output)
