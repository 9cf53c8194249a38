"""`slim selftest`: whether this installation measures as the model was published."""

from __future__ import annotations

from pathlib import Path

from slim_cli.cli.common_options import Device, Model
from slim_cli.cli.console import show
from slim_cli.errors import UsageError
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def selftest(
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
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
