"""Options that several commands share, and what may be chosen with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from slim_cli.resources import bundled, presets, templates_dir

FORMATS = MappingProxyType(
    {
        "html": "the report to read, one page with its pictures",
        "pdf": "the report to print and to sign",
        "csv": "one line per file, for spreadsheets",
        "jsonl": "everything that was measured, one object per file",
        "parquet": "the same columns with types, and every window (extra parquet)",
        "uco": "files, hashes and results in the ontologies CASE and UCO",
        "audacity": "label tracks of where scores came from",
        "raven": "selection tables of where scores came from",
    }
)
DEFAULT_FORMATS = "html,pdf,csv,jsonl"
DEVICES = ("auto", "cpu", "cuda:0")
REPORT, PRINTING = "Report", "What is printed"
SELECTIONS = ("all", "flagged", "new", "top:300")


def models() -> list[str]:
    """Names of the bundled models."""
    return [folder.name for folder in bundled()]


def recipes() -> list[str]:
    """Names of the recipes that came with the package."""
    return list(presets())


def languages() -> list[str]:
    """Languages that the report is written in."""
    return sorted(path.name.split(".")[1] for path in templates_dir().glob("words.*.toml"))


def completing(choices: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """What a shell may complete the last of several values, separated by commas, to."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{choice}" for choice in choices() if choice.startswith(last)]

    return complete


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
        help=f"Write these, separated by commas: {', '.join(FORMATS)} (results.jsonl is always written by a scan).",
        autocompletion=completing(lambda: FORMATS),
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
