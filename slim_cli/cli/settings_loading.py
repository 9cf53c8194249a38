"""Reading settings: the user's file, that of the working folder, and the environment, each stronger than the last."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slim_cli.cli.settings import FILE, NO_FILE, OPINIONS, WHICH, Settings
from slim_cli.cli.settings_types import Table, from_text, leaves, options, settings_type, variable
from slim_cli.errors import UsageError


def candidates() -> list[Path]:
    """The files that are looked for, the weakest first: the user's, then that of the working folder."""
    chosen = os.environ.get(WHICH)
    if chosen:
        return [] if chosen == NO_FILE else [Path(chosen)]
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [user / "slim" / FILE, Path(FILE)]


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


def _variables(command: Any, place: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, _ in options(command):
        yield variable((*place, name)), (*place, name)
    for word, child in getattr(command, "commands", {}).items():
        yield from _variables(child, (*place, word))


def _read(root: Any, files: Sequence[Path], given: Mapping[str, tuple[str, ...]]) -> Settings:
    from slim_cli.loading import parse_toml, read

    values: dict[tuple[str, ...], Any] = {}
    origins: dict[tuple[str, ...], str] = {}
    kind, opinions = settings_type(root, "Settings"), dict[str, Table]()
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
        data = parse_toml(text, str(file))
        opinions |= read(dict[str, Table], data.pop(OPINIONS, {}), f"{file}: {OPINIONS}")
        for place, value in leaves(read(kind, data, str(file))):
            values[place], origins[place] = value, str(file)
    for name, place in given.items():
        values[place] = from_text(root, place, name, os.environ[name])
        origins[place] = name
    return Settings(tuple(files), values, origins, opinions)
