"""`results.jsonl`: one line per file in the schema `slim-results/1`."""

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
        ValueError: a line is not JSON or of another schema.
    """
    with open(path, encoding="utf-8") as lines:
        return [FileResult.from_json(line) for line in lines]
