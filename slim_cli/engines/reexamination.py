"""A report done again by another: from its attachments and the evidence to one table, same or different.

Nothing but the PDF is believed: rows, configuration and calibration are taken from its attachments, the evidence is
hashed, decoded, scored and measured anew by the model that is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli.assessment.calibration import Calibration, read_calibration
from slim_cli.assessment.reference import Reference
from slim_cli.custody.printed import attachments
from slim_cli.custody.verification import find_file
from slim_cli.detector.published import fingerprint
from slim_cli.engines.examination_tools import Tools
from slim_cli.engines.examine import examine
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import ExaminationOptions
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.evidence.discovery import Candidate
from slim_cli.loading import parse_json
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord

TOLERANCE = 0.01
_NOT_REDONE = (  # where a file lay and what was done beside its examination
    *("schema", "path", "path_hex", "root", "modified", "remarks", "overview"),
    *("occlusion", "opinions", "from_ledger", "fingerprint"),
)
_WEIGHTS = (".safetensors", "config.json")


@dataclass(frozen=True)
class Attached:
    """What a report holds of its own making.

    Attributes:
        rows: its rows.
        run: its record.
        calibration: what its ratios were made with, None where it gives none.
        statistics: the error rates and reference statistics that it prints; none where an older version attached none.
    """

    rows: Sequence[FileResult]
    run: RunRecord
    calibration: Calibration | None
    statistics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """One value of a report beside the same made anew.

    Attributes:
        item: file or part of the report.
        quantity: what it is.
        reported: as the report has it.
        redone: as it came out now; None where it could not be made.
        tolerance: largest difference of numbers that counts as the same; None where both must be equal.
    """

    item: str
    quantity: str
    reported: Any
    redone: Any
    tolerance: float | None = None

    @property
    def same(self) -> bool:
        """Whether the report is borne out."""
        if self.tolerance is None or self.reported is None or self.redone is None:
            return bool(self.reported == self.redone)
        return abs(self.reported - self.redone) <= self.tolerance * max(1.0, abs(self.reported))


def read_report(pdf: Path) -> Attached:
    """Takes out of a report what it was made from.

    Raises:
        UsageError: it is no report of this tool with its attachments.
    """
    found = attachments(pdf)
    try:
        rows = [FileResult.from_json(line) for line in found["results.jsonl"].decode().splitlines()]
        run = RunRecord.from_json(found["run.json"].decode(), f"run.json of {pdf}")
    except (KeyError, UnicodeDecodeError) as error:
        raise UsageError(f"{pdf} does not hold the attachments of a report: {error}.") from error
    calibration = found.get("calibration.json")
    return Attached(
        rows,
        run,
        read_calibration(calibration, f"calibration.json of {pdf}") if calibration else None,
        parse_json(found.get("reference.json", b"{}").decode("utf-8", "replace"), f"reference.json of {pdf}"),
    )


def check_model(attached: Attached, installed: Mapping[str, str]) -> None:
    """Makes sure that the installed model is the one of the report.

    Args:
        attached: the report.
        installed: SHA-256 of the installed model's files by name.

    Raises:
        IntegrityError: it is another; names the one that is needed.
    """
    model = attached.run.model
    weights = {name: digest for name, digest in model["sha256"].items() if name.endswith(_WEIGHTS)}
    if any(installed.get(name) != digest for name, digest in weights.items()):
        needed = fingerprint(model["sha256"], model.get("plugs"))
        raise IntegrityError(
            f"The report was made with {model['name']} {model['version']}, fingerprint {needed}, and another model is "
            "installed; take it from its release by slim models pull FINGERPRINT --from DISK, and name it by --model."
        )


def redo(attached: Attached, evidence: Path, detector: Any, tolerance: float = TOLERANCE) -> Iterator[Comparison]:
    """Makes every number of a report anew.

    Args:
        attached: the report.
        evidence: folder below which the examined files lie under their names.
        detector: the model of the report.
        tolerance: for scores, ratios and measures: relative above 1, absolute below.
    """
    parameters = attached.run.parameters
    options = ExaminationOptions(
        max_duration_s=parameters.get("max_duration_s", ExaminationOptions.max_duration_s),
        min_net_speech_s=parameters["min_net_speech_s"],
        calibration=attached.calibration,
        hashes=tuple(dict.fromkeys(kind for row in attached.rows for kind in row.hashes or ())),
        stability=any(row.stability for row in attached.rows),
    )
    fingerprint = scan_fingerprint(detector, options)
    yield Comparison("pipeline", "fingerprint", attached.run.fingerprint, fingerprint)
    with Tools(detector, options, fingerprint) as tools:
        for row in attached.rows:
            yield from _compare(row, evidence, tools, tolerance)


def compare_statistics(attached: Attached, published: Reference) -> Iterator[Comparison]:
    """Every error rate and reference statistic of a report beside those that its model was published with.

    Args:
        attached: the report.
        published: of the model, which `check_model` found to be that of the report.
    """
    before, now = dict(_leaves(attached.statistics)), dict(_leaves(json.loads(published.to_json())))
    for quantity in dict.fromkeys([*before, *now]) if before else ():
        yield Comparison("error rates", quantity, before.get(quantity), now.get(quantity))


def _compare(row: FileResult, evidence: Path, tools: Tools, tolerance: float) -> Iterator[Comparison]:
    if row.sha256 is None:
        return
    path, _ = find_file(row, evidence)
    if path is None:
        yield Comparison(row.path, "file", "there", None)
        return
    before, now = (
        dict(_leaves(json.loads(made.to_json()))) for made in (row, examine(Candidate(path, row.path), tools))
    )
    for quantity in dict.fromkeys([*before, *now]):
        if quantity.split(".")[0] not in _NOT_REDONE:
            reported, redone = before.get(quantity), now.get(quantity)
            numbers = isinstance(reported, float | int) and isinstance(redone, float | int)
            yield Comparison(row.path, quantity, reported, redone, tolerance if numbers else None)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a row by its dotted name.

    >>> list(_leaves({"channels": [{"score": 1.5}], "lr": None}))
    [('channels.0.score', 1.5), ('lr', None)]
    """
    if isinstance(value, dict | list):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(entry, f"{name}.{key}" if name else str(key))
    else:
        yield name, value
