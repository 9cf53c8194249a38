"""`slim calibrate`: from labelled files to a calibration file, by which a scan can give likelihood ratios."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli.cli.bundles import DEFAULT
from slim_cli.cli.console import complain, every_hundred, show
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.corpora.channel_conditions import Condition
    from slim_cli.corpora.manifest import Clip
    from slim_cli.detector import Detector
    from slim_cli.engines.options import ScoresWindows
    from slim_cli.engines.scan_progress import Progress
    from slim_cli.results import FileResult


def calibrate(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Take the files of these manifests (CSV, or NAME=FOLDER of slim datasets) or scores of slim validate."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write this calibration file (JSON).")],
    description: Annotated[str, typer.Option(help="Say in one sentence what the files are and where they come from.")],
    model: Annotated[str, typer.Option(help="Calibrate the scores of this model.")] = DEFAULT,
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
    device: Annotated[str, typer.Option(help="Run the model here: auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Fit likelihood ratios to file scores, with bounds, error rates and the conditions they hold for."""
    from slim_cli.assessment.calibration import load_calibration
    from slim_cli.cli.bundles import find_bundle
    from slim_cli.corpora.channel_conditions import channels as choose
    from slim_cli.detector import load_detector
    from slim_cli.detector.bundle import write_sums
    from slim_cli.engines.fingerprint import scan_fingerprint
    from slim_cli.engines.options import ScanOptions
    from slim_cli.training.record import read_record
    from slim_cli.validation.calibrating import H1, H2, Exhibits, Statement, check_disjoint
    from slim_cli.validation.calibrating import calibrate as fit

    if bool(folds) and not twin:
        raise UsageError("--folds says which --twin scores which files; name the twins.")
    bundles = [find_bundle(name) for name in (model, *(twin or []))]
    detectors = [load_detector(bundle, device) for bundle in bundles]
    turns = [one for one in choose(channels) if not one.missing] if channels else []
    rows = [row for source in sources for row in _rows(source, detectors, folds, turns)]
    exhibits = Exhibits.gather(rows)
    records = {d.fingerprint: read_record(b) for d, b in zip(detectors, bundles, strict=True)}
    disjoint = check_disjoint(exhibits, records)
    if disjoint.startswith("not checked"):
        complain(f"Whether the files are disjoint from the training data was {disjoint}.")
    info = detectors[0].info
    pipeline = scan_fingerprint(detectors[0], ScanOptions())
    name = f"{info.name} {info.version}"
    statement = Statement(pipeline, name, detectors[0].fingerprint, description, h1 or H1, h2 or H2)
    content = fit(exhibits, statement, disjoint)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    load_calibration(output)
    if output.parent.resolve() == bundles[0].resolve():
        write_sums(output.parent)
    _tell(content, output)


def _rows(
    source: Path, detectors: Sequence[Detector], folds: Path | None, channels: Sequence[Condition]
) -> Iterator[tuple[Clip, FileResult, str]]:
    """Clip, row of a scan and scoring model of every file that a source names."""
    from slim_cli.corpora.datasets import names_dataset, read_manifests
    from slim_cli.corpora.manifest import read_folds, to_score

    if not names_dataset(source) and _holds_scores(source):
        yield from _scored(source, channels)
        return
    clips = to_score(read_manifests([source], complain))
    place = read_folds(folds) if folds else {}
    for number, detector in enumerate(detectors[1:] if folds else detectors[:1]):
        own = [clip for clip in clips if not folds or place.get(clip.origin) == number]
        for clip, result, _ in _heard(own, detector, channels) if own else ():
            yield clip, result, detector.fingerprint


def _scored(source: Path, channels: Sequence[Condition]) -> Iterator[tuple[Clip, FileResult, str]]:
    """The scores of an evaluation, with what a scan measures of the files."""
    from slim_cli.validation.scores import read_scores

    scores = read_scores(source)
    found = {(c.path, h.condition): n for n, (c, h) in enumerate(zip(scores.clips, scores.heard, strict=True))}
    for clip, result, channel in _heard(scores.undegraded.clips, None, channels):
        row = found.get((clip.path, channel))
        if row is None:
            raise UsageError(f"The scores {source} do not cover {channel}: slim validate --conditions makes them.")
        scored = _with_score(result, float(scores.score[row])) if result.status == "scored" else result
        yield clip, scored, scores.heard[row].model


def _with_score(result: FileResult, score: float) -> FileResult:
    """A row that was measured alone with a score, which stands at the channel with most speech."""
    most = max(result.channels, key=lambda channel: channel.net_speech_s)
    channels = tuple(replace(c, score=score) if c is most else c for c in result.channels)
    return replace(result, score=score, channels=channels)


def _holds_scores(source: Path) -> bool:
    try:
        with source.open(newline="", encoding="utf-8") as file:
            return "score" in next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The list {source} cannot be read: {error}.") from error


def _heard(
    clips: Sequence[Clip], detector: ScoresWindows | None, channels: Sequence[Condition]
) -> Iterator[tuple[Clip, FileResult, str]]:
    """Each clip with its row of a scan, and the name of the channel it went through, empty for none."""
    from slim_cli.corpora.audio_pack import read_mono
    from slim_cli.corpora.channel_conditions import in_turn
    from slim_cli.engines.local import scan

    places = [os.path.realpath(clip.path) for clip in clips]
    if len(set(places)) < len(places):
        twice = next(place for number, place in enumerate(places) if place in places[:number])
        raise UsageError(f"The file {twice} is listed twice; a calibration counts every file once.")
    tell = every_hundred("files heard")

    def report(progress: Progress) -> None:
        tell(progress.files_done, progress.files_total)

    turns = in_turn([clip.label for clip in clips], channels)
    with TemporaryDirectory() as folder:
        paths = []
        for number, (clip, turn) in enumerate(zip(clips, turns, strict=True)):
            copy = Path(folder) / f"{number}{turn.suffix}"
            if turn.store:
                copy.write_bytes(turn.store(read_mono(clip.path)))
            paths.append(copy if turn.store else clip.path)
        results = scan(paths, detector=detector, on_progress=report)
        yield from zip(clips, results, (turn.name for turn in turns), strict=True)


def _tell(content: dict[str, Any], output: Path) -> None:
    from slim_cli.assessment.calibration import family_name

    data, bounds, metrics, scope = (content[name] for name in ("data", "bounds", "metrics", "scope"))
    ends = [f"{limit:g}" for limit in scope["net_speech_s"]]
    if not (bounds["low"] or bounds["high"]):
        complain("These files support no ratio other than 1: their scores do not tell the classes apart well enough.")
    show(
        f"{data['n_bona_fide']} bona fide and {data['n_spoof']} spoof files of {len(data['generators'])} generators; "
        f"left out: {sum(data['excluded'].values())}",
        *(
            f"{name}: {metrics[name]['value']:.3f} [{metrics[name]['low']:.3f}, {metrics[name]['high']:.3f}]"
            for name in ("cllr", "cllr_min", "eer")
        ),
        f"log10 likelihood ratios from {bounds['low']:+.2f} to {bounds['high']:+.2f} (ELUB)",
        f"holds for {ends[0]} to {ends[1]} s of net speech, codecs {', '.join(map(family_name, scope['codecs']))}",
        f"Written: {output}",
    )
