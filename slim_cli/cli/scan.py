"""`slim scan`: examine recordings and write the evidence report."""

from __future__ import annotations

import dataclasses
import os
import time
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from slim_cli.cli import archive_options as asked
from slim_cli.cli import common_options as common
from slim_cli.cli import progress, quantities
from slim_cli.cli import scan_options as given
from slim_cli.cli.bundles import DEFAULT, find_bundle
from slim_cli.cli.console import complain, open_in_browser, show
from slim_cli.cli.interrupt import Stopper
from slim_cli.cli.metrics_file import write_metrics
from slim_cli.cli.scan_output import show_table, tell_failures, tell_times
from slim_cli.cli.scan_record import begun_at, first_record, now, open_ledger, opening
from slim_cli.cli.settings import effective
from slim_cli.cli.summary import ScanSummary
from slim_cli.custody.folder import OutputFolder
from slim_cli.custody.run import Run, open_run
from slim_cli.errors import EnvironmentUnfit, IntegrityError
from slim_cli.run_record import RunRecord

if TYPE_CHECKING:
    from slim_cli.assessment.calibration import Calibration
    from slim_cli.assessment.reference import Reference
    from slim_cli.audio.stage_times import StageTimes
    from slim_cli.custody.ledger import Ledger
    from slim_cli.engines.local import FileExamination
    from slim_cli.reporting.case_file import Case


@dataclass(frozen=True)
class Request:
    """What was asked for, checked as far as that costs nothing.

    Attributes:
        paths: evidence.
        settings: value and origin of every option.
        folder: where results go.
        model: name or folder of the model.
        device: `auto`, `cpu` or `cuda:N`.
        calibration: calibration file, `none`, or None for the model's own.
        formats: files to write beside `results.jsonl`.
        sections: which files get a section in the report: `all`, `flagged` or `top:N`.
        case: what the examiner states, None for a triage.
        language: language of the report.
        options: the scan's limits and extras by the names of `ScanOptions`.
        verdict: `fail_on` and `allow_errors` of the summary.
        bar: whether progress is shown.
        archive: what large and growing archives need.
    """

    paths: list[Path]
    settings: dict[str, dict[str, Any]]
    folder: OutputFolder
    model: str
    device: str
    calibration: str | None
    formats: tuple[str, ...]
    sections: str
    case: Case | None
    language: str
    options: dict[str, Any]
    verdict: dict[str, Any]
    bar: bool
    archive: asked.Archive


def scan(
    context: typer.Context,
    paths: given.Paths = None,
    output: given.Output = None,
    model: common.Model = DEFAULT,
    device: common.Device = "auto",
    calibration: given.Calibrated = None,
    stability: given.Stability = False,
    occlusion: given.Occlusion = "flagged",
    embed_audio: given.EmbedAudio = False,
    opinion: given.Opinions = None,
    formats: common.Formats = common.DEFAULT_FORMATS,
    report: common.Sections = "top:300",
    case: given.CaseFile = None,
    language: common.Language = "en",
    fail_on: given.FailOn = None,
    allow_errors: given.AllowErrors = False,
    max_duration: given.MaxDuration = "24h",
    max_size: given.MaxSize = None,
    timeout: given.Timeout = "120s",
    track: given.Track = None,
    force: given.Force = False,
    resume: given.Resume = False,
    quiet: common.Quiet = False,
    no_progress: given.NoProgress = False,
    json_line: given.JsonLine = False,
    timings: given.Timings = False,
    open_report: common.Open = False,
    ledger: asked.LedgerFile = None,
    trust_stat: asked.TrustStat = False,
    files_from: asked.FilesFrom = None,
    since: asked.Since = None,
    include: asked.Include = None,
    exclude: asked.Exclude = None,
    shard: asked.Shard = None,
    max_runtime: asked.MaxRuntime = None,
    workers: asked.Workers = 1,
    metrics: asked.Metrics = None,
) -> None:
    """Examine recordings for signs of speech synthesis and write an evidence report."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    roots = asked.roots(paths, files_from)
    folder = given.output_folder(output, roots or [Path("list")], force, resume)
    if context.obj:
        context.obj.check_apart(roots)
    request = Request(
        paths=roots,
        settings=effective(context),
        folder=folder,
        model=model,
        device=device,
        calibration=calibration,
        formats=given.chosen_formats(formats),
        sections=report,
        case=given.find_case(case),
        language=language,
        options={
            "stability": stability,
            "occlusion": occlusion,
            "embed_audio": embed_audio,
            "max_duration_s": quantities.seconds(max_duration),
            "max_size_bytes": quantities.size(max_size) if max_size else None,
            "timeout_s": quantities.seconds(timeout),
            "track": track - 1 if track else None,
            "opinions": given.find_opinions(opinion or (), context.obj, device),
            "workers": workers,
        },
        verdict={
            "fail_on": quantities.score_threshold(fail_on) if fail_on else None,
            "allow_errors": allow_errors,
        },
        bar=not (quiet or no_progress),
        archive=asked.archive(
            ledger,
            trust_stat,
            files_from,
            since,
            include,
            exclude,
            shard,
            max_runtime,
            metrics,
            case=case is not None,
            begun_with=folder.history.opening.get("choice") if folder.history else None,
        ),
    )
    request.archive.check_apart(roots, folder.path)
    summary, output = _run(request), request.folder.path
    tell_failures(summary, output, quiet=quiet)
    if timings:
        tell_times(summary)
    if metrics:
        write_metrics(summary, metrics)
    if json_line:
        show(summary.to_json(str(output)))
    elif not quiet:
        show_table(summary, output)
    if open_report:
        open_in_browser(output)
    raise typer.Exit(summary.exit_code)


def _run(request: Request) -> ScanSummary:
    from slim_cli.assessment.reference import load_reference
    from slim_cli.audio.stage_times import StageTimes
    from slim_cli.detector import load_detector
    from slim_cli.engines.controls import passed_controls
    from slim_cli.engines.local import scan
    from slim_cli.engines.options import ScanOptions
    from slim_cli.reporting import sources
    from slim_cli.reporting.selection import check_limit
    from slim_cli.words import load_words

    check_limit(request.sections)
    load_words(request.language)
    bundle = find_bundle(request.model)
    detector, reference = load_detector(bundle, request.device), load_reference(bundle)
    controls = passed_controls(bundle, detector)
    calibration, threshold = given.find_calibration(request.calibration, bundle), reference.operating_point.score
    output = request.folder.path
    options = ScanOptions(output=output, calibration=calibration, review_score=threshold, **request.options)
    times, started, begun = StageTimes(), begun_at(request.folder), time.perf_counter()
    with progress.choose(request.bar) as display:
        earlier = request.folder.history.rows if request.folder.history else ()
        ledger = open_ledger(request, detector, options)
        rows = scan(
            request.paths,
            detector=detector,
            options=options,
            on_progress=display,
            times=times,
            earlier=earlier,
            entries=request.archive.entries(request.paths),
            ledger=ledger,
        )
        record = first_record(detector, options, calibration, started, rows.files_found, request.archive.account)
        record = dataclasses.replace(record, settings=request.settings, controls=controls)
        with open_run(request.folder) as run, closing(ledger or BytesIO()):
            _begin(run, record, reference, calibration, request, opening(request, detector, options, calibration))
            if ledger:
                ledger.of_run(run.name, started, run.earlier)
            summary = _examine(rows, run, request, reference, times, ledger)
            complete = summary.complete
            record = dataclasses.replace(record, finished=now(), counts=summary.counts, complete=complete)
            run.end(complete, len(summary.results), sources(record, reference, request.sections, request.language))
            summary = _report(summary, record, reference, request, run)
    return dataclasses.replace(summary, seconds={**summary.seconds, "total": time.perf_counter() - begun})


def _begin(
    run: Run,
    record: RunRecord,
    reference: Reference,
    calibration: Calibration | None,
    request: Request,
    opening: dict[str, Any],
) -> None:
    """Writes what a report of the run is made from, so that it can be made of an unfinished one too."""
    from slim_cli.reporting import sources

    stored = request.case.store(run.folder) if request.case else []
    texts = sources(record, reference, request.sections, request.language)
    if calibration:
        texts["calibration.json"] = calibration.content.decode()
    run.begin(record.files_found or 0, texts, stored, **opening)


def _examine(
    rows: FileExamination, run: Run, request: Request, reference: Reference, times: StageTimes, ledger: Ledger | None
) -> ScanSummary:
    from slim_cli.audio.proxy import proxy_name
    from slim_cli.reporting.stored_rows import outline

    results, changed = list(run.earlier), ""
    with Stopper() as stopper:
        try:
            for result in stopper.until_stopped(rows, request.archive.max_runtime_s):
                drawn = [result.overview, proxy_name(result.overview)] if result.overview else []
                run.record(result, drawn)
                if ledger:
                    ledger.record(result)
                results.append(outline(result))
        except IntegrityError as error:
            changed = str(error)
    return ScanSummary(
        results,
        None if request.case else reference.operating_point.score,
        **request.verdict,
        integrity_failure=changed,
        signal_number=stopper.signal_number,
        files_left=(rows.files_found - len(results)) if stopper.out_of_time else 0,
        seconds=dict(times.seconds),
        audio_s=times.audio_s,
    )


def _report(summary: ScanSummary, record: RunRecord, reference: Reference, request: Request, run: Run) -> ScanSummary:
    from slim_cli.custody.folder import ROWS
    from slim_cli.reporting import write
    from slim_cli.reporting.stored_rows import StoredRows

    if not summary.results:
        return summary
    if summary.signal_number is not None:
        complain(f"Stopped; writing the report of the {len(summary.results)} finished files (Ctrl-C again: no report).")
    begun = time.perf_counter()
    try:
        write(
            StoredRows(run.folder / ROWS),
            record,
            reference,
            request.folder.path,
            request.formats,
            limit=request.sections,
            case=request.case,
            language=request.language,
        )
        run.close("report_written")
    except EnvironmentUnfit as error:
        summary = dataclasses.replace(summary, environment_failure=str(error))
        run.close("report_failed", reason=str(error))
    return dataclasses.replace(summary, seconds={**summary.seconds, "report": time.perf_counter() - begun})
