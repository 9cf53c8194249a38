"""How the command ends where it fails: one line on stderr and an exit code; `SLIM_DEBUG=1` shows the traceback."""

from __future__ import annotations

import os
import sys

from typer.exceptions import TyperException

from slim_cli.cli.console import complain
from slim_cli.cli.settings import origin
from slim_cli.errors import SlimError
from slim_cli.run_record import COMMAND_LINE, DEFAULT_ORIGIN

INTERNAL_ERROR = 70
ENVIRONMENT_ERROR = 5
INTERRUPTED = 130


def leave_with(error: Exception) -> None:
    """Tells of an error and leaves; a bug, too, ends in one line and an exit code of its own."""
    if isinstance(error, SlimError):
        told, code = str(error), error.exit_code
    elif isinstance(error, TyperException):
        told, code = _wrong_use(error)
    elif isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        told, code = f"The system refused: {error.strerror or error}{where}.", ENVIRONMENT_ERROR
    else:
        told = f"An error in slim itself: {type(error).__name__}: {error}."
        told, code = f"{told} SLIM_DEBUG=1 shows where; please report it.", INTERNAL_ERROR
    if os.environ.get("SLIM_DEBUG"):
        raise error
    if told:
        complain(told)
    sys.exit(code)


def _wrong_use(error: TyperException) -> tuple[str, int]:
    """What is wrong with a command line, and its exit code; where nothing was asked for, the help was printed."""
    told, context = getattr(error, "format_message", lambda: "")(), getattr(error, "ctx", None)
    if context is not None and told:
        option = getattr(error, "param", None)
        place = origin(context, option) if option else DEFAULT_ORIGIN
        told = told if place in (COMMAND_LINE, DEFAULT_ORIGIN) else f"{place}: {told}"
        told = f"{told.replace('Value error, ', '').rstrip('.')} ({context.command_path} --help tells what there is)"
    return told, getattr(error, "exit_code", INTERRUPTED)
