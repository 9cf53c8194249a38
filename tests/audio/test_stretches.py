"""The highest stretches of a channel, against a search through every stretch that starts or ends with a window."""

from itertools import pairwise

import numpy as np
import pytest

from slim_cli.audio.stretches import HIGHEST, LENGTHS_S, highest_stretches
from slim_cli.results import WindowScore


def channel(seconds: float, scores: dict[int, float], speech_s: float = 4.0):
    """Windows every 2 s, the last one at the end, with score 0 but where another is given, by second of their start."""
    starts = [float(at) for at in range(0, int(seconds) - 3, 2)]
    if starts and starts[-1] + 4 < seconds:
        starts.append(seconds - 4)
    windows = [WindowScore(at, at + 4, speech_s, scores.get(int(at), 0.0), 0.5) for at in starts]
    spoken = [(w.start_s, w.start_s + 2) for w in windows]
    return windows, np.array(spoken)


def test_a_short_synthetic_passage_stands_out_of_a_long_file():
    windows, speech = channel(1080, dict.fromkeys(range(600, 640, 2), 5.0))
    found = highest_stretches(windows, speech)
    best_10, best_30 = (next(s for s in found if s.length_s == length) for length in LENGTHS_S)
    assert best_10.score == pytest.approx(5.0)
    assert best_30.score == pytest.approx(5.0)
    assert 600 <= best_10.start_s <= 634
    assert 600 <= best_30.start_s <= 614
    assert np.mean([w.score for w in windows]) < 0.2


@pytest.mark.parametrize("length", LENGTHS_S)
@pytest.mark.parametrize("seconds", [31, 64, 200])
@pytest.mark.parametrize("seed", range(3))
def test_no_other_stretch_is_higher(length, seconds, seed):
    rng = np.random.default_rng(seed)
    windows, speech = channel(seconds, {at: float(rng.normal()) for at in range(seconds)})
    windows = [WindowScore(w.start_s, w.end_s, float(rng.uniform(0.1, 4)), w.score, 0.5) for w in windows]
    best = next(s for s in highest_stretches(windows, speech) if s.length_s == length)
    means = [mean_inside(windows, w.start_s, length) for w in windows if w.start_s + length <= seconds]
    assert best.score == pytest.approx(max(means))
    assert best.score == pytest.approx(mean_inside(windows, best.start_s, length))


def mean_inside(windows, start, length):
    inside = [w for w in windows if start - 1e-6 <= w.start_s and w.end_s <= start + length + 1e-6]
    return np.average([w.score for w in inside], weights=[w.speech_s for w in inside])


def test_three_of_a_length_are_given_highest_first_and_none_overlaps_another():
    windows, speech = channel(300, {40: 9.0, 100: 8.0, 160: 7.0, 220: 6.0})
    for length in LENGTHS_S:
        found = [s for s in highest_stretches(windows, speech) if s.length_s == length]
        assert len(found) == HIGHEST
        assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
        places = sorted((s.start_s, s.end_s) for s in found)
        assert all(end - start == pytest.approx(length) for start, end in places)
        assert all(first[1] <= second[0] + 1e-6 for first, second in pairwise(places))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(4, [(10.0, 0.0, 4.0)], id="one window"),
        pytest.param(10, [(10.0, 0.0, 10.0)], id="as long as the shorter length"),
        pytest.param(25, [(30.0, 0.0, 25.0)], id="shorter than the longer length"),
    ],
)
def test_a_short_channel_is_one_stretch(seconds, expected):
    windows, speech = channel(seconds, {})
    found = highest_stretches(windows, speech)
    assert [(s.length_s, s.start_s, s.end_s) for s in found if s.length_s == expected[0][0]] == expected


def test_a_stretch_with_too_little_speech_is_left_out():
    windows, _ = channel(60, {30: 50.0})
    silent_there = np.array([(0.0, 24.0), (40.0, 60.0)])
    found = highest_stretches(windows, silent_there)
    assert all(not 22 < s.start_s < 32 for s in found if s.length_s == LENGTHS_S[0])
    assert highest_stretches(windows, np.zeros((0, 2))) == ()
    assert highest_stretches([], np.zeros((0, 2))) == ()


def test_a_day_costs_little_time():
    windows, speech = channel(86_400, {5000: 3.0})
    assert highest_stretches(windows, speech)[0].start_s <= 5000
