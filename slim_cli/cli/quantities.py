"""Quantities as people type them: `90s`, `2h`, `500M`, `score>=1.5`."""

from __future__ import annotations

import math
import re
from pathlib import Path

from slim_cli.errors import UsageError
from slim_cli.resources import find_bundle

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def seconds(text: str) -> float:
    """A duration in seconds.

    Raises:
        UsageError: not a positive number with s, m or h.

    >>> seconds("90"), seconds("1.5h"), seconds("10min")
    (90.0, 5400.0, 600.0)
    """
    return _quantity(text, _SECONDS, "a duration such as 90s, 30m or 2h")


def size(text: str) -> int:
    """A size in bytes.

    Raises:
        UsageError: not a positive number with K, M, G or T.

    >>> size("1000"), size("2k"), size("1.5G")
    (1000, 2048, 1610612736)
    """
    return int(_quantity(re.sub(r"i?b$", "", text.lower()), _BYTES, "a size such as 500M or 2G"))


def score_threshold(text: str) -> float:
    """The number in `score>=X`.

    Raises:
        UsageError: anything else.

    >>> score_threshold("score >= -0.5")
    -0.5
    """
    found = re.fullmatch(r"\s*score\s*>=\s*(\S+?)\s*", text)
    try:
        value = float(found[1]) if found else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"{text!r} is no condition for --fail-on; write it as score>=1.5, with the quotes of your shell."
        )
    return value


def _quantity(text: str, units: dict[str, int], expected: str) -> float:
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-z]*)\s*", text.lower())
    if not found or found[2] not in units or not float(found[1]) > 0:
        raise UsageError(f"{text!r} is not {expected}.")
    return float(found[1]) * units[found[2]]


def score_or_bundle(text: str) -> tuple[float | None, Path | None]:
    """A score, or the bundle of which the shipped threshold is meant.

    >>> score_or_bundle("-1.5")
    (-1.5, None)

    Raises:
        UsageError: it is neither a number nor a model.
    """
    try:
        return float(text), None
    except ValueError:
        return None, find_bundle(text)


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Positive numbers separated by commas.

    >>> numbers("8,15", "--seconds")
    (8.0, 15.0)

    Raises:
        UsageError: one is none, or there is none.
    """
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(0 < number < math.inf for number in found):
        raise UsageError(f"{option} takes positive numbers separated by commas, not {text!r}.")
    return found
