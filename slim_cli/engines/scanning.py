"""`slim scan` as a function: from evidence to an output folder with rows, log and report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from slim_cli.assessment.calibration import FILE_NAME as CALIBRATION
from slim_cli.audio.proxy import proxy_name
from slim_cli.audio.stage_times import StageTimes
from slim_cli.custody.folder import ROWS
from slim_cli.custody.ledger import Ledger
from slim_cli.custody.run import Run, open_run
from slim_cli.engines.interrupt import Stopper
from slim_cli.engines.local import FileExamination, examine_files
from slim_cli.engines.metrics_file import write_metrics
from slim_cli.engines.scan_job import ScanJob, ScanOptions, prepare
from slim_cli.engines.scan_progress import Progress
from slim_cli.engines.scan_record import begun_at, first_record, now, open_ledger, opening
from slim_cli.engines.scan_summary import ScanSummary, brief
from slim_cli.errors import EnvironmentUnfit, IntegrityError
from slim_cli.evidence.presence import EvidencePresence
from slim_cli.reporting import write
from slim_cli.reporting.receipt import exhibits_among
from slim_cli.reporting.stored_rows import StoredRows
from slim_cli.run_record import RunRecord

Tell = Callable[[str], None]


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
    job = prepare(options)
    begun, times = time.perf_counter(), StageTimes()
    summary = _carry_out(job, on_progress, tell, times)
    summary = replace(summary, seconds={**summary.seconds, "total": time.perf_counter() - begun})
    if options.metrics:
        write_metrics(summary, options.metrics)
    return summary


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
    results, changed = [brief(row) for row in run.earlier], ""
    marked_below = sum(map(job.reference.marked_below, run.earlier))
    presence = EvidencePresence(job.files.paths)
    with Stopper() as stopper:
        try:
            for result in stopper.until_stopped(rows, job.options.max_runtime_s):
                if result.status == "unreadable":
                    presence.check()
                drawn = [result.overview, proxy_name(result.overview)] if result.overview else []
                run.record(result, drawn)
                if ledger:
                    ledger.record(result)
                results.append(brief(result))
                marked_below += job.reference.marked_below(result)
        except IntegrityError as error:
            changed = str(error)
    return ScanSummary(
        results,
        None if job.case else job.reference.operating_point.score,
        run.folder,
        exhibits_among(job.case, results) if job.case else (),
        fail_on=job.options.fail_on,
        allow_errors=job.options.allow_errors,
        integrity_failure=changed,
        signal_number=stopper.signal_number,
        files_left=(rows.files_found - len(results)) if stopper.out_of_time else 0,
        seconds=dict(times.seconds),
        audio_s=times.audio_s,
        marked_below=marked_below,
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
