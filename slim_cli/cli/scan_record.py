"""What a scan tells of itself: to the log when it begins, to the record, and to the ledger."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from slim_cli import __version__, hashing
from slim_cli.custody.folder import OutputFolder
from slim_cli.run_record import RunRecord

if TYPE_CHECKING:
    from slim_cli.assessment.calibration import Calibration
    from slim_cli.cli.scan import Request
    from slim_cli.custody.ledger import Ledger
    from slim_cli.engines.options import ScanOptions


def begun_at(folder: OutputFolder) -> str:
    """When the run began: now, or as the record of the one that goes on says."""
    from slim_cli.reporting import load

    return load(folder.path)[1].started if folder.history else now()


def opening(request: Request, detector: Any, options: ScanOptions, calibration: Calibration | None) -> dict[str, Any]:
    """What the audit log says of a scan that begins."""
    from slim_cli.engines.fingerprint import scan_fingerprint, scan_parameters, side_parameters

    return {
        "command": ["slim", *sys.argv[1:]],
        "evidence": [str(path) for path in request.paths],
        "fingerprint": scan_fingerprint(detector, options),
        "model": detector.info.sha256,
        "calibration": hashing.digest(calibration.account) if calibration else None,
        "configuration": hashing.digest({**scan_parameters(options), **side_parameters(options)}),
        "choice": request.archive.account,
    }


def open_ledger(request: Request, detector: Any, options: ScanOptions) -> Ledger | None:
    """The ledger as this pipeline asks it; for a case it only takes in what is found."""
    from slim_cli.custody.ledger import Ledger
    from slim_cli.engines.fingerprint import scan_fingerprint, scan_parameters, side_parameters

    asked = request.archive
    if asked.ledger is None:
        return None
    deciding = {**scan_parameters(options), **side_parameters(options), "review_score": options.review_score}
    pipeline = hashing.digest({"fingerprint": scan_fingerprint(detector, options), **deciding})
    ledger = Ledger(asked.ledger, pipeline, answers=request.case is None, trust_stat=asked.trust_stat)
    ledger.connection  # noqa: B018 # why: what is no ledger is told of before anything is written
    return ledger


def first_record(
    detector: Any,
    options: ScanOptions,
    calibration: Calibration | None,
    started: str,
    files_found: int,
    choice: dict[str, Any],
) -> RunRecord:
    """The record of a run that is not finished yet."""
    from slim_cli.cli.software import software_versions
    from slim_cli.engines.fingerprint import recorded_parameters, scan_fingerprint

    return RunRecord(
        command=("slim", *sys.argv[1:]),
        started=started,
        finished=started,
        tool_version=__version__,
        software={**software_versions(), "Device": detector.device},
        model=dataclasses.asdict(detector.info),
        parameters={
            **recorded_parameters(options),
            **({"choice": choice} if choice else {}),
        },
        fingerprint=scan_fingerprint(detector, options),
        complete=False,
        files_found=files_found,
        calibration=calibration.account if calibration else {},
    )


def now() -> str:
    """The present time, ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
