"""How far a scan has come: a bar where somebody looks at stderr, a line now and then where not, or nothing."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from slim_cli.cli.progress_text import describe, files_done, rate, shorten

if TYPE_CHECKING:
    from slim_cli.engines.scan_progress import Progress


class Silent(AbstractContextManager["Silent"]):
    """Shows nothing."""

    def __call__(self, progress: Progress) -> None:
        """Takes note of the state of the scan."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Lines(Silent):
    """One plain line on stderr every so often.

    Args:
        every_s: least time between two lines, seconds.
    """

    def __init__(self, every_s: float = 10.0) -> None:
        self._every = every_s
        self._start = self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Writes a line when it is time for one."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        print(f"slim: {describe(progress, now - self._start)}", file=sys.stderr, flush=True)


class Bar(Silent):
    """A live bar on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, state="")
        self._start = time.monotonic()

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Moves the bar."""
        self._bar.update(
            self._task,
            description=shorten(progress.name),
            completed=progress.bytes_done,
            total=progress.bytes_total or None,
            state=f"{files_done(progress)}, {rate(progress, time.monotonic() - self._start)}",
        )


def choose(shown: bool) -> Silent:
    """The display that fits stderr."""
    if not shown:
        return Silent()
    from rich.console import Console

    console = Console(stderr=True)
    return Bar() if console.is_terminal and not console.is_dumb_terminal else Lines()
