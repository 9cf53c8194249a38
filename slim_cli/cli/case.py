"""`slim case`: the file in which an examiner states what a scan cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli.common_options import Language
from slim_cli.cli.console import complain, show
from slim_cli.errors import IntegrityError, UsageError

INCOMPLETE = 1
DEFAULT = Path("case.toml")

app = typer.Typer(no_args_is_help=True, help="Write or check the case file of an evaluation.")


@app.command()
def new(
    path: Annotated[
        Path, typer.Argument(help="Write to this file (- for stdout), or fill in the recordings of this folder.")
    ] = DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", show_default=str(DEFAULT))
    ] = None,
) -> None:
    """Write a commented case file, with exhibits and hashes of a folder; an existing file is never replaced."""
    from slim_cli.reporting.case_file import blank_case
    from slim_cli.reporting.case_folder import filled_case

    folder = path if path.is_dir() else None
    target = output or (DEFAULT if folder else path)
    if folder and target.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{target} lies inside the evidence {folder}; name a file outside it with --output.")
    text = filled_case(folder) if folder else blank_case()
    if str(target) == "-":
        show(text.rstrip("\n"))
        return
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} exists already; name another file.") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    show(f"Written: {target}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Check this case file.")],
    evidence: Annotated[
        Path | None,
        typer.Option(help="Compare exhibits and hashes with this folder too; exit with 4 if a hash differs."),
    ] = None,
    language: Language = "en",
) -> None:
    """List every item that the case file leaves out; exit with 1 if there is one."""
    from slim_cli.evidence.names import safe_name
    from slim_cli.reporting.case_file import load_case
    from slim_cli.reporting.case_folder import compare_folder
    from slim_cli.words import load_words

    case, words = load_case(path), load_words(language)
    for entry in case.missing:
        about = f" {entry.exhibit}" if entry.exhibit else ""
        show(safe_name(f"{entry.key}{about}: {words.say(f'case.item.{entry.key}')}"))
    if case.missing:
        complain(words.say("case.incomplete", n=len(case.missing)))
    else:
        show(words.say("case.complete", n=len(case.exhibits)))
    differences = list(compare_folder(case, evidence)) if evidence else []
    for one in differences:
        show(safe_name(words.say(f"case.folder_{one.kind}", name=one.name, detail=one.detail)))
    if evidence and not differences:
        show(words.say("case.folder_same"))
    changed = any(one.kind in ("changed", "contradiction") for one in differences)
    raise typer.Exit(IntegrityError.exit_code if changed else INCOMPLETE if case.missing or differences else 0)
