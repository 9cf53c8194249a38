"""The case file: what only the examiner can know. What is missing is listed, never guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from slim_cli.errors import UsageError
from slim_cli.evidence.exhibits import HASHES, SHA256
from slim_cli.loading import parse_toml, read
from slim_cli.reporting.hash_lists import ListedHash, by_length, read_hash_list
from slim_cli.reporting.scale import read_scale
from slim_cli.resources import templates_dir

FILE_NAME = "case.toml"
FOLDER = "case"
REPEATED = ("exhibit", "reference")
MAX_BYTES = 8_000_000
OPTIONAL = frozenset(
    {
        "laboratory.accreditation",
        "case.court_reference",
        "case.deviations",
        "case.external_results",
        "report.scale",
        "report.us_certificate",
        "report.supersedes",
        "exhibit.seal",
        "exhibit.sha256",
        "exhibit.remark",
        "exhibit.listening",
        "exhibit.language",
    }
)


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
        references: one mapping for each `[[reference]]`, recordings whose origin nobody disputes.
        listed: hashes received with the items.
        scale: the laboratory's own verbal scale, None for the shipped one.
        sources: the files it was read from, by name below the case folder, byte for byte.
    """

    items: Mapping[str, str]
    conditioning: tuple[str, ...] = ()
    exhibits: tuple[Mapping[str, str], ...] = ()
    references: tuple[Mapping[str, str], ...] = ()
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

    @property
    def other_hashes(self) -> tuple[str, ...]:
        """Algorithms beside SHA-256 by which files must be hashed to be compared with what was received."""
        kinds = {line.kind for line in self.listed}
        return tuple(kind for kind in HASHES if kind in kinds and kind != SHA256)

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
    stated = read(_record(), parse_toml(source, str(path)), str(path))
    tables = {name: vars(getattr(stated, name)) for name in _tables() if name not in REPEATED}
    conditioning = tuple(map(_text, tables["propositions"].pop("conditioning")))
    items = {f"{name}.{key}": _text(text) for name, table in tables.items() for key, text in table.items()}
    exhibits, references = (
        tuple(
            {key: str(text) if key == "file" else _text(text) for key, text in vars(entry).items()}
            for entry in getattr(stated, name)
        )
        for name in REPEATED
    )
    references = tuple(entry for entry in references if entry["file"])
    sources, listed = {FILE_NAME: source}, [by_length(e["file"], e["sha256"]) for e in exhibits if e["sha256"]]
    name, scale = items["received.hash_list"], items["report.scale"]
    if name:
        sources[name] = _read(_beside(path, name), "hash list")
        listed.extend(read_hash_list(sources[name], name))
    if scale:
        sources[scale] = _read(_beside(path, scale), "scale")
    return Case(items, conditioning, exhibits, references, tuple(listed), _scale(sources.get(scale), scale), sources)


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
def _tables() -> dict[str, dict[str, Any]]:
    """Every item that a case file may hold, by table: those of the blank one."""
    tables = tomllib.loads(blank_case())
    return {**tables, **{name: tables[name][0] for name in REPEATED}}


@cache
def _record() -> Any:
    """A case file as a record: every table of the blank one, and any number of exhibits and references."""
    records = {name: make_dataclass(name.title(), map(_item, table.items())) for name, table in _tables().items()}
    repeated = [(name, tuple[records.pop(name), ...], ()) for name in REPEATED]  # type: ignore[misc]
    fields: list[Any] = [(name, kind, field(default_factory=kind)) for name, kind in records.items()]
    return make_dataclass("CaseFile", [*fields, *repeated])


def _item(entry: tuple[str, Any]) -> tuple[str, Any, Any]:
    key, blank = entry
    return (key, tuple[str, ...], ()) if isinstance(blank, list) else (key, str | int | float, "")


def _text(value: str | int | float) -> str:
    """A text on one line; dates and numbers as they are written."""
    return " ".join(str(value).split())


def _scale(source: bytes | None, name: str) -> dict[str, Any] | None:
    if source is None:
        return None
    data = parse_toml(source, name)
    read_scale(data, "en", name)
    return data


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
