"""The command `slim`: gathers the commands and turns every error into one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from slim_cli import __version__
from slim_cli.cli import (
    analyze,
    bench,
    calibrate,
    case,
    config,
    datasets,
    doctor,
    merge,
    models,
    partial,
    query,
    redo,
    report,
    scan,
    seal,
    selftest,
    train,
    validate,
    verify,
)
from slim_cli.cli.leaving import leave_with
from slim_cli.cli.settings_loading import default_map, load_settings
from slim_cli.engines.interrupt import leave_cleanly

LEARNING = ("train", "analyze")
EXAMINE, VALIDATE, TRAIN, SETUP = "Examine", "Validate", "Train", "This installation"

app = typer.Typer(
    name="slim",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Scan folders of audio for signs of speech synthesis and write an evidence report.",
    epilog="Exit codes: 0 done; 1 a file reached --fail-on; 2 wrong use; 3 some files could not be examined; "
    "4 evidence or model changed; 5 the installation is unfit; 6 the time was over; 70 an error in slim itself; "
    "130 interrupted.",
)
app.command(rich_help_panel=EXAMINE)(scan.scan)
app.command(rich_help_panel=EXAMINE)(report.report)
app.command(rich_help_panel=EXAMINE)(verify.verify)
app.command(rich_help_panel=EXAMINE)(seal.seal)
app.command(rich_help_panel=EXAMINE)(merge.merge)
app.command(rich_help_panel=EXAMINE)(redo.redo)
app.command(rich_help_panel=EXAMINE)(query.query)
app.add_typer(case.app, name="case", rich_help_panel=EXAMINE)
app.command(rich_help_panel=VALIDATE)(validate.validate)
app.command(rich_help_panel=VALIDATE)(calibrate.calibrate)
app.command(rich_help_panel=VALIDATE)(partial.partial)
app.command(rich_help_panel=TRAIN)(analyze.analyze)
app.add_typer(train.app, name="train", rich_help_panel=TRAIN)
app.add_typer(datasets.app, name="datasets", rich_help_panel=TRAIN)
app.command(rich_help_panel=SETUP)(doctor.doctor)
app.command(rich_help_panel=SETUP)(bench.bench)
app.command(rich_help_panel=SETUP)(selftest.selftest)
app.add_typer(models.app, name="models", rich_help_panel=SETUP)
app.add_typer(config.app, name="config", rich_help_panel=SETUP)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    if context.invoked_subcommand not in LEARNING:
        # why: numpy's threads help nothing there, and spin where the detector's are to work; said before numpy comes
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> None:
    """Runs the command line and leaves with the exit code; `SLIM_DEBUG=1` shows the traceback of an error."""
    leave_cleanly()
    try:
        root = typer.main.get_command(app)
        settings = load_settings(root)
        told = default_map(root, settings)
        sys.exit(root(prog_name="slim", standalone_mode=False, default_map=told, obj=settings) or 0)
    except Exception as error:  # noqa: BLE001 # why: whatever fails ends in one line and an exit code
        leave_with(error)
