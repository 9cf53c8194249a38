"""What was done in a run: the content of `run.json` (`slim-run/1`)."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

RUN_SCHEMA = "slim-run/1"
DEFAULT_ORIGIN, COMMAND_LINE = "default", "command line"  # of settings; every other origin is a file or a variable


@dataclass(frozen=True)
class RunRecord:
    """What was done, when and with what: everything a reader needs to do it again.

    Attributes:
        command: the command line, program name first.
        started: when the scan began, ISO 8601 UTC.
        finished: when it ended, ISO 8601 UTC.
        tool_version: version of this package.
        software: version of each part that takes part in the result, by name (Python, torch, decoders, system).
        model: the bundle's own account: `name`, `version`, `description`, `parameters` (number of weights), `sha256`
            (of every file in the bundle by name), `details`.
        parameters: everything else that changes results, by name.
        fingerprint: SHA-256 over model and parameters; equal to that of every result row.
        counts: number of result rows by status.
        complete: False when the scan was stopped before its end.
        files_found: how many files there are to examine; None where an older version did not tell.
        settings: `value` and `origin` (default, command line, settings file, environment variable) of every option.
        calibration: the calibration file's own account, empty where no likelihood ratio was asked for.
        controls: the control recordings as they came out at the start: name, published score, score, passed or not.
    """

    command: tuple[str, ...]
    started: str
    finished: str
    tool_version: str
    software: dict[str, str]
    model: dict[str, Any]
    parameters: dict[str, Any]
    fingerprint: str
    counts: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    files_found: int | None = None
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    controls: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> str:
        """The content of `run.json`."""
        return json.dumps({"schema": RUN_SCHEMA, **dataclasses.asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = "run.json") -> RunRecord:
        """Reads the content of `run.json`.

        Raises:
            FormatError: the text is not JSON or not such a record.
        """
        from slim_cli.loading import of_schema, parse_json, read

        return read(cls, of_schema(RUN_SCHEMA, parse_json(text, name), name), name)
