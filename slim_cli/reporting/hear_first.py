"""What to hear first of a file: its highest stretches over all channels, and voiced sound not taken for speech."""

from __future__ import annotations

from slim_cli.audio.stretches import HIGHEST
from slim_cli.results import FileResult, Stretch, VoicedStretch


def highest_of_file(result: FileResult, length_s: float) -> list[tuple[int, Stretch]]:
    """The highest stretches of a length with their channel numbers, highest first; where channels hold the same time,
    the higher one stands.

    Args:
        result: the row.
        length_s: 10 or 30 s.
    """
    every = [(c.index, s) for c in result.channels for s in c.stretches if s.length_s == length_s]
    kept: list[tuple[int, Stretch]] = []
    for channel, one in sorted(every, key=lambda entry: -entry[1].score):
        if all(one.end_s <= other.start_s or other.end_s <= one.start_s for _, other in kept):
            kept.append((channel, one))
    return kept[:HIGHEST]


def rejected_of_file(result: FileResult) -> tuple[int, tuple[VoicedStretch, ...]]:
    """The channel that holds most voiced sound not taken for speech, and its stretches."""
    seconds = {c.index: sum(v.end_s - v.start_s for v in c.rejected_voiced) for c in result.channels}
    most = max(result.channels, key=lambda c: seconds[c.index], default=None)
    return (most.index, most.rejected_voiced) if most else (0, ())
