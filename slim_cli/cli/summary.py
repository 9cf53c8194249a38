"""What a scan came to, as the table and the sentences on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slim_cli.engines.scan_summary import NOT_EXAMINED, ScanSummary
from slim_cli.evidence.names import safe_name
from slim_cli.results import STORED_DECIMALS, FileResult

if TYPE_CHECKING:
    from rich.table import Table

TABLE_ROWS = 40
WORDS = {
    "scored": "scored",
    "insufficient_speech": "with too little speech",
    "no_audio": "without audio",
    "decode_failed": "not decodable",
    "unreadable": "unreadable",
    "refused": "refused",
}


def sentences(summary: ScanSummary) -> list[str]:
    """Counts and review threshold in words."""
    parts = ", ".join(f"{count} {WORDS[status]}" for status, count in summary.counts.items())
    lines = [f"{len(summary.results)} {'file' if len(summary.results) == 1 else 'files'}: {parts or 'none examined'}."]
    if summary.review_score is None:
        ratios, named = sum(one.lr is not None for one in summary.exhibits), len(summary.exhibits)
        lines.append(
            f"{ratios} of {named} exhibit{'s' * (named != 1)} got a likelihood ratio; the report says what it "
            "means for the propositions of the case, and why there is none for the others."
        )
    elif summary.counts.get("scored"):
        lines.append(
            f"{summary.at_or_above(summary.review_score)} of {summary.counts['scored']} scored files reached the "
            f"review threshold of {_printed(summary.review_score, signed=True)}. A score is not a probability; "
            "the report says what it is worth."
        )
    if summary.marked_below:
        files = "1 file" if summary.marked_below == 1 else f"{summary.marked_below} files"
        lines.append(f"In {files} a stretch is marked to be heard first although the file as a whole scores lower.")
    return lines


def summary_table(summary: ScanSummary, plain: bool) -> Table:
    """One row per file, at most `TABLE_ROWS`: the highest scores first, then those not examined, then the rest.

    Args:
        summary: the scan.
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
    for result in sorted(summary.results, key=_rank)[:TABLE_ROWS]:
        table.add_row(*map(Text, _cells(result, summary.review_score)))
    return table


def _rank(result: FileResult) -> tuple[int, float]:
    if result.score is not None:
        return 0, -result.score
    return (1 if result.status in NOT_EXAMINED else 2), 0.0


def _cells(result: FileResult, review_score: float | None) -> list[str]:
    from slim_cli.words import load_words

    words, top = load_words(), result.top_channel
    speech = max((c.net_speech_s for c in result.channels), default=None)
    flagged = review_score is not None and result.score is not None and result.score >= review_score
    review = "review" if flagged else ""
    return [
        _printed(result.score, signed=True),
        _printed(top.mismatch if top else None),
        _printed(speech, 1) + (" s" if speech is not None else ""),
        result.status,
        safe_name(result.path),
        safe_name("; ".join(filter(None, (review, words.sentence(result.reason), words.sentences(result.remarks))))),
    ]


def _printed(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A number as the report prints it, with a minus that every terminal knows."""
    from slim_cli.reporting.numbers import Numbers

    write = Numbers().signed if signed else Numbers().plain
    return write(value and round(value, STORED_DECIMALS), digits).replace("−", "-")
