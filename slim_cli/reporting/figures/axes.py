"""Scales and ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class AxisScale:
    """A linear map from values to positions on the page.

    Attributes:
        low, high: values at both ends.
        start, end: positions of both ends.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value, kept inside the scale."""
        span = (self.high - self.low) or 1.0
        share = min(1.0, max(0.0, (value - self.low) / span))
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values (1, 2, 2.5 or 5 times a power of ten) inside a range, about `about` of them.

    >>> ticks(-3.2, 6.4, 5)
    [-2.0, 0.0, 2.0, 4.0, 6.0]
    """
    rough = (high - low) / max(1, about)
    if not rough > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def time_ticks(duration_s: float, about: int) -> list[float]:
    """Round times from 0 to the end of a signal, on steps that people read off clocks.

    >>> time_ticks(95, 6)
    [0, 15, 30, 45, 60, 75, 90]
    """
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    step = next((s for s in steps if duration_s / s <= about + 0.5), 28800)
    return [round(i * step, 3) for i in range(int(duration_s / step + 1e-6) + 1)]


def clock(seconds: float) -> str:
    """A time label: `4` below a minute, then `1:05`, then `1:00:05`.

    >>> clock(4), clock(65), clock(3605)
    ('4', '1:05', '1:00:05')
    """
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole}"
