"""Workers: the same rows in the same order, whatever becomes of one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.custody.ledger import Ledger
from slim_cli.engines.local import examine_files
from slim_cli.engines.options import ExaminationOptions
from slim_cli.errors import EnvironmentUnfit, IntegrityError
from slim_cli.results import FileResult
from tests.conftest import RATE_HZ, FakeDetector


@pytest.fixture
def evidence(tmp_path: Path, speech: np.ndarray) -> Path:
    """Recordings of falling length, so that later ones are done first, two of them equal; and what is none."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    for number in range(5):
        soundfile.write(folder / f"{number}.wav", speech[: (8 - number) * RATE_HZ], RATE_HZ)
    (folder / "5.wav").write_bytes((folder / "0.wav").read_bytes())
    (folder / "6.flac").write_bytes(b"fLaC" + b"\xff" * 500)
    (folder / "7.txt").write_bytes(b"Dear Sir,\n")
    return folder


def examined(folder: Path, detector: object, workers: int, **options: object) -> list[FileResult]:
    return list(examine_files([folder], detector=detector, options=ExaminationOptions(workers=workers, **options)))


def test_workers_give_the_rows_of_one_process_in_the_same_order(evidence: Path, tmp_path: Path) -> None:
    alone = examined(evidence, FakeDetector(), 1, output=tmp_path / "one", occlusion="all")
    assert examined(evidence, FakeDetector(), 2, output=tmp_path / "two", occlusion="all") == alone
    names = [sorted(path.name for path in (tmp_path / place / "overview").iterdir()) for place in ("one", "two")]
    assert names[0] == names[1]


def test_equal_content_is_told_of_as_such_though_it_was_examined_side_by_side(evidence: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger", "p", run="this", date="now")

    def rows() -> Iterator[FileResult]:
        options = ExaminationOptions(workers=3)
        for row in examine_files([evidence], detector=FakeDetector(), options=options, ledger=ledger):
            ledger.record(row)
            yield row

    found = {row.path: row for row in rows()}
    assert {path for path, row in found.items() if row.from_ledger} == {"5.wav"}
    twin = replace(found["5.wav"], path="0.wav", modified=found["0.wav"].modified, from_ledger=None)
    assert twin == FileResult.from_json(found["0.wav"].to_json())
    ledger.close()


@dataclass
class Deadly(FakeDetector):
    """Ends its process at windows of one length, as often as it may.

    Attributes:
        length: valid samples of the window that is deadly; a file has it in its last.
        counter: a file that grows with each end.
        ends: how many there are.
    """

    length: int
    counter: Path
    ends: int

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches: list[int] = []
        if len(waveforms) == self.length and (self.counter.stat().st_size if self.counter.exists() else 0) < self.ends:
            with self.counter.open("ab") as counter:
                counter.write(b"x")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(waveforms, lengths)


@pytest.mark.parametrize(("ends", "status"), [(1, "scored"), (2, "decode_failed")])
def test_a_worker_that_is_killed_costs_at_most_the_file_it_was_killed_over(
    evidence: Path, tmp_path: Path, ends: int, status: str
) -> None:
    windows = {row.path: len(row.channels[0].windows) for row in examined(evidence, FakeDetector(), 1) if row.channels}
    (deadly,) = [path for path, count in windows.items() if list(windows.values()).count(count) == 1][:1]
    found = examined(evidence, Deadly(windows[deadly], tmp_path / "count", ends), 2)
    assert {row.path: row.status for row in found}[deadly] == status
    alone = {row.path: row for row in examined(evidence, FakeDetector(), 1)}
    assert {row.path: row for row in found if row.path != deadly} == {p: r for p, r in alone.items() if p != deadly}
    if status == "decode_failed":
        assert [r.reason.code for r in found if r.path == deadly and r.reason] == ["examination_crashed"]


class Unfit(FakeDetector):
    """Cannot work here."""

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise EnvironmentUnfit("The device is gone.")


def test_an_error_that_is_no_fault_of_a_file_ends_the_scan_and_its_workers(evidence: Path) -> None:
    with pytest.raises(EnvironmentUnfit, match="The device is gone"):
        examined(evidence, Unfit(), 2)
    assert children() == []


def test_a_scan_that_is_closed_leaves_no_process(evidence: Path) -> None:
    rows = examine_files([evidence], detector=FakeDetector(), options=ExaminationOptions(workers=2))
    assert next(rows).path == "0.wav"
    rows.close()
    assert children() == []


def test_evidence_that_changes_is_a_row_and_then_an_integrity_error(evidence: Path) -> None:
    rows = examine_files([evidence], detector=Meddler(evidence / "1.wav"), options=ExaminationOptions(workers=2))
    found = {row.path: row.status for row in (next(rows) for _ in range(8))}
    with pytest.raises(IntegrityError, match=r"1\.wav"):
        next(rows)
    assert found["1.wav"] == "unreadable"
    assert len(found) == 8


@dataclass
class Meddler(FakeDetector):
    """Touches a file whenever a window is scored.

    Attributes:
        path: the file.
    """

    path: Path

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches: list[int] = []
        self.path.touch()
        return super().score(waveforms, lengths)


def children() -> list[int]:
    """Processes of this one that still run a worker."""
    found = []
    for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"spawn_main" in command:
            found.append(int(child))
    return found
