"""`results.jsonl`: one line per file in the schema `slim-results/2`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.results import FileResult

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


def write_jsonl(findings: Findings, target: Path) -> None:
    """Writes `results.jsonl`."""
    target.write_text(jsonl(findings.results), encoding="utf-8")


def jsonl(results: Iterable[FileResult]) -> str:
    """One JSON line per result."""
    return "".join(result.to_json() + "\n" for result in results)


def read_jsonl(path: Path) -> list[FileResult]:
    """Reads `results.jsonl`.

    Raises:
        FormatError: a line is not JSON or not a row; names the line.
    """
    with open(path, encoding="utf-8") as lines:
        return [FileResult.from_json(line, f"{path.name}: line {number}") for number, line in enumerate(lines, 1)]
