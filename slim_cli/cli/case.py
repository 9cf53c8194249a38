"""`slim case`: the file in which an examiner states what a scan cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.common_options import Language
from slim_cli.cli.console import complain, show
from slim_cli.errors import UsageError

INCOMPLETE = 1

app = typer.Typer(no_args_is_help=True, help="Write or check the case file of an evaluation.")


@app.command()
def new(path: Annotated[Path, typer.Argument(help="Write to this file; - for stdout.")] = Path("case.toml")) -> None:
    """Write a commented case file with nothing filled in; an existing file is never replaced."""
    from slim_cli.reporting.case import blank_case

    if str(path) == "-":
        show(blank_case().rstrip("\n"))
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(blank_case())
    except FileExistsError:
        raise UsageError(f"{path} exists already; name another file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    show(f"Written: {path}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Check this case file.")],
    language: Language = "en",
) -> None:
    """List every item that the case file leaves out; exit with 1 if there is one."""
    from slim_cli.evidence.names import safe_name
    from slim_cli.reporting.case import load_case
    from slim_cli.words import load_words

    case, words = load_case(path), load_words(language)
    for entry in case.missing:
        about = f" {entry.exhibit}" if entry.exhibit else ""
        show(safe_name(f"{entry.key}{about}: {words.say(f'case.item.{entry.key}')}"))
    if case.missing:
        complain(words.say("case.incomplete", n=len(case.missing)))
        raise typer.Exit(INCOMPLETE)
    show(words.say("case.complete", n=len(case.exhibits)))
