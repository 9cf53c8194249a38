"""What a report shows of its rows, made when it is asked for: the pictures of many do not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, overload

from slim_cli.reporting.view import FileRow

MOST_KEPT = 12
T = TypeVar("T")


class Made(Sequence[T]):
    """What is made of rows one by one, whenever it is asked for; a few are kept.

    Args:
        rows: the rows.
        make: makes one.
    """

    def __init__(self, rows: Sequence[FileRow], make: Callable[[FileRow], T]) -> None:
        self._rows, self._make, self._kept = rows, make, dict[int, T]()

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Made[T]: ...
    def __getitem__(self, place: int | slice) -> T | Made[T]:
        if isinstance(place, slice):
            return Made(self._rows[place], self._make)
        row = self._rows[place]
        made = self._kept.get(row.number) or self._make(row)
        if len(self) <= MOST_KEPT:
            self._kept[row.number] = made
        return made
