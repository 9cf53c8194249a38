"""`slim calibrate` as a function: from labelled files to a calibration file."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from slim_cli.assessment.calibration import load_calibration
from slim_cli.audio.whole_signal import read_channels
from slim_cli.corpora.channel_conditions import Condition, in_turn
from slim_cli.corpora.channel_conditions import channels as choose
from slim_cli.corpora.datasets import names_dataset, read_manifests
from slim_cli.corpora.manifest import Clip, read_folds, to_score
from slim_cli.detector import Detector
from slim_cli.detector.bundle import write_sums
from slim_cli.engines import local
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.engines.scan_progress import Progress
from slim_cli.errors import EvidenceError, UsageError
from slim_cli.evidence.decoding import Decoder
from slim_cli.results import FileResult
from slim_cli.training.record import read_record
from slim_cli.validation.calibrating import H1, H2, Exhibits, Statement, check_disjoint, fit_calibration
from slim_cli.validation.calibration_scope import MOST_MISLEADING
from slim_cli.validation.scores import read_scores

Report = Callable[[int, int], None]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class CalibrateOptions:
    """What is calibrated, and with what.

    Attributes:
        sources: manifests (CSV, or NAME=FOLDER of a dataset), or scores of a validation.
        description: one sentence on the files.
        bundle: folder of the bundle whose scores are to be calibrated.
        twins: bundles trained without a fold, standing in for it; one per fold in order.
        folds: CSV with origin,fold: a manifest's files go to their fold's twin.
        channels: channels that files go through in turn, as `slim_cli.corpora.channel_conditions.channels`.
        h1: proposition that the speech is synthetic.
        h2: proposition that it was recorded.
        most_misleading: highest share of ratios of either class, in [0, 1], that may point the wrong way under a
            condition for it to stay in the scope.
        device: `auto`, `cpu` or `cuda:N`.
    """

    sources: tuple[Path, ...]
    description: str
    bundle: Path
    twins: tuple[Path, ...] = ()
    folds: Path | None = None
    channels: str = ""
    h1: str = H1
    h2: str = H2
    most_misleading: float = MOST_MISLEADING
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.folds and not self.twins:
            raise UsageError("--folds says which --twin scores which files; name the twins.")


def calibrate(
    options: CalibrateOptions,
    output: Path,
    report: Report | None = None,
    tell: Tell = lambda notice: None,
) -> dict[str, Any]:
    """Fits likelihood ratios to file scores and writes them, with bounds, error rates and the conditions they hold for.

    Files are read as a scan reads them, its gate included: a ratio is only ever given where a scan gives a score.

    Args:
        options: what is calibrated, and with what.
        output: the calibration file.
        report: called with (files scored, files in all).
        tell: called with notices.

    Returns:
        content of the file.

    Raises:
        UsageError: lists or scores cannot be used, or do not make a calibration.
    """
    from slim_cli.detector import load_detector

    bundles = [options.bundle, *options.twins]
    detectors = [load_detector(bundle, options.device) for bundle in bundles]
    turns = [one for one in choose(options.channels) if not one.missing] if options.channels else []
    files = _LabelledFiles(detectors, options.folds, turns, report, tell)
    exhibits = Exhibits.gather(row for source in options.sources for row in files.rows(source))
    records = {d.fingerprint: read_record(b) for d, b in zip(detectors, bundles, strict=True)}
    disjoint = check_disjoint(exhibits, records)
    if disjoint.startswith("not checked"):
        tell(f"Whether the files are disjoint from the training data was {disjoint}.")
    info, first = detectors[0].info, detectors[0]
    pipeline, name = scan_fingerprint(first, ExaminationOptions()), f"{info.name} {info.version}"
    statement = Statement(pipeline, name, first.fingerprint, options.description, options.h1, options.h2)
    content = fit_calibration(exhibits, statement, disjoint, options.most_misleading)
    write_calibration(output, content, options.bundle)
    return content


def write_calibration(output: Path, content: dict[str, Any], bundle: Path) -> None:
    """Writes a calibration file, reads it back, and renews the hash list where it belongs to a bundle."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    load_calibration(output)
    if output.parent.resolve() == bundle.resolve():
        write_sums(output.parent)


Row = tuple[Clip, FileResult, str]


@dataclass(frozen=True)
class _LabelledFiles:
    """Gives clip, row of a scan and scoring model of every file that a source names."""

    detectors: Sequence[Detector]
    folds: Path | None
    channels: Sequence[Condition]
    report: Report | None
    tell: Tell

    def rows(self, source: Path) -> Iterator[Row]:
        if not names_dataset(source) and _holds_scores(source):
            yield from self._scored(source)
            return
        clips = to_score(read_manifests([source], self.tell))
        place = read_folds(self.folds) if self.folds else {}
        for number, detector in enumerate(self.detectors[1:] if self.folds else self.detectors[:1]):
            own = [clip for clip in clips if not self.folds or place.get(clip.origin) == number]
            for clip, result, _ in self._scan(own, detector) if own else ():
                yield clip, result, detector.fingerprint

    def _scored(self, source: Path) -> Iterator[Row]:
        """The scores of a validation, with what a scan measures of the files."""
        scores = read_scores(source)
        found = {(c.path, t.condition): n for n, (c, t) in enumerate(zip(scores.clips, scores.trials, strict=True))}
        for clip, result, channel in self._scan(scores.undegraded.clips, None):
            row = found.get((clip.path, channel))
            if row is None:
                raise UsageError(f"The scores {source} do not cover {channel}: slim validate --conditions makes them.")
            scored = _with_score(result, float(scores.score[row])) if result.status == "scored" else result
            yield clip, scored, scores.trials[row].model

    def _scan(self, clips: Sequence[Clip], detector: ScoresWindows | None) -> Iterator[Row]:
        """Each clip with its row of a scan, and the name of the channel it went through, empty for none."""
        places = [os.path.realpath(clip.path) for clip in clips]
        if len(set(places)) < len(places):
            twice = next(place for number, place in enumerate(places) if place in places[:number])
            raise UsageError(f"The file {twice} is listed twice; a calibration counts every file once.")
        turns = in_turn([clip.label for clip in clips], self.channels)
        with TemporaryDirectory() as folder, Decoder() as decoder:
            paths: list[Path] = []
            rows: list[FileResult | range] = []  # of a clip that cannot be read, or where those of its files stand
            for number, (clip, turn) in enumerate(zip(clips, turns, strict=True)):
                first = len(paths)
                try:
                    paths += _received(clip.path, turn, Path(folder) / str(number), decoder)
                except EvidenceError as error:
                    rows.append(FileResult(str(clip.path), error.status, error.remark))
                    continue
                rows.append(range(first, len(paths)))
            results = list(local.examine_files(paths, detector=detector, on_progress=self._progress)) if paths else []
        for clip, row, turn in zip(clips, rows, turns, strict=True):
            found = row if isinstance(row, FileResult) else max((results[at] for at in row), key=_rank)
            yield clip, found, turn.name

    def _progress(self, progress: Progress) -> None:
        if self.report:
            self.report(progress.files_done, progress.files_total)


def _rank(result: FileResult) -> float:
    """The highest channel stands for a file."""
    return -np.inf if result.score is None else result.score


def _received(path: Path, channel: Condition, stem: Path, decoder: Decoder) -> list[Path]:
    """A clip as it is; or the files that a channel makes of it, one of each of its own channels."""
    if not channel.store:
        return [path]
    made = []
    for number, samples in enumerate(read_channels(path, decoder)):
        made.append(stem.with_name(f"{stem.name}-{number}{channel.suffix}"))
        made[-1].write_bytes(channel.store(samples))
    return made


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
