"""Options from files and environment: a flag is stronger than a variable, `./slim.toml` stronger than the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from slim_cli.cli.settings_types import Table, options
from slim_cli.errors import UsageError
from slim_cli.run_record import COMMAND_LINE, DEFAULT_ORIGIN

FILE = "slim.toml"
NO_FILE = "none"
OPINIONS = "opinions"  # tables of second opinions, beside those of commands
WHICH = "SLIM_CONFIG"


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
        return str(context.obj.origins.get(tuple(place), DEFAULT_ORIGIN))
    return COMMAND_LINE if source == "COMMANDLINE" else DEFAULT_ORIGIN


def plain(value: Any) -> Any:
    """A value as JSON and TOML know it."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def effective_apart(context: typer.Context, evidence: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Value and origin of every option; settings that come with the evidence are refused."""
    if context.obj:
        context.obj.check_apart(evidence)
    return effective(context)


def opinion_tables(names: Sequence[str], settings: Settings | None) -> dict[str, dict[str, Any]]:
    """The tables of the second opinions asked for.

    Raises:
        UsageError: no settings name one of them.
    """
    tables = settings.opinions if settings else {}
    for name in names:
        if name not in tables:
            raise UsageError(f"The second opinion {name!r} needs a table [opinions.{name}] in slim.toml.")
    return {name: tables[name] for name in names}
