"""Which files a scan examines, as it was asked: below some paths or of a list, and what narrows them down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slim_cli import hashing
from slim_cli.custody.folder import check_file_apart
from slim_cli.errors import UsageError
from slim_cli.evidence.discovery import Candidate, discover, discover_listed
from slim_cli.evidence.file_choice import FileChoice, parse_shard, parse_since, read_list
from slim_cli.evidence.remote import discover_remote


@dataclass(frozen=True, kw_only=True)
class FileSelection:
    """Which files are asked for, in the words of the user.

    Attributes:
        paths: files, and folders with all they hold; or else
        files_from: a list of files, `-` for standard input; or else
        remote: URLs to look below, such as `s3://bucket/calls`.
        since: files changed since, a date, a time or a span.
        include: patterns of which a file must match one, where there are any.
        exclude: patterns of files to leave out.
        shard: one share of n, such as `2/8`.
    """

    paths: Sequence[Path] = ()
    files_from: str | None = None
    remote: Sequence[str] = ()
    since: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    shard: str | None = None

    def __post_init__(self) -> None:
        if sum(map(bool, (self.paths, self.files_from, self.remote))) != 1:
            raise UsageError(
                "Name files or folders to examine, or a list of them (--files-from), or URLs (--remote); only one."
            )
        if self.remote and self.since:
            raise UsageError("--since asks a file system when a file changed; with --remote, leave it out.")


@dataclass(frozen=True)
class ChosenFiles:
    """The same, read and checked.

    Attributes:
        paths: as asked for.
        listed: paths of the list, None where folders are walked.
        choice: what narrows the scan down.
        account: what was asked for beside paths, for log and record; empty where nothing was.
        remote: URLs to look below, where neither paths nor a list were given.
    """

    paths: Sequence[Path]
    listed: Sequence[bytes] | None
    choice: FileChoice
    account: Mapping[str, Any]
    remote: Sequence[str] = ()

    def check_apart(self, output: Path, written: Sequence[Path]) -> None:
        """Refuses to write among the evidence, or a file into the output folder that is not of it.

        Args:
            output: the output folder.
            written: other files that are written.

        Raises:
            UsageError: one lies inside the evidence, or a file inside the output folder.
        """
        listed = [Path(os.fsdecode(path)) for path in self.listed or ()]
        for file in written:
            check_file_apart(file, [*self.paths, *listed], output)
        for path in listed:
            check_file_apart(path, (), output)

    def entries(self) -> Iterator[Candidate]:
        """What is to be examined: of the list, or of what lies below paths or URLs, that which is chosen."""
        if self.remote:
            return filter(self.choice.takes, discover_remote(self.remote))
        found = discover(self.paths) if self.listed is None else discover_listed(self.listed)
        return filter(self.choice.takes, found)


def choose_files(asked: FileSelection, begun_with: Mapping[str, Any] | None = None) -> ChosenFiles:
    """Reads what was asked for.

    Args:
        asked: the words of the user.
        begun_with: what the run that goes on was asked for; None for a new run. A span such as `36h` then counts from
            where it did.

    Raises:
        UsageError: the list cannot be read, or time or share are none.
    """
    names = ("files_from", "remote", "since", "include", "exclude", "shard")
    account: dict[str, Any] = {name: value for name in names if (value := getattr(asked, name))}
    for name in ("remote", "include", "exclude"):
        if name in account:
            account[name] = list(account[name])
    if asked.since:
        same = begun_with is not None and begun_with.get("since") == asked.since
        account["since_s"] = begun_with["since_s"] if begun_with and same else parse_since(asked.since)
    listed = sorted(set(read_list(asked.files_from))) if asked.files_from else None
    if listed is not None:
        account["listed_sha256"] = hashing.digest([path.hex() for path in listed])
    shard = parse_shard(asked.shard) if asked.shard else None
    choice = FileChoice(tuple(asked.include), tuple(asked.exclude), account.get("since_s"), shard)
    return ChosenFiles(asked.paths, listed, choice, account, asked.remote)
