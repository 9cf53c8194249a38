"""`slim scan`: examine recordings and write the evidence report."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli import __version__
from slim_cli.cli import progress, quantities
from slim_cli.cli.bundles import DEFAULT, find_bundle
from slim_cli.cli.console import complain, is_looked_at, show
from slim_cli.cli.interrupt import Stopper
from slim_cli.cli.outputs import Journal, OutputFolder
from slim_cli.cli.summary import TABLE_ROWS, Summary
from slim_cli.errors import EnvironmentUnfit, IntegrityError, UsageError
from slim_cli.results import FileResult, RunRecord

if TYPE_CHECKING:
    from slim_cli.assessment.reference import Reference
    from slim_cli.reporting.case import Case
    from slim_cli.scanning import ScanOptions, StageTimes

FORMATS = ("html", "pdf", "csv", "jsonl")


@dataclass(frozen=True)
class Request:
    """What was asked for, checked as far as that costs nothing.

    Attributes:
        paths: evidence.
        folder: where results go.
        model: name or folder of the model.
        device: `auto`, `cpu` or `cuda:N`.
        formats: files to write beside `results.jsonl`.
        sections: which files get a section in the report: `all`, `flagged` or `top:N`.
        case: what the examiner states, None for a triage.
        language: language of the report.
        limits: the scan's limits by the names of `ScanOptions`.
        verdict: `fail_on` and `allow_errors` of the summary.
        bar: whether progress is shown.
    """

    paths: list[Path]
    folder: OutputFolder
    model: str
    device: str
    formats: tuple[str, ...]
    sections: str
    case: Case | None
    language: str
    limits: dict[str, Any]
    verdict: dict[str, Any]
    bar: bool


def scan(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to examine; folders with all they hold.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for report and results, outside the evidence.")
    ],
    model: Annotated[str, typer.Option(help="Bundled model or folder of a bundle.")] = DEFAULT,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    formats: Annotated[
        str, typer.Option("--format", help="Which to write, separated by commas; results.jsonl always is.")
    ] = ",".join(FORMATS),
    report: Annotated[str, typer.Option(help="Files with a section of their own: all, flagged or top:N.")] = "top:300",
    case: Annotated[
        Path | None, typer.Option(help="Case file (slim case new): write an evaluation in place of a triage.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the report: en or de.")] = "en",
    fail_on: Annotated[str | None, typer.Option(help="Exit with 1 if a file reaches this, e.g. 'score>=2'.")] = None,
    allow_errors: Annotated[bool, typer.Option(help="Do not exit with 3 for files that cannot be examined.")] = False,
    max_duration: Annotated[str, typer.Option(help="Leave out the audio of a file beyond this, e.g. 30m.")] = "24h",
    max_size: Annotated[str | None, typer.Option(help="Refuse larger files, e.g. 2G.")] = None,
    timeout: Annotated[str, typer.Option(help="Longest wait for the decoder, e.g. 60s.")] = "120s",
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier scan.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress.")] = False,
    json_line: Annotated[bool, typer.Option("--json", help="Print one JSON line in place of the table.")] = False,
    timings: Annotated[bool, typer.Option("--timings", help="Print the time that each stage took.")] = False,
) -> None:
    """Examine recordings for signs of speech synthesis and write an evidence report."""
    request = Request(
        paths=paths,
        folder=OutputFolder(output, force),
        model=model,
        device=device,
        formats=_formats(formats),
        sections=report,
        case=_case(case),
        language=language,
        limits={
            "max_duration_s": quantities.seconds(max_duration),
            "max_size_bytes": quantities.size(max_size) if max_size else None,
            "timeout_s": quantities.seconds(timeout),
        },
        verdict={
            "fail_on": quantities.score_threshold(fail_on) if fail_on else None,
            "allow_errors": allow_errors,
        },
        bar=not (quiet or no_progress),
    )
    summary = _run(request)
    _tell(summary, output, quiet=quiet)
    if timings:
        _tell_times(summary)
    if json_line:
        show(summary.to_json(str(output)))
    elif not quiet:
        _show_table(summary, request)
    raise typer.Exit(summary.exit_code)


def _case(path: Path | None) -> Case | None:
    from slim_cli.reporting.case import load_case

    return load_case(path) if path else None


def _formats(text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in FORMATS]
    if unknown or not chosen:
        raise UsageError(f"--format takes one or more of {','.join(FORMATS)}; it was given {text!r}.")
    return chosen


def _run(request: Request) -> Summary:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from slim_cli.assessment.reference import load_reference
    from slim_cli.detector import load_detector
    from slim_cli.reporting.selection import check_limit
    from slim_cli.reporting.words import load_words
    from slim_cli.scanning import ScanOptions, StageTimes, scan

    check_limit(request.sections)
    load_words(request.language)
    bundle = find_bundle(request.model)
    detector, reference = load_detector(bundle, request.device), load_reference(bundle)
    options = ScanOptions(output=request.folder.path, **request.limits)
    times, started, begun = StageTimes(), _now(), time.perf_counter()
    with progress.choose(request.bar) as display:
        rows = scan(request.paths, detector=detector, options=options, on_progress=display, times=times)
        request.folder.prepare()
        summary = _examine(rows, request, reference, times)
    record = _record(detector, options, summary, started)
    summary = _report(summary, record, reference, request)
    return dataclasses.replace(summary, seconds={**summary.seconds, "total": time.perf_counter() - begun})


def _examine(rows: Iterator[FileResult], request: Request, reference: Reference, times: StageTimes) -> Summary:
    results: list[FileResult] = []
    changed = ""
    with Stopper() as stopper, Journal(request.folder.path) as journal:
        try:
            for result in stopper.until_stopped(rows):
                journal.append(result)
                results.append(result)
        except IntegrityError as error:
            changed = str(error)
    return Summary(
        results,
        reference.operating_point.score,
        **request.verdict,
        integrity_failure=changed,
        signal_number=stopper.signal_number,
        seconds=dict(times.seconds),
        audio_s=times.audio_s,
    )


def _report(summary: Summary, record: RunRecord, reference: Reference, request: Request) -> Summary:
    from slim_cli.reporting import write

    if not summary.results:
        return summary
    if summary.signal_number is not None:
        complain(f"Stopped; writing the report of the {len(summary.results)} finished files (Ctrl-C again: no report).")
    begun = time.perf_counter()
    try:
        write(
            summary.results,
            record,
            reference,
            request.folder.path,
            request.formats,
            limit=request.sections,
            case=request.case,
            language=request.language,
        )
    except EnvironmentUnfit as error:
        summary = dataclasses.replace(summary, environment_failure=str(error))
    return dataclasses.replace(summary, seconds={**summary.seconds, "report": time.perf_counter() - begun})


def _record(detector: Any, options: ScanOptions, summary: Summary, started: str) -> RunRecord:
    from slim_cli.cli.software import software_versions
    from slim_cli.scanning import scan_fingerprint, scan_parameters

    return RunRecord(
        command=("slim", *sys.argv[1:]),
        started=started,
        finished=_now(),
        tool_version=__version__,
        software={**software_versions(), "Device": detector.device},
        model=dataclasses.asdict(detector.info),
        parameters=scan_parameters(options),
        fingerprint=scan_fingerprint(detector, options),
        counts=summary.counts,
        complete=summary.signal_number is None,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _tell(summary: Summary, output: Path, quiet: bool) -> None:
    for failure in filter(None, (summary.integrity_failure, summary.environment_failure)):
        complain(failure)
    for result in [] if quiet else summary.not_examined[:TABLE_ROWS]:
        complain(f"not examined: {result.path}: {result.reason} ({result.status})")
    hidden = len(summary.not_examined) - TABLE_ROWS
    if hidden > 0 and not quiet:
        complain(f"not examined: {hidden} more; {output / 'results.jsonl'} names them all")


def _tell_times(summary: Summary) -> None:
    total = summary.seconds["total"]
    for stage, value in summary.seconds.items():
        rate = f"{summary.audio_s / value:8.1f} × real time" if value and summary.audio_s else ""
        print(f"{stage:<10} {value:8.2f} s {100 * value / total:5.1f} % {rate}", file=sys.stderr)


def _show_table(summary: Summary, request: Request) -> None:
    lines = summary.sentences()
    if len(summary.results) > TABLE_ROWS:
        lines.insert(0, f"The table shows {TABLE_ROWS} of {len(summary.results)} files; results.jsonl holds all.")
    written = [p for p in sorted(request.folder.path.iterdir()) if p.is_file()]
    lines.append("Written: " + ", ".join(str(p) for p in written))
    show(summary.table(plain=not is_looked_at()), "", *lines)
