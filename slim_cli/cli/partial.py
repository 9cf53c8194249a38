"""`slim partial` and `slim train stretches`: how well short synthetic passages in long recordings are found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.common_options import Device, Manifests, Model
from slim_cli.cli.console import complain, every_hundred, show, show_tables
from slim_cli.cli.quantities import numbers
from slim_cli.cli.train_options import Bundle
from slim_cli.errors import UsageError
from slim_cli.resources import DEFAULT_MODEL, find_bundle


def partial(
    manifest: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Write trials.csv and partial.md to this folder.")],
    model: Model = DEFAULT_MODEL,
    minutes: Annotated[str, typer.Option(help="Make recordings of these lengths, minutes.")] = "1,3,10,30",
    passages: Annotated[str, typer.Option(help="Put passages of these lengths into each, seconds.")] = "3,10,30",
    each: Annotated[int, typer.Option(min=1, help="Make so many recordings of each length.")] = 20,
    seed: Annotated[int, typer.Option(help="Draw clips and places by this number.")] = 0,
    device: Device = "auto",
) -> None:
    """Make long recordings of clips, put synthetic passages in, and measure what their highest stretches tell."""
    from slim_cli.assessment.reference import FILE_NAME, load_reference
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.corpora.manifest import to_score
    from slim_cli.detector import load_detector
    from slim_cli.validation.stretch_tables import stretch_rates, stretch_tables
    from slim_cli.validation.stretch_trials import TrialPlan, try_stretches, write_trials
    from slim_cli.validation.tables import markdown

    plan = TrialPlan(numbers(minutes, "--minutes"), numbers(passages, "--passages"), each, seed)
    clips, bundle = to_score(read_manifests(manifest, complain)), find_bundle(model)
    read = try_stretches(load_detector(bundle, device), clips, plan, every_hundred("recordings read"))
    trials = write_trials(output / "trials.csv", read)
    reference = load_reference(bundle) if (bundle / FILE_NAME).is_file() else None
    shown = stretch_tables(trials, stretch_rates(trials, reference))
    (output / "partial.md").write_text(markdown(shown), encoding="utf-8")
    show_tables(shown)
    show(f"Written: {output / 'trials.csv'}, {output / 'partial.md'}")


def stretches(
    bundle: Bundle,
    manifest: Annotated[
        list[Path] | None,
        typer.Option(
            "--manifest", "-m", help="Take the bona fide recordings of this CSV as they are; may be repeated."
        ),
    ] = None,
    trials: Annotated[
        list[Path] | None, typer.Option(help="Take the bona fide ones of these trials.csv of slim partial.")
    ] = None,
    check: Annotated[
        list[Path] | None, typer.Option(help="Try the thresholds on the bona fide ones of these other trials.csv.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Write down the highest stretches of long bona fide recordings, by length, with the thresholds they set."""
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.detector import load_detector
    from slim_cli.validation.stretch_tables import stretch_references, write_stretch_references
    from slim_cli.validation.stretch_trials import long_recordings, read_trials

    if not manifest and not trials:
        raise UsageError("Give recordings (-m), or trials of slim partial (--trials).")
    clips = read_manifests(manifest, complain) if manifest else []
    whole = long_recordings(load_detector(bundle, device), clips) if clips else []
    made, others = ([trial for path in paths or [] for trial in read_trials(path)] for paths in (trials, check))
    found = stretch_references(whole, made, others)
    write_stretch_references(bundle, found)
    for one in found:
        least = "no threshold" if one.threshold is None else f"threshold {one.threshold:+.2f}"
        place = f"{one.length_s:g} s in recordings of {one.from_s:g} to {one.to_s:g} s"
        typer.echo(f"{place}: {len(one.highest)} recordings, {least}")
