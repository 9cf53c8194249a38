"""What is asked of a report: mode, language, and which scored files get a section of their own."""

from __future__ import annotations

from dataclasses import dataclass

from slim_cli.errors import UsageError
from slim_cli.reporting.case_file import Case
from slim_cli.reporting.signatories import Signature

DEFAULT = "top:300"
LISTED, PRINTED = 5000, 500  # files that the lists of a triage show, and on paper; the tables for machines hold all


@dataclass(frozen=True)
class Style:
    """What the report is to be.

    Attributes:
        limit: which scored files get a section: `all`, `flagged`, `new` (not taken from a ledger) or `top:N`.
        case: what the examiner states; None makes a triage.
        language: language of the report.
        draft: whether an evaluation is marked as a draft where it has no signatures.
        audio: whether listening proxies that the scan kept are embedded in the HTML.
        signatures: those of the PDF that lies beside the HTML.
    """

    limit: str = DEFAULT
    case: Case | None = None
    language: str = "en"
    draft: bool = True
    audio: bool = True
    signatures: tuple[Signature, ...] = ()

    @property
    def mode(self) -> str:
        """`triage` or `evaluate`."""
        return "evaluate" if self.case else "triage"


TRIAGE = Style()


def check_limit(limit: str) -> None:
    """Refuses a limit that means nothing.

    Raises:
        UsageError: it is neither `all`, `flagged`, `new` nor `top:N` with N of 0 or more.
    """
    _top(limit)


def is_shown(limit: str, rank: int | None, flagged: bool, new: bool = True) -> bool:
    """Whether a file has a section.

    Args:
        limit: `all`, `flagged`, `new` or `top:N`.
        rank: position by score, from 1; None when not scored.
        flagged: whether it reached the review threshold.
        new: whether it was examined in this scan, not taken from a ledger.
    """
    if rank is None:
        return False
    top = _top(limit)
    return (limit != "flagged" or flagged) and (limit != "new" or new) and (top is None or rank <= top)


def _top(limit: str) -> int | None:
    if limit in ("all", "flagged", "new"):
        return None
    kind, _, number = limit.partition(":")
    if kind == "top" and number.isascii() and number.isdigit():
        return int(number)
    raise UsageError(f"The report limit {limit!r} is unknown; use all, flagged, new or top:N, such as top:20.")
