"""What a process that reads hostile bytes can no longer do."""

import functools
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest

from slim_cli.evidence import isolation
from slim_cli.evidence.confinement import Confinement, probe, remarks_of
from slim_cli.evidence.system_calls import ARCHITECTURES

HELD = probe()
needs_seccomp = pytest.mark.skipif(not HELD.seccomp, reason="this kernel has no seccomp")
needs_landlock = pytest.mark.skipif(not HELD.landlock, reason="this kernel has no Landlock")

# Each attempt is a statement; the names in it are those of PREPARED, made before the process is confined.
PREPARED = """
import ctypes, errno, fcntl, json, os, signal, socket, sys, threading
folder = sys.argv[1]
kept = os.path.join(folder, "kept")
listener = socket.create_server(("127.0.0.1", 0))
ready = socket.socket()
opened = os.open(kept, os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
"""
FORBIDDEN = {
    "open a socket": "socket.socket()",
    "connect": "ready.connect(listener.getsockname())",
    "connect to a local service": "socket.socketpair()",
    "listen": "ready.bind(('127.0.0.1', 0))",
    "accept": "listener.accept()",
    "send": "ready.send(b'x')",
    "write a new file": "open(os.path.join(folder, 'new'), 'w')",
    "write a file": "open(kept, 'r+')",
    "append to a file": "open(kept, 'a')",
    "empty a file": "os.truncate(kept, 0)",
    "write an unnamed file": "os.open(folder, os.O_TMPFILE | os.O_RDWR)",
    "write by openat2": "call(437, -100, kept.encode(), (ctypes.c_uint64 * 3)(os.O_RDWR, 0, 0), 24)",
    "write by a ring of requests": "call(425, 8, (ctypes.c_char * 120)())",
    "delete": "os.unlink(kept)",
    "rename": "os.rename(kept, kept + '2')",
    "link": "os.link(kept, kept + '2')",
    "point to": "os.symlink(kept, kept + '2')",
    "make a folder": "os.mkdir(os.path.join(folder, 'sub'))",
    "make a named pipe": "os.mkfifo(os.path.join(folder, 'pipe'))",
    "change rights": "os.fchmod(opened, 0o777)",
    "change times": "os.utime(opened, (0, 0))",
    "change attributes": "os.setxattr(opened, 'user.x', b'x')",
    "lock": "fcntl.flock(opened, fcntl.LOCK_EX)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a process": "os.fork() or os._exit(0)",
    "start a process by spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "end the parent": "os.kill(os.getppid(), 0)",
    "end the own group": "os.killpg(0, 0)",
    "stop the parent's thread": "call(234, os.getppid(), os.getppid(), 0)",
    "trace the parent": "call(101, 16, os.getppid(), 0, 0)",
    "read the parent's memory": "call(310, os.getppid(), None, 0, None, 0, 0)",
    "type into the terminal": "fcntl.ioctl(opened, 0x5412, b'x')",
    "raise a limit": "call(302, 0, 1, (ctypes.c_uint64 * 2)(9, 9), None)",
    "enter a namespace": "call(272, 0x10000000)",
    "change root": "os.chroot(folder)",
    "make memory a program": "os.memfd_create('x')",
    "take a key": "call(250, 0, -3, 0)",
}
REFUSED_BY_LANDLOCK = (
    "connect",
    "listen",
    "write a new file",
    "write a file",
    "append to a file",
    "empty a file",
    "write by openat2",
    "delete",
    "rename",
    "link",
    "point to",
    "make a folder",
    "make a named pipe",
    "start a program",
)
ALLOWED = {
    "read a file": "assert open(kept).read() == 'evidence'",
    "list a folder": "assert os.listdir(folder) == ['kept']",
    "import": "import wave, colorsys",
    "take memory": "assert len(bytearray(64 * 2**20))",
    "write to the pipe": "os.write(1, b'')",
    "draw a random number": "os.urandom(8)",
    "start a thread": "t = threading.Thread(target=len, args=('',)); t.start(); t.join()",
}


@functools.cache
def outcomes(measure: str, attempts: tuple[str, ...]) -> dict[str, str]:
    """What became of statements, tried one after another in one process under a measure: the error's name or `done`."""
    program = f"""{PREPARED}
from slim_cli.evidence.confinement import confine
from slim_cli.evidence.isolation import landlock
{measure}
told = {{}}
for statement in {attempts!r}:
    try:
        exec(statement)
        told[statement] = "done"
    except OSError as error:
        told[statement] = errno.errorcode[error.errno]
print(json.dumps(told))
"""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        kept.write_text("evidence", encoding="utf-8")
        before = kept.stat()
        done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert kept.read_text(encoding="utf-8") == "evidence"
        assert os.listdir(folder) == ["kept"]
        assert (kept.stat().st_mode, kept.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    return json.loads(done.stdout)


@needs_seccomp
@pytest.mark.skipif(platform.machine() != "x86_64", reason="some calls are made by the numbers of x86_64")
@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_confined_process_may_not(name):
    assert outcomes("confine(10, 64)", tuple(FORBIDDEN.values()))[FORBIDDEN[name]] == "EPERM"


@pytest.mark.parametrize("name", ALLOWED)
def test_a_confined_process_may(name):
    assert outcomes("confine(10, 64, processes=True)", tuple(ALLOWED.values()))[ALLOWED[name]] == "done"


@needs_landlock
@pytest.mark.parametrize("name", REFUSED_BY_LANDLOCK)
def test_landlock_alone_refuses_too(name):
    if name in ("connect", "listen") and HELD.landlock < 4:
        pytest.skip("this version of Landlock knows no TCP")
    attempts = tuple(FORBIDDEN[name] for name in REFUSED_BY_LANDLOCK)
    assert outcomes("landlock()", attempts)[FORBIDDEN[name]] in ("EACCES", "EXDEV", "EPERM")


def verdict(architecture: str, name: str, *arguments: int, pid: int = 7, audit: int | None = None) -> int:
    """What the filter says of a call: runs its program as the kernel would."""
    known = ARCHITECTURES[architecture]
    words = {0: known.numbers.get(name, 9999), 4: audit or known.audit}
    words |= {16 + 8 * place: value & 0xFFFF_FFFF for place, value in enumerate(arguments)}
    code, at, held = list(isolation.program(known, pid)), 0, 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            held = words[operand]
        else:
            assert operation in (0x15, 0x45)
            true = held == operand if operation == 0x15 else bool(held & operand)
            at += if_true if true else if_false


ALLOW, DENY, UNKNOWN, KILL = 0x7FFF_0000, 0x0005_0001, 0x0005_0026, 0x8000_0000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("read", 3, 0, 1), ALLOW),
        (("openat", -100, 1, os.O_RDONLY | os.O_CLOEXEC), ALLOW),
        (("openat", -100, 1, os.O_WRONLY), DENY),
        (("openat", -100, 1, os.O_RDWR), DENY),
        (("openat", -100, 1, os.O_RDONLY | os.O_CREAT), DENY),
        (("openat", -100, 1, os.O_RDONLY | os.O_TRUNC), DENY),
        (("clone", 0x10F00), ALLOW),
        (("clone", 17), DENY),
        (("clone3", 0), UNKNOWN),
        (("tgkill", 7, 7, 6), ALLOW),
        (("tgkill", 1, 1, 9), DENY),
        (("ioctl", 0, 0x5401), ALLOW),
        (("ioctl", 0, 0x5412), DENY),
        (("fcntl", 0, 1030), ALLOW),
        (("fcntl", 0, 8), DENY),
        (("prctl", 15), ALLOW),
        (("prctl", 4), DENY),
        (("execve",), DENY),
    ],
)
def test_the_filter_means_the_same_on_every_architecture(architecture, call, expected):
    assert verdict(architecture, *call) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_call_by_the_numbers_of_another_architecture_ends_the_process(architecture):
    assert verdict(architecture, "read", 3, audit=0x4000_0003) == KILL


def test_what_is_active_was_tried():
    assert HELD.limits
    expected = ("network", "writing", "processes", "signals") if HELD.seccomp else ()
    assert HELD.refused[: len(expected)] == expected


def test_a_platform_without_measures_says_so(monkeypatch):
    monkeypatch.setattr(isolation.platform, "system", lambda: "Darwin")
    assert (isolation.landlock(), isolation.seccomp()) == (0, False)
    assert [remark.code for remark in Confinement().remarks()] == ["not_isolated"]


def test_a_run_record_tells_of_it():
    assert remarks_of({"confinement": asdict(HELD)}) == HELD.remarks()
    assert remarks_of({}) == ()
