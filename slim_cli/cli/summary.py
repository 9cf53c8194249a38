"""What a scan came to: counts, the exit code, the table on stdout and the line for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slim_cli import __version__
from slim_cli.evidence.names import safe_name
from slim_cli.results import STATUSES, FileResult

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = "slim-summary/1"
NOT_EXAMINED = ("decode_failed", "unreadable", "refused")
TABLE_ROWS = 40
WORDS = {
    "scored": "scored",
    "insufficient_speech": "with too little speech",
    "no_audio": "without audio",
    "decode_failed": "not decodable",
    "unreadable": "unreadable",
    "refused": "refused",
}


@dataclass(frozen=True)
class ScanSummary:
    """The end of a scan.

    Attributes:
        results: every row written.
        review_score: score from which the model's reference suggests a review (log-odds); None in an evaluation, which
            marks no file.
        fail_on: score asked for by `--fail-on`, None when not asked.
        allow_errors: whether files that could not be examined leave the exit code alone.
        integrity_failure: what changed that must not, in words; empty if nothing did.
        environment_failure: what the installation could not do, in words; empty if nothing.
        signal_number: the signal that stopped the scan, None when none did.
        files_left: how many files are left because the time was over.
        seconds: wall time by stage, with `total`.
        audio_s: decoded audio, seconds.
    """

    results: Sequence[FileResult]
    review_score: float | None
    fail_on: float | None = None
    allow_errors: bool = False
    integrity_failure: str = ""
    environment_failure: str = ""
    signal_number: int | None = None
    files_left: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    audio_s: float = 0.0

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

    def to_json(self, output: str) -> str:
        """The line for machines; it carries every flag, whichever decided the exit code."""
        line: dict[str, Any] = {
            "schema": SCHEMA,
            "version": __version__,
            "output": output,
            "exit_code": self.exit_code,
            "files": len(self.results),
            "counts": self.counts,
            "not_examined": len(self.not_examined),
            "review_score": None if self.review_score is None else round(self.review_score, 4),
            "for_review": None if self.review_score is None else self.at_or_above(self.review_score),
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

    def sentences(self) -> list[str]:
        """Counts and review threshold in words."""
        parts = ", ".join(f"{count} {WORDS[status]}" for status, count in self.counts.items())
        lines = [f"{len(self.results)} {'file' if len(self.results) == 1 else 'files'}: {parts or 'none examined'}."]
        if self.counts.get("scored") and self.review_score is None:
            ratios = sum(result.lr is not None for result in self.results)
            lines.append(
                f"{ratios} of {self.counts['scored']} scored files got a likelihood ratio; the report says what it "
                "means for the propositions of the case, and why there is none for the others."
            )
        elif self.counts.get("scored"):
            lines.append(
                f"{self.at_or_above(self.review_score)} of {self.counts['scored']} scored files reached the "
                f"review threshold of {self.review_score:+.2f}. A score is not a probability; "
                "the report says what it is worth."
            )
        return lines

    def table(self, plain: bool) -> Table:
        """One row per file, at most `TABLE_ROWS`: the highest scores first, then those not examined, then the rest.

        Args:
            plain: without lines, for a reader that is no terminal.
        """
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False)
        for heading, justify in (("score", "right"), ("mismatch", "right"), ("speech", "right")):
            table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        table.add_column("status", no_wrap=True)
        table.add_column("file", overflow="fold", ratio=None if plain else 3)
        table.add_column("note", overflow="fold", ratio=None if plain else 2)
        for result in sorted(self.results, key=_rank)[:TABLE_ROWS]:
            table.add_row(*map(Text, _cells(result, self.review_score)))
        return table


def _rank(result: FileResult) -> tuple[int, float]:
    if result.score is not None:
        return 0, -result.score
    return (1 if result.status in NOT_EXAMINED else 2), 0.0


def _cells(result: FileResult, review_score: float | None) -> list[str]:
    from slim_cli.words import load_words

    words, top = load_words(), result.top_channel
    speech = max((c.net_speech_s for c in result.channels), default=None)
    flagged = review_score is not None and (result.score or -1e9) >= review_score
    review = "review" if flagged else ""
    return [
        "–" if result.score is None else f"{result.score:+.2f}",
        "–" if top is None or top.mismatch is None else f"{top.mismatch:.3f}",
        "–" if speech is None else f"{speech:.1f} s",
        result.status,
        safe_name(result.path),
        safe_name("; ".join(filter(None, (review, words.sentence(result.reason), words.sentences(result.remarks))))),
    ]
