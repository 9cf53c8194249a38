"""`slim train`: encoders, stage 1 and stage 2, at once or one by one, from a recipe and labelled clips to a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from slim_cli.cli.common_options import Device, Manifests, completing, recipes
from slim_cli.cli.console import complain
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.corpora.manifest import Clip
    from slim_cli.training.loop import Report
    from slim_cli.training.pipeline import Training
    from slim_cli.validation.reference_statistics import Measured

MAX_CLIP_S = 10.0

app = typer.Typer(no_args_is_help=True, invoke_without_command=True)

RecipeArgument = Annotated[
    Path, typer.Argument(help="Train by this recipe (TOML), such as models/slim-mini/recipe.toml.")
]
Work = Annotated[Path, typer.Option("--output", "-o", help="Work in this folder; a stopped training goes on from it.")]
Folds = Annotated[Path | None, typer.Option(help="Read the fold of each origin from this CSV (origin,fold).")]
LeaveOut = Annotated[int | None, typer.Option(help="Leave out the origins, systems and speakers of this fold.")]
MaxClip = Annotated[float, typer.Option("--max-clip-s", min=1, help="Cut longer clips to their first seconds.")]


@dataclass(frozen=True)
class _Data:
    """The clips of a run.

    Attributes:
        manifests: where they are listed.
        folds: fold of each origin.
        leave_out: fold that is not trained on.
        max_clip_s: longer clips are cut to so many seconds.
    """

    manifests: Sequence[Path]
    folds: Path | None = None
    leave_out: int | None = None
    max_clip_s: float = MAX_CLIP_S


@app.callback()
def train(
    context: typer.Context,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"Train by a recipe that came with the package: {', '.join(recipes())}.",
            autocompletion=completing(recipes),
        ),
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="Train by a recipe of your own (TOML).")] = None,
    manifest: Manifests = [],  # noqa: B006 # why: Typer makes a list of its own for each run
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Work in this folder; a stopped training goes on from it.")
    ] = None,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Train SLIM: all stages of a recipe at once (--preset or --recipe, -m, -o), or one by one."""
    from slim_cli.resources import find_recipe

    if context.invoked_subcommand:
        if preset or recipe or manifest or output:
            raise UsageError("A single stage takes its recipe, manifests and folder after its name.")
        return
    if bool(preset) == bool(recipe) or not manifest or not output:
        raise UsageError("Training needs a recipe (--preset or --recipe), clips (-m) and a work folder (-o).")
    chosen = find_recipe(preset) if preset else recipe
    assert chosen is not None
    training = _training(chosen, _Data(manifest, folds, leave_out, max_clip_s), output, device)
    typer.echo(training.run(_report))


@app.command()
def encoder(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Find the patterns of small encoders in recorded speech; no label is read, so all folds share them."""
    data = _Data(manifest, max_clip_s=max_clip_s)
    _training(recipe, data, output, device).train_encoder()


@app.command()
def views(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Tune the encoders beside style and linguistics, if the recipe has some, on bona fide and spoof."""
    data = _Data(manifest, folds, leave_out, max_clip_s)
    _training(recipe, data, output, device).tune_views(_report("view"))


@app.command()
def stage1(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Learn style-linguistics dependency features from bona fide speech."""
    data = _Data(manifest, folds, leave_out, max_clip_s)
    _training(recipe, data, output, device).train_stage1(_report("stage 1"))


@app.command()
def stage2(
    recipe: RecipeArgument,
    manifest: Manifests,
    output: Work,
    folds: Folds = None,
    leave_out: LeaveOut = None,
    max_clip_s: MaxClip = MAX_CLIP_S,
    device: Device = "auto",
) -> None:
    """Learn the classifier from bona fide and spoof, and write the bundle."""
    data = _Data(manifest, folds, leave_out, max_clip_s)
    bundle = _training(recipe, data, output, device).train_stage2(_report("stage 2"))
    typer.echo(bundle)


@app.command()
def reference(
    bundle: Annotated[Path, typer.Argument(help="Complete this bundle.")],
    scores: Annotated[
        list[Path],
        typer.Option(help="Take the scores of left-out clips from this CSV of slim validate; may be repeated."),
    ],
    description: Annotated[
        str, typer.Option(help="Say in one sentence what data and which protocol are behind the scores.")
    ],
    variants: Annotated[
        int | None, typer.Option(min=1, help="Say how many variants of the model were compared on these clips.")
    ] = None,
) -> None:
    """Write a bundle's reference statistics from scores of clips that its training had left out."""
    from slim_cli.validation.reference_statistics import write_reference
    from slim_cli.validation.scores import read_scores

    parts = [read_scores(path) for path in scores]
    pooled = sum(parts[1:], parts[0])
    written = write_reference(bundle, pooled, description, _measure(pooled.undegraded.clips), variants=variants)
    typer.echo(f"{bundle / 'reference.json'}: operating point {written['operating_point']}")


@app.command()
def record(
    bundle: Annotated[Path, typer.Argument(help="Complete this bundle.")],
    manifest: Manifests,
    folds: Folds = None,
    leave_out: LeaveOut = None,
) -> None:
    """Write down which speakers, systems and origins a bundle was trained on; stage2 does so by itself."""
    from slim_cli.corpora.manifest import summary
    from slim_cli.training.record import write_record

    _, chosen = _clips(_Data(manifest, folds, leave_out))
    write_record(bundle, chosen)
    typer.echo(f"{bundle / 'training.json'}: {summary(chosen)}")


@app.command()
def measures(
    bundle: Annotated[Path, typer.Argument(help="Complete this bundle.")],
    manifest: Manifests,
    only: Annotated[
        list[str] | None, typer.Option(help="Renew this measure alone; may be repeated.", show_default="all")
    ] = None,
) -> None:
    """Renew a bundle's ranges of the measures from labelled clips, as they are stored and in coded copies."""
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.validation.reference_statistics import renew_ranges

    renewed = renew_ranges(bundle, _measure(read_manifests(manifest, complain)), only or [])
    typer.echo(f"{bundle / 'reference.json'}: {', '.join(renewed)}")


@app.command()
def stretches(
    bundle: Annotated[Path, typer.Argument(help="Complete this bundle.")],
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


@app.command()
def controls(
    bundle: Annotated[Path, typer.Argument(help="Complete this bundle.")],
    device: Device = "cpu",
) -> None:
    """Write down a bundle's scores of the control recordings, which every installation must reproduce."""
    from slim_cli.detector import load_detector
    from slim_cli.detector.bundle import write_sums
    from slim_cli.engines.controls import publish_controls

    for control in publish_controls(bundle, load_detector(bundle, device)).controls:
        typer.echo(f"{control.recording}: {control.score:+.4f}")
    write_sums(bundle)


def _measure(clips: Sequence[Clip]) -> Measured:
    """The artefact measures of clips, as stored and in coded copies."""
    from slim_cli.engines.local import examine_files
    from slim_cli.validation.reference_statistics import Measured, coded_copies

    measured = Measured()
    for clip, result in zip(clips, examine_files([clip.path for clip in clips], detector=None), strict=True):
        measured.add(result, clip.is_spoof)
    with TemporaryDirectory() as folder:
        pairs = [(clip, coded_copies(clip.path, Path(folder), str(n))) for n, clip in enumerate(clips)]
        owners = [clip for clip, copies in pairs for _ in copies]
        results = examine_files([path for _, copies in pairs for path in copies], detector=None)
        for clip, result in zip(owners, results, strict=True):
            measured.add(result, clip.is_spoof, copy=True)
    return measured


def _training(recipe: Path, data: _Data, output: Path, device: str) -> Training:
    from slim_cli.corpora.audio_pack import AudioPack
    from slim_cli.detector.runtime import choose_device
    from slim_cli.training.pipeline import Training
    from slim_cli.training.recipe import load_recipe

    plan = load_recipe(recipe)
    clips, chosen = ([clip for clip in part if plan.protocol.needs(clip)] for part in _clips(data))
    if not clips:
        read = ", ".join([*plan.protocol.stage1, *plan.protocol.stage2, *plan.protocol.fusion])
        raise UsageError(f"The recipe {plan.name} learns from {read}; none of the clips is of these.")
    run = output / ("all" if data.leave_out is None else f"fold-{data.leave_out}")
    pack = AudioPack(clips, output / "audio", data.max_clip_s)
    return Training(plan, clips, chosen, pack, run, output, str(choose_device(device)))


def _clips(data: _Data) -> tuple[list[Clip], list[Clip]]:
    """All clips, and those to train on."""
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.corpora.manifest import leave_origin_out, read_folds

    clips = read_manifests(data.manifests, complain)
    if data.leave_out is None:
        return clips, clips
    if data.folds is None:
        raise UsageError("--leave-out needs --folds, the CSV that says which origin is in which fold.")
    chosen, _ = leave_origin_out(clips, read_folds(data.folds), data.leave_out)
    return clips, chosen


def _report(stage: str) -> Report:
    console = Console(stderr=True)

    def report(step: int, steps: int, losses: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        console.print(f"{stage} {step}/{steps}  {shown}", highlight=False, markup=False)

    return report
