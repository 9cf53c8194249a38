"""Scans that end before their time and go on: nothing is lost, and the rows are those of an unbroken one."""

from __future__ import annotations

import math
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from slim_cli.custody.verification import VerifyOptions, verify
from tests.custody.scans import Scan, began, moment, write_evidence

ENDINGS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
STOPPED = (0, *(-number for number in ENDINGS), *(128 + number for number in ENDINGS))
Start = Callable[[Path, Path], Scan]
Told = tuple[Counter[str], list[str]]


def kills(count: int, files: int, folder: Path, seed: int = 0, start: Start = Scan, limit_s: float = math.inf) -> Told:
    """Ends scans at random moments, goes on until each is whole, and compares it with an unbroken one.

    Args:
        count: how many kills in all.
        files: files of each scan.
        folder: scratch folder.
        seed: of the moments.
        start: what starts a scan.
        limit_s: after this time nothing more is killed, seconds.

    Returns:
        what happened, counted, and what was lost, in words.
    """
    rng, happened, lost = random.Random(seed), Counter[str](), []
    whole_s, rows = _unbroken(folder, files, start)
    killed, ends = 0, time.monotonic() + limit_s
    while killed < count and not lost and time.monotonic() < ends:
        output, whole = folder / f"out-{killed}", False
        while not whole and not lost:
            scan = start(folder / "evidence", output)
            if killed < count and time.monotonic() < ends:
                scan.wait_for_row()
                time.sleep(rng.uniform(0.0, 0.4) * whole_s)
            if killed < count and scan.running() and time.monotonic() < ends:
                number = rng.choice(ENDINGS)
                happened[moment(output)] += 1
                scan.send_signal(number)
                killed += 1
                happened[number.name] += 1
            code, complaint = scan.ended()
            if code not in STOPPED or (code >= 0 and "Traceback" in complaint):
                lost.append(f"{output.name}: left with {code}: {complaint[-300:]}")
            elif began(output):
                whole = not verify(VerifyOptions(output)).unfinished  # a signal may come when all is written
                lost += _as_logged(output, finished=whole or code == 0)
        happened["runs"] += 1
        lost += [] if lost else _differs(output, rows)
        shutil.rmtree(output, ignore_errors=True)
    return happened, lost


def disks(count: int, files: int, folder: Path, seed: int = 0, start: Start = Scan) -> Told:
    """Lets scans fill their disk up, gives it room, goes on, and compares; as `kills`, with the right to mount."""
    rng, happened, lost = random.Random(seed), Counter[str](), []
    _, rows = _unbroken(folder, files, start)
    used_kib = sum(path.stat().st_size for path in (folder / "whole").rglob("*") if path.is_file()) // 1024
    for number in range(count):
        disk = folder / f"disk-{number}"
        disk.mkdir()
        size_kib = rng.randint(16, max(17, used_kib))
        with mounted(disk, "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs"):
            code, complaint = start(folder / "evidence", disk / "out").ended()
            happened["finished" if code == 0 else f"full {moment(disk / 'out')}"] += 1
            if bool(code) != ("No space left" in complaint) or "Traceback" in complaint:
                lost.append(f"{disk.name}, {size_kib} KiB: left with {code}: {complaint[-300:]}")
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            lost += _goes_on(folder / "evidence", disk / "out", rows, start)
    return happened, lost


def mounts(count: int, files: int, folder: Path, seed: int = 0, start: Start = Scan) -> Told:
    """Takes the mount of evidence or output from scans, brings it back, goes on, and compares; as `disks`."""
    rng, happened, lost = random.Random(seed), Counter[str](), []
    whole_s, rows = _unbroken(folder, files, start)
    for number in range(count):
        places = {name: folder / f"{name}-{number}" for name in ("evidence", "output")}
        stores = {"evidence": folder / "evidence", "output": folder / f"store-{number}"}
        for place in (*places.values(), stores["output"]):
            place.mkdir()
        with ExitStack() as stack:
            for name, place in places.items():
                stack.enter_context(mounted(place, "--bind", stores[name]))
            taken, output = rng.choice(list(places)), places["output"] / "out"
            scan = start(places["evidence"], output)
            scan.wait_for_row()
            time.sleep(rng.uniform(0.0, 0.8) * whole_s)
            doing = moment(output) if scan.running() else "too late"
            subprocess.run(["umount", "-l", places[taken]], check=True)
            code, complaint = scan.ended()
            happened[f"{taken} taken {doing}"] += 1
            happened[f"left with {code}"] += 1
            if code not in (0, 4, 5) or "Traceback" in complaint:
                lost.append(f"{taken} {number} {doing}: left with {code}: {complaint[-300:]}")
            subprocess.run(["mount", "--bind", stores[taken], places[taken]], check=True)
            lost += _goes_on(places["evidence"], output, rows, start)
    return happened, lost


@contextmanager
def mounted(place: Path, *what: str | Path) -> Iterator[None]:
    """Mounts something there meanwhile.

    Raises:
        PermissionError: this process may not.
    """
    done = subprocess.run(["mount", *what, place], check=False, capture_output=True, text=True)
    if done.returncode:
        raise PermissionError(done.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def _unbroken(folder: Path, files: int, start: Start) -> tuple[float, bytes]:
    """Makes evidence and scans it; the seconds from the first row to the end, and the rows."""
    write_evidence(folder / "evidence", files)
    scan = start(folder / "evidence", folder / "whole")
    scan.wait_for_row()
    begun = time.monotonic()
    code, complaint = scan.ended()
    assert code == 0, complaint
    return time.monotonic() - begun, (folder / "whole" / "results.jsonl").read_bytes()


def _goes_on(evidence: Path, output: Path, rows: bytes, start: Start) -> list[str]:
    """What is wrong with a run after it could go on to its end."""
    if began(output) and (wrong := verify(VerifyOptions(output)).changed):
        return [f"{output}: {wrong}"]
    code, complaint = start(evidence, output).ended()
    if code:
        return [f"{output}: goes on to {code}: {complaint[-300:]}"]
    return [*_as_logged(output, finished=True), *_differs(output, rows)]


def _as_logged(output: Path, finished: bool) -> list[str]:
    """What is wrong with a folder after an end: it must fit its log, which tells how far it came."""
    found = verify(VerifyOptions(output))
    if found.changed:
        return [f"{output.name}: {found.changed}"]
    if bool(found.unfinished) == finished:
        return [f"{output.name}: unfinished: {found.unfinished!r}"]
    return []


def _differs(output: Path, rows: bytes) -> list[str]:
    """What a run that went on has else than an unbroken one."""
    if (output / "results.jsonl").read_bytes() != rows:
        return [f"{output.name}: its rows are not those of the unbroken scan"]
    left = [path.name for path in output.glob(".*")]
    return [f"{output.name}: left {left}"] if left else []
