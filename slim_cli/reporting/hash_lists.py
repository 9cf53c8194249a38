"""Lists of hashes as they come with items, in every form that usual tools write them.

Read are `sha256sum` and its kin, the BSD form of `md5` and `openssl dgst`, hashdeep, tables with a heading (CSV, with
semicolons or tabs too), and what PowerShell's `Get-FileHash` shows as a table or a list; in UTF-8, UTF-16 or Windows'
own code page.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slim_cli.errors import UsageError
from slim_cli.evidence.exhibits import HASHES

DIGITS: Mapping[int, str] = MappingProxyType({2 * size: name for name, size in HASHES.items()})

UNKNOWN = "unknown"
_HEX = re.compile(r"[0-9a-fA-F]{32,128}")
_SUMS = re.compile(rf"(?P<escaped>\\?)(?P<digest>{_HEX.pattern}) [ *](?P<name>.+)")
_BSD = re.compile(rf"(?P<escaped>\\?)(?P<kind>[\w/-]+) ?\((?P<name>.+)\) ?= (?P<digest>{_HEX.pattern})")
_HASHDEEP = re.compile(r"%%%% size,(?P<columns>[\w,-]+),filename")
_SHELL_TABLE = re.compile(r"(?P<kind>\S+) +(?P<digest>[0-9A-Fa-f]+(\.\.\.|…)?) +(?P<name>.+)")
_SHELL_HEADING, _SHELL_RULE = re.compile(r"Algorithm +Hash +Path"), re.compile(r"-[- ]+")
_SHELL_ITEM = re.compile(r"(Algorithm|Hash|Path) *: (.*)")
_COMMENTS = ("#", "//", ";")
_CUT_SHORT = ("...", "…")
_NAMES = ("filename", "filenames", "name", "path", "file", "filepath", "fullname", "fullpath", "datei", "pfad")
_KINDS, _DIGESTS = ("algorithm", "hashtype"), ("hash", "digest", "checksum", "hashvalue")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True)
class ListedHash:
    """One hash received with the items.

    Attributes:
        name: file name in the list.
        digest: lower-case hex.
        kind: its algorithm, such as `sha256` or `md5`; one that is not in `HASHES` cannot be compared.
    """

    name: str
    digest: str
    kind: str = "sha256"

    @property
    def algorithm(self) -> str:
        """The algorithm as it is printed."""
        return printed_algorithm(self.kind)


def printed_algorithm(kind: str) -> str:
    """The name of an algorithm as it is printed.

    >>> [printed_algorithm(kind) for kind in ("md5", "sha1", "sha256", "whirlpool")]
    ['MD5', 'SHA-1', 'SHA-256', 'WHIRLPOOL']
    """
    return re.sub(r"^SHA", "SHA-", kind.upper())


def by_length(name: str, digest: str) -> ListedHash:
    """A hash whose algorithm only its length tells."""
    return ListedHash(name, digest.lower(), DIGITS.get(len(digest), UNKNOWN))


def algorithm(text: str) -> str:
    """The name of an algorithm, however a tool writes it.

    >>> [algorithm(text) for text in ("SHA-256", "SHA2-256", "SHA1", "MD5", "SHA512/256", "Whirlpool")]
    ['sha256', 'sha256', 'sha1', 'md5', 'sha512256', 'whirlpool']
    """
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    return re.sub(r"^sha2(224|256|384|512)$", r"sha\1", plain)


def read_hash_list(content: bytes, name: str) -> tuple[ListedHash, ...]:
    """Every hash of a list.

    Args:
        content: the file.
        name: what it is called, for messages.

    Raises:
        UsageError: a line is of no form that is known, is cut short, or its hash is not of the length of its algorithm.
    """
    lines = [(number, line) for number, line in enumerate(_text(content).splitlines(), start=1) if line.strip()]
    try:
        found = tuple(_form(lines)(lines))
        for number, one in found:
            if one.kind in HASHES and len(one.digest) != 2 * HASHES[one.kind]:
                raise _UnknownLine(number, f"holds no {one.kind} hash of {2 * HASHES[one.kind]} digits")
    except _UnknownLine as error:
        raise UsageError(f"Line {error.number} of the hash list {name!r} {error}.") from error
    return tuple(one for _, one in found)


class _UnknownLine(ValueError):
    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


_Lines = list[tuple[int, str]]
_Found = Iterator[tuple[int, ListedHash]]


def _text(content: bytes) -> str:
    """The text of a list; without a mark at its start, zeros beside letters mean UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if content[1:2] == b"\0" or content[:1] == b"\0":
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _form(lines: _Lines) -> Callable[[_Lines], _Found]:
    """The reader of the form that a list has, told by its first line that is no comment."""
    first = next((line.strip() for _, line in lines if not line.startswith(_COMMENTS)), "")
    if first.startswith("%%%% "):
        return _hashdeep
    if _SHELL_HEADING.fullmatch(first):
        return _shell_table
    if _SHELL_ITEM.match(first):
        return _shell_list
    return _table if _columns(first) else _sums


def _sums(lines: _Lines) -> _Found:
    for number, line in lines:
        if line.startswith(_COMMENTS):
            continue
        if not (found := _SUMS.fullmatch(line) or _BSD.fullmatch(line)):
            raise _UnknownLine(
                number, "is not in the form of sha256sum (HASH  NAME), nor is the list in any other known"
            )
        name = found["name"]
        if found["escaped"]:
            name = re.sub(r"\\[\\nr]", lambda escape: _ESCAPES[escape[0]], name)
        kind = found.groupdict().get("kind")
        told = by_length(name, found["digest"])
        yield number, ListedHash(name, told.digest, algorithm(kind)) if kind else told


def _hashdeep(lines: _Lines) -> _Found:
    kinds: list[str] = []
    for number, line in lines:
        if found := _HASHDEEP.fullmatch(line):
            kinds = [algorithm(kind) for kind in found["columns"].split(",")]
        elif not line.startswith(("#", "%%%%")):
            parts = line.split(",", len(kinds) + 1)
            if not kinds or len(parts) != len(kinds) + 2 or not all(map(_HEX.fullmatch, parts[1:-1])):
                raise _UnknownLine(number, "is none of hashdeep's")
            for kind, digest in zip(kinds, parts[1:-1], strict=True):
                yield number, ListedHash(parts[-1], digest.lower(), kind)


def _shell_table(lines: _Lines) -> _Found:
    for number, line in lines:
        text = line.strip()
        if _SHELL_HEADING.fullmatch(text) or _SHELL_RULE.fullmatch(text):
            continue
        found = _SHELL_TABLE.fullmatch(text)
        if not found:
            raise _UnknownLine(number, "is none of a table of Get-FileHash")
        yield number, _shown(number, found["name"], found["digest"], found["kind"])


def _shell_list(lines: _Lines) -> _Found:
    item: dict[str, str] = {}
    last = ""
    for number, line in [*lines, (lines[-1][0], "Algorithm : ")]:
        if found := _SHELL_ITEM.match(line):
            if found[1] in item:
                if {"Hash", "Path"} - item.keys():
                    raise _UnknownLine(number, "begins an item before the one above has hash and path")
                yield number, _shown(number, item["Path"], item["Hash"], item.get("Algorithm", ""))
                item = {}
            last = found[1]
            item[last] = found[2]
        elif last and line.startswith(" "):
            item[last] += line.lstrip()  # a long value goes on in the next line, behind its last space
        else:
            raise _UnknownLine(number, "is none of a list of Get-FileHash")


def _shown(number: int, name: str, digest: str, kind: str) -> ListedHash:
    """A hash as PowerShell shows it, which cuts short what is too long for its window."""
    name, digest = name.strip(), digest.strip()
    if digest.endswith(_CUT_SHORT) or name.endswith(_CUT_SHORT):
        raise _UnknownLine(number, "was cut short by PowerShell: have the list written by Export-Csv or Format-List")
    if not _HEX.fullmatch(digest):
        raise _UnknownLine(number, "holds no hash")
    return ListedHash(name, digest.lower(), algorithm(kind)) if kind.strip() else by_length(name, digest)


def _table(lines: _Lines) -> _Found:
    heading = next(line for _, line in lines if not line.startswith(_COMMENTS))
    delimiter, columns = _columns(heading) or (",", [])
    name_at = next(place for place, column in enumerate(columns) if column in _NAMES)
    kind_at = next((place for place, column in enumerate(columns) if column in _KINDS), None)
    for number, line in lines:
        if line == heading or line.startswith(_COMMENTS):
            continue
        row = next(csv.reader([line], delimiter=delimiter))
        if len(row) != len(columns):
            raise _UnknownLine(number, f"has {len(row)} columns; the heading has {len(columns)}")
        for place, column in enumerate(columns):
            digest = row[place]
            if digest.strip() and (column in HASHES or column in _DIGESTS):
                kind = column if column in HASHES else row[kind_at] if kind_at is not None else ""
                yield number, _shown(number, row[name_at], digest, kind)


def _columns(heading: str) -> tuple[str, list[str]] | None:
    """Delimiter and columns of a table, None where a line is no heading of one with names and hashes."""
    for delimiter in ",;\t":
        columns = [algorithm(column) for column in next(csv.reader([heading], delimiter=delimiter), [])]
        known = any(column in HASHES or column in _DIGESTS for column in columns)
        if known and any(column in _NAMES for column in columns):
            return delimiter, columns
    return None
