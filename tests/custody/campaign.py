"""Campaigns against a run: ends at random moments, single changes of every output, forgeries, two writers.

    python -m tests.custody.campaign kills 200 --files 200
    python -m tests.custody.campaign disks 50 --files 50
    python -m tests.custody.campaign mounts 50 --files 50
    python -m tests.custody.campaign tampering 1000
    python -m tests.custody.campaign forgeries 20
    python -m tests.custody.campaign races 50
    python -m tests.custody.campaign archive 20000

Each prints what it did and what it found, and leaves with 1 if anything was lost or missed. The short forms are tests.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from slim_cli.custody import audit
from slim_cli.custody import evidence_manifest as manifest
from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.errors import SlimError
from slim_cli.reporting.stored_rows import StoredRows
from tests.custody.ended_scans import disks, kills, mounts
from tests.custody.scans import command, environment, load, write_evidence


def tampering(count: int, whole: Path, folder: Path, seed: int = 0) -> tuple[Counter[str], list[str]]:
    """Changes one thing in a copy of a finished folder and asks `verify`.

    Args:
        count: how many changes.
        whole: the finished folder.
        folder: scratch folder.
        seed: of the changes.

    Returns:
        changes by file, and those that were missed, in words.
    """
    rng, done, missed = random.Random(seed), Counter[str](), []
    names = [*manifest.files(whole), audit.FILE_NAME, manifest.FILE_NAME]
    kinds: tuple[Callable[[bytes], bytes | None], ...] = (
        lambda b: _flip(b, rng),
        lambda b: _flip(b, rng),
        lambda b: b[: rng.randrange(len(b))],
        lambda b: b + b"\n",
        lambda b: b[len(b) // 2 :] + b[: len(b) // 2],
        lambda b: None,
    )
    for number in range(count):
        name, kind = names[number % len(names)], rng.choice(kinds)
        copy = folder / f"copy-{number}"
        shutil.copytree(whole, copy, copy_function=os.link)
        before = (copy / name).read_bytes()
        after = kind(before)
        (copy / name).unlink()
        if after is not None:
            (copy / name).write_bytes(after)
        if after != before:
            done[name.split("/")[0]] += 1
            if not _found(copy):
                missed.append(f"{name}: change {number}")
        shutil.rmtree(copy)
    return done, missed


def _flip(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]


def _found(folder: Path, seal: str | None = None) -> bool:
    try:
        return bool((found := verify(VerifyOptions(folder, seal=seal))).changed or found.unfinished)
    except SlimError:
        return True


def forgeries(count: int, whole: Path, folder: Path, seed: int = 0) -> tuple[Counter[str], list[str]]:
    """Flips a row of a finished folder and recomputes rows, log and manifest; only the seal can tell.

    Returns:
        how many fitted their own log, and how many were missed with the seal, in words.
    """
    from tests.custody.test_run import forge

    rng, done, missed = random.Random(seed), Counter[str](), []
    head = verify(VerifyOptions(whole)).head
    for number in range(count):
        copy = folder / f"forged-{number}"
        shutil.copytree(whole, copy)
        rows = (copy / "results.jsonl").read_bytes().splitlines(keepends=True)
        place = rng.randrange(len(rows))
        rows[place] = rows[place].replace(b'"status": "', b'"status":  "', 1)
        (copy / "results.jsonl").write_bytes(b"".join(rows))
        (copy / "report.pdf").unlink(missing_ok=True)  # one who forges prints anew
        forge(copy, lambda log: None)
        done["fit their own log"] += not _found(copy)
        if not _found(copy, head):
            missed.append(copy.name)
        shutil.rmtree(copy)
    return done, missed


def races(count: int, files: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Starts two scans at once into one folder: one writes, the other is told so or comes too late.

    Returns:
        how they ended, and what went wrong, in words.
    """
    done, wrong = Counter[str](), []
    write_evidence(folder / "evidence", files)
    for number in range(count):
        output = folder / f"race-{number}"
        both = [
            subprocess.Popen(command(folder / "evidence", output), env=environment(), stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        ended = sorted((process.communicate()[1].strip(), process.returncode) for process in both)
        codes = sorted(code for _, code in ended)
        told = " ".join(text for text, code in ended if code)
        done["is written to by" if "is written to by" in told else "holds results"] += 1
        if codes != [0, 2] or "Traceback" in told:
            wrong.append(f"{output.name}: left with {codes}: {told[-200:]}")
        if (found := verify(VerifyOptions(output))).changed or found.unfinished:
            wrong.append(f"{output.name}: {found.changed} {found.unfinished}")
        shutil.rmtree(output)
    return done, wrong


def archive(count: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Scans an archive with a ledger, is interrupted twice, goes on, and then scans it again.

    Args:
        count: how many files.
        folder: scratch folder.

    Returns:
        rows and seconds of each step, and what went wrong, in words.
    """
    write_evidence(folder / "evidence", count, spoken=100)
    options = ["--ledger", str(folder / "ledger.db"), "--format", "csv"]
    done, wrong, first, again = Counter[str](), list[str](), folder / "first", folder / "again"
    for step, share in (("interrupted", 1 / 3), ("interrupted again", 2 / 3), ("finished", 2.0)):
        begun, before = time.monotonic(), rows_of(first)
        process = subprocess.Popen(command(folder / "evidence", first, *options), env=environment())
        wanted = max(share * count, before + 1)  # why: it must have begun
        while process.poll() is None and rows_of(first) < wanted:
            time.sleep(min(1.0, count / 1000))
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        late = (0, 130, -signal.SIGINT)  # why: behind the last file nothing catches the signal any more
        if process.wait() not in ((0,) if share > 1 else late):
            wrong.append(f"{step}: left with {process.returncode}")
        done[f"{step}: rows"] = rows_of(first) - before
        done[f"{step}: seconds"] = round(time.monotonic() - begun)
    begun = time.monotonic()
    subprocess.run(command(folder / "evidence", again, *options), env=environment(), check=True)
    done["again: seconds"] = round(time.monotonic() - begun)
    for output in (first, again):
        names = [row.path for row in StoredRows(output / "results.jsonl")]
        if len(names) != count or len(set(names)) != count:
            wrong.append(f"{output.name} holds {len(names)} rows of {len(set(names))} files, not {count}")
        if (found := verify(VerifyOptions(output))).changed or found.unfinished:
            wrong.append(f"{output.name}: {found.changed} {found.unfinished}")
    for row, known in zip(StoredRows(first / "results.jsonl"), StoredRows(again / "results.jsonl"), strict=True):
        done["again: from the ledger"] += known.from_ledger is not None
        if known.from_ledger is None and known.status != "no_audio":
            wrong.append(f"{row.path}: it was examined again")
        if replace(known, from_ledger=row.from_ledger, overview=row.overview) != row:
            wrong.append(f"{row.path}: the row from the ledger is another")
    return done, wrong


def rows_of(output: Path) -> int:
    """How many rows a run has written so far."""
    path = output / "results.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def finished(folder: Path, files: int) -> Path:
    """A finished scan of a few files."""
    write_evidence(folder / "evidence", files)
    subprocess.run(command(folder / "evidence", folder / "whole"), env=environment(), check=True)
    return folder / "whole"


ENDED = {"kills": kills, "disks": disks, "mounts": mounts}


def main() -> None:
    """Runs a campaign from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", choices=(*ENDED, "tampering", "forgeries", "races", "archive"))
    parser.add_argument("count", type=int)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=math.inf, help="kill nothing after this time")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if asked.campaign == "kills":
            done, lost = kills(asked.count, asked.files, folder, asked.seed, load(), 60 * asked.minutes)
        elif asked.campaign in ENDED:
            done, lost = ENDED[asked.campaign](asked.count, asked.files, folder, asked.seed, load())
        elif asked.campaign == "races":
            done, lost = races(asked.count, asked.files, folder)
        elif asked.campaign == "archive":
            done, lost = archive(asked.count, folder)
        else:
            whole = finished(folder, asked.files)
            run = tampering if asked.campaign == "tampering" else forgeries
            done, lost = run(asked.count, whole, folder, asked.seed)
    print(f"{asked.campaign}: {dict(done)}; {len(lost)} lost or missed", *lost, sep="\n  ")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
