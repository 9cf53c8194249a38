"""The options of `slim scan` that large and growing archives need, as the command line shows them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli.cli import quantities
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.evidence.discovery import Candidate
    from slim_cli.evidence.file_choice import FileChoice

_PANEL: dict[str, Any] = {"rich_help_panel": "Archives"}

LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        help="Take what was examined before from this file, and add what is new to it.",
        **_PANEL,
    ),
]
TrustStat = Annotated[
    bool,
    typer.Option("--trust-stat", help="Do not hash files again that look as the ledger knows them.", **_PANEL),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(help="Examine what this file lists, one a line or NUL after each; - is stdin.", **_PANEL),
]
Since = Annotated[
    str | None,
    typer.Option(help="Examine only files changed since, such as 2026-11-01 or 36h.", **_PANEL),
]
Include = Annotated[
    list[str] | None,
    typer.Option(help="Examine only files like this, such as '*.wav' or '2026/*'; may be repeated.", **_PANEL),
]
Exclude = Annotated[list[str] | None, typer.Option(help="Leave out files like this; may be repeated.", **_PANEL)]
Shard = Annotated[
    str | None,
    typer.Option(help="Examine the i-th of n shares, such as 2/8; slim merge joins them.", **_PANEL),
]
Workers = Annotated[int, typer.Option(min=1, help="Examine files in this many processes side by side.", **_PANEL)]
MaxRuntime = Annotated[
    str | None,
    typer.Option(help="Begin no file after this time, such as 6h, and leave with 6.", **_PANEL),
]
Metrics = Annotated[
    Path | None,
    typer.Option(help="Write what it came to for Prometheus (textfile collector).", **_PANEL),
]


@dataclass(frozen=True)
class Archive:
    """What was asked for, checked as far as that costs nothing.

    Attributes:
        ledger: file of the ledger, None for none.
        trust_stat: whether the ledger is believed in what it says of a file by its size and times.
        listed: paths of a list, None where folders are walked.
        choice: what narrows the scan down.
        account: the same as it was asked for, for log and record; empty where nothing was.
        max_runtime_s: begin no file later, seconds; None for no limit.
        metrics: file for Prometheus, None for none.
    """

    ledger: Path | None
    trust_stat: bool
    listed: Sequence[bytes] | None
    choice: FileChoice
    account: dict[str, Any] = field(default_factory=dict)
    max_runtime_s: float | None = None
    metrics: Path | None = None

    def check_apart(self, paths: Sequence[Path], output: Path) -> None:
        """Refuses a ledger or metrics inside evidence or output, and listed files that the scan would write to.

        Raises:
            UsageError: something is.
        """
        from slim_cli.custody.folder import check_file_apart

        listed = [Path(os.fsdecode(path)) for path in self.listed or ()]
        for file in filter(None, (self.ledger, self.metrics)):
            check_file_apart(file, [*paths, *listed], output)
        for path in listed:
            check_file_apart(path, (), output)

    def entries(self, paths: Sequence[Path]) -> Iterator[Candidate]:
        """What is to be examined: of the list, or of what lies below the paths, that which is chosen."""
        from slim_cli.evidence.discovery import discover, discover_listed

        found = discover(paths) if self.listed is None else discover_listed(self.listed)
        return filter(self.choice.takes, found)


def roots(paths: Sequence[Path] | None, files_from: str | None) -> list[Path]:
    """The files and folders named; none where a list is given.

    Raises:
        UsageError: both are given, or neither.
    """
    if bool(paths) == bool(files_from):
        raise UsageError("Name files or folders to examine, or a list of them with --files-from; not both.")
    return list(paths or [])


def archive(
    ledger: Path | None = None,
    trust_stat: bool = False,
    files_from: str | None = None,
    since: str | None = None,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    shard: str | None = None,
    max_runtime: str | None = None,
    metrics: Path | None = None,
    *,
    case: bool = False,
    begun_with: dict[str, Any] | None = None,
) -> Archive:
    """The options as the scan needs them.

    Args:
        ledger, trust_stat, files_from, since, include, exclude, shard, max_runtime, metrics: as given.
        case: whether the scan is for a case.
        begun_with: what the run that goes on was asked for; None for a new run. A span such as `36h` then counts from
            where it did.

    Raises:
        UsageError: they contradict each other, or one is not what it should be.
    """
    from slim_cli import hashing
    from slim_cli.evidence.file_choice import FileChoice, parse_shard, parse_since, read_list

    if trust_stat and (case or not ledger):
        raise UsageError(
            "--trust-stat takes hashes from a ledger: give --ledger, and for a case have every file hashed."
        )
    asked = {"files_from": files_from, "since": since, "include": include, "exclude": exclude, "shard": shard}
    account: dict[str, Any] = {name: value for name, value in asked.items() if value}
    if since:
        same = begun_with is not None and begun_with.get("since") == since
        account["since_s"] = begun_with["since_s"] if begun_with and same else parse_since(since)
    listed = sorted(set(read_list(files_from))) if files_from else None
    if listed is not None:
        account["listed_sha256"] = hashing.digest([path.hex() for path in listed])
    return Archive(
        ledger,
        trust_stat,
        listed,
        FileChoice(
            tuple(include or ()), tuple(exclude or ()), account.get("since_s"), parse_shard(shard) if shard else None
        ),
        account,
        quantities.seconds(max_runtime) if max_runtime else None,
        metrics,
    )
