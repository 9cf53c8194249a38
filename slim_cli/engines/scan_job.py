"""What a scan is asked for, and the same with all that it needs at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli.assessment.calibration import FILE_NAME as CALIBRATION
from slim_cli.assessment.calibration import Calibration, load_calibration
from slim_cli.assessment.reference import Reference, load_reference
from slim_cli.custody.folder import OutputFolder, new_folder
from slim_cli.detector import Detector, load_detector
from slim_cli.detector.opinions import load_opinion
from slim_cli.engines.chosen_files import ChosenFiles, FileSelection, choose_files
from slim_cli.engines.controls import passed_controls
from slim_cli.engines.options import LOCAL, ExaminationLimits, ExaminationOptions
from slim_cli.errors import UsageError
from slim_cli.reporting import FORMATS, sources
from slim_cli.reporting.case_file import Case, load_case
from slim_cli.reporting.selection import DEFAULT, Style, check_limit
from slim_cli.reporting.writers import get_writer
from slim_cli.resources import DEFAULT_MODEL, find_bundle
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from slim_cli.words import load_words

NO_CALIBRATION = "none"


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
        formats: files to write beside `results.jsonl`, any of `slim_cli.output_formats.OUTPUT_FORMATS`.
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
        if self.ledger and self.engine != LOCAL:
            raise UsageError("A ledger is a file of one machine, which a cluster cannot share; leave out --ledger.")
        if self.output is None and (self.force or self.resume):
            raise UsageError(
                f"--{'force' if self.force else 'resume'} needs the folder of the earlier scan: --output DIR."
            )


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


def prepare(options: ScanOptions) -> ScanJob:
    """Checks all that is cheap, then loads what is costly.

    Raises:
        UsageError: evidence or an option cannot be used.
        EnvironmentUnfit: a part of the installation is missing.
        IntegrityError: the model is not as it was published, or the run that goes on was changed.
    """
    folder = OutputFolder(
        options.output or new_folder(options.paths or [Path((options.remote or ["list"])[0])]),
        options.force,
        options.resume,
    )
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
