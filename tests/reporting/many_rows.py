"""What a report of very many rows costs: time and memory. Run: python -m tests.reporting.many_rows 1000 100000

The examples are scanned (or --run names a finished run) and their rows repeated under other names, hashes and scores;
of that folder `slim report` writes each format (--format) in a process of its own. Memory is the most that one process
held (resident set), and, with --all, what it and its children held together (proportional set size, sampled).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from tests.reporting.benchmark import PAUSE_S, held_bytes

ROOT = Path(__file__).parents[2]
MADE_FROM = ("reference.json", "report.json", "calibration.json")
PROGRAM = "from slim_cli.cli.main import main; main()"
MOST_APART = 997  # rows until scores come again


def repeated(source: Path, target: Path, rows: int) -> None:
    """Writes a finished run of so many rows, made of the rows of another.

    Args:
        source: a finished run.
        target: the new folder; the pictures of the rows are those of the source.
        rows: how many.
    """
    target.mkdir()
    shutil.copytree(source / "overview", target / "overview")
    for name in MADE_FROM:
        shutil.copyfile(source / name, target / name)
    known = [FileResult.from_json(line) for line in (source / "results.jsonl").read_text("utf-8").splitlines()]
    counts: dict[str, int] = {}
    with (target / "results.jsonl").open("w", encoding="utf-8") as lines:
        for number, row in zip(range(rows), cycle(known), strict=False):
            counts[row.status] = counts.get(row.status, 0) + 1
            lines.write(_another(row, number).to_json() + "\n")
    record = RunRecord.from_json((source / "run.json").read_text("utf-8"))
    (target / "run.json").write_text(replace(record, counts=counts, files_found=rows).to_json(), encoding="utf-8")


def _another(row: FileResult, number: int) -> FileResult:
    score = None if row.score is None else row.score - (number % MOST_APART) / 1000
    return replace(
        row,
        path=f"{number // 1000:04d}/{number:07d} {row.path}",
        sha256=row.sha256 and hashlib.sha256(f"{number} {row.sha256}".encode()).hexdigest(),
        score=score,
    )


def slim(*arguments: str) -> subprocess.Popen[bytes]:
    """Starts the command of this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SLIM_CONFIG": "none"}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env=environment, stdout=subprocess.DEVNULL)


def measure(folder: Path, form: str, together: bool) -> dict[str, float]:
    """Writes one format of a run's report; seconds, and bytes held."""
    begun, most = time.perf_counter(), 0
    process = slim("report", str(folder), "--format", form, "--quiet")
    while process.poll() is None:
        time.sleep(PAUSE_S)
        most = max(most, held_bytes(process.pid)) if together else 0
    if process.returncode:
        raise SystemExit(process.returncode)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"seconds": time.perf_counter() - begun, "largest": largest, "together": most}


def main() -> None:
    """Measures every number of rows and every format, each in a process of its own, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", type=int)
    parser.add_argument("--format", default="csv,html,pdf")
    parser.add_argument("--run", type=Path, help="a finished run whose rows are repeated")
    parser.add_argument("--all", action="store_true", help="also sample what all processes hold together")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.run, asked.format, asked.all)))
        return
    with tempfile.TemporaryDirectory(prefix="slim-rows-") as name:
        source = asked.run or Path(name) / "source"
        if not asked.run:
            examples = str(ROOT / "examples" / "evidence")
            slim("scan", examples, "-o", str(source), "--format", "csv", "--quiet", "--allow-errors").wait()
        print("    rows format    seconds   largest MB   all MB")
        for rows in asked.rows:
            folder = Path(name) / f"rows-{rows}"
            repeated(source, folder, rows)
            for form in asked.format.split(","):
                command = [sys.executable, "-m", "tests.reporting.many_rows", "0", "--one", "--format", form]
                command += ["--run", str(folder), *(["--all"] if asked.all else [])]
                found = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)
                memory = f"{found['largest'] / 1e6:12.0f} {found['together'] / 1e6:8.0f}"
                print(f"{rows:8d} {form:<8} {found['seconds']:8.1f} {memory}", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
