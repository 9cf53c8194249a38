"""The report on paper: PDF/A-3a with the results attached, printed in parts by processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from slim_cli.errors import EnvironmentUnfit
from slim_cli.reporting.case_file import FILE_NAME as CASE_FILE
from slim_cli.reporting.glyphs import drawn_ranges, with_code_points
from slim_cli.reporting.json_lines import jsonl
from slim_cli.reporting.sheets import CHAPTER, Sheets, section_pages
from slim_cli.reporting.stored_rows import StoredRows
from slim_cli.reporting.templates import pieces

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

ATTACHED: Mapping[str, str] = {
    "results.jsonl": "One line per file: every number of this report",
    "run.json": "What was done with what: the whole configuration",
    "reference.json": "Reference statistics of the model",
    "calibration.json": "How scores became likelihood ratios",
    "seal.json": "What this slip seals",
}
VARIANT = "pdf/a-3a"
SCRATCH = ".printing-"  # beside the report, where whoever goes on with a killed run finds and removes it
_CASE = "What the examiner stated"
_HERE = Path(__file__).parent


def write_pdf(findings: Findings, target: Path) -> None:
    """Writes `report.pdf`; the same findings give the same bytes, on however many processors.

    Parts are printed by child processes, as many at once as there are processors, so that memory does not grow with
    the report; their clock stands at the end of the scan.

    Raises:
        EnvironmentUnfit: a child process failed, with the first cause it named.
    """
    epoch = int(datetime.fromisoformat(findings.run.finished).timestamp())
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=target.parent) as scratch,
        _PdfProcesses(Path(scratch), epoch) as processes,
    ):
        document = processes.folder / "document.html"
        with document.open("w", encoding="utf-8") as page:
            drawn = drawn_ranges()
            page.writelines(with_code_points(piece, drawn) for piece in pieces(findings.report, "pdf"))
        sheets, attached = Sheets.cut(document), processes.store(_attachments(findings))
        if sheets.parts:
            _print_in_parts(processes, sheets, target.resolve(), attached)
        else:
            processes.print(sheets.whole, target.resolve(), attached)


def print_document(
    document: str, target: Path, attached: Mapping[str, bytes | Path], moment: str, variant: str | None = VARIANT
) -> None:
    """Prints one HTML document with files attached, as a variant of PDF; `moment` (ISO 8601) is what its clock shows.

    Raises:
        EnvironmentUnfit: it could not be printed.
    """
    epoch = int(datetime.fromisoformat(moment).timestamp())
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=target.parent) as scratch,
        _PdfProcesses(Path(scratch), epoch) as processes,
    ):
        processes.print(document, target.resolve(), processes.store(attached), variant)


def _print_in_parts(processes: _PdfProcesses, sheets: Sheets, target: Path, attached: Mapping[str, str]) -> None:
    paths = [processes.folder / f"part-{number}.pdf" for number in range(len(sheets.parts))]

    def print_part(start: int, path: Path) -> dict[str, Any]:
        return processes.print(sheets.part(start), path)

    with ThreadPoolExecutor(_processors()) as hands:
        try:
            printed = list(hands.map(print_part, sheets.parts, paths))
        except BaseException:  # why: whatever ends it, a signal too, leaves no process behind
            hands.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise
    pages = section_pages(sheets.anchors, [p["anchors"] for p in printed], [p["pages"] for p in printed])
    frame = processes.folder / "frame.pdf"
    framed = processes.print(sheets.frame(pages), frame, attached)["anchors"]
    first = framed[CHAPTER]
    expected = first + printed[0]["anchors"][sheets.anchors[0]] - 1
    for anchor, count in zip(sheets.anchors, pages, strict=True):
        if framed[anchor] != expected:
            raise ValueError(f"the section {anchor} stands on page {framed[anchor]}, not {expected}")
        expected += count
    job = {"frame": str(frame), "first": first, "parts": list(map(str, paths)), "target": str(target)}
    processes.run("pdf_joining.py", job)


def _attachments(findings: Findings) -> dict[str, bytes | Path]:
    """Files to attach by name; those of the case, but the case file itself, with a prefix that keeps them apart."""
    rows = findings.folder / "results.jsonl"
    stored: dict[str, bytes | Path] = {"results.jsonl": rows}
    if not isinstance(findings.results, StoredRows):
        stored["results.jsonl"] = "".join(jsonl(findings.results)).encode()
    texts = {
        "run.json": findings.run.to_json(),
        "reference.json": findings.reference.to_json(),
    }
    whole = findings.folder / "calibration.json"  # with the refits behind the intervals, where the scan kept it
    if whole.is_file():
        texts["calibration.json"] = whole.read_text(encoding="utf-8")
    elif findings.run.calibration:
        texts["calibration.json"] = json.dumps(findings.run.calibration, ensure_ascii=False, indent=1) + "\n"
    case = findings.style.case.sources if findings.style.case else {}
    sources = {name if name == CASE_FILE else f"case-{Path(name).name}": content for name, content in case.items()}
    return stored | {name: text.encode() for name, text in texts.items()} | sources


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _PdfProcesses:
    """Runs the printing and joining processes; as a context manager it leaves none of their processes behind.

    Args:
        folder: for what lies about while they work.
        epoch: what their clocks show, seconds since 1970.
    """

    def __init__(self, folder: Path, epoch: int) -> None:
        self.folder = folder
        self._environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
        self._running: set[subprocess.Popen[str]] = set()

    def __enter__(self) -> _PdfProcesses:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the processes that are still at work."""
        for process in tuple(self._running):
            process.kill()

    def store(self, files: Mapping[str, bytes | Path]) -> dict[str, str]:
        """Stores texts to attach; returns the descriptions of these and of what is stored already, by path."""
        paths = {name: content if isinstance(content, Path) else self.folder / name for name, content in files.items()}
        for name, content in files.items():
            if isinstance(content, bytes):
                paths[name].write_bytes(content)
        return {str(path.resolve()): ATTACHED.get(name, _CASE) for name, path in paths.items()}

    def print(
        self, document: str, target: Path, attached: Mapping[str, str] | None = None, variant: str | None = VARIANT
    ) -> dict[str, Any]:
        """Prints a document; returns its number of pages and the page of every id."""
        source = self.folder / f"{target.stem.strip('.')}.html"
        source.write_text(document, encoding="utf-8")
        job = {"source": str(source), "target": str(target), "attached": dict(attached or {})} | {"variant": variant}
        return json.loads(self.run("pdf_printing.py", job))

    def run(self, tool: str, job: Mapping[str, Any]) -> str:
        """Runs a tool; returns what it printed.

        Raises:
            EnvironmentUnfit: it failed.
        """
        order = self.folder / f"{Path(job['target']).stem.strip('.')}.{tool}.json"
        order.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-P", str(_HERE / tool), str(order)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=self._environment, stdout=pipe, stderr=pipe, text=True) as process:
            self._running.add(process)
            printed, complaints = process.communicate()
            self._running.discard(process)
        if process.returncode:
            cause = complaints.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
            raise EnvironmentUnfit(
                f"The PDF could not be written: {cause[0]}. On Debian the packages libpango-1.0-0, "
                "libpangoft2-1.0-0, libharfbuzz-subset0 and fonts-dejavu-core are needed; the other formats do not "
                "need them."
            )
        return printed
