"""Where words go: results to stdout, everything else to stderr; plain text unless somebody is looking."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.evidence.names import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, RenderableType

    from slim_cli.validation.tables import Table

_WIDE = 1000
REPORTS = ("report.html", "report.pdf")


def complain(text: str) -> None:
    """Writes one line to stderr, harmless whatever names it quotes."""
    print(f"slim: {safe_name(text)}", file=sys.stderr)


def show(*parts: RenderableType) -> None:
    """Writes to stdout: as wide as the terminal, or unwrapped and without colour where it is none.

    A reader that has gone away (`slim scan … | head`) is no error.
    """
    console = _console()
    with console.capture() as captured:
        for part in parts:
            console.print(part, markup=False, highlight=False, soft_wrap=isinstance(part, str))
    text = captured.get()
    if not console.is_terminal:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_in(folder: Path) -> Path | None:
    """The report of an output folder: the one to read, else the one to print, None where there is neither."""
    return next((folder / name for name in REPORTS if (folder / name).is_file()), None)


def open_in_browser(folder: Path) -> None:
    """Shows the report of an output folder in the browser, or says that there is none."""
    report = report_in(folder)
    if report is None:
        complain(f"there is no report in {folder} to open")
    elif not webbrowser.open(report.resolve().as_uri()):
        complain(f"no browser was found to open {report}")


def every_hundred(what: str) -> Callable[[int, int], None]:
    """A progress callback (done, total) that says `… of … <what>` on stderr whenever another hundred is reached."""
    told = 0

    def report(done: int, total: int) -> None:
        nonlocal told
        if done // 100 > told:
            told = done // 100
            complain(f"{done} of {total} {what}")

    return report


def show_tables(tables: Sequence[Table]) -> None:
    """Writes tables to stdout; names in their cells are made harmless."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    for table in tables:
        drawn = RichTable(box=box.SIMPLE_HEAD if is_looked_at() else None, pad_edge=False)
        for number, title in enumerate(table.header):
            drawn.add_column(title, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*(Text(safe_name(cell)) for cell in row))
        show(f"{table.title}. {table.note}", drawn, "")


def is_looked_at() -> bool:
    """Whether stdout is a terminal."""
    return _console().is_terminal


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)
