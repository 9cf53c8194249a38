"""`slim train reference`, `record`, `measures`, `controls`: what completes a bundle beside its weights."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.common_options import Device, Manifests
from slim_cli.cli.console import complain
from slim_cli.cli.train_options import Bundle, Folds, LeaveOut


def reference(
    bundle: Bundle,
    scores: Annotated[
        list[Path],
        typer.Option(help="Take the scores of left-out clips from this CSV of slim validate; may be repeated."),
    ],
    description: Annotated[
        str, typer.Option(help="Say in one sentence what data and which protocol are behind the scores.")
    ],
    variants: Annotated[
        int | None, typer.Option(min=1, help="Say how many variants of the model were compared where it was set.")
    ] = None,
    chosen_on: Annotated[
        list[Path] | None,
        typer.Option(help="Set the operating point on the scores of this CSV instead; may be repeated."),
    ] = None,
    set_on: Annotated[str, typer.Option(help="Say in one sentence what those clips are.")] = "",
) -> None:
    """Write a bundle's reference statistics from scores of clips that its training had left out."""
    from slim_cli.validation.reference_statistics import measure_clips, write_reference
    from slim_cli.validation.scores import read_scores

    pooled = reduce(add, map(read_scores, scores))
    chosen = (reduce(add, map(read_scores, chosen_on)), set_on) if chosen_on else None
    measured = measure_clips(pooled.undegraded.clips)
    written = write_reference(bundle, pooled, description, measured, variants=variants, chosen_on=chosen)
    typer.echo(f"{bundle / 'reference.json'}: operating point {written['operating_point']}")


def record(
    bundle: Bundle,
    manifest: Manifests,
    folds: Folds = None,
    leave_out: LeaveOut = None,
) -> None:
    """Write down which speakers, systems and origins a bundle was trained on; stage2 does so by itself."""
    from slim_cli.corpora.manifest import summary
    from slim_cli.training.record import write_record
    from slim_cli.training.training_run import clips_of

    _, chosen = clips_of(manifest, folds, leave_out, complain)
    write_record(bundle, chosen)
    typer.echo(f"{bundle / 'training.json'}: {summary(chosen)}")


def measures(
    bundle: Bundle,
    manifest: Manifests,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Renew this measure alone, or rejected_voiced, how often voiced sound is not taken for speech; may be "
            "repeated.",
            show_default="all",
        ),
    ] = None,
) -> None:
    """Renew a bundle's ranges of the measures from labelled clips, as they are stored and in coded copies."""
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.validation.reference_statistics import REJECTED, measure_clips, renew_ranges

    clips = read_manifests(manifest, complain)
    renewed = renew_ranges(bundle, measure_clips(clips, copies=only != [REJECTED]), only or [])
    typer.echo(f"{bundle / 'reference.json'}: {', '.join(renewed)}")


def controls(
    bundle: Bundle,
    device: Device = "cpu",
) -> None:
    """Write down a bundle's scores of the control recordings, which every installation must reproduce."""
    from slim_cli.detector import load_detector
    from slim_cli.detector.bundle import write_sums
    from slim_cli.engines.controls import publish_controls

    for control in publish_controls(bundle, load_detector(bundle, device)).controls:
        typer.echo(f"{control.recording}: {control.score:+.4f}")
    write_sums(bundle)
