"""Options that several commands share, and what may be chosen with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.choices import DEVICES, SELECTIONS, completing, formats, languages, models

REPORT, PRINTING = "Report", "What is printed"


Model = Annotated[
    str,
    typer.Option(
        help=f"Use this model: {', '.join(models()) or 'none is bundled'}, or the folder of one that you trained.",
        autocompletion=completing(models),
    ),
]
Device = Annotated[
    str, typer.Option(help="Run the model here: auto, cpu or cuda:N.", autocompletion=completing(lambda: DEVICES))
]
Language = Annotated[
    str,
    typer.Option(
        help=f"Write the report in this language: {' or '.join(languages())}.",
        autocompletion=completing(languages),
        rich_help_panel=REPORT,
    ),
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        help=f"Write these, separated by commas: {', '.join(formats())} (results.jsonl is always written by a scan).",
        autocompletion=completing(formats),
        rich_help_panel=REPORT,
    ),
]
Sections = Annotated[
    str,
    typer.Option(
        help="Give these files a section of their own in the report: all, flagged, new or top:N.",
        autocompletion=completing(lambda: SELECTIONS),
        rich_help_panel=REPORT,
    ),
]
Manifests = Annotated[
    list[Path],
    typer.Option(
        "--manifest",
        "-m",
        help="Take the clips of this CSV (path,label,…) or of NAME=FOLDER[:SUBSET], a dataset of slim datasets; "
        "may be repeated.",
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Show the report when it is written.", rich_help_panel=REPORT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=PRINTING)]
