"""`slim validate`: score labelled clips, or read their scores, and write error rates as tables, pictures and JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slim_cli.cli.console import complain, every_hundred, is_looked_at, show
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.corpora.channel_conditions import Condition
    from slim_cli.corpora.manifest import Clip
    from slim_cli.validation.breakdown import Breakdown, Reading
    from slim_cli.validation.scores import Scores
    from slim_cli.validation.tables import Table

_ON_SCREEN = 4


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
            "mp3-64k,aac-64k,"
            "opus-16k,amr-wb,g711,g722,band-8k,noise-20db,noise-10db,room,room-noise."
        ),
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Flag clips from this score on, or from the shipped threshold of this model on.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Read likelihood ratios by this calibration file in actDCF, Cllr and the pictures."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all tables in Markdown, for a model card.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Draw so many bootstrap samples for the intervals.")] = 1000,
    device: Annotated[str, typer.Option(help="Run the model here: auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Score labelled clips (those of role test, where a manifest says so) and write error rates with intervals."""
    from slim_cli.corpora.channel_conditions import conditions as choose
    from slim_cli.validation.breakdown import break_down
    from slim_cli.validation.scores import read_scores
    from slim_cli.validation.tables import markdown as in_markdown
    from slim_cli.validation.tables import tables

    if bool(scores) == bool(manifest):
        raise UsageError("Give manifests (-m) with --model, or --scores of an earlier evaluation.")
    if scores and (model or folds or conditions):
        raise UsageError("--scores are scores already: --model, --folds and --conditions do not go with them.")
    chosen = choose(conditions) if conditions else []
    lacking = {one.name: one.missing for one in chosen if one.missing}
    reading = _reading(threshold, model or [], calibration, rounds)
    if scores:
        parts = [read_scores(path) for path in scores]
    else:
        measurable = [one for one in chosen if not one.missing]
        parts = _score(_clips(manifest or [], folds, model or []), measurable, device)
    pooled = sum(parts[1:], parts[0])
    kept = output if output.suffix == ".csv" else output / "scores.csv"
    kept.parent.mkdir(parents=True, exist_ok=True)
    pooled.write(kept)
    result = break_down(pooled, reading)
    shown = tables(result, lacking)
    if kept != output:
        _write(output, pooled, result, reading, in_markdown(shown))
    if markdown:
        typer.echo(in_markdown(shown), nl=False)
    else:
        _show(shown[:_ON_SCREEN])


def _clips(manifests: Sequence[Path], folds: Path | None, models: Sequence[str]) -> list[tuple[Path, list[Clip]]]:
    """Each bundle with the clips it is to score."""
    from slim_cli.cli.bundles import find_bundle
    from slim_cli.corpora.datasets import read_manifests
    from slim_cli.corpora.manifest import one_bundle_or_folds, share_out, to_score

    one_bundle_or_folds(models, folds)
    return share_out(to_score(read_manifests(manifests, complain)), [find_bundle(name) for name in models], folds)


def _score(shares: Sequence[tuple[Path, list[Clip]]], conditions: Sequence[Condition], device: str) -> list[Scores]:
    from slim_cli.corpora.audio_pack import read_mono
    from slim_cli.detector import load_detector
    from slim_cli.validation.scores import score_clips

    parts: list[Scores] = []
    total, tell = sum(len(own) for _, own in shares), every_hundred("clips scored")

    def report(heard: int) -> None:
        tell(heard + sum(len(own) for _, own in shares[: len(parts)]), total)

    for bundle, own in shares:
        detector = load_detector(bundle, device)
        parts.append(score_clips(detector, own, lambda clip: read_mono(clip.path), conditions, report))
    return parts


def _reading(threshold: str | None, models: Sequence[str], calibration: Path | None, rounds: int) -> Reading:
    """How the scores are to be read; the threshold is the shipped one of a single model, where none is given."""
    from slim_cli.assessment.calibration import load_calibration
    from slim_cli.validation.breakdown import Reading

    llr = load_calibration(calibration).ln if calibration else None
    return Reading(*_threshold(threshold, models), llr, rounds)


def _threshold(given: str | None, models: Sequence[str]) -> tuple[float | None, str]:
    """The score that flags a clip, with where it comes from; None to set it on the clips themselves."""
    from slim_cli.assessment.reference import FILE_NAME, load_reference
    from slim_cli.cli.bundles import find_bundle

    if given is None and (len(models) != 1 or not (find_bundle(models[0]) / FILE_NAME).is_file()):
        return None, ""
    try:
        return float(given or ""), "given"
    except ValueError:
        bundle = find_bundle(given or models[0])
        return load_reference(bundle).operating_point.score, f"shipped with {bundle.name}"


def _write(folder: Path, scores: Scores, result: Breakdown, reading: Reading, text: str) -> None:
    from slim_cli import __version__
    from slim_cli.validation.tables import record

    plain = scores.undegraded
    plain.write_asvspoof(folder / "asvspoof-scores.tsv", folder / "asvspoof-keys.tsv")
    facts = {
        "tool_version": __version__,
        "models": sorted({heard.model for heard in scores.heard} - {""}),
        "scores_sha256": hashlib.sha256((folder / "scores.csv").read_bytes()).hexdigest(),
    }
    (folder / "evaluation.json").write_text(record(result, facts), encoding="utf-8")
    (folder / "evaluation.md").write_text(text, encoding="utf-8")
    if not find_spec("matplotlib"):
        complain("no pictures were drawn: they need matplotlib (pip install 'slim-audit[analyze]')")
        return
    from slim_cli.analysis.curves import det, reliability, tippett
    from slim_cli.analysis.finding import styled

    spoof, llr = plain.is_spoof, reading.llr(plain.score) if reading.llr else plain.score
    with styled():
        for finding in (
            det(plain.score[~spoof], plain.score[spoof]),
            tippett(llr[~spoof], llr[spoof], result.calibrated),
            reliability(llr[~spoof], llr[spoof], result.calibrated),
        ):
            finding.write(folder)


def _show(tables: Sequence[Table]) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    from slim_cli.evidence.names import safe_name

    for table in tables:
        drawn = RichTable(box=box.SIMPLE_HEAD if is_looked_at() else None, pad_edge=False)
        for number, title in enumerate(table.header):
            drawn.add_column(title, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*(Text(safe_name(cell)) for cell in row))
        show(f"{table.title}. {table.note}", drawn, "")
