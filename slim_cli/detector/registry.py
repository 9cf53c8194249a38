"""Plugs by name: those that came with the package, and those of other makers through entry points.

A bundle or a recipe names a kind, never a module: what a file says can choose among what is installed, and load nothing
else. A maker adds a kind by an entry point in the group that the registry names, e.g. in `pyproject.toml`:

    [project.entry-points."slim_cli.encoders"]
    my-encoder = "my_package.encoder:MyEncoder"
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from slim_cli.errors import EnvironmentUnfit, UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """A closed list of classes by kind.

    Args:
        noun: what it lists, in words, e.g. `encoder`.
        group: the group of entry points that adds to it.
        own: the package's kinds, each as `module:class`; they cannot be replaced by an entry point.
    """

    def __init__(self, noun: str, group: str, own: Mapping[str, str]) -> None:
        self.noun, self.group, self._own = noun, group, dict(own)

    def kinds(self) -> list[str]:
        """Every kind that can be had here, the package's own first."""
        return [*self._own, *(entry.name for entry in self._others())]

    def find(self, kind: str) -> type[T]:
        """The class of a kind.

        Raises:
            UsageError: there is no such kind.
            EnvironmentUnfit: the package that brings it cannot be loaded.
        """
        if kind in self._own:
            module, name = self._own[kind].split(":")
            found: type[T] = getattr(import_module(module), name)
            return found
        entry = self._entry(kind)
        try:
            loaded: type[T] = entry.load()
        except (ImportError, AttributeError) as error:
            raise EnvironmentUnfit(f"The {self.noun} {kind!r} of another package cannot be loaded: {error}.") from error
        return loaded

    def provenance(self, kind: str) -> dict[str, str]:
        """For another maker's kind: its distribution, version and the SHA-256 of its files; empty for the package's."""
        return {} if kind in self._own else _provenance(self._entry(kind).dist)

    def _others(self) -> list[EntryPoint]:
        return [entry for entry in entry_points(group=self.group) if entry.name not in self._own]

    def _entry(self, kind: str) -> EntryPoint:
        found = [entry for entry in self._others() if entry.name == kind]
        if not found:
            raise UsageError(f"There is no {self.noun} of kind {kind!r}; here are {', '.join(self.kinds())}.")
        if len(found) > 1:
            raise EnvironmentUnfit(f"Several installed packages bring the {self.noun} {kind!r}.")
        return found[0]


def _provenance(distribution: Distribution | None) -> dict[str, str]:
    if distribution is None:
        return {}
    digest = hashlib.sha256()
    for file in sorted(distribution.files or (), key=str):
        if "__pycache__" not in file.parts and ".dist-info" not in str(file) and Path(file.locate()).is_file():
            digest.update(str(file).encode() + b"\0" + file.read_binary())
    return {"package": distribution.name, "version": distribution.version, "sha256": digest.hexdigest()}


def kind_of(spec: Mapping[str, Any], noun: str) -> tuple[str, dict[str, Any]]:
    """The kind that a table names, and the rest of it.

    Raises:
        UsageError: it names none.
    """
    rest = dict(spec)
    kind = rest.pop("kind", None)
    if not isinstance(kind, str):
        raise UsageError(f"The table of an {noun} must name its kind.")
    return kind, rest
