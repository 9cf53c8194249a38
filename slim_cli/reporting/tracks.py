"""Where in a file its score came from, for programs that show sound: Audacity labels and Raven selection tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.reporting.table import cell
from slim_cli.results import FileResult, WindowScore

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

_RAVEN = ("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)")
_OWN = ("Begin Path", "Score", "Mismatch", "Net Speech (s)")


def write_audacity(findings: Findings, target: Path) -> None:
    """Writes the folder `audacity`: one label file per scored file, for Audacity's *Import labels*."""
    _write(findings, target, ".labels.txt", lambda result: "".join(map(_label, _windows(result))))


def write_raven(findings: Findings, target: Path) -> None:
    """Writes the folder `raven`: one selection table per scored file."""
    _write(findings, target, ".selections.txt", _selections)


def track_name(number: int, path: str) -> str:
    """A file name on any system that still shows which file is meant.

    >>> track_name(7, "calls/=cmd()|'<b>.wav")
    '0007-cmd_b_.wav'
    """
    return f"{number:04d}-{re.sub(r'[^A-Za-z0-9.-]+', '_', path.rsplit('/', 1)[-1])[-80:].lstrip('._-')}"


def _write(findings: Findings, folder: Path, ending: str, text: Callable[[FileResult], str]) -> None:
    folder.mkdir()
    for number, result in enumerate(findings.results, start=1):
        if result.score is not None:
            name = track_name(number, result.path) + ending
            (folder / name).write_text(text(result), encoding="utf-8", newline="\n")


def _windows(result: FileResult) -> Iterator[tuple[int, WindowScore]]:
    return ((channel.index + 1, window) for channel in result.channels for window in channel.windows)


def _label(one: tuple[int, WindowScore]) -> str:
    channel, w = one
    text = f"channel {channel}: score {w.score:+.2f}, mismatch {w.mismatch:.2f}, speech {w.speech_s:.1f} s"
    return f"{w.start_s:.6f}\t{w.end_s:.6f}\t{text}\n"


def _selections(result: FileResult) -> str:
    top_hz = result.media.sample_rate_hz / 2 if result.media else 0.0
    lines = [[*_RAVEN, *_OWN]]
    for number, (channel, w) in enumerate(_windows(result), start=1):
        place = [f"{number}", "Waveform 1", f"{channel}", f"{w.start_s:.3f}", f"{w.end_s:.3f}", "0.0", f"{top_hz:.1f}"]
        lines.append([*place, cell(result.path), f"{w.score:.4f}", f"{w.mismatch:.4f}", f"{w.speech_s:.3f}"])
    return "".join("\t".join(line) + "\n" for line in lines)
