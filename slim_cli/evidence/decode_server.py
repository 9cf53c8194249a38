"""The process that decodes: it loads the decoders once, then forks one sandboxed child per file.

Decoders are the part of the program that hostile files attack, so they run apart: no path is known to them (they get an
open descriptor), memory, processor time, files and processes are limited, the kernel refuses them network and writing
where it can, and a crash costs one result row.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from dataclasses import asdict
from typing import Any

import av.logging
import numpy as np

from slim_cli.errors import EvidenceError
from slim_cli.evidence import wire
from slim_cli.evidence.codecs import Break
from slim_cli.evidence.confinement import MEMORY_BYTES, confine
from slim_cli.evidence.examination import Examination, Opening
from slim_cli.evidence.sniffing import Kind
from slim_cli.results import Remark

OPEN_FILES = 32
MAX_JOB_BYTES = 4096
KILL = b"kill"


def serve(control_fd: int) -> None:
    """Answers jobs from the control socket until the other end closes it.

    A job is one message, JSON with two descriptors (evidence, pipe). The answer, once its child has ended, is
    `{"status": n}`, the child's wait status.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    av.logging.set_level(av.logging.PANIC)
    control = socket.socket(fileno=control_fd)
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, MAX_JOB_BYTES, 2)
        except ConnectionResetError:
            return  # the other end was killed
        if not message:
            return
        if len(descriptors) != 2:
            continue  # a late kill request: its child has already ended
        pid = os.fork()
        if pid == 0:
            control.close()
            _run(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        status = _await(pid, control)
        try:
            control.send(json.dumps({"status": status}).encode())
        except BrokenPipeError:
            return


def decode_standard_input(job: str) -> None:
    """The same for one file, in a process of its own: standard input holds it, standard output is the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    av.logging.set_level(av.logging.PANIC)
    if sys.platform == "win32":
        import msvcrt

        for standard in (0, 1):
            msvcrt.setmode(standard, os.O_BINARY)
    _run(json.loads(job), os.dup(0), os.dup(1))


def _await(pid: int, control: socket.socket) -> int:
    """Waits for the child; any word on the control socket, or its end, kills it first."""
    child = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([child, control.fileno()], [], [])
        if child not in ready:
            control.recv(len(KILL))
            os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    finally:
        os.close(child)


def _run(job: dict[str, Any], evidence: int, pipe: int) -> None:
    """The child: decode one file into the pipe and end."""
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(silent, standard)
        confine(job["cpu_s"], OPEN_FILES)
        _decode(evidence, pipe, Kind(**job["kind"]), job["track"])
    except EvidenceError as error:
        _fail(pipe, error.remark, error.status)
    except MemoryError:
        _fail(pipe, Remark("decoder_memory_limit", {"limit_gib": MEMORY_BYTES // 2**30}))
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:  # noqa: BLE001  # why: whatever a decoder raises ends one file, and is quoted
        _fail(pipe, Remark("decoder_failed", {"message": str(error)}))
    finally:
        os._exit(0)


def _fail(pipe: int, remark: Remark, status: str = "decode_failed") -> None:
    wire.send_json(pipe, wire.FAILURE, {"remark": asdict(remark), "status": status})


def _decode(evidence: int, pipe: int, kind: Kind, track: int | None) -> None:
    examination = Examination(evidence, kind, track)
    for event in examination.events():
        if isinstance(event, Opening):
            wire.send_json(pipe, wire.HEADER, {"offset": event.offset, **event.header.to_json()})
        elif isinstance(event, Break):
            wire.send_json(pipe, wire.BREAK, asdict(event))
        else:
            wire.send(pipe, wire.BLOCK, np.ascontiguousarray(event, "<f4").data)
    account = {name: getattr(examination, name) for name in ("bytes_unexamined", "seconds_unexamined")}
    wire.send_json(pipe, wire.END, {"remarks": [asdict(remark) for remark in examination.remarks], **account})
