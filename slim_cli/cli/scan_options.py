"""The options of `slim scan`, as the command line shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slim_cli.errors import UsageError

DEFAULT_FORMATS = "html,pdf,csv,jsonl"


if TYPE_CHECKING:
    from slim_cli.assessment.calibration import Calibration
    from slim_cli.custody.folder import OutputFolder

NONE = "none"

Paths = Annotated[list[Path], typer.Argument(help="Files and folders to examine; folders with all they hold.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for report and results, outside the evidence. [default: a new slim-reports/DATE-NAME]",
    ),
]
Model = Annotated[str, typer.Option(help="Bundled model or folder of a bundle.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda:N.")]
Calibrated = Annotated[
    str | None,
    typer.Option("--calibration", help="Calibration file for likelihood ratios, or none. [default: the model's own]"),
]
Stability = Annotated[bool, typer.Option("--stability", help="Score each file again after small changes.")]
Occlusion = Annotated[
    str, typer.Option(help="Show where the score came from, for which files: none, flagged, all or top:N.")
]
EmbedAudio = Annotated[
    bool, typer.Option("--embed-audio", help="Put a small coded copy of scored files into the HTML report, to listen.")
]
Formats = Annotated[str, typer.Option("--format", help="Which to write, separated by commas; results.jsonl always is.")]
Sections = Annotated[str, typer.Option(help="Files with a section of their own: all, flagged or top:N.")]
CaseFile = Annotated[
    Path | None, typer.Option(help="Case file (slim case new): write an evaluation in place of a triage.")
]
Language = Annotated[str, typer.Option(help="Language of the report: en or de.")]
FailOn = Annotated[str | None, typer.Option(help="Exit with 1 if a file reaches this, e.g. 'score>=2'.")]
AllowErrors = Annotated[bool, typer.Option(help="Do not exit with 3 for files that cannot be examined.")]
MaxDuration = Annotated[str, typer.Option(help="Leave out the audio of a file beyond this, e.g. 30m.")]
MaxSize = Annotated[str | None, typer.Option(help="Refuse larger files, e.g. 2G.")]
Timeout = Annotated[str, typer.Option(help="Longest wait for the decoder, e.g. 60s.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the results of an earlier scan.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished scan in the output folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]
JsonLine = Annotated[bool, typer.Option("--json", help="Print one JSON line in place of the table.")]
Timings = Annotated[bool, typer.Option("--timings", help="Print the time that each stage took.")]


def output_folder(asked: Path | None, paths: Sequence[Path], force: bool, resume: bool) -> OutputFolder:
    """The folder to write to; without a wish, a new one.

    Raises:
        UsageError: it cannot be used, or an earlier scan is meant without saying where it is.
    """
    from slim_cli.custody.folder import OutputFolder, new_folder

    if asked is None and (force or resume):
        raise UsageError(f"--{'force' if force else 'resume'} needs the folder of the earlier scan: --output DIR.")
    return OutputFolder(asked or new_folder(paths), force, resume)


def find_calibration(asked: str | None, bundle: Path) -> Calibration | None:
    """The calibration asked for; without a wish, the bundle's own where it has one.

    Args:
        asked: a file, `none`, or None for no wish.
        bundle: the model's folder.

    Raises:
        UsageError: the file is missing or no calibration.
    """
    from slim_cli.assessment.calibration import FILE_NAME, load_calibration

    if asked == NONE or (asked is None and not (bundle / FILE_NAME).is_file()):
        return None
    return load_calibration(Path(asked) if asked else bundle / FILE_NAME)


def chosen_formats(text: str) -> tuple[str, ...]:
    """The output formats named in an option, each once, in the order given.

    Raises:
        UsageError: there is none, or one is unknown.
        EnvironmentUnfit: one needs a package that is not installed.
    """
    from slim_cli.reporting.writers import get_writer

    chosen = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not chosen:
        raise UsageError(f"--format takes one or more formats, such as {DEFAULT_FORMATS}; it was given {text!r}.")
    for name in chosen:
        get_writer(name)
    return chosen
