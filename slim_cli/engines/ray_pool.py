"""Workers of a Ray cluster that examine files side by side; their rows come back in the order of the files."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from slim_cli.engines.examination_tools import Tools
from slim_cli.engines.options import AHEAD
from slim_cli.engines.worker_pool import ATTEMPTS, Job, Outcome, lost, work
from slim_cli.errors import EnvironmentUnfit


@dataclass(frozen=True)
class Delivery:
    """What a worker sends back.

    Attributes:
        outcome: what came of the file, or an error that is no fault of a file.
        files: what was written for it, by name below the output folder.
    """

    outcome: Outcome | BaseException
    files: dict[str, bytes]


class ClusterWorker:
    """A worker: holds tools of its own and keeps what it writes in a folder of its own until it is sent.

    Args:
        tools: what files are examined with, pickled.
    """

    def __init__(self, tools: bytes) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        self._tools: Tools = pickle.loads(tools).__enter__()

    def examine(self, job: Job) -> Delivery:
        """What comes of one file."""
        if self._tools.options.output is None:
            return Delivery(work(job, self._tools), {})
        with tempfile.TemporaryDirectory(prefix="slim-worker-") as name:
            folder = Path(name)
            outcome = work(job, self._tools.writing_to(folder))
            written = [path for path in folder.rglob("*") if path.is_file()]
            return Delivery(outcome, {path.relative_to(folder).as_posix(): path.read_bytes() for path in written})


class RayPool:
    """Workers of a cluster; use as a context manager, which ends them.

    A worker that ends is replaced, on another machine where need be, and its file is given to another once more.

    Args:
        tools: what files are examined with; every worker gets a copy.
        count: how many workers there are.
        address: the cluster; None for the one that the environment names, or one on this machine.
    """

    def __init__(self, tools: Tools, count: int, address: str | None) -> None:
        self._tools, self._count, self._address = tools, count, address
        self._ray = _ray()
        self._started: list[Any] = []
        self._idle, self._packed, self._own = deque[Any](), None, False

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome]:
        """What comes of the jobs, in their order; a job is asked for when a worker is free for it.

        Raises:
            Exception: whatever a worker met that is no fault of a file.
        """
        source, finished = enumerate(jobs), dict[int, Outcome]()
        again, busy = deque[tuple[int, Job, int]](), dict[Any, tuple[int, Job, int, Any]]()
        following, exhausted = 0, False
        while True:
            while following in finished:
                yield finished.pop(following)
                following += 1
            while self._idle and (again or not exhausted):
                if not again:
                    new = next(source, None) if len(finished) + len(busy) < self._ahead else None
                    if new is None:
                        exhausted = len(finished) + len(busy) < self._ahead
                        break
                    again.append((*new, 1))
                worker, told = self._idle.popleft(), again.popleft()
                busy[worker.examine.remote(told[1])] = (*told, worker)
            if not busy:
                return
            for done in self._ray.wait(list(busy), num_returns=1)[0]:
                number, job, attempt, worker = busy.pop(done)
                outcome = self._received(done)
                self._idle.append(worker if outcome else self._start())
                if outcome:
                    finished[number] = outcome
                elif attempt < ATTEMPTS:
                    again.append((number, job, attempt + 1))
                else:
                    finished[number] = Outcome(lost(job.candidate, self._tools.fingerprint))

    @property
    def _ahead(self) -> int:
        """How many files may be begun before the one whose row comes next: what `top:N` rests on does not grow."""
        return AHEAD if self._tools.options.occlusion_limit else max(AHEAD, 2 * self._count)

    def _received(self, done: Any) -> Outcome | None:
        """What a worker found; None where it ended over it."""
        try:
            delivery: Delivery = self._ray.get(done)
        except self._ray.exceptions.RayActorError:
            return None
        if isinstance(delivery.outcome, BaseException):
            raise delivery.outcome
        for name, content in delivery.files.items():
            assert self._tools.options.output
            target = self._tools.options.output / name
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            partial.write_bytes(content)
            partial.replace(target)
        return delivery.outcome

    def __enter__(self) -> RayPool:
        self._own = not self._ray.is_initialized()
        if self._own:
            try:
                self._ray.init(address=self._address, log_to_driver=False, include_dashboard=False)
            except (ConnectionError, ValueError, OSError) as error:
                raise EnvironmentUnfit(f"The cluster {self._address} cannot be reached: {error}") from error
        self._packed = self._ray.put(pickle.dumps(self._tools))
        self._idle.extend(self._start() for _ in range(self._count))
        return self

    def _start(self) -> Any:
        graphics = str(getattr(self._tools.detector, "device", "cpu")).startswith("cuda")
        worker = self._ray.remote(ClusterWorker).options(num_cpus=1, num_gpus=int(graphics)).remote(self._packed)
        self._started.append(worker)
        return worker

    def __exit__(self, *_: object) -> None:
        for worker in self._started:
            self._ray.kill(worker)
        if self._own:
            self._ray.shutdown()


def _ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # why: nothing is sent anywhere
    try:
        import ray
    except ImportError as error:
        raise EnvironmentUnfit("--engine ray needs Ray; install slim-audit[ray].") from error
    return ray
