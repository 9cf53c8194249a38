"""From folders to one result per file, by any engine, in memory that grows with neither files nor duration."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from slim_cli.audio.proxy import check_encoder
from slim_cli.audio.stage_times import StageTimes
from slim_cli.custody.folder import check_apart
from slim_cli.custody.ledger import Ledger
from slim_cli.engines.examination_tools import Tools, Watch
from slim_cli.engines.examine import examine
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.options import AHEAD, LOCAL, ExaminationOptions, OcclusionChoice, ScoresWindows
from slim_cli.engines.ray_pool import RayPool
from slim_cli.engines.scan_progress import Progress, Reporter
from slim_cli.engines.worker_pool import Job, Outcome, WorkerPool
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.observations.stability import check_codec
from slim_cli.results import FileResult, Remark


def examine_files(
    paths: Sequence[str | os.PathLike[str]],
    *,
    detector: ScoresWindows | None,
    options: ExaminationOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    times: StageTimes | None = None,
    earlier: Sequence[FileResult] = (),
    entries: Iterable[Candidate] | None = None,
    ledger: Ledger | None = None,
) -> FileExamination:
    """Examines every file below the given paths.

    Args:
        paths: files and folders.
        detector: what scores the windows; None decodes and measures files without scoring them.
        options: how to work.
        on_progress: called as the scan goes on.
        times: where the time per stage is added up.
        earlier: rows of an interrupted scan that goes on; their files are not examined again.
        entries: what is examined; None for everything below the paths.
        ledger: what was examined before; None where nothing is known.

    Returns:
        an iterator over one result per entry found, in a fixed order. A file that cannot be examined is a result with a
        status and a reason; closing the iterator stops cleanly.

    Raises:
        UsageError: at once: a path is missing, nothing was found, or the output lies inside the evidence.
        EnvironmentUnfit: at once: a part of the installation is missing.
        IntegrityError: after the last result: evidence changed while it was examined.
    """
    options = options or ExaminationOptions()
    if options.stability:
        check_codec()
    if options.embed_audio:
        check_encoder()
    roots = [Path(path) for path in paths]
    if options.output:
        check_apart(options.output, roots)
    candidates = list(discover(roots) if entries is None else entries)
    if not candidates:
        raise UsageError("Nothing that was found is to be examined; see --include, --exclude, --since and --shard.")
    tools = Tools(detector, options, scan_fingerprint(detector, options), ledger=ledger)
    rows = _run(candidates, tools, Watch(times or StageTimes()), Reporter(on_progress, candidates), earlier)
    return FileExamination(len(candidates), rows)


class FileExamination(Iterator[FileResult]):
    """The rows of a scan, made one by one as they are asked for.

    Attributes:
        files_found: how many rows there are in all, with those of the interrupted scan that it goes on with.
    """

    def __init__(self, files_found: int, rows: Generator[FileResult]) -> None:
        self.files_found, self._rows = files_found, rows

    def __next__(self) -> FileResult:
        return next(self._rows)

    def close(self) -> None:
        """Stops cleanly."""
        self._rows.close()


def _run(
    candidates: Sequence[Candidate], tools: Tools, watch: Watch, reporter: Reporter, earlier: Sequence[FileResult]
) -> Generator[FileResult]:
    changed, choice, watch = [], OcclusionChoice(tools.options), replace(watch, tell=reporter.tell_audio)
    known = {row.path_hex or row.path for row in earlier}
    for row in earlier:
        choice.tell(row.score)  # why: which files get a curve depends on the scores before theirs
    left = [candidate for candidate in candidates if (candidate.path_hex or candidate.name) not in known]
    for _ in range(len(candidates) - len(left)):
        reporter.finished()
    with closing(_outcomes(left, tools, watch, reporter, choice)) as outcomes:
        for candidate, outcome in zip(left, outcomes, strict=True):
            result = outcome.row
            if result is None:
                changed.append(candidate.name)
                reason = Remark("changed_while_examined")
                result = FileResult(
                    candidate.name, "unreadable", reason, candidate.path_hex, fingerprint=tools.fingerprint
                )
            if tools.ledger and (twin := tools.ledger.twin(result)):
                result = tools.weighed(twin)
            choice.tell(result.score)
            reporter.finished()
            yield result
    if changed:
        names = ", ".join(repr(name) for name in changed)
        raise IntegrityError(f"Evidence changed during the scan: {names}. Work on a copy that nothing writes to.")


def _outcomes(
    candidates: Sequence[Candidate], tools: Tools, watch: Watch, reporter: Reporter, choice: OcclusionChoice
) -> Generator[Outcome]:
    """What comes of each file, in order: examined here, or by workers."""
    if tools.options.workers == 1 and tools.options.engine == LOCAL:
        with tools:
            for candidate in candidates:
                reporter.begin(candidate.name)
                try:
                    yield Outcome(examine(candidate, tools.above(choice.above), watch))
                except IntegrityError:
                    yield Outcome(None)
        return
    with _pool(tools) as pool:
        for candidate, outcome in zip(candidates, pool.outcomes(_jobs(candidates, choice)), strict=True):
            reporter.begin(candidate.name)
            watch.times.add(outcome.times)
            reporter.tell_audio(outcome.times.audio_s, None)
            yield outcome


def _pool(tools: Tools) -> WorkerPool | RayPool:
    options = tools.options
    if options.engine == LOCAL:
        return WorkerPool(tools, options.workers)
    return RayPool(tools, options.workers, options.address)


def _jobs(candidates: Iterable[Candidate], choice: OcclusionChoice) -> Iterator[Job]:
    """The files with the score above which they get a curve.

    It rests on the files before them but for the last `AHEAD`: so it does not depend on which worker is done first.
    """
    begun = choice.told
    for number, candidate in enumerate(candidates):
        yield Job(candidate, choice.above_before(begun + max(0, number - AHEAD)))
