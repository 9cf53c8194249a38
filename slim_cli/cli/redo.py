"""`slim redo`: for the other side, every number of a report made anew from the report alone and the evidence."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli.cli.common_options import Device, Model
from slim_cli.cli.console import show
from slim_cli.errors import IntegrityError
from slim_cli.evidence.names import safe_name
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def redo(
    report: Annotated[Path, typer.Argument(help="Take the rows, configuration and calibration attached to this PDF.")],
    evidence: Annotated[Path, typer.Option(help="Find the examined files below this folder, under their names.")],
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
    tolerance: Annotated[float, typer.Option(help="Let scores and measures differ by so much.")] = 0.01,
    every: Annotated[bool, typer.Option("--all", help="Show what is the same, too.")] = False,
) -> None:
    """Make every hash, score, ratio and measure of a report anew; exit code 4 when one differs."""
    from slim_cli.assessment.reference import load_reference
    from slim_cli.detector import load_detector
    from slim_cli.engines.reexamination import check_model, compare_statistics, read_report
    from slim_cli.engines.reexamination import redo as compare

    attached = read_report(report)
    bundle = find_bundle(model)
    detector = load_detector(bundle, device)
    check_model(attached, detector.info.sha256)
    same = 0
    different: list[str] = []
    statistics = compare_statistics(attached, load_reference(bundle))
    for found in chain(statistics, compare(attached, evidence, detector, tolerance)):
        same += found.same
        if not found.same:
            different.append(f"{found.item}: {found.quantity}")
        if every or not found.same:
            state = "same" if found.same else "DIFFERS"
            values = f"{_value(found.reported)} reported, {_value(found.redone)} now"
            show(f"{state:<8}{safe_name(found.item)}: {found.quantity}: {values}")
    show(f"{same} values are the same, {len(different)} differ (tolerance of scores and measures: {tolerance:g}).")
    if different:
        raise IntegrityError(f"{len(different)} values of {report} are not borne out, first {different[0]}.")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value:.4f}" if isinstance(value, float) else safe_name(str(value))
