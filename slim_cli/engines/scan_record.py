"""What a scan tells of itself: to the log when it begins, to the record, and to the ledger."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from slim_cli import __version__, hashing
from slim_cli.custody.folder import OutputFolder
from slim_cli.custody.ledger import Ledger
from slim_cli.engines.fingerprint import recorded_parameters, scan_fingerprint, scan_parameters, side_parameters
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.engines.scan_job import ScanJob, ScanOptions
from slim_cli.engines.software_versions import software_versions
from slim_cli.reporting import load
from slim_cli.run_record import RunRecord


def begun_at(folder: OutputFolder) -> str:
    """When the run began: now, or as the record of the one that goes on says."""
    return load(folder.path)[1].started if folder.history else now()


def opening(job: ScanJob) -> dict[str, Any]:
    """What the audit log says of a scan that begins."""
    return {
        "command": list(job.options.command),
        "evidence": [str(path) for path in job.files.paths],
        "fingerprint": scan_fingerprint(job.detector, job.examination),
        "model": job.detector.info.sha256,
        "calibration": hashing.digest(job.calibration.account) if job.calibration else None,
        "configuration": hashing.digest({**scan_parameters(job.examination), **side_parameters(job.examination)}),
        "choice": job.files.account,
        "hashes": list(job.examination.hashes) or None,
    }


def open_ledger(asked: ScanOptions, detector: ScoresWindows, options: ExaminationOptions) -> Ledger | None:
    """The ledger as this pipeline asks it; for a case it only takes in what is found."""
    if asked.ledger is None:
        return None
    deciding = {**scan_parameters(options), **side_parameters(options), "review_score": options.review_score}
    pipeline = hashing.digest({"fingerprint": scan_fingerprint(detector, options), **deciding})
    ledger = Ledger(asked.ledger, pipeline, answers=asked.case is None, trust_stat=asked.trust_stat)
    ledger.connection  # noqa: B018 # why: what is no ledger is told of before anything is written
    return ledger


def first_record(job: ScanJob, started: str, files_found: int) -> RunRecord:
    """The record of a run that is not finished yet."""
    choice = {"choice": job.files.account} if job.files.account else {}
    return RunRecord(
        command=tuple(job.options.command),
        started=started,
        finished=started,
        tool_version=__version__,
        software={**software_versions(), "Device": job.detector.device},
        model=asdict(job.detector.info),
        parameters={**recorded_parameters(job.examination), **choice},
        fingerprint=scan_fingerprint(job.detector, job.examination),
        complete=False,
        files_found=files_found,
        settings=dict(job.options.settings),
        calibration=job.calibration.account if job.calibration else {},
        controls=job.controls,
    )


def now() -> str:
    """The present time, ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
