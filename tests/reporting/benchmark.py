"""What a PDF costs: time and memory per exhibit. Run: python -m tests.reporting.benchmark 20 200 1000

Memory is the most that the writing process and all its children held together (proportional set size, sampled), its
growth counted from an otherwise equal report of one exhibit. Every exhibit has pictures and two channels.
Processor time includes that of the watch, well below a hundredth.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from tests.reporting import factory

PAUSE_S = 0.5
DRAWN = 3


def held_bytes(process: int) -> int:
    """Proportional memory of a process and its descendants, bytes; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        children = [c for t in Path(f"/proc/{process}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:
        return 0
    own = sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own + sum(held_bytes(int(child)) for child in children)


def cpu_s() -> float:
    """Processor time of this process and its children that have ended, seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(exhibits: int) -> dict[str, float]:
    """Writes one report and says what it cost."""
    from slim_cli.reporting.selection import Style
    from slim_cli.reporting.writers import Findings, get_writer

    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(PAUSE_S):
            peak[0] = max(peak[0], held_bytes(os.getpid()))

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        results = []
        for number in range(exhibits):
            result = factory.scored(
                f"calls/2026/call {number:04d}.wav", 3 - 6 * number / exhibits, 0.4, 20 + number % 30, 2
            )
            drawn = factory.drawn(result, folder, number) if number < DRAWN else None
            results.append(drawn or replace(result, overview=results[number % DRAWN].overview))
        watcher = threading.Thread(target=watch)
        watcher.start()
        start, before = time.perf_counter(), cpu_s()
        findings = Findings(results, factory.run(results), factory.reference(), folder, Style("all"))
        get_writer("pdf")[1](findings, folder / "report.pdf")
        wall = time.perf_counter() - start
        done.set()
        watcher.join()
        cpu = cpu_s() - before
        size = (folder / "report.pdf").stat().st_size
    return {"wall": wall, "cpu": cpu, "peak": peak[0], "size": size}


def main(sizes: list[int]) -> None:
    """Measures each size in a process of its own and prints a table."""
    print("exhibits   wall s   CPU s   wall s/exhibit   CPU s/exhibit   peak MB   growth MB/exhibit   PDF kB/exhibit")
    base = 0.0
    for n in [1, *sizes]:
        command = [sys.executable, "-m", "tests.reporting.benchmark", "--one", str(n)]
        cost = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        base = base or cost["peak"]
        growth = (cost["peak"] - base) / max(1, n - 1) / 1e6
        print(
            f"{n:8d} {cost['wall']:8.1f} {cost['cpu']:7.1f} {cost['wall'] / n:16.3f} {cost['cpu'] / n:15.3f} "
            f"{cost['peak'] / 1e6:9.0f} {growth:19.2f} {cost['size'] / n / 1e3:16.0f}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]])
