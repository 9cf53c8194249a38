"""Letters that no installed font can draw: printed as code points, so that a name on paper is never a row of boxes."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

Ranges = Sequence[tuple[int, int]]
_SELECTORS = range(0xFE00, 0xFE10)  # choose how the letter before is drawn; nothing is drawn for themselves


@cache
def drawn_ranges() -> Ranges | None:
    """The code points that installed fonts hold, as rising ranges with both ends; None where that cannot be told."""
    try:
        listed = subprocess.run(["fc-list", "--format", "%{charset}\n"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return merged(listed.stdout.decode("ascii", "ignore"))


def merged(charsets: str) -> Ranges | None:
    """The union of charsets as fontconfig writes them; None where there is none.

    >>> merged("20-7e a0\\n70-9f")
    [(32, 160)]
    """
    spans = [
        (int(low, 16), int(high or low, 16)) for low, high in re.findall(r"([0-9a-f]+)(?:-([0-9a-f]+))?", charsets)
    ]
    found: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found or None


def with_code_points(text: str, drawn: Ranges | None) -> str:
    """A text, or an HTML document, in which letters outside some ranges are replaced by their code points.

    >>> with_code_points("call \u6f22\u8a9e 1", [(32, 126)])
    'call [U+6F22 U+8A9E] 1'
    """
    if drawn is None:
        return text
    starts = [low for low, _ in drawn]

    def is_drawn(letter: str) -> bool:
        code = ord(letter)
        place = bisect_right(starts, code) - 1
        ignored = code in _SELECTORS or unicodedata.category(letter)[0] in "CZ"
        return ignored or (place >= 0 and code <= drawn[place][1])

    missing = sorted(letter for letter in set(text) if not is_drawn(letter))
    if not missing:
        return text
    runs = re.compile(f"[{re.escape(''.join(missing))}]+")
    return runs.sub(lambda run: f"[{' '.join(f'U+{ord(letter):04X}' for letter in run[0])}]", text)
