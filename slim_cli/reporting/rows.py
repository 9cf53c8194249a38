"""The rows of the report: every file once, in order, with what the case says of it and what it says about the case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from slim_cli.assessment.reference import Reference
from slim_cli.reporting.evaluation import evaluate
from slim_cli.reporting.figures.distributions import position_bar
from slim_cli.reporting.numbers import Numbers
from slim_cli.reporting.own_recordings import within_language
from slim_cli.reporting.receipt import Receipt
from slim_cli.reporting.selection import LISTED, Style, is_shown
from slim_cli.reporting.stored_rows import outline
from slim_cli.reporting.view import Counts, FileRow
from slim_cli.results import STATUSES, FileResult
from slim_cli.run_record import RunRecord
from slim_cli.words import Words

FAILED = ("decode_failed", "unreadable", "refused")
_STATES = ("flagged", "below", "given", "uncalibrated", "out_of_scope", "no_propositions", *STATUSES)


def rank(results: Iterable[FileResult], reference: Reference, style: Style, words: Words) -> list[FileRow]:
    """Scored files by falling score (ties in the order found), then the others in the order found.

    In a triage the rows hold outlines of their results: there may be very many.
    """
    kept = results if style.case else map(outline, results)
    numbered = list(enumerate(kept, start=1))
    scored = sorted((n for n in numbered if n[1].score is not None), key=lambda n: -(n[1].score or 0.0))
    threshold = reference.operating_point.score
    rows = []
    for place, (number, result) in enumerate(scored, start=1):
        flagged = (result.score or 0.0) >= threshold
        shown = is_shown(style.limit, place, flagged, result.from_ledger is None)
        bar = None
        if shown or place <= LISTED or style.case:
            told = words.say("figure.this_file", value=Numbers(words).signed(result.score))
            bar = position_bar(result.score or 0.0, reference.score, threshold, told)
        rows.append(FileRow(number, place, result, flagged, shown, bar))
    return rows + [FileRow(number, None, result, False, False) for number, result in numbered if result.score is None]


def complete(
    rows: Sequence[FileRow], run: RunRecord, style: Style, receipt: Receipt | None, words: Words
) -> list[FileRow]:
    """The rows with their names and twins; for a case in its order, with exhibits and evaluations."""
    seen: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row.number):
        seen.setdefault(row.result.sha256 or "", row.number)
    done = []
    for row in rows:
        first = seen[row.result.sha256 or ""] if row.result.sha256 else row.number
        label = words.say("exhibit.heading", number=row.number)
        row = replace(row, label=label, twin=first if first < row.number else None)
        done.append(_of_case(row, run, style, receipt, words))
    if style.case is None:
        return done
    places = {id(exhibit): place for place, exhibit in enumerate(style.case.exhibits)}
    return sorted(
        done, key=lambda row: (places.get(id(row.received and row.received.exhibit), len(places)), row.number)
    )


def _of_case(row: FileRow, run: RunRecord, style: Style, receipt: Receipt | None, words: Words) -> FileRow:
    if style.case is None or receipt is None:
        return row
    received = receipt.files[row.number - 1]
    row = replace(row, label=received.exhibit.get("number") or row.label, received=received)
    if row.rank is None:
        return row
    row = replace(row, result=within_language(row.result, received.exhibit, run.calibration.get("scope", {})))
    return replace(row, evaluation=evaluate(row.result, row.label, style.case, words, run.calibration))


def listed(rows: Sequence[FileRow], style: Style, most: int) -> list[FileRow]:
    """The rows that the lists of a report show: all of a case, and of a triage no more than a reader can look through.

    Those with a section of their own always are; beside them the highest scores, and files without a score, first those
    that could not be examined.

    Args:
        rows: every row.
        style: what the report is to be.
        most: how many; about, since no section is without its line.
    """
    if style.case or len(rows) <= most:
        return list(rows)
    scored = [row for row in rows if row.rank is not None and (row.shown or row.rank <= most // 2)]
    unscored = sorted((row for row in rows if row.rank is None), key=lambda row: row.result.status not in FAILED)
    return [*scored, *sorted(unscored[: most // 2], key=lambda row: row.number)]


def count(rows: Sequence[FileRow]) -> Counts:
    """How the files divide up."""
    unscored = Counter(row.result.status for row in rows if row.rank is None)
    flagged = sum(row.flagged for row in rows)
    scored = sum(row.rank is not None for row in rows)
    states = Counter(row.state for row in rows)
    return Counts(
        len(rows),
        flagged,
        scored - flagged,
        {status: unscored[status] for status in STATUSES if unscored[status]},
        {state: states[state] for state in _STATES if states[state]},
        sum(row.result.sha256 is not None for row in rows),
        sum(row.result.from_ledger is not None for row in rows),
    )
