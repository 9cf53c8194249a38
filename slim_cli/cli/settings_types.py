"""Options as a settings file and the environment hold them: their names and types, and one reading of both."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from typing import Any

PREFIX = "SLIM"

Table = dict[str, Any]


def options(command: Any) -> Iterator[tuple[str, Any]]:
    """The options of a command that can be given elsewhere, by their long names."""
    for one in command.params:
        long = [name.removeprefix("--") for name in getattr(one, "opts", ()) if name.startswith("--")]
        if long and one.name not in ("help", "version", "install_completion", "show_completion"):
            yield long[0], one


def variable(place: Sequence[str]) -> str:
    """The environment variable of an option, such as `SLIM_SCAN_MAX_DURATION`."""
    return "_".join((PREFIX, *place)).replace("-", "_").upper()


def settings_type(command: Any, name: str) -> Any:
    """A table of the settings file as a type: an entry for each option, a table for each command below."""
    entries = {option: _type(command, one.name) for option, one in options(command)}
    below = {word: settings_type(child, word) for word, child in getattr(command, "commands", {}).items()}
    return _table(name, {**entries, **below})


def _table(name: str, entries: Table) -> Any:
    from typing_extensions import TypedDict  # why: pydantic asks for this one

    return TypedDict(name, entries, total=False)  # type: ignore[operator]


def _type(command: Any, parameter: str) -> Any:
    """The type of an option's value as a file holds it: a path is a text there."""
    hint = typing.get_type_hints(command.callback)[parameter]
    arguments = [one for one in typing.get_args(hint) if one is not type(None)]
    plain_type = arguments[0] if arguments and typing.get_origin(hint) is not list else hint
    if typing.get_origin(plain_type) is list:
        return list[str]
    return plain_type if plain_type in (bool, int, float) else str


def leaves(table: Table, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of nested tables with the names on the way to it."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*place, name))
        else:
            yield (*place, name), value


def from_text(root: Any, place: tuple[str, ...], name: str, text: str) -> Any:
    """The value of an environment variable, checked as one of a file is; several stand apart by commas."""
    from slim_cli.errors import FormatError
    from slim_cli.loading import parse_toml, read

    command = root
    for word in place[:-1]:
        command = command.commands[word]
    kind = _type(command, dict(options(command))[place[-1]].name)
    if kind is str:
        return text
    if kind == list[str]:
        return text.split(",")
    spelled = {"1": "true", "0": "false"}.get(text, text.lower()) if kind is bool else text
    try:
        parsed = parse_toml(f"{place[-1]} = {spelled}", name)
    except FormatError:
        parsed = {place[-1]: text}
    return read(_table("Variable", {place[-1]: kind}), parsed, name)[place[-1]]
