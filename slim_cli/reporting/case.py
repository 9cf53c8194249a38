"""The case file: what only the examiner can know. What is missing is listed, never guessed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from slim_cli.errors import UsageError
from slim_cli.reporting.scale import read_scale
from slim_cli.resources import templates_dir

FILE_NAME = "case.toml"
FOLDER = "case"
MAX_BYTES = 8_000_000
OPTIONAL = frozenset(
    {
        "laboratory.accreditation",
        "case.court_reference",
        "case.deviations",
        "case.external_results",
        "report.scale",
        "report.supersedes",
        "exhibit.seal",
        "exhibit.sha256",
        "exhibit.remark",
        "exhibit.listening",
    }
)
_LISTED = re.compile(r"\\?(?P<digest>[0-9a-fA-F]{32,128}) [ *](?P<name>.+)")
_LISTED_BSD = re.compile(r"[\w-]+ ?\((?P<name>.+)\) = (?P<digest>[0-9a-fA-F]{32,128})")


@dataclass(frozen=True)
class ListedHash:
    """One line of a hash list received with the items.

    Attributes:
        name: file name in the list.
        digest: lower-case hex; one of another length than SHA-256's cannot be compared.
    """

    name: str
    digest: str


@dataclass(frozen=True)
class Missing:
    """An item that the case file leaves out.

    Attributes:
        key: dotted name, e.g. `laboratory.name`, `exhibit.source`.
        exhibit: number or file of the exhibit that lacks it, empty for the case as a whole.
    """

    key: str
    exhibit: str = ""


@dataclass(frozen=True)
class Case:
    """A case as its examiner states it; every text is hostile until it is rendered.

    Attributes:
        items: stated texts by dotted name, empty where left out.
        conditioning: facts taken as given.
        exhibits: one mapping per item received, with the keys of `[[exhibit]]`.
        listed: hashes received with the items.
        scale: the laboratory's own verbal scale, None for the shipped one.
        sources: the files it was read from, by name below the case folder, byte for byte.
    """

    items: Mapping[str, str]
    conditioning: tuple[str, ...] = ()
    exhibits: tuple[Mapping[str, str], ...] = ()
    listed: tuple[ListedHash, ...] = ()
    scale: Mapping[str, Any] | None = None
    sources: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Every item left out that a report needs, in the order of the case file."""
        texts: dict[str, Any] = {**self.items, "propositions.conditioning": self.conditioning}
        texts["received.hash_list"] = self.listed or self.items["received.hash_list"]
        general = (Missing(key) for key, text in texts.items() if not text)
        own = (
            Missing(f"exhibit.{key}", exhibit["number"] or exhibit["file"])
            for exhibit in self.exhibits
            for key, text in exhibit.items()
            if not text
        )
        none = () if self.exhibits else (Missing("exhibit.file"),)
        return tuple(entry for entry in (*general, *none, *own) if entry.key not in OPTIONAL)

    def store(self, folder: Path) -> list[str]:
        """Writes the files that the case was read from below `folder/case`, so that the report can be made again.

        Returns:
            their names below `folder`.
        """
        for name, content in self.sources.items():
            target = folder / FOLDER / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return [f"{FOLDER}/{name}" for name in self.sources]


def load_case(path: Path) -> Case:
    """Reads a case file and the hash list that it names.

    Raises:
        UsageError: it cannot be read, is no TOML, or holds unknown items or items of a wrong kind.
    """
    source = _read(path, "case file")
    data = _parse(source, f"case file {path}")
    try:
        items, exhibits = _items(data), tuple(_exhibit(entry) for entry in _list(data, "exhibit", dict))
        conditioning = tuple(_text("conditioning", t) for t in _list(data.get("propositions", {}), "conditioning", str))
    except ValueError as error:
        raise UsageError(f"The case file {path} cannot be used: {error}.") from error
    sources, listed = {FILE_NAME: source}, [ListedHash(e["file"], e["sha256"].lower()) for e in exhibits if e["sha256"]]
    name, scale = items["received.hash_list"], items["report.scale"]
    if name:
        sources[name] = _read(_beside(path, name), "hash list")
        listed.extend(_hashes(sources[name], name))
    if scale:
        sources[scale] = _read(_beside(path, scale), "scale")
    return Case(items, conditioning, exhibits, tuple(listed), _scale(sources.get(scale), scale), sources)


def stored_case(output: Path) -> Case | None:
    """The case that an output folder was written for, None for a triage.

    Raises:
        UsageError: its case file cannot be used.
    """
    path = output / FOLDER / FILE_NAME
    return load_case(path) if path.exists() else None


def blank_case() -> str:
    """A commented case file with nothing filled in."""
    return (templates_dir() / FILE_NAME).read_text(encoding="utf-8")


@cache
def _fields() -> dict[str, dict[str, Any]]:
    """Every item that a case file may hold, by table: those of the blank one."""
    tables = tomllib.loads(blank_case())
    return {**tables, "exhibit": tables["exhibit"][0]}


def _items(data: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: table for name, table in _fields().items() if name != "exhibit"}
    _known(data, _fields(), "")
    for name in fields:
        if not isinstance(data.get(name, {}), dict):
            raise ValueError(f"{name} must be a table, [{name}]")
        _known(data.get(name, {}), fields[name], f"{name}.")
    return {
        f"{name}.{key}": _text(f"{name}.{key}", data.get(name, {}).get(key, default))
        for name, table in fields.items()
        for key, default in table.items()
        if not isinstance(default, list)
    }


def _exhibit(entry: Mapping[str, Any]) -> dict[str, str]:
    fields = _fields()["exhibit"]
    _known(entry, fields, "exhibit.")
    return {key: _text(f"exhibit.{key}", entry.get(key, "")) for key in fields}


def _known(found: Mapping[str, Any], known: Mapping[str, Any], prefix: str) -> None:
    unknown = sorted(found.keys() - known.keys())
    if unknown:
        raise ValueError(f"{prefix}{unknown[0]} is unknown; `slim case new` shows what there is")


def _list(table: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise ValueError(f"{key} must be a list" + (", written [[exhibit]]" if kind is dict else " of texts in quotes"))
    return values


def _text(key: str, value: Any) -> str:
    """A text on one line; dates and numbers as they are written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise ValueError(f"{key} must be a text in quotes, a number or a date")
    return " ".join(str(value).split())


def _scale(source: bytes | None, name: str) -> dict[str, Any] | None:
    if source is None:
        return None
    data = _parse(source, f"scale {name}")
    try:
        read_scale(data, "en")
    except ValueError as error:
        raise UsageError(f"The scale {name} cannot be used: {error}.") from error
    return data


def _parse(source: bytes, what: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The {what} is not valid TOML: {error}.") from error


def _beside(path: Path, name: str) -> Path:
    target = path.parent / name
    if name == FILE_NAME or Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"The file {name!r} named in {path} must be a file in the folder of the case file.")
    return target


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"The {what} {path} cannot be read: {getattr(error, 'strerror', error)}.") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"The {what} {path} is larger than {MAX_BYTES} bytes.")
    return content


def _hashes(content: bytes, name: str) -> Iterator[ListedHash]:
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LISTED.fullmatch(line) or _LISTED_BSD.fullmatch(line)
        if found is None:
            raise UsageError(f"Line {number} of the hash list {name!r} is not in the form of sha256sum: HASH  NAME.")
        yield ListedHash(found["name"], found["digest"].lower())
