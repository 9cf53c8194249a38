"""`results.jsonl`: one line per file in the schema `slim-results/2`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.results import FileResult

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings


def write_jsonl(findings: Findings, target: Path) -> None:
    """Writes `results.jsonl`."""
    with target.open("w", encoding="utf-8") as lines:
        lines.writelines(jsonl(findings.results))


def jsonl(results: Iterable[FileResult]) -> Iterator[str]:
    """One JSON line per result."""
    return (result.to_json() + "\n" for result in results)
