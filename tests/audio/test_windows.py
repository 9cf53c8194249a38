"""The window rule, on cases worked out by hand."""

import numpy as np
import pytest

from slim_cli.audio.windows import WINDOW, Window, WindowCutter

RATE = 16_000


def cut(seconds: float, block: int) -> list[Window]:
    signal = np.arange(round(seconds * RATE), dtype=np.float32)[None]
    cutter = WindowCutter(1)
    windows = [w for i in range(0, signal.shape[1], block) for w in cutter.push(signal[:, i : i + block])]
    return windows + list(cutter.push(signal[:, :0], last=True))


@pytest.mark.parametrize("block", [1_000, 16_000, 33_333, 200_000])
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.3, [(0, 0.3)]),
        (4, [(0, 4)]),
        (5, [(0, 4), (1, 5)]),
        (6, [(0, 4), (2, 6)]),
        (6.5, [(0, 4), (2, 6), (2.5, 6.5)]),
        (9, [(0, 4), (2, 6), (4, 8), (5, 9)]),
    ],
)
def test_windows_step_by_two_seconds_and_the_last_ends_with_the_signal(seconds, expected, block):
    windows = cut(seconds, block)
    assert [(w.start / RATE, w.stop / RATE) for w in windows] == expected
    for window in windows:
        np.testing.assert_array_equal(window.samples[0, : window.length], np.arange(window.start, window.stop))
        assert window.samples.shape == (1, WINDOW)
        assert not window.samples[0, window.length :].any()
