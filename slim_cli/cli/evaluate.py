"""`slim evaluate`: score a manifest with a bundle, or pool the scores of all folds, and print error rates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from slim_cli.training.evaluate import Scores, Summary


def evaluate(
    manifest: Annotated[list[Path], typer.Option("--manifest", "-m", help="CSV with path,label,origin,...")],
    model: Annotated[list[Path], typer.Option(help="Bundle; with --folds, one per fold in order.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the scores go (CSV).")],
    folds: Annotated[Path | None, typer.Option(help="CSV with origin,fold: score each fold with its bundle.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Score labelled clips (those of role test, where a manifest says so) and print error rates with intervals."""
    from slim_cli.detector import load_detector
    from slim_cli.errors import UsageError
    from slim_cli.training.corpus import read_mono
    from slim_cli.training.evaluate import score_clips, summarise
    from slim_cli.training.manifest import read_folds, read_manifests

    every = read_manifests(manifest)
    clips = [clip for clip in every if clip.role == "test"] or every
    if folds is None and len(model) != 1:
        raise UsageError("Give one --model, or --folds with one --model per fold.")
    place = read_folds(folds) if folds else {}
    parts: list[Scores] = []
    for number, bundle in enumerate(model):
        chosen = [c for c in clips if not folds or place.get(c.origin) == number]
        if chosen:
            parts.append(score_clips(load_detector(bundle, device), chosen, lambda clip: read_mono(clip.path)))
    if not parts:
        raise UsageError("None of the clips belongs to a fold that has a model.")
    scores = sum(parts[1:], parts[0])
    output.parent.mkdir(parents=True, exist_ok=True)
    scores.write(output)
    _print(summarise(scores), scores)


def _print(summary: Summary, scores: Scores) -> None:
    spoof = scores.is_spoof
    console = Console()
    console.print(f"{int((~spoof).sum())} bona fide, {int(spoof.sum())} spoof; intervals: bootstrap over origins")
    table = Table("figure", "EER %, 95 % interval")
    table.add_row("pooled over origins with spoof", str(summary.pooled))
    table.add_row("all clips", str(summary.all_clips))
    table.add_row(f"mean of {len(summary.origins)} origins with ≥ 10 of each class", str(summary.mean_origin))
    table.add_row("mismatch alone, pooled", str(summary.mismatch))
    for origin, (rate, real, fake) in sorted(summary.origins.items()):
        table.add_row(f"  {origin} ({real} bona fide, {fake} spoof)", f"{100 * rate:.1f}")
    console.print(table)
