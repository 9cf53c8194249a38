"""What a scan came to: its rows, counts, exit code and the line for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slim_cli import __version__
from slim_cli.results import STATUSES, ChannelResult, FileResult

SCHEMA = "slim-summary/1"
NOT_EXAMINED = ("decode_failed", "unreadable", "refused")


def brief(row: FileResult) -> FileResult:
    """What the end of a scan says of a file, of which there may be very many."""
    kept = (ChannelResult(c.index, "", c.net_speech_s, c.score, c.mismatch) for c in row.channels)
    told = (
        "path",
        "sha256",
        "hashes",
        "status",
        "reason",
        "remarks",
        "score",
        "mismatch",
        "lr_status",
        "lr",
        "from_ledger",
    )
    return FileResult(channels=tuple(kept), **{name: getattr(row, name) for name in told})


@dataclass(frozen=True)
class ScanSummary:
    """The end of a scan.

    Attributes:
        results: every row written, as `brief` keeps it.
        review_score: score from which the model's reference suggests a review (log-odds); None in an evaluation, which
            marks no file.
        output: the output folder.
        exhibits: the rows that an evaluation is about; none in a triage.
        fail_on: score asked for by `--fail-on`, None when not asked.
        allow_errors: whether files that could not be examined leave the exit code alone.
        integrity_failure: what changed that must not, in words; empty if nothing did.
        environment_failure: what the installation could not do, in words; empty if nothing.
        signal_number: the signal that stopped the scan, None when none did.
        files_left: how many files are left because the time was over.
        seconds: wall time by stage, with `total`.
        audio_s: decoded audio, seconds.
        marked_below: files with a stretch that is marked to be heard first, below the review threshold as a whole.
    """

    results: Sequence[FileResult]
    review_score: float | None
    output: Path
    exhibits: Sequence[FileResult] = ()
    fail_on: float | None = None
    allow_errors: bool = False
    integrity_failure: str = ""
    environment_failure: str = ""
    signal_number: int | None = None
    files_left: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    audio_s: float = 0.0
    marked_below: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by status."""
        found = Counter(r.status for r in self.results)
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def not_examined(self) -> list[FileResult]:
        """Rows of files that could not be examined."""
        return [r for r in self.results if r.status in NOT_EXAMINED]

    def at_or_above(self, score: float | None) -> int:
        """Number of files with at least a score."""
        return sum(r.score is not None and score is not None and r.score >= score for r in self.results)

    @property
    def from_ledger(self) -> int:
        """Number of files whose content an earlier run, or an earlier file of this one, had examined."""
        return sum(r.from_ledger is not None for r in self.results)

    @property
    def complete(self) -> bool:
        """Whether the scan ran to its end."""
        return self.signal_number is None and not self.files_left

    @property
    def exit_code(self) -> int:
        """What the command leaves with; the gravest reason wins."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        reasons = (
            (4, bool(self.integrity_failure)),
            (5, bool(self.environment_failure)),
            (1, self.at_or_above(self.fail_on) > 0),
            (6, self.files_left > 0),
            (3, bool(self.not_examined) and not self.allow_errors),
        )
        return next((code for code, applies in reasons if applies), 0)

    def to_json(self) -> str:
        """The line for machines; it carries every flag, whichever decided the exit code."""
        line: dict[str, Any] = {
            "schema": SCHEMA,
            "version": __version__,
            "output": str(self.output),
            "exit_code": self.exit_code,
            "files": len(self.results),
            "counts": self.counts,
            "not_examined": len(self.not_examined),
            "review_score": None if self.review_score is None else round(self.review_score, 4),
            "for_review": None if self.review_score is None else self.at_or_above(self.review_score),
            "marked_below": self.marked_below,
            "fail_on": self.fail_on,
            "at_or_above_fail_on": self.at_or_above(self.fail_on),
            "integrity_failure": bool(self.integrity_failure),
            "environment_failure": bool(self.environment_failure),
            "interrupted": self.signal_number is not None,
            "files_left": self.files_left,
            "from_ledger": self.from_ledger,
            "audio_s": round(self.audio_s, 2),
            "seconds": {stage: round(value, 2) for stage, value in self.seconds.items()},
        }
        return json.dumps(line, ensure_ascii=False)
