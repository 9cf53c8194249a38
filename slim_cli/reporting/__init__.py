"""Reporting: from results to the report on screen and paper, and to tables for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from slim_cli.assessment.reference import Reference
from slim_cli.errors import UsageError
from slim_cli.reporting.case_file import stored_case
from slim_cli.reporting.selection import TRIAGE, Style, check_limit
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord

__all__ = ["FORMATS", "load", "stored_case", "stored_choices", "write"]

FORMATS = ("jsonl", "csv", "html", "pdf")
CHOICES_SCHEMA = "slim-report/1"


def write(
    results: Sequence[FileResult],
    run: RunRecord,
    reference: Reference,
    output: Path,
    formats: Sequence[str] = FORMATS,
    style: Style = TRIAGE,
) -> dict[str, Path]:
    """Writes the outputs asked for and what they are made from, each whole or not at all.

    Args:
        results: one result per file found, in the order found.
        run: what was done with what.
        reference: reference statistics of the model.
        output: the output folder; overviews named in the results lie below it.
        formats: any of `slim_cli.output_formats.OUTPUT_FORMATS`.
        style: what the report is to be. The files of a case are kept in the folder `case` below the output folder,
            where `stored_case` finds them again.

    Returns:
        the file written for each format.

    Raises:
        UsageError: a format, the limit or the language is unknown.
        EnvironmentUnfit: the PDF could not be printed.
    """
    from slim_cli.reporting.stored_rows import StoredRows
    from slim_cli.reporting.writers import Findings, get_writer
    from slim_cli.whole_files import replacing
    from slim_cli.words import load_words

    check_limit(style.limit)
    writers = {name: get_writer(name) for name in formats}
    load_words(style.language)
    # why: as rounded as whoever reads them back
    stored = results if isinstance(results, StoredRows) else [FileResult.from_json(r.to_json()) for r in results]
    run = RunRecord.from_json(run.to_json())
    findings = Findings(stored, run, reference, output, style)
    output.mkdir(parents=True, exist_ok=True)
    if style.case:
        style.case.store(output)
    for name, text in sources(run, reference, style).items():
        with replacing(output / name) as partial:
            partial.write_text(text, encoding="utf-8")
    written = {}
    for name, (file_name, writer) in writers.items():
        with replacing(output / file_name) as partial:
            writer(findings, partial)
        written[name] = output / file_name
    return written


def sources(run: RunRecord, reference: Reference, style: Style) -> dict[str, str]:
    """What a report is made from beside the rows and the case, text by file name."""
    choices = json.dumps({"schema": CHOICES_SCHEMA, "report": style.limit, "language": style.language}) + "\n"
    return {"run.json": run.to_json(), "reference.json": reference.to_json(), "report.json": choices}


def load(output: Path) -> tuple[Sequence[FileResult], RunRecord]:
    """Reads back what a scan wrote, so that a report can be made again without the model.

    Raises:
        UsageError: the folder holds no readable `results.jsonl` and `run.json`.
    """
    from slim_cli.reporting.stored_rows import StoredRows

    try:
        run = RunRecord.from_json((output / "run.json").read_text(encoding="utf-8"))
        return StoredRows(output / "results.jsonl"), run
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The folder {output} holds no results of a scan that can be read: {error}.") from error


def stored_choices(output: Path) -> dict[str, str]:
    """How the report of an output folder was made: `report`, its limit, and `language`; empty where nothing is known.

    Raises:
        UsageError: the record of it cannot be read.
    """
    path = output / "report.json"
    if not path.exists():
        return {}
    try:
        choices = json.loads(path.read_text(encoding="utf-8"))
        if choices["schema"] != CHOICES_SCHEMA:
            raise ValueError(f"schema {choices['schema']!r}")
        return {name: str(choices[name]) for name in ("report", "language")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
