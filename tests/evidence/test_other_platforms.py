"""Systems that lack what Linux has: the tool runs there too, and says what holds its decoding processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slim_cli.results import FileResult

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples" / "evidence"
DAMAGED, SPOKEN, TEXT = "damaged-call.m4a", "recorded-english-voicemail.flac", "SOURCES.md"

# What a system lacks, taken away before anything of the package is loaded, in the decoding processes too.
NO_LINUX_CALLS = """
import os, platform, socket
import soundfile  # chooses its library by the machine
platform.machine = lambda: "unknown"
for module, names in ((os, "pidfd_open pipe2 O_NOATIME sched_getaffinity"), (socket, "SOCK_SEQPACKET")):
    for name in names.split():
        delattr(module, name)
"""
NO_POSIX_CALLS = f"""{NO_LINUX_CALLS}
import fcntl, signal, sys, types
lock = fcntl.flock
def locking(fd, mode, count):
    lock(fd, 6)
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["pwd"] = None
for name in "fork readv pread preadv getuid O_NONBLOCK O_CLOEXEC O_NOFOLLOW O_DIRECTORY".split():
    delattr(os, name)
del signal.SIGHUP, signal.SIGXCPU
"""
SYSTEMS = {"without the calls of Linux": (NO_LINUX_CALLS, True), "without those of POSIX": (NO_POSIX_CALLS, False)}


def slim(lacking: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from slim_cli.cli.main import main; main()"
    paths = os.pathsep.join(map(str, (lacking, REPOSITORY)))
    environment = {**os.environ, "PYTHONPATH": paths, "SLIM_CONFIG": "none", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("lacks", "limits"), SYSTEMS.values(), ids=SYSTEMS)
def test_a_scan_gives_the_same_rows_and_says_what_holds_its_decoders(tmp_path: Path, lacks: str, limits: bool) -> None:
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking" / "sitecustomize.py").write_text(lacks, encoding="utf-8")
    (tmp_path / "evidence").mkdir()
    for name in (DAMAGED, SPOKEN, TEXT):
        shutil.copy2(EXAMPLES / name, tmp_path / "evidence")
    scan = ("scan", tmp_path / "evidence", "--format", "csv", "--no-progress", "--quiet", "-o")
    (tmp_path / "nothing").mkdir()
    usual, other = (
        slim(tmp_path / "nothing", *scan, tmp_path / "usual"),
        slim(tmp_path / "lacking", *scan, tmp_path / "out"),
    )
    assert (other.returncode, other.stderr) == (usual.returncode, usual.stderr)
    assert (tmp_path / "out/results.jsonl").read_bytes() == (tmp_path / "usual/results.jsonl").read_bytes()
    rows = map(FileResult.from_json, (tmp_path / "out/results.jsonl").read_text("utf-8").splitlines())
    assert {row.path: row.status for row in rows} == {DAMAGED: "decode_failed", SPOKEN: "scored", TEXT: "no_audio"}
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    held = run["parameters"]["confinement"]
    assert (held["limits"], held["landlock"], held["seccomp"]) == (limits, 0, False)
    verified = slim(tmp_path / "lacking", "verify", tmp_path / "out", "--evidence", tmp_path / "evidence")
    assert (verified.returncode, verified.stderr) == (0, "")
