"""The rows of the report: every file once, in order, with what the case says of it and what it says about the case."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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


class Standings:
    """Where every file stands, in a few bytes each: there may be very many. Rows are added in the order found.

    Args:
        reference: reference statistics of the model.
        style: what the report is to be.
    """

    def __init__(self, reference: Reference, style: Style) -> None:
        self._threshold, self._style = reference.operating_point.score, style
        self._scores, self._ranks = array("d"), array("L")  # NaN and 0 for a file without a score
        self._statuses, self._new = bytearray(), bytearray()
        self._firsts: dict[bytes, int] = {}
        self._twins: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._scores)

    def add(self, result: FileResult) -> None:
        """Takes the next row."""
        self._scores.append(math.nan if result.score is None else result.score)
        self._statuses.append(STATUSES.index(result.status))
        self._new.append(result.from_ledger is None)
        if result.sha256:
            first = self._firsts.setdefault(bytes.fromhex(result.sha256), len(self))
            if first < len(self):
                self._twins[len(self)] = first

    def rank(self) -> None:
        """Gives scored files their places by falling score, ties in the order found; call when all rows are in."""
        self._firsts, self._ranks = {}, array("L", bytes(array("L").itemsize * len(self)))
        scored = (number for number, score in enumerate(self._scores) if not math.isnan(score))
        for place, number in enumerate(sorted(scored, key=lambda number: -self._scores[number]), start=1):
            self._ranks[number] = place

    def row(self, number: int, result: FileResult, words: Words) -> FileRow:
        """The row of a file, from 1; without its place before `rank`."""
        place = self._ranks[number - 1] if self._ranks else 0
        flagged, label = self._flagged(number), words.say("exhibit.heading", number=number)
        twin = self._twins.get(number)
        return FileRow(number, place or None, result, flagged, self._shown(number), label=label, twin=twin)

    def scores(self) -> Iterator[float]:
        """The scores there are, in the order found."""
        return (score for score in self._scores if not math.isnan(score))

    def listed(self, most: int) -> list[int]:
        """The files that the lists of a report show, scored ones by falling score, then the others in the order found.

        These are all of a case, and of a triage no more than a reader can look through: those with a section of their
        own, the highest scores, and files without a score, first those that could not be examined.

        Args:
            most: how many; about, since no section is without its line.
        """
        numbers = range(1, len(self) + 1)
        scored, rest = self._ranked(), [number for number in numbers if not self._ranks[number - 1]]
        if self._style.case is None and len(self) > most:
            scored = [n for n in scored if self._ranks[n - 1] <= most // 2 or self._shown(n)]
            failed = [STATUSES.index(status) for status in FAILED]
            rest = sorted(sorted(rest, key=lambda n: self._statuses[n - 1] not in failed)[: most // 2])
        return [*scored, *rest]

    def _ranked(self) -> list[int]:
        placed = array("L", bytes(array("L").itemsize * len(self)))
        for number, place in enumerate(self._ranks, start=1):
            if place:
                placed[place - 1] = number
        return [number for number in placed if number]

    def _flagged(self, number: int) -> bool:
        return self._scores[number - 1] >= self._threshold

    def _shown(self, number: int) -> bool:
        place = self._ranks[number - 1] if self._ranks else 0
        return is_shown(self._style.limit, place or None, self._flagged(number), bool(self._new[number - 1]))


def list_rows(
    results: Sequence[FileResult], standings: Standings, reference: Reference, style: Style, words: Words
) -> list[FileRow]:
    """The rows that lists show, with the place of their scores drawn; in a triage they hold outlines of results."""
    return [
        _drawn(standings.row(number, result if style.case else outline(result), words), reference, style, words)
        for number in standings.listed(LISTED)
        for result in [results[number - 1]]
    ]


def _drawn(row: FileRow, reference: Reference, style: Style, words: Words) -> FileRow:
    score = row.result.score
    if score is None or row.rank is None or not (row.shown or row.rank <= LISTED or style.case):
        return row
    told = words.say("figure.this_file", value=Numbers(words).signed(score))
    return replace(row, position=position_bar(score, reference.score, reference.operating_point.score, told))


def of_case(rows: Iterable[FileRow], run: RunRecord, style: Style, receipt: Receipt, words: Words) -> list[FileRow]:
    """The rows of an evaluation in the order of its case, with exhibits and evaluations."""
    assert style.case
    places = {id(exhibit): place for place, exhibit in enumerate(style.case.exhibits)}
    done = [_evaluated(row, run, style, receipt, words) for row in rows]
    return sorted(
        done, key=lambda row: (places.get(id(row.received and row.received.exhibit), len(places)), row.number)
    )


def _evaluated(row: FileRow, run: RunRecord, style: Style, receipt: Receipt, words: Words) -> FileRow:
    received = receipt.files[row.number - 1]
    row = replace(row, label=received.exhibit.get("number") or row.label, received=received)
    if row.rank is None or style.case is None:
        return row
    row = replace(row, result=within_language(row.result, received.exhibit, run.calibration.get("scope", {})))
    return replace(row, evaluation=evaluate(row.result, row.label, style.case, words, run.calibration))


class Tally:
    """Counts how the files divide up."""

    def __init__(self) -> None:
        self._states, self._unscored, self._kinds = Counter[str](), Counter[str](), Counter[str]()

    def add(self, row: FileRow) -> None:
        """Takes a row."""
        scored = row.result.score is not None
        self._states[row.state] += 1
        self._unscored[row.result.status] += not scored
        self._kinds["scored"] += scored
        self._kinds["flagged"] += row.flagged
        self._kinds["hashed"] += row.result.sha256 is not None
        self._kinds["from_ledger"] += row.result.from_ledger is not None

    def counts(self) -> Counts:
        """What it came to."""
        return Counts(
            self._states.total(),
            self._kinds["flagged"],
            self._kinds["scored"] - self._kinds["flagged"],
            {status: self._unscored[status] for status in STATUSES if self._unscored[status]},
            {state: self._states[state] for state in _STATES if self._states[state]},
            self._kinds["hashed"],
            self._kinds["from_ledger"],
        )
