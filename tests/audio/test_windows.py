"""The window rule, on cases worked out by hand."""

import numpy as np
import pytest

from slim_cli.audio.scoring import BATCH_WINDOWS, WindowScorer, weighted_mean
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


def test_a_channel_is_the_mean_weighted_by_speech():
    assert weighted_mean([1.0, 4.0], [3.0, 1.0]) == pytest.approx(1.75)
    assert weighted_mean([-2.0, 8.0, 5.0], [2.0, 2.0, 0.0]) == pytest.approx(3.0)


def level(waveforms, lengths):
    return waveforms[:, 0] * 2, waveforms[:, 0]


def window(index: int, *levels: float) -> Window:
    samples = np.repeat(np.array(levels, np.float32)[:, None], WINDOW, axis=1)
    return Window(index * 32_000, WINDOW, samples)


def test_windows_wait_until_the_channel_holds_enough_speech_and_silent_ones_are_left_out():
    calls = []
    scorer = WindowScorer(lambda w, n: (calls.append(len(w)), level(w, n))[1], 2)
    scorer.offer(window(0, 1.0, 5.0), [1.5, 0.5])
    scorer.release([False, False])
    scorer.offer(window(1, 2.0, 6.0), [0.0, 0.0])
    scorer.offer(window(2, 3.0, 7.0), [1.0, 0.0])
    scorer.release([True, False])
    first, second = scorer.finish()
    assert [(w.start_s, w.end_s, w.speech_s, w.score, w.mismatch) for w in first] == [
        (0.0, 4.0, 1.5, 2.0, 1.0),
        (4.0, 8.0, 1.0, 6.0, 3.0),
    ]
    assert (second, calls) == ((), [2])


def test_batches_have_one_size_and_equal_channels_share_a_row():
    calls = []
    scorer = WindowScorer(lambda w, n: (calls.append(len(w)), level(w, n))[1], 2)
    for index in range(BATCH_WINDOWS + 3):
        scorer.offer(window(index, index, index), [1.0, 1.0])
        scorer.release([True, True])
    first, second = scorer.finish()
    assert calls == [BATCH_WINDOWS, 3]
    assert first == second
    assert [w.mismatch for w in first] == list(range(BATCH_WINDOWS + 3))
