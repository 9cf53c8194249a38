"""Stopping on Ctrl-C, SIGTERM or SIGHUP at a point where nothing is half written."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

Item = TypeVar("Item")

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def leave_cleanly() -> None:
    """Lets SIGTERM and SIGHUP end the program as an exception, so that whatever is at work cleans up behind itself."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # why: nohup means that a closed terminal ends nothing
            signal.signal(number, leave)


class Stopper:
    """Turns the first SIGINT, SIGTERM or SIGHUP into a clean end of an iteration.

    The signal cuts short the making of an item, never the handling of one. Afterwards signals act as before, so that a
    second Ctrl-C ends whatever follows.

    Attributes:
        signal_number: the signal that came, None so far.
        out_of_time: whether the time given was over before the last item.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.out_of_time = False
        self._making = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        for number in (signal.SIGINT, *ENDING):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def until_stopped(self, items: Iterator[Item], limit_s: float | None = None) -> Iterator[Item]:
        """Passes the items on until a signal comes.

        Args:
            items: made one by one as they are asked for.
            limit_s: after this time no further one is asked for, seconds; at least one is. None for no limit.
        """
        ends = time.monotonic() + limit_s if limit_s else math.inf
        passed = 0
        while self.signal_number is None:
            if passed and time.monotonic() >= ends:
                self.out_of_time = True
                return
            passed += 1
            try:
                self._making = True
                item = next(items)
            except (StopIteration, KeyboardInterrupt):
                return
            finally:
                self._making = False
            yield item

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signal_number = number
        if self._making:
            raise KeyboardInterrupt
