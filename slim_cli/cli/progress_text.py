"""How far a scan has come, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slim_cli.evidence.names import safe_name

if TYPE_CHECKING:
    from slim_cli.engines.scan_progress import Progress

_NAME_WIDTH = 32


def describe(progress: Progress, elapsed_s: float) -> str:
    """The state in words, with rate and time left.

    Args:
        progress: the state.
        elapsed_s: time since the start, seconds.
    """
    text = f"{files_done(progress)}, {progress.audio_s / 60:.1f} min of audio, {rate(progress, elapsed_s)}"
    if not progress.bytes_done:
        return text
    left = elapsed_s * (progress.bytes_total / progress.bytes_done - 1)
    return f"{text}, about {_rough(max(0.0, left))} left"


def shorten(name: str) -> str:
    """A hostile name in one short harmless line, its end kept.

    >>> shorten("calls/2026/november/evidence/speaker.wav")
    '…6/november/evidence/speaker.wav'
    """
    safe = safe_name(name)
    return safe if len(safe) <= _NAME_WIDTH else "…" + safe[1 - _NAME_WIDTH :]


def files_done(progress: Progress) -> str:
    """Files done of all."""
    return f"{progress.files_done} of {progress.files_total} files"


def rate(progress: Progress, elapsed_s: float) -> str:
    """Decoded audio by time since the start."""
    return f"{progress.audio_s / elapsed_s if elapsed_s else 0.0:.1f} × real time"


def _rough(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
