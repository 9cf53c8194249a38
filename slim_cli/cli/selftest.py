"""`slim selftest`: whether this installation measures as the model was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.console import show
from slim_cli.errors import UsageError
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def selftest(
    model: Annotated[str, typer.Option(help="Take this model: bundled, or the folder of a bundle.")] = DEFAULT_MODEL,
    device: Annotated[str, typer.Option(help="Run on this device: auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Score the model's control recordings and compare with the published values; exit code 5 when one differs."""
    from slim_cli.detector import load_detector
    from slim_cli.engines.controls import check_controls, load_controls, run_controls

    bundle: Path = find_bundle(model)
    controls = load_controls(bundle)
    if controls is None:
        raise UsageError(f"The model {model} publishes no control recordings; slim train controls writes them.")
    outcomes = list(run_controls(controls, load_detector(bundle, device)))
    for outcome in outcomes:
        state = "as published" if outcome.passed else "NOT as published"
        show(f"{outcome.recording}: {outcome.measured}, published {outcome.published:+.4f}: {state}")
    check_controls(outcomes)
