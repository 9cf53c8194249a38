"""What a process takes from itself before it touches hostile bytes, and which of it this machine has.

Run as a program, this module confines itself, tries what must be refused, and prints the outcome as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from slim_cli.errors import EnvironmentUnfit
from slim_cli.evidence import isolation
from slim_cli.remarks import Remark

MEMORY_BYTES = 2 * 2**30
_REFUSALS = (errno.EPERM, errno.EACCES, errno.EAGAIN)  # the last one for processes above their limit
_PROBE_S, _PROBE_FILES = 10, 32


@dataclass(frozen=True)
class Confinement:
    """What holds a decoding process on this machine.

    Attributes:
        limits: memory, processor time, open files and size of written files are limited.
        landlock: version of Landlock, 0 where the kernel has none.
        seccomp: system calls are filtered.
        refused: what such a process tried and was refused: `network`, `writing`, `processes`, `signals`.
    """

    limits: bool = False
    landlock: int = 0
    seccomp: bool = False
    refused: tuple[str, ...] = ()

    def remarks(self) -> tuple[Remark, ...]:
        """The same in words."""
        return (
            *((Remark("confined_by_limits"),) if self.limits else ()),
            *((Remark("confined_by_landlock", {"version": self.landlock}),) if self.landlock else ()),
            *((Remark("confined_by_seccomp"),) if self.seccomp else ()),
            *(() if self.landlock or self.seccomp else (Remark("not_isolated"),)),
            *((Remark("refused_when_tried", {"what": ", ".join(self.refused)}),) if self.refused else ()),
        )


def remarks_of(parameters: Mapping[str, Any]) -> tuple[Remark, ...]:
    """What the parameters of a run tell of its confinement, nothing where an older version told nothing."""
    from slim_cli.loading import read

    told = parameters.get("confinement")
    return read(Confinement, told, "run.json: parameters.confinement").remarks() if told else ()


def confine(cpu_s: int, open_files: int, processes: bool = False) -> Confinement:
    """Takes from this process all that reading a file and writing to open pipes does not need, for good.

    Args:
        cpu_s: processor time, seconds.
        open_files: descriptors.
        processes: whether it may start threads.

    Raises:
        OSError: the kernel has a measure and refuses it.
    """
    limits = _limit(cpu_s, open_files, processes)
    return Confinement(limits, isolation.landlock(), isolation.seccomp())


def probe() -> Confinement:
    """Asks a process that is confined like those that decode what holds it.

    Raises:
        EnvironmentUnfit: it cannot be started, or fails.
    """
    paths = [entry for entry in sys.path if entry]
    program = f"import sys; sys.path[:] = {paths!r}\nfrom {__name__} import main; main()"
    try:
        done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=True, timeout=60)
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EnvironmentUnfit(f"A confined process cannot be started on this machine: {error}.") from error
    return Confinement(**{**told, "refused": tuple(told["refused"])})


def main() -> None:
    """Confines this process, tries what must be refused, and prints a `Confinement` as JSON."""
    held = asdict(confine(_PROBE_S, _PROBE_FILES))
    attempts = _ATTEMPTS if hasattr(os, "fork") else {}  # why: elsewhere a signal that only asks ends the other process
    print(json.dumps({**held, "refused": [name for name, attempt in attempts.items() if _refused(attempt)]}))


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in _REFUSALS
    return False


def _connect() -> None:
    with socket.socket() as tried:
        tried.connect(("127.0.0.1", 9))


def _write() -> None:
    os.close(os.open(os.devnull, os.O_WRONLY))


def _start_process() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


_ATTEMPTS: dict[str, Callable[[], object]] = {
    "network": _connect,
    "writing": _write,
    "processes": _start_process,
    "signals": lambda: os.kill(os.getppid(), 0),
}


def _limit(cpu_s: int, open_files: int, processes: bool) -> bool:
    """Sets the limits of this process, each no higher than it is; False where the platform lacks one."""
    try:
        import resource
    except ImportError:
        return False
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    wanted = {
        "RLIMIT_AS": MEMORY_BYTES,
        "RLIMIT_CPU": cpu_s,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": open_files,
        "RLIMIT_CORE": 0,
        **({} if processes else {"RLIMIT_NPROC": 0}),
    }
    return all([_set(resource, kind, value) for kind, value in wanted.items()])


def _set(resource: ModuleType, name: str, value: int) -> bool:
    kind = getattr(resource, name, None)
    if kind is None:
        return False
    _, ceiling = resource.getrlimit(kind)
    value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        return False
    return True
