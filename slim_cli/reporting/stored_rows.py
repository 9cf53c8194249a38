"""Rows of a run as a report reads them: whole ones from the disk one at a time, in memory only an outline of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

from slim_cli.results import ChannelResult, FileResult

OUTLINED = ("effective_bandwidth_hz", "clipping_fraction", "snr_db")  # what lists and limits ask of the observations


class StoredRows(Sequence[FileResult]):
    """The rows of a `results.jsonl`, read when they are asked for.

    Args:
        path: the file; it must not change while it is read.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._starts = path, array("q", [0])
        with path.open("rb") as lines:
            for line in lines:
                self._starts.append(self._starts[-1] + len(line))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> FileResult: ...
    @overload
    def __getitem__(self, place: slice) -> list[FileResult]: ...
    def __getitem__(self, place: int | slice) -> FileResult | list[FileResult]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        start = self._starts[range(len(self))[place]]
        with self._path.open("rb") as lines:
            lines.seek(start)
            return FileResult.from_json(lines.readline().decode(), str(self._path))

    def __iter__(self) -> Iterator[FileResult]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield FileResult.from_json(line, str(self._path))


def outline(row: FileResult) -> FileResult:
    """What lists say of a file: without windows, speech, segments, most observations and stretches."""
    return replace(
        row,
        media=row.media and replace(row.media, tags={}),
        channels=tuple(map(_outlined, row.channels)),
        observations={name: row.observations[name] for name in OUTLINED if name in row.observations},
        segments=(),
        tracks=(),
        occlusion=None,
    )


def _outlined(channel: ChannelResult) -> ChannelResult:
    first = {stretch.length_s: stretch for stretch in reversed(channel.stretches)}
    return replace(
        channel, windows=(), speech=(), rejected_voiced=channel.rejected_voiced[:1], stretches=tuple(first.values())
    )
