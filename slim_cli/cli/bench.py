"""`slim bench`: how fast scans are on this machine."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from slim_cli.cli import common_options as common
from slim_cli.cli.console import show
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def bench(
    model: common.Model = DEFAULT_MODEL,
    device: common.Device = "auto",
    minutes: Annotated[float, typer.Option(min=0.2, help="Scan a recording of this length.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, help="Measure this many times, and tell the medians.")] = 3,
    workers: Annotated[int, typer.Option(min=1, help="Examine files in this many processes side by side.")] = 1,
    json_line: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False,
) -> None:
    """Measure how fast scans are on this machine, beside the encoders alone."""
    from slim_cli.detector import load_detector
    from slim_cli.engines.speed import measure

    found = measure(load_detector(find_bundle(model), device), minutes, rounds, workers)
    if json_line:
        show(json.dumps(dataclasses.asdict(found)))
        return
    show(
        *(f"{name}: {value}" for name, value in found.machine.items()),
        "",
        f"Encoders alone       {found.encoders_x:7.1f} × real time",
        f"Scan, no report      {found.scan_x:7.1f} × real time ({100 * found.share:.0f} % of the encoders' own)",
        f"Files of 0.5 s       {found.short_files:7.1f} a second, no report",
        f"One file of 10 s     {found.one_file_s:7.2f} s from start to results",
        f"                     {found.one_report_s:7.2f} s from start to HTML and PDF",
        f"Medians of {found.rounds} rounds, taken in turn.",
    )
