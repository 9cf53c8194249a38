"""What came with the items, compared with what was found: exhibits of the case file and received hashes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from slim_cli.evidence.exhibits import SHA256
from slim_cli.evidence.names import same_spelling
from slim_cli.reporting.case_file import Case
from slim_cli.reporting.hash_lists import ListedHash
from slim_cli.results import FileResult

UNCOMPARED = ("other_kind", "unread")


@dataclass(frozen=True)
class Received:
    """What the case says of one file.

    Attributes:
        exhibit: the block of the case file, empty texts where there is none.
        outcome: `match`, `mismatch`, `contradiction` (two received hashes of one kind differ), `renamed` (its hash is
            listed under another name), `unlisted`, `unread`, `other_kind` (by no algorithm that the file was hashed
            with), or `no_list`.
        lines: the received hashes that this rests on; those that do not agree, where some do not.
    """

    exhibit: Mapping[str, str]
    outcome: str
    lines: tuple[ListedHash, ...] = ()

    @property
    def disagrees(self) -> bool:
        """Whether a received hash is another than the measured one."""
        return self.outcome in ("mismatch", "contradiction")


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
        """How many received hashes contradict each other, do not agree, were not compared, or belong to no file."""
        counts = {
            "hashes_contradict": sum(one.outcome == "contradiction" for one in self.files),
            "hashes_bad": sum(one.outcome == "mismatch" for one in self.files),
            "hashes_uncompared": sum(one.outcome in UNCOMPARED for one in self.files),
            "hashes_absent": len(self.absent),
        }
        return {kind: n for kind, n in counts.items() if n}


def compare(case: Case, results: Sequence[FileResult]) -> Receipt:
    """Finds the exhibit and the received hashes of every file.

    A name in a case file or list means the file of that path, or the only file whose path ends with it, in whatever
    Unicode form. A file without a line of its own agrees where its hash is listed under another name.
    """
    paths = _Names(result.path for result in results)
    exhibits = {paths.find(exhibit["file"]): exhibit for exhibit in case.exhibits}
    lines, digests = defaultdict[int | None, list[ListedHash]](list), defaultdict[str, list[ListedHash]](list)
    for line in case.listed:
        lines[paths.find(line.name)].append(line)
        digests[line.digest].append(line)
    files = []
    for number, result in enumerate(results):
        measured = _measured(result)
        known = [line for digest in measured.values() for line in digests[digest]]
        outcome, shown = _outcome(measured, lines[number], known) if case.listed else ("no_list", ())
        files.append(Received(exhibits.get(number, {}), outcome, shown))
        if outcome == "match":
            lines[None] += [one for one in lines[number] if not any(_one_item(one.name, used.name) for used in shown)]
    elsewhere = {same_spelling(line.name) for one in files if one.outcome == "renamed" for line in one.lines}
    return Receipt(
        tuple(files),
        tuple(line for line in lines[None] if same_spelling(line.name) not in elsewhere),
        tuple(exhibit for exhibit in case.exhibits if paths.find(exhibit["file"]) is None),
    )


def exhibits_among(case: Case, results: Sequence[FileResult]) -> Sequence[FileResult]:
    """The rows that are exhibits of a case; all of them where the case file lists none."""
    received = compare(case, results).files
    return [result for result, one in zip(results, received, strict=True) if one.exhibit] or results


def _measured(result: FileResult) -> dict[str, str]:
    return {SHA256: result.sha256, **(result.hashes or {})} if result.sha256 else {}


def _outcome(
    measured: Mapping[str, str], lines: Sequence[ListedHash], known: Sequence[ListedHash]
) -> tuple[str, tuple[ListedHash, ...]]:
    """What the received hashes say of a file.

    Args:
        measured: its hashes by algorithm.
        lines: the received ones that mean it by name.
        known: the received ones that are its own, by whatever name.
    """
    if not lines:
        return ("renamed", tuple(known)) if known else ("unlisted", ())
    if not measured:
        return "unread", tuple(lines)
    for one, other in combinations(lines, 2):
        if one.kind == other.kind and one.digest != other.digest and _one_item(one.name, other.name):
            return "contradiction", (one, other)
    compared = [line for line in lines if line.kind in measured]
    if not compared:
        return "other_kind", tuple(lines)
    wrong = [line for line in compared if line.digest != measured[line.kind]]
    right = {same_spelling(line.name) for line in compared} - {same_spelling(line.name) for line in wrong}
    if wrong and not right:
        return "mismatch", tuple(wrong)
    return "match", tuple(line for line in compared if same_spelling(line.name) in right)


def _one_item(one: str, other: str) -> bool:
    """Whether two received names can mean the same file: one is the end of the other."""
    one, other = f"/{same_spelling(one)}", f"/{same_spelling(other)}"
    return one.endswith(other) or other.endswith(one)


class _Names:
    """Paths found, searched by names as people write them down."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._whole: dict[str, int] = {}
        self._by_last: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, path in enumerate(paths):
            self._whole.setdefault(path, number)
            spelled = same_spelling(path)
            self._by_last[spelled.rpartition("/")[2]].append((spelled, number))

    def find(self, name: str) -> int | None:
        """The number of the file that a name means, None where there is none or more than one."""
        if name in self._whole:
            return self._whole[name]
        name = same_spelling(name)
        alike = self._by_last[name.rpartition("/")[2]]
        whole = [number for path, number in alike if path == name]
        ending = [number for path, number in alike if path.endswith(f"/{name}") or name.endswith(f"/{path}")]
        same = whole or ending
        return same[0] if len(same) == 1 else None
