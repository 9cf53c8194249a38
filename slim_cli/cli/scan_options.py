"""The options of `slim scan`, as the command line shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.choices import completing
from slim_cli.cli.common_options import PRINTING, REPORT

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
