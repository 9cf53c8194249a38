"""The reference of the command line, from the commands themselves: `python -m slim_cli.cli.manual > docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from slim_cli.cli.settings import plain
from slim_cli.cli.settings_types import options
from slim_cli.cli.settings_types import variable as variable_of

HEAD = """# Command line

Written by `python -m slim_cli.cli.manual > docs/cli.md` from the commands themselves; `make test` compares. An option
can also be given in `slim.toml` under its long name (`slim config init` writes them all down), or as the variable
named beside it. A flag is stronger than a variable, a variable stronger than `./slim.toml`, that one stronger than
`slim/slim.toml` in the user's configuration folder; `SLIM_CONFIG` names another file, or `none`.

Exit codes: 0 done; 1 a file reached `--fail-on`; 2 wrong use, nothing was done; 3 some files could not be examined;
4 evidence or model changed; 5 the installation is unfit; 70 an error in slim itself; 130 and 143 interrupted.
"""


def manual(root: Any) -> str:
    """The page.

    Args:
        root: the command `slim`.
    """
    return "\n".join([HEAD, *_pages(root, ())])


def _pages(command: Any, place: tuple[str, ...]) -> Iterator[str]:
    if place:
        arguments = [_argument(one) for one in command.params if one.param_type_name == "argument"]
        yield f"## slim {' '.join(place)}\n"
        yield f"{command.help}\n"
        if not getattr(command, "commands", None):
            yield f"```text\nslim {' '.join([*place, '[OPTIONS]', *arguments])}\n```\n"
        rows = list(_rows(command, place))
        if rows:
            yield "\n".join(["| | | default | variable |", "|---|---|---|---|", *rows, ""])
    for word, child in getattr(command, "commands", {}).items():
        yield from _pages(child, (*place, word))


def _argument(one: Any) -> str:
    name = f"{one.name.upper()}{'…' if one.nargs == -1 or one.multiple else ''}"
    return name if one.required else f"[{name}]"


def _rows(command: Any, place: tuple[str, ...]) -> Iterator[str]:
    named = {one.name: name for name, one in options(command)}
    for one in command.params:
        if one.param_type_name == "argument":
            yield f"| `{one.name.upper()}` | {_cell(one.help)} | {_default(one)} | |"
        elif one.name in named:
            spelled = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
            variable = variable_of((*place, named[one.name]))
            yield f"| {spelled} | {_cell(one.help)} | {_default(one)} | `{variable}` |"


def _default(one: Any) -> str:
    if isinstance(one.show_default, str):
        return _cell(one.show_default)
    if one.required:
        return "required"
    value = plain(one.default)
    return "" if value in (None, False, []) else f"`{str(value).lower() if value is True else value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    from slim_cli.cli.main import app

    print(manual(typer.main.get_command(app)), end="")
