"""`slim scan` as a function: from evidence to an output folder with rows, log and report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slim_cli.assessment.calibration import FILE_NAME as CALIBRATION
from slim_cli.assessment.calibration import Calibration, load_calibration
from slim_cli.assessment.reference import Reference, load_reference
from slim_cli.audio.proxy import proxy_name
from slim_cli.audio.stage_times import StageTimes
from slim_cli.custody.folder import ROWS, OutputFolder, new_folder
from slim_cli.custody.ledger import Ledger
from slim_cli.custody.run import Run, open_run
from slim_cli.detector import Detector, load_detector
from slim_cli.detector.opinions import load_opinion
from slim_cli.engines.chosen_files import ChosenFiles, FileSelection, choose_files
from slim_cli.engines.controls import passed_controls
from slim_cli.engines.interrupt import Stopper
from slim_cli.engines.local import FileExamination, examine_files
from slim_cli.engines.metrics_file import write_metrics
from slim_cli.engines.options import ExaminationLimits, ExaminationOptions
from slim_cli.engines.scan_progress import Progress
from slim_cli.engines.scan_record import begun_at, first_record, now, open_ledger, opening
from slim_cli.engines.scan_summary import ScanSummary
from slim_cli.errors import EnvironmentUnfit, IntegrityError, UsageError
from slim_cli.reporting import FORMATS, sources, write
from slim_cli.reporting.case_file import Case, load_case
from slim_cli.reporting.selection import DEFAULT, Style, check_limit
from slim_cli.reporting.stored_rows import StoredRows, outline
from slim_cli.reporting.writers import get_writer
from slim_cli.resources import DEFAULT_MODEL, find_bundle
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from slim_cli.words import load_words

NO_CALIBRATION = "none"
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ScanOptions(FileSelection, ExaminationLimits):
    """Which files are scanned, how, and what is written.

    Attributes:
        output: folder for report and results, outside the evidence; None for a new `slim-reports/<date>-<folder>`.
        force: whether the results of an earlier scan there are replaced.
        resume: whether an unfinished scan there goes on.
        model: name, folder or fingerprint of the model.
        device: `auto`, `cpu` or `cuda:N`.
        calibration: calibration file, `none`, or None for the model's own where it has one.
        opinions: second opinions by name, each with its table of the settings file.
        formats: files to write beside `results.jsonl`, any of `slim_cli.reporting.writers.WRITERS`.
        sections: which files get a section of the report: `all`, `flagged`, `new` or `top:N`.
        case: case file of an evaluation; None for a triage.
        language: language of the report, one of `slim_cli.words.languages()`.
        ledger: file of what earlier scans found; None for none.
        trust_stat: whether the ledger's hash is taken for a file of which size, times and inode are as they were.
        max_runtime_s: begin no file later, seconds; None for no limit.
        metrics: file for Prometheus; None for none.
        fail_on: score from which a file makes the exit code 1; None for none.
        allow_errors: whether files that could not be examined leave the exit code alone.
        command: the command line, for log and record.
        settings: value and origin of every option that was given, for the record.
    """

    output: Path | None = None
    force: bool = False
    resume: bool = False
    model: str = DEFAULT_MODEL
    device: str = "auto"
    calibration: str | None = None
    opinions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    formats: Sequence[str] = FORMATS
    sections: str = DEFAULT
    case: Path | None = None
    language: str = "en"
    occlusion: str = "flagged"
    ledger: Path | None = None
    trust_stat: bool = False
    max_runtime_s: float | None = None
    metrics: Path | None = None
    fail_on: float | None = None
    allow_errors: bool = False
    command: Sequence[str] = ()
    settings: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        FileSelection.__post_init__(self)
        ExaminationLimits.__post_init__(self)
        if self.trust_stat and (self.case or not self.ledger):
            raise UsageError(
                "--trust-stat takes hashes from a ledger: give --ledger, and for a case have every file hashed."
            )
        if self.output is None and (self.force or self.resume):
            raise UsageError(
                f"--{'force' if self.force else 'resume'} needs the folder of the earlier scan: --output DIR."
            )


def scan(
    options: ScanOptions,
    on_progress: Callable[[Progress], None] | None = None,
    tell: Tell = lambda notice: None,
) -> ScanSummary:
    """Examines recordings for signs of speech synthesis and writes rows, log and report into an output folder.

    A file that cannot be examined is a row with a status and a reason. Ctrl-C and SIGTERM end the scan between two
    files; the report of those that are finished is written, and the scan can go on later.

    Args:
        options: what is scanned, how, and what is written.
        on_progress: called as the scan goes on.
        tell: called with notices.

    Raises:
        UsageError: at once: evidence or an option cannot be used.
        EnvironmentUnfit: at once: a part of the installation is missing.
        IntegrityError: at once: the model is not as it was published, or the run that goes on was changed.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    job = _prepare(options)
    begun, times = time.perf_counter(), StageTimes()
    summary = _carry_out(job, on_progress, tell, times)
    summary = replace(summary, seconds={**summary.seconds, "total": time.perf_counter() - begun})
    if options.metrics:
        write_metrics(summary, options.metrics)
    return summary


@dataclass(frozen=True)
class ScanJob:
    """A scan of which all that is cheap was checked and all that is costly loaded."""

    options: ScanOptions
    files: ChosenFiles
    folder: OutputFolder
    case: Case | None
    detector: Detector
    reference: Reference
    calibration: Calibration | None
    examination: ExaminationOptions
    controls: tuple[dict[str, Any], ...]

    def sources(self, record: RunRecord) -> dict[str, str]:
        """What a report of the run is made from beside rows and case, text by file name."""
        return sources(record, self.reference, self.style)

    @property
    def style(self) -> Style:
        """What the report is to be."""
        return Style(self.options.sections, self.case, self.options.language)

    @property
    def history(self) -> Sequence[FileResult]:
        """Rows of the run that goes on, none for a new one."""
        return self.folder.history.rows if self.folder.history else ()


def _prepare(options: ScanOptions) -> ScanJob:
    folder = OutputFolder(options.output or new_folder(options.paths or [Path("list")]), options.force, options.resume)
    for name in options.formats:
        get_writer(name)
    case = load_case(options.case) if options.case else None
    opinions = tuple(load_opinion(name, dict(table), options.device) for name, table in options.opinions.items())
    files = choose_files(options, folder.history.opening.get("choice") if folder.history else None)
    files.check_apart(folder.path, [file for file in (options.ledger, options.metrics) if file])
    check_limit(options.sections)
    load_words(options.language)
    bundle = find_bundle(options.model)
    detector, reference = load_detector(bundle, options.device), load_reference(bundle)
    calibration = find_calibration(options.calibration, bundle)
    examination = ExaminationOptions.within(
        options,
        output=folder.path,
        calibration=calibration,
        review_score=reference.operating_point.score,
        opinions=opinions,
        hashes=case.other_hashes if case else (),
    )
    controls = passed_controls(bundle, detector)
    return ScanJob(options, files, folder, case, detector, reference, calibration, examination, controls)


def find_calibration(asked: str | None, bundle: Path) -> Calibration | None:
    """The calibration asked for; without a wish, the bundle's own where it has one.

    Args:
        asked: a file, `none`, or None for no wish.
        bundle: the model's folder.

    Raises:
        UsageError: the file is missing or no calibration.
    """
    if asked == NO_CALIBRATION or (asked is None and not (bundle / CALIBRATION).is_file()):
        return None
    return load_calibration(Path(asked) if asked else bundle / CALIBRATION)


def _carry_out(
    job: ScanJob, on_progress: Callable[[Progress], None] | None, tell: Tell, times: StageTimes
) -> ScanSummary:
    options, started = job.options, begun_at(job.folder)
    with ExitStack() as open_now:
        ledger = open_ledger(options, job.detector, job.examination)
        if ledger:
            open_now.callback(ledger.close)
        rows = examine_files(
            job.files.paths,
            detector=job.detector,
            options=job.examination,
            on_progress=on_progress,
            times=times,
            earlier=job.history,
            entries=job.files.entries(),
            ledger=ledger,
        )
        record = first_record(job, started, rows.files_found)
        run = open_now.enter_context(open_run(job.folder))
        _begin(run, job, record)
        if ledger:
            ledger.of_run(run.name, started, run.earlier)
        summary = _examine(rows, run, job, times, ledger)
        record = replace(record, finished=now(), counts=summary.counts, complete=summary.complete)
        run.end(summary.complete, len(summary.results), job.sources(record))
        return _report(summary, record, job, run, tell)


def _begin(run: Run, job: ScanJob, record: RunRecord) -> None:
    """Writes what a report of the run is made from, so that it can be made of an unfinished one too."""
    stored = job.case.store(run.folder) if job.case else []
    texts = job.sources(record)
    if job.calibration:
        texts[CALIBRATION] = job.calibration.content.decode()
    run.begin(record.files_found or 0, texts, stored, **opening(job))


def _examine(rows: FileExamination, run: Run, job: ScanJob, times: StageTimes, ledger: Ledger | None) -> ScanSummary:
    results, changed = list(run.earlier), ""
    with Stopper() as stopper:
        try:
            for result in stopper.until_stopped(rows, job.options.max_runtime_s):
                drawn = [result.overview, proxy_name(result.overview)] if result.overview else []
                run.record(result, drawn)
                if ledger:
                    ledger.record(result)
                results.append(outline(result))
        except IntegrityError as error:
            changed = str(error)
    return ScanSummary(
        results,
        None if job.case else job.reference.operating_point.score,
        run.folder,
        fail_on=job.options.fail_on,
        allow_errors=job.options.allow_errors,
        integrity_failure=changed,
        signal_number=stopper.signal_number,
        files_left=(rows.files_found - len(results)) if stopper.out_of_time else 0,
        seconds=dict(times.seconds),
        audio_s=times.audio_s,
    )


def _report(summary: ScanSummary, record: RunRecord, job: ScanJob, run: Run, tell: Tell) -> ScanSummary:
    if not summary.results:
        return summary
    if summary.signal_number is not None:
        tell(f"Stopped; writing the report of the {len(summary.results)} finished files (Ctrl-C again: no report).")
    begun = time.perf_counter()
    try:
        write(StoredRows(run.folder / ROWS), record, job.reference, run.folder, job.options.formats, job.style)
        run.close("report_written")
    except EnvironmentUnfit as error:
        summary = replace(summary, environment_failure=str(error))
        run.close("report_failed", reason=str(error))
    return replace(summary, seconds={**summary.seconds, "report": time.perf_counter() - begun})
