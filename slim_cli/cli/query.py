"""`slim query`: questions to the rows of any number of runs."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli.cli.console import show
from slim_cli.errors import UsageError
from slim_cli.evidence.names import safe_name

if TYPE_CHECKING:
    from slim_cli.reporting.questions import Answer

FORMS = ("table", "csv", "json")


def query(
    question: Annotated[
        str, typer.Argument(help="Ask this: SQL over files and runs, or new, worst, folders, codecs, months or failed.")
    ],
    outputs: Annotated[
        list[Path], typer.Argument(help="Ask these output folders of scans, or folders that hold such.")
    ],
    since: Annotated[
        str, typer.Option(help="Count files as new from this date, time or span (36h) on.")
    ] = "1970-01-02",
    top: Annotated[int, typer.Option(min=1, help="Show so many files for worst.")] = 50,
    form: Annotated[
        str, typer.Option("--as", help="Print the answer as table, csv or json (one object a line).")
    ] = "table",
) -> None:
    """Ask the results of one or many scans in SQL (DuckDB; extra query)."""
    from slim_cli.evidence.file_choice import parse_since
    from slim_cli.reporting.questions import query as ask

    if form not in FORMS:
        raise UsageError(f"--as takes {', '.join(FORMS)}; it was given {form!r}.")
    begun = datetime.fromtimestamp(parse_since(since), UTC).replace(tzinfo=None)
    answer = ask(question, outputs, {"since": begun, "top": top})
    if form == "table":
        _table(answer)
    elif form == "csv":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(answer.columns)
        out.writerows([_text(value) for value in row] for row in answer.rows)
    else:
        for row in answer.rows:
            print(json.dumps(dict(zip(answer.columns, map(_plain, row), strict=True)), ensure_ascii=True))


def _table(answer: Answer) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in answer.columns:
        table.add_column(safe_name(name), overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(_text(value)) for value in row))
    show(table)


def _text(value: Any) -> str:
    return "" if value is None else safe_name(str(value))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str | bool) else str(value)
