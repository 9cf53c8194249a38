"""Decoding where no process can be forked: one that is started anew for every file.

It costs the loading of the decoders each time, and is held by what the platform has (`slim_cli.evidence.confinement`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slim_cli.errors import EnvironmentUnfit
from slim_cli.evidence.audio_stream import AudioStream, Limits
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.fates import fate
from slim_cli.evidence.frame_pipes import ThreadPipe
from slim_cli.results import Remark


@contextmanager
def spawned_stream(exhibit: Exhibit, job: dict[str, Any], limits: Limits) -> Iterator[AudioStream]:
    """Starts a process that decodes an exhibit; leaving the context ends it.

    Args:
        exhibit: the open file, which becomes the process's standard input.
        job: as for the process that forks.
        limits: what decoding may cost.
    """
    paths = [entry for entry in sys.path if entry]
    program = (
        f"import sys; sys.path[:] = {paths!r}\n"
        f"from slim_cli.evidence.decode_server import decode_standard_input; decode_standard_input({json.dumps(job)!r})"
    )
    os.lseek(exhibit.fd, 0, os.SEEK_SET)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=exhibit.fd,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads},
        )
    except OSError as error:
        raise EnvironmentUnfit(f"The decoding process cannot be started: {error}.") from error
    assert child.stdout is not None
    pipe = ThreadPipe(child.stdout)  # type: ignore[arg-type]

    def end_of_child() -> Remark:
        child.wait()
        return fate(-child.returncode if child.returncode < 0 else 0)

    try:
        yield AudioStream(end_of_child, pipe, limits, exhibit.size_bytes)
    finally:
        child.kill()
        child.wait()
        pipe.stop()
        child.stdout.close()
