"""Which scored files get a section of their own: `all`, `flagged` or `top:N`."""

from __future__ import annotations

from slim_cli.errors import UsageError

DEFAULT = "top:300"


def check_limit(limit: str) -> None:
    """Refuses a limit that means nothing.

    Raises:
        UsageError: it is neither `all`, `flagged` nor `top:N` with N of 0 or more.
    """
    _top(limit)


def is_shown(limit: str, rank: int | None, flagged: bool) -> bool:
    """Whether a file has a section.

    Args:
        limit: `all`, `flagged` or `top:N`.
        rank: position by score, from 1; None when not scored.
        flagged: whether it reached the review threshold.
    """
    if rank is None:
        return False
    top = _top(limit)
    return (limit != "flagged" or flagged) and (top is None or rank <= top)


def _top(limit: str) -> int | None:
    if limit in ("all", "flagged"):
        return None
    kind, _, number = limit.partition(":")
    if kind == "top" and number.isascii() and number.isdigit():
        return int(number)
    raise UsageError(f"The report limit {limit!r} is unknown; use all, flagged or top:N, such as top:20.")
