"""`slim config`: which settings hold, where each comes from, and a file to start from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli.cli import settings as known
from slim_cli.cli.console import show
from slim_cli.cli.settings_loading import candidates
from slim_cli.cli.settings_types import options, variable
from slim_cli.errors import UsageError
from slim_cli.evidence.names import safe_name
from slim_cli.run_record import DEFAULT_ORIGIN

app = typer.Typer(no_args_is_help=True, help="Show the settings that hold and where each comes from, or begin a file.")


@app.command("show")
def show_settings(
    context: typer.Context,
    command: Annotated[str, typer.Argument(help="Show those of this command only, such as scan.")] = "",
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON line per option.")] = False,
) -> None:
    """Show the value and the origin of every option: default, settings file or environment variable."""
    for place, value, origin in _all(context.find_root()):
        if command in ("", place[0]):
            line = {"option": ".".join(place), "value": value, "origin": origin}
            text = f"{line['option']} = {json.dumps(value, ensure_ascii=False)}"
            show(json.dumps(line) if json_lines else safe_name(f"{text:<50} {origin}"))


@app.command("path")
def path_of_files() -> None:
    """Name the files that are looked for, the strongest last, and say which are there."""
    for file in candidates():
        show(f"{safe_name(str(file))}: {'read' if file.is_file() else 'not there'}")


@app.command("init")
def init(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Write to this file.")] = Path(known.FILE),
) -> None:
    """Write a settings file with every option and its default as a comment; an existing file is never replaced."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(_blank(context.find_root().command, ())) + "\n")
    except FileExistsError:
        raise UsageError(f"{path} exists already; name another file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    show(f"Written: {path}")


def _all(root: Any) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    settings = root.obj or known.Settings()
    for place, option in _places(root.command, ()):
        value = settings.values.get(place, known.plain(option.default))
        yield place, value, settings.origins.get(place, DEFAULT_ORIGIN)


def _places(command: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, option in options(command):
        yield (*place, name), option
    for word, child in getattr(command, "commands", {}).items():
        yield from _places(child, (*place, word))


def _blank(command: Any, place: tuple[str, ...]) -> Iterator[str]:
    if not place:
        yield "# Settings of slim. A flag on the command line and an environment variable are stronger than this file."
    listed = list(options(command))
    if place and listed:
        yield from ("", f"[{'.'.join(place)}]")
    for name, option in listed:
        default = known.plain(option.default)
        yield f"# {option.help}  ({variable((*place, name))})"
        yield f"# {name} = {'...' if default is None else json.dumps(default)}"
    for word, child in getattr(command, "commands", {}).items():
        yield from _blank(child, (*place, word))
