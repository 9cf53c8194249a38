"""Options from files and environment: a flag is stronger than a variable, `./slim.toml` stronger than the user's."""

from __future__ import annotations

import os
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from slim_cli.errors import UsageError

FILE = "slim.toml"
NO_FILE = "none"
OPINIONS = "opinions"  # tables of second opinions, beside those of commands
PREFIX = "SLIM"
WHICH = "SLIM_CONFIG"
DEFAULT, COMMAND_LINE = "default", "command line"

Table = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What files and environment say of the options of all commands.

    Attributes:
        files: the files read, the weakest first.
        values: by command and option, such as `("scan", "model")`, the value.
        origins: likewise, the file or variable that it comes from.
        opinions: table of each second opinion by its name.
    """

    files: tuple[Path, ...] = ()
    values: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    origins: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    opinions: Mapping[str, Table] = field(default_factory=dict)

    def check_apart(self, evidence: Sequence[Path]) -> None:
        """Refuses settings that come with the evidence.

        Raises:
            UsageError: a file that was read lies inside the evidence.
        """
        roots = [path.resolve() for path in evidence]
        for file in self.files:
            if any(file.resolve().is_relative_to(root) for root in roots):
                raise UsageError(f"{file} lies inside the evidence; leave that folder, or set {WHICH}={NO_FILE}.")


def candidates() -> list[Path]:
    """The files that are looked for, the weakest first: the user's, then that of the working folder."""
    chosen = os.environ.get(WHICH)
    if chosen:
        return [] if chosen == NO_FILE else [Path(chosen)]
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [user / "slim" / FILE, Path(FILE)]


def options(command: Any) -> Iterator[tuple[str, Any]]:
    """The options of a command that can be given elsewhere, by their long names."""
    for one in command.params:
        long = [name.removeprefix("--") for name in getattr(one, "opts", ()) if name.startswith("--")]
        if long and one.name not in ("help", "version", "install_completion", "show_completion"):
            yield long[0], one


def load_settings(root: Any) -> Settings:
    """Reads files and environment; nothing is loaded for it where there is neither.

    Args:
        root: the command `slim`.

    Raises:
        UsageError: a file that was named is missing.
        FormatError: an option is unknown or has a value of the wrong kind; names file or variable.
    """
    files = tuple(path for path in candidates() if path.is_file())
    if os.environ.get(WHICH, NO_FILE) != NO_FILE and not files:
        raise UsageError(f"There is no file {os.environ[WHICH]}, which {WHICH} names.")
    variables = dict(_variables(root, ()))
    given = {name: variables[name] for name in os.environ if name in variables}
    commands = tuple(f"{variable((word,))}_" for word in root.commands)
    for name in os.environ:
        if name.startswith(commands) and name not in variables:
            raise UsageError(f"{name}: is unknown; slim config init writes down every option with its variable.")
    if not files and not given:
        return Settings()
    return _read(root, files, given)


def default_map(root: Any, settings: Settings) -> Table:
    """The settings in the form in which the parser of the command line takes them."""
    made: Table = {}
    for place, value in settings.values.items():
        command, table = root, made
        for word in place[:-1]:
            command, table = command.commands[word], table.setdefault(word, {})
        table[dict(options(command))[place[-1]].name] = value
    return made


def effective(context: typer.Context) -> dict[str, dict[str, Any]]:
    """Value and origin of every option of the command that runs, for the record of the run."""
    return {
        name: {"value": plain(context.params.get(option.name)), "origin": origin(context, option)}
        for name, option in options(context.command)
    }


def origin(context: typer.Context, option: Any) -> str:
    """Where the value of an option comes from: command line, file, variable or default."""
    place = [name for name, one in options(context.command) if one is option]
    above: Any = context
    while above.parent:
        place.insert(0, above.info_name or "")
        above = above.parent
    source = getattr(context.get_parameter_source(option.name), "name", "")
    if source == "DEFAULT_MAP" and context.obj:
        return str(context.obj.origins.get(tuple(place), DEFAULT))
    return COMMAND_LINE if source == "COMMANDLINE" else DEFAULT


def plain(value: Any) -> Any:
    """A value as JSON and TOML know it."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def variable(place: Sequence[str]) -> str:
    """The environment variable of an option, such as `SLIM_SCAN_MAX_DURATION`."""
    return "_".join((PREFIX, *place)).replace("-", "_").upper()


def _variables(command: Any, place: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, _ in options(command):
        yield variable((*place, name)), (*place, name)
    for word, child in getattr(command, "commands", {}).items():
        yield from _variables(child, (*place, word))


def _read(root: Any, files: Sequence[Path], given: Mapping[str, tuple[str, ...]]) -> Settings:
    from slim_cli.loading import parse_toml, read

    values: dict[tuple[str, ...], Any] = {}
    origins: dict[tuple[str, ...], str] = {}
    kind, opinions = _kind(root, "Settings"), dict[str, Table]()
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
        data = parse_toml(text, str(file))
        opinions |= read(dict[str, Table], data.pop(OPINIONS, {}), f"{file}: {OPINIONS}")
        for place, value in _leaves(read(kind, data, str(file))):
            values[place], origins[place] = value, str(file)
    for name, place in given.items():
        values[place] = _from_text(root, place, name, os.environ[name])
        origins[place] = name
    return Settings(tuple(files), values, origins, opinions)


def _kind(command: Any, name: str) -> Any:
    """A table of the settings file as a type: an entry for each option, a table for each command below."""
    entries = {option: _type(command, one.name) for option, one in options(command)}
    below = {word: _kind(child, word) for word, child in getattr(command, "commands", {}).items()}
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


def _leaves(table: Table, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*place, name))
        else:
            yield (*place, name), value


def _from_text(root: Any, place: tuple[str, ...], name: str, text: str) -> Any:
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
