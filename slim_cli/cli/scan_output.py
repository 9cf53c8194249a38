"""What `slim scan` says when it is done: on stderr what failed and how long it took, on stdout what it came to."""

from __future__ import annotations

import sys
from pathlib import Path

from slim_cli.cli.console import complain, is_looked_at, open_in_browser, report_in, show
from slim_cli.cli.summary import TABLE_ROWS, sentences, summary_table
from slim_cli.engines.scan_summary import ScanSummary
from slim_cli.evidence.names import safe_name


def tell_outcome(summary: ScanSummary, quiet: bool, json_line: bool, timings: bool, open_report: bool) -> None:
    """Tells of the end of a scan as it was asked for."""
    _tell_failures(summary, summary.output, quiet)
    if timings:
        _tell_times(summary)
    if json_line:
        show(summary.to_json())
    elif not quiet:
        _show_table(summary, summary.output)
    if open_report:
        open_in_browser(summary.output)


def _tell_failures(summary: ScanSummary, output: Path, quiet: bool) -> None:
    """Names on stderr what failed; with `quiet` only what makes the whole scan fail."""
    from slim_cli.words import load_words

    for failure in filter(None, (summary.integrity_failure, summary.environment_failure)):
        complain(failure)
    if summary.files_left and not quiet:
        complain(f"{summary.files_left} files are left; go on with: slim scan ... --output {output} --resume")
    for result in [] if quiet else summary.not_examined[:TABLE_ROWS]:
        complain(f"not examined: {result.path}: {load_words().sentence(result.reason)} ({result.status})")
    hidden = len(summary.not_examined) - TABLE_ROWS
    if hidden > 0 and not quiet:
        complain(f"not examined: {hidden} more; {output / 'results.jsonl'} names them all")


def _tell_times(summary: ScanSummary) -> None:
    """Prints on stderr how long each stage took."""
    total = summary.seconds["total"]
    for stage, value in summary.seconds.items():
        rate = f"{summary.audio_s / value:8.1f} × real time" if value and summary.audio_s else ""
        print(f"{stage:<10} {value:8.2f} s {100 * value / total:5.1f} % {rate}", file=sys.stderr)


def _show_table(summary: ScanSummary, folder: Path) -> None:
    """Prints the files, what they came to, and where it was written."""
    lines = sentences(summary)
    if len(summary.results) > TABLE_ROWS:
        lines.insert(0, f"The table shows {TABLE_ROWS} of {len(summary.results)} files; results.jsonl holds all.")
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    lines.append(f"Written to {safe_name(str(folder))}: {', '.join(names)}")
    last = f"Report: {safe_name(str(report_in(folder) or folder))}"
    show(summary_table(summary, plain=not is_looked_at()), "", *lines, last)
