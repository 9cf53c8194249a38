"""Control recordings: two files of known score, examined like evidence before any evidence is (ISO/IEC 17025, 7.7)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slim_cli.engines.examination_tools import Tools
from slim_cli.engines.examine import examine
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.errors import EnvironmentUnfit
from slim_cli.evidence.discovery import Candidate
from slim_cli.loading import of_schema, parse_json, read
from slim_cli.resources import models_dir
from slim_cli.results import FileResult

SCHEMA = "slim-controls/1"
FILE_NAME = "controls.json"
FOLDER = "controls"


@dataclass(frozen=True)
class Control:
    """A recording and what a model says of it.

    Attributes:
        recording: file below `models/controls`.
        sha256: of its bytes.
        score: published score (log-odds, positive = synthetic).
        mismatch: published mismatch.
    """

    recording: str
    sha256: str
    score: float
    mismatch: float


@dataclass(frozen=True)
class Controls:
    """The controls that a bundle publishes.

    Attributes:
        controls: the recordings with their values.
        tolerance: largest difference of score and mismatch that counts as the same.
    """

    controls: tuple[Control, ...]
    tolerance: float = 0.01


@dataclass(frozen=True)
class ControlOutcome:
    """A control as it came out here.

    Attributes:
        recording: file below `models/controls`.
        published: score as published.
        score: score as measured here; None where there was none.
        passed: whether file, score and mismatch are as published.
    """

    recording: str
    published: float
    score: float | None
    passed: bool

    @property
    def measured(self) -> str:
        """The score measured here, in words."""
        return "no score" if self.score is None else f"{self.score:+.4f}"


def load_controls(bundle: Path) -> Controls | None:
    """The controls of a bundle, None where it publishes none.

    Raises:
        FormatError: the file cannot be read.
    """
    path = bundle / FILE_NAME
    if not path.is_file():
        return None
    data = parse_json(path.read_text(encoding="utf-8"), str(path))
    return read(Controls, of_schema(SCHEMA, data, str(path)), str(path))


def run_controls(controls: Controls, detector: ScoresWindows) -> Iterator[ControlOutcome]:
    """Examines each control recording as evidence is examined, without pictures and ratios."""
    for control, row in zip(controls.controls, _examined(detector), strict=True):
        passed = row.path == control.recording and row.sha256 == control.sha256
        for measured, published in ((row.score, control.score), (row.mismatch, control.mismatch)):
            passed = passed and measured is not None and abs(measured - published) <= controls.tolerance
        yield ControlOutcome(control.recording, control.score, row.score, passed)


def passed_controls(bundle: Path, detector: ScoresWindows) -> tuple[dict[str, Any], ...]:
    """The controls of a bundle as they came out here, for the record; none where it publishes none.

    Raises:
        EnvironmentUnfit: one is not as published.
    """
    controls = load_controls(bundle)
    outcomes = list(run_controls(controls, detector)) if controls else []
    check_controls(outcomes)
    return tuple(asdict(outcome) for outcome in outcomes)


def publish_controls(bundle: Path, detector: ScoresWindows) -> Controls:
    """Writes down what a new bundle says of the control recordings.

    Raises:
        EnvironmentUnfit: it gives one of them no score.
    """
    rows = list(_examined(detector))
    if any(row.score is None for row in rows):
        raise EnvironmentUnfit("A control recording got no score, so none is published.")
    found = ((r.path, r.sha256 or "", round(r.score or 0.0, 4), round(r.mismatch or 0.0, 4)) for r in rows)
    made = Controls(tuple(Control(*values) for values in found))
    text = json.dumps({"schema": SCHEMA, **asdict(made)}, indent=1) + "\n"
    (bundle / FILE_NAME).write_text(text, encoding="utf-8")
    return made


def check_controls(outcomes: Sequence[ControlOutcome]) -> None:
    """Ends the work where a control is not as published.

    Raises:
        EnvironmentUnfit: one is not; names it with both scores.
    """
    for outcome in outcomes:
        if not outcome.passed:
            raise EnvironmentUnfit(
                f"The control recording {outcome.recording} gave {outcome.measured} here, published is "
                f"{outcome.published:+.4f}: this installation does not measure as published (see slim models check)."
            )


def _examined(detector: ScoresWindows) -> Iterator[FileResult]:
    with Tools(detector, ExaminationOptions()) as tools:
        for path in sorted((models_dir() / FOLDER).glob("*.flac")):
            yield examine(Candidate(path, path.name), tools)
