"""What became of a decoding process that ended before its file did."""

from __future__ import annotations

import signal

from slim_cli.results import Remark


def fate(number: int) -> Remark:
    """The reason of a row whose decoding process a signal ended; 0 where it ended by itself."""
    if not number:
        return Remark("decoder_unfinished")
    if number == getattr(signal, "SIGXCPU", None):
        return Remark("decoder_time_limit")
    named = {s.value: s.name for s in signal.Signals}.get(number, str(number))
    killed = number == getattr(signal, "SIGKILL", None)
    return Remark("decoder_killed" if killed else "decoder_crashed", {"signal": named})
