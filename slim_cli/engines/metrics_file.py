"""What a scan came to, in the text format of Prometheus, for the textfile collector of its node exporter."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from slim_cli import __version__
from slim_cli.engines.scan_summary import ScanSummary
from slim_cli.results import STATUSES
from slim_cli.whole_files import replacing


def write_metrics(summary: ScanSummary, path: Path) -> None:
    """Writes the file, whole or not at all; `path` should end in `.prom`."""
    with replacing(path) as partial:
        partial.write_text("".join(f"{line}\n" for line in _lines(summary)), encoding="utf-8")
        os.chmod(partial, 0o644)


def _lines(summary: ScanSummary) -> Iterator[str]:
    counts = {f'{{status="{status}"}}': summary.counts.get(status, 0) for status in STATUSES}
    stages = {f'{{stage="{name}"}}': f"{value:.2f}" for name, value in summary.seconds.items()}
    yield from _metric("files", "Files of the last scan by status.", counts)
    yield from _metric("files_from_ledger", "Files taken from the ledger.", {"": summary.from_ledger})
    yield from _metric("files_left", "Files left when the time was over.", {"": summary.files_left})
    yield from _metric(
        "for_review", "Files at or above the review threshold.", {"": summary.at_or_above(summary.review_score)}
    )
    yield from _metric("audio_seconds", "Decoded audio.", {"": f"{summary.audio_s:.1f}"})
    yield from _metric("duration_seconds", "Wall time by stage.", stages)
    yield from _metric("exit_code", "What the scan left with.", {"": summary.exit_code})
    yield from _metric("finished_timestamp_seconds", "When the scan ended.", {"": int(time.time())})
    yield from _metric("version_info", "Version of the tool.", {f'{{version="{__version__}"}}': 1})


def _metric(name: str, told: str, values: Mapping[str, object]) -> Iterator[str]:
    yield f"# HELP slim_scan_{name} {told}"
    yield f"# TYPE slim_scan_{name} gauge"
    for labels, value in values.items():
        yield f"slim_scan_{name}{labels} {value}"
