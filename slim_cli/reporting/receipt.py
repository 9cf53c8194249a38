"""What came with the items, compared with what was found: exhibits of the case file and received hashes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slim_cli.reporting.case_file import Case, ListedHash
from slim_cli.results import FileResult

SHA256_DIGITS = 64
UNCOMPARED = ("other_kind", "unread")


@dataclass(frozen=True)
class Received:
    """What the case says of one file.

    Attributes:
        exhibit: the block of the case file, empty texts where there is none.
        outcome: `match`, `mismatch`, `renamed` (its hash is listed under another name), `unlisted`, `unread`,
            `other_kind` (the received hash is not SHA-256), or `no_list`.
        listed: the received line it was compared with, None where there is none.
    """

    exhibit: Mapping[str, str]
    outcome: str
    listed: ListedHash | None = None


@dataclass(frozen=True)
class Receipt:
    """The case compared with the scan.

    Attributes:
        files: what the case says of each file, in the order found.
        absent: received hashes that belong to no file found.
        not_found: exhibits of the case file that are no file found.
    """

    files: tuple[Received, ...]
    absent: tuple[ListedHash, ...]
    not_found: tuple[Mapping[str, str], ...]

    @property
    def troubles(self) -> dict[str, int]:
        """How many received hashes do not agree, could not be compared, or belong to no file found."""
        counts = {
            "hashes_bad": sum(one.outcome == "mismatch" for one in self.files),
            "hashes_uncompared": sum(one.outcome in UNCOMPARED for one in self.files),
            "hashes_absent": len(self.absent),
        }
        return {kind: n for kind, n in counts.items() if n}


def compare(case: Case, results: Sequence[FileResult]) -> Receipt:
    """Finds the exhibit and the received hash of every file.

    A name in a case file or list means the file of that path, or the only file whose path ends with it. A file without
    a line of its own agrees where its hash is listed under another name.
    """
    paths = _Names(result.path for result in results)
    exhibits = {paths.find(exhibit["file"]): exhibit for exhibit in case.exhibits}
    lines = {paths.find(line.name): line for line in case.listed}
    digests = {line.digest: line for line in case.listed}
    files = tuple(
        Received(exhibits.get(number, {}), *_outcome(result.sha256, lines.get(number), digests, bool(case.listed)))
        for number, result in enumerate(results)
    )
    used = {one.listed for one in files}
    return Receipt(
        files,
        tuple(line for line in case.listed if line not in used and paths.find(line.name) is None),
        tuple(exhibit for exhibit in case.exhibits if paths.find(exhibit["file"]) is None),
    )


def _outcome(
    measured: str | None, line: ListedHash | None, digests: Mapping[str, ListedHash], any_listed: bool
) -> tuple[str, ListedHash | None]:
    if line is None:
        other = digests.get(measured or "")
        return ("renamed", other) if other else ("unlisted" if any_listed else "no_list", None)
    if measured is None:
        return "unread", line
    if len(line.digest) != SHA256_DIGITS:
        return "other_kind", line
    return ("match" if line.digest == measured else "mismatch"), line


class _Names:
    """Paths found, searched by names as people write them down."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._whole: dict[str, int] = {}
        self._by_last: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, path in enumerate(paths):
            self._whole.setdefault(path, number)
            self._by_last[path.rpartition("/")[2]].append((path, number))

    def find(self, name: str) -> int | None:
        """The number of the file that a name means, None where there is none or more than one."""
        if name in self._whole:
            return self._whole[name]
        name = name.replace("\\", "/").removeprefix("./")
        if name in self._whole:
            return self._whole[name]
        same = [
            number
            for path, number in self._by_last[name.rpartition("/")[2]]
            if path.endswith(f"/{name}") or name.endswith(f"/{path}")
        ]
        return same[0] if len(same) == 1 else None
