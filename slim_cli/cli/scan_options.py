"""The options of `slim scan`, as the command line shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli.cli.common_options import DEFAULT_FORMATS, PRINTING, REPORT, completing
from slim_cli.cli.settings import Settings, effective
from slim_cli.errors import UsageError

LIMITS = "Limits"

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Examine these files, and these folders with all they hold.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write report and results to this folder outside the evidence.",
        show_default="a new slim-reports/DATE-NAME",
    ),
]
Calibrated = Annotated[
    str | None,
    typer.Option(
        "--calibration",
        help="Give likelihood ratios by this calibration file, or by none.",
        show_default="the model's own",
    ),
]
Stability = Annotated[
    bool,
    typer.Option("--stability", help="Score each file again without edge silence, after a crop and after MP3."),
]
Occlusion = Annotated[
    str,
    typer.Option(
        help="Show where the score of these files came from: none, flagged, all or top:N.",
        autocompletion=completing(lambda: ("none", "flagged", "all", "top:20")),
    ),
]
EmbedAudio = Annotated[
    bool,
    typer.Option(
        "--embed-audio",
        help="Put a small coded copy of each scored file into the HTML report, to listen.",
        rich_help_panel=REPORT,
    ),
]
CaseFile = Annotated[
    Path | None,
    typer.Option(help="Write an evaluation of this case (slim case new) in place of a triage.", rich_help_panel=REPORT),
]
FailOn = Annotated[str | None, typer.Option(help="Exit with 1 if a file reaches this, such as 'score>=2'.")]
AllowErrors = Annotated[
    bool, typer.Option("--allow-errors", help="Do not exit with 3 because of files that cannot be examined.")
]
MaxDuration = Annotated[
    str, typer.Option(help="Leave out the audio of a file beyond this length, such as 30m.", rich_help_panel=LIMITS)
]
MaxSize = Annotated[str | None, typer.Option(help="Refuse files larger than this, such as 2G.", rich_help_panel=LIMITS)]
Timeout = Annotated[
    str, typer.Option(help="Wait no longer than this for the decoder, such as 60s.", rich_help_panel=LIMITS)
]
Track = Annotated[
    int | None,
    typer.Option(min=1, help="Examine this audio track of files that have so many.", show_default="the first readable"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the results of an earlier scan in the output folder.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished scan in the output folder.")]
Opinions = Annotated[
    list[str] | None,
    typer.Option(
        "--opinion", metavar="NAME", help="Ask this second detector too, a table [opinions.NAME] of slim.toml; repeat."
    ),
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.", rich_help_panel=PRINTING)]
JsonLine = Annotated[
    bool, typer.Option("--json", help="Print one JSON line in place of the table.", rich_help_panel=PRINTING)
]
Timings = Annotated[
    bool, typer.Option("--timings", help="Print the time that each stage took.", rich_help_panel=PRINTING)
]


def settings_apart(context: typer.Context, evidence: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Value and origin of every option; settings that come with the evidence are refused."""
    if context.obj:
        context.obj.check_apart(evidence)
    return effective(context)


def opinion_tables(names: Sequence[str], settings: Settings | None) -> dict[str, dict[str, Any]]:
    """The tables of the second opinions asked for.

    Raises:
        UsageError: no settings name one of them.
    """
    tables = settings.opinions if settings else {}
    for name in names:
        if name not in tables:
            raise UsageError(f"The second opinion {name!r} needs a table [opinions.{name}] in slim.toml.")
    return {name: tables[name] for name in names}


def chosen_formats(text: str) -> tuple[str, ...]:
    """The output formats named in an option, each once, in the order given.

    Raises:
        UsageError: there is none.
    """
    chosen = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not chosen:
        raise UsageError(f"--format takes one or more formats, such as {DEFAULT_FORMATS}; it was given {text!r}.")
    return chosen
