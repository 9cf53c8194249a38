"""The options of `slim scan` that large and growing archives need, as the command line shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

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
Engine = Annotated[
    str, typer.Option(help="Examine files by processes of this machine (local) or of a Ray cluster (ray).", **_PANEL)
]
Address = Annotated[
    str | None,
    typer.Option(help="Use the Ray cluster at this address; without it one is started on this machine.", **_PANEL),
]
Remote = Annotated[
    list[str] | None,
    typer.Option(help="Examine what lies below this URL, such as s3://bucket/calls; may be repeated.", **_PANEL),
]
MaxRuntime = Annotated[
    str | None,
    typer.Option(help="Begin no file after this time, such as 6h, and leave with 6.", **_PANEL),
]
Metrics = Annotated[
    Path | None,
    typer.Option(help="Write what it came to for Prometheus (textfile collector).", **_PANEL),
]
