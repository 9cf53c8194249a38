"""Processes of this machine that examine files side by side; their rows come back in the order of the files."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from slim_cli.audio.stage_times import StageTimes
from slim_cli.engines.examination_tools import Tools, Watch
from slim_cli.engines.examine import examine
from slim_cli.engines.options import AHEAD
from slim_cli.errors import IntegrityError
from slim_cli.evidence.discovery import Candidate
from slim_cli.results import FileResult, Remark

ATTEMPTS = 2  # a file at which a worker ends is given to another once more
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """One file to examine.

    Attributes:
        candidate: the file.
        occlude_above: see `Tools`.
    """

    candidate: Candidate
    occlude_above: float | None


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes:
        row: its row; None where the file changed while it was examined.
        times: how long it took.
    """

    row: FileResult | None
    times: StageTimes = field(default_factory=StageTimes)


class WorkerPool:
    """Workers with tools of their own; use as a context manager, which ends them.

    Args:
        tools: what files are examined with; every worker gets a copy.
        count: how many workers there are; the processors are shared out among them.
    """

    def __init__(self, tools: Tools, count: int) -> None:
        self._tools, self._count = pickle.dumps(tools), count
        self._fingerprint = tools.fingerprint
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[Connection, BaseProcess] = {}

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome]:
        """What comes of the jobs, in their order; a job is asked for when a worker is free for it.

        Raises:
            Exception: whatever a worker met that is no fault of a file.
        """
        source, finished = enumerate(jobs), dict[int, Outcome]()
        again, busy = deque[tuple[int, Job, int]](), dict[Connection, tuple[int, Job, int]]()
        following, exhausted = 0, False
        while True:
            while following in finished:
                yield finished.pop(following)
                following += 1
            for worker in [one for one in self._workers if one not in busy]:
                if not again and not exhausted and len(finished) + len(busy) < AHEAD:
                    new = next(source, None)
                    exhausted = new is None
                    if new:
                        again.append((*new, 1))
                if again:
                    busy[worker] = again.popleft()
                    worker.send_bytes(pickle.dumps(busy[worker][1]))
            if not busy:
                return
            for worker in [one for one in wait(list(busy)) if isinstance(one, Connection)]:
                number, job, attempt = busy.pop(worker)
                outcome = self._answer(worker)
                if outcome:
                    finished[number] = outcome
                elif attempt < ATTEMPTS:
                    again.append((number, job, attempt + 1))
                else:
                    finished[number] = Outcome(lost(job.candidate, self._fingerprint))

    def _answer(self, worker: Connection) -> Outcome | None:
        """What a worker found; None where it ended over it, and another has taken its place."""
        try:
            answer = pickle.loads(worker.recv_bytes())
        except (EOFError, OSError):
            self._workers.pop(worker).join()
            worker.close()
            self._start()
            return None
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Outcome)
        return answer

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        with _environment(dict.fromkeys(_THREADS, str(max(1, (os.cpu_count() or 1) // self._count)))):
            process.start()
        theirs.close()
        ours.send_bytes(self._tools)
        self._workers[ours] = process

    def __enter__(self) -> WorkerPool:
        for _ in range(self._count):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in self._workers.items():
            process.terminate()
            connection.close()
        for process in self._workers.values():
            process.join()
        self._workers = {}


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that a process started inside is to find."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(connection: Connection) -> None:
    """A worker: answers jobs until its owner ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_owner, daemon=True).start()
    tools = pickle.loads(connection.recv_bytes())
    with tools:
        while True:
            try:
                job = pickle.loads(connection.recv_bytes())
            except EOFError:
                return
            connection.send_bytes(pickle.dumps(work(job, tools)))


def lost(candidate: Candidate, fingerprint: str) -> FileResult:
    """The row of a file over which as many workers ended as may."""
    reason = Remark("examination_crashed", {"attempts": ATTEMPTS})
    return FileResult(candidate.name, "decode_failed", reason, path_hex=candidate.path_hex, fingerprint=fingerprint)


def work(job: Job, tools: Tools) -> Outcome | BaseException:
    """What comes of one file; an error that is no fault of the file is returned."""
    times = StageTimes()
    try:
        return Outcome(examine(job.candidate, tools.above(job.occlude_above), Watch(times)), times)
    except IntegrityError:
        return Outcome(None, times)
    except Exception as error:  # noqa: BLE001 # why: it is raised where the scan can be ended in order
        return error


def _end_with_owner() -> None:
    owner = multiprocessing.parent_process()
    if owner:
        wait([owner.sentinel])
        os._exit(1)
