"""`slim merge`: one run and one report of the shards of a scan."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli.cli import choices
from slim_cli.cli import common_options as common
from slim_cli.cli import scan_options as given
from slim_cli.cli.console import show
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.custody.merging import Shard
    from slim_cli.run_record import RunRecord


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Output folders of all shards of a scan.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the merged run.")],
    formats: common.Formats = choices.DEFAULT_FORMATS,
    report: common.Sections = "top:300",
    language: common.Language = "en",
    force: given.Force = False,
    quiet: common.Quiet = False,
) -> None:
    """Merge the shards of a scan (--shard i/n) into one run with one report; the shards stay as they are."""
    from slim_cli.assessment.calibration import FILE_NAME as CALIBRATION
    from slim_cli.assessment.reference import FILE_NAME, load_reference
    from slim_cli.audio.proxy import proxy_name
    from slim_cli.custody.folder import OutputFolder
    from slim_cli.custody.merging import ALIKE, account, copy_drawn, merged_rows, read_shards
    from slim_cli.custody.run import open_run
    from slim_cli.reporting import load, sources, write
    from slim_cli.reporting.selection import Style, check_limit
    from slim_cli.reporting.writers import get_writer

    check_limit(report)
    style = Style(report, language=language)
    for name in (chosen := choices.chosen_formats(formats)):
        get_writer(name)
    parts, target = read_shards(shards), OutputFolder(output, force)
    if len({(part.folder / FILE_NAME).read_bytes() for part in parts}) > 1:
        raise UsageError("The shards were scanned with different reference statistics; scan them with one model.")
    reference = load_reference(parts[0].folder)
    record = _record(parts)
    with open_run(target) as run:
        opening: dict[str, Any] = {name: parts[0].opening.get(name) for name in ALIKE}
        opening |= {"command": list(record.command), "merged": account(parts)}
        opening["evidence"] = list(dict.fromkeys(e for part in parts for e in part.opening.get("evidence", ())))
        made_from = sources(record, reference, style)
        if (calibration := parts[0].folder / CALIBRATION).is_file():
            made_from[CALIBRATION] = calibration.read_text(encoding="utf-8")
        run.begin(record.files_found or 0, made_from, **opening)
        for part, row in merged_rows(parts):
            drawn = [row.overview, proxy_name(row.overview)] if row.overview else []
            copy_drawn(part, drawn, output)
            run.record(row, drawn)
        run.end(True, record.files_found or 0, made_from)
        write(load(output)[0], record, reference, output, chosen, style)
        run.close("report_written")
    if not quiet:
        show(f"{record.files_found} rows of {len(parts)} shards. Written: {output}")


def _record(parts: list[Shard]) -> RunRecord:
    """The record of the merged run: that of the first shard, over the time and the rows of all."""
    from slim_cli.reporting import load

    records = [load(part.folder)[1] for part in parts]
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(record.counts)
    return dataclasses.replace(
        records[0],
        command=("slim", *sys.argv[1:]),
        started=min(record.started for record in records),
        finished=max(record.finished for record in records),
        counts=dict(counts),
        complete=all(record.complete for record in records),
        files_found=sum(part.rows for part in parts),
    )
