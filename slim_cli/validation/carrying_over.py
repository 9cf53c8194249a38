"""A calibration carried over to a pipeline that scores as the one it was fitted for: compared by file, and logged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slim_cli import __version__, hashing
from slim_cli.assessment.calibration import MIN_CARRIED, CarryOver, load_calibration
from slim_cli.engines import local
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.engines.scan_progress import Progress
from slim_cli.errors import UsageError
from slim_cli.results import FileResult
from slim_cli.validation.calibration_file import write_calibration

DECIMALS = 4  # those that results hold


@dataclass(frozen=True)
class CarryOverOptions:
    """What is carried over, and what shows that it may be.

    Attributes:
        calibration: the calibration file.
        before: rows of a scan by the pipeline that it holds for (`results.jsonl`).
        evidence: the same files, to be scored again.
        bundle: folder of the bundle that scores them.
        device: `auto`, `cpu` or `cuda:N`.
    """

    calibration: Path
    before: Path
    evidence: tuple[Path, ...]
    bundle: Path
    device: str = "auto"


def carry_over(
    options: CarryOverOptions, output: Path, report: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Scores files again and, where at least 300 score as before and none otherwise, logs that in the calibration.

    The fitted line, its bounds and the fingerprint it was fitted for stay as they are.

    Args:
        options: what is carried over, and what shows that it may be.
        output: the calibration file to write.
        report: called with (files scored, files in all).

    Returns:
        content of the file.

    Raises:
        UsageError: the rows are of another pipeline, too few, or a file scores otherwise now.
    """
    from slim_cli.detector import load_detector

    calibration = load_calibration(options.calibration)
    holds_for = (calibration.fingerprint, *calibration.carried_over)
    rows = _rows(options.before, holds_for)
    detector = load_detector(options.bundle, options.device)
    target = scan_fingerprint(detector, ExaminationOptions())
    if target in holds_for:
        raise UsageError(f"{options.calibration} holds for this pipeline already ({target[:12]}).")
    equal = _equal(rows, detector, options, report)
    entry = CarryOver(
        next(iter(rows.values())).fingerprint,
        target,
        datetime.now(UTC).isoformat(timespec="seconds"),
        __version__,
        len(equal),
        hashing.digest(sorted(equal.items())),
    )
    content: dict[str, Any] = json.loads(options.calibration.read_bytes())
    content["carried_over"] = [*content.get("carried_over", []), asdict(entry)]
    write_calibration(output, content, options.bundle)
    return content


def _rows(before: Path, holds_for: tuple[str, ...]) -> dict[str, FileResult]:
    """The scored rows by the hash of their file."""
    try:
        lines = before.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The rows {before} cannot be read: {error}.") from error
    rows = [FileResult.from_json(line, str(before)) for line in lines]
    found = {row.sha256: row for row in rows if row.score is not None and row.sha256}
    if len(found) < MIN_CARRIED:
        raise UsageError(f"{before} holds {len(found)} scored files; {MIN_CARRIED} different ones are needed.")
    prints = {row.fingerprint for row in found.values()}
    if len(prints) > 1 or not prints <= set(holds_for):
        raise UsageError(f"The rows {before} are of another pipeline than the calibration holds for.")
    return found


def _equal(
    rows: dict[str, FileResult],
    detector: ScoresWindows,
    options: CarryOverOptions,
    report: Callable[[int, int], None] | None,
) -> dict[str, float]:
    """The files that score as before, by hash."""

    def told(progress: Progress) -> None:
        if report:
            report(progress.files_done, progress.files_total)

    equal: dict[str, float] = {}
    other: list[str] = []
    for row in local.examine_files(options.evidence, detector=detector, on_progress=told):
        before = rows.get(row.sha256 or "")
        if before is None or before.score is None:
            continue
        score = None if row.score is None else round(row.score, DECIMALS)
        if score == before.score:
            equal[row.sha256 or ""] = before.score
        else:
            other.append(f"{row.path}: {before.score} before, {score} now")
    if other:
        raise UsageError(
            f"{len(other)} of {len(other) + len(equal)} files score otherwise now ({other[0]}): fit a calibration anew."
        )
    if len(equal) < MIN_CARRIED:
        raise UsageError(f"{len(equal)} of these files were scored before; {MIN_CARRIED} are needed.")
    return equal
