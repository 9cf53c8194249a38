"""A power cut at any moment: what was handed to the disk until then is there, nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.results import FileResult
from tests.custody.test_run import ROWS, begin, finish

State = dict[str, bytes]


class Disk:
    """Records what reaches the disk of one folder: the content of a file when it is synced, its name with its folder.

    Attributes:
        states: what the disk held after each such moment.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._durable, self._content = folder, State(), {}
        self.states: list[State] = [{}]

    def sync(self, descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if not place.is_relative_to(self._folder):
            return
        if place.is_dir():
            names = {p for p in place.iterdir() if p.is_file()}
            self._durable = {n: c for n, c in self._durable.items() if (self._folder / n).parent != place}
            for path in names:
                content = self._content.get(path.stat().st_ino, b"")  # a name whose content was never synced is empty
                self._durable[path.relative_to(self._folder).as_posix()] = content
        else:
            self._content[place.stat().st_ino] = place.read_bytes()
            name = place.relative_to(self._folder).as_posix()
            if name in self._durable:
                self._durable[name] = self._content[place.stat().st_ino]
        self.states.append(dict(self._durable))


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk below `out`."""
    found, sync = Disk(tmp_path / "out"), os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        found.sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr("slim_cli.custody.row_writer.MOST_WAITING", 1)
    return found


def with_pictures(folder: Path) -> Callable[[FileResult], list[str]]:
    """Draws a picture for a row, as a scan does."""

    def draw(row: FileResult) -> list[str]:
        (folder / "overview").mkdir(exist_ok=True)
        (folder / "overview" / f"{row.path}.npz").write_bytes(row.path.encode() * 50)
        return [f"overview/{row.path}.npz"]

    return draw


def test_whatever_the_disk_held_the_run_goes_on_to_the_same_rows(disk: Disk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    draw = with_pictures(out)
    with begin(out) as run:
        for row in ROWS:
            run.record(row, draw(row))
        run.end(True, len(ROWS), {"run.json": "{ }"})
        run.close("report_written")
    whole, states = (out / "results.jsonl").read_bytes(), [state for state in disk.states if "audit.jsonl" in state]
    assert len(states) > 3 * len(ROWS)
    for number, state in enumerate(states):
        folder = tmp_path / f"after-{number}"
        for name, content in state.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        if not state["audit.jsonl"]:
            continue  # nothing was told yet: the folder is begun anew
        assert verify(VerifyOptions(folder)).changed == (), f"state {number}: {sorted(state)}"
        again = begin(folder, resume=True)
        draw = with_pictures(folder)
        with again:
            for row in ROWS[len(again.earlier) :]:
                again.record(row, draw(row))
            again.end(True, len(ROWS), {"run.json": "{ }"})
            again.close("report_written")
        assert (folder / "results.jsonl").read_bytes() == whole
        assert verify(VerifyOptions(folder)).changed == ()
        shutil.rmtree(folder)


def test_the_disk_of_the_test_forgets_what_was_not_synced(disk: Disk, tmp_path: Path) -> None:
    finish(begin(tmp_path / "out"), ROWS)
    (tmp_path / "out" / "unsynced.txt").write_text("lost", encoding="utf-8")
    assert all("unsynced.txt" not in state for state in disk.states)
    assert disk.states[-1]["results.jsonl"] == (tmp_path / "out" / "results.jsonl").read_bytes()
