"""Which windows are scored, in which batches, and how they become one number per channel."""

import numpy as np
import pytest

from slim_cli.audio.scoring import BATCH_WINDOWS, UNSPOKEN, ChannelScorer, WindowBatches, weighted_mean
from slim_cli.audio.speech import CHUNK_S, ChannelSpeech, SpeechTrack
from slim_cli.audio.stream import WeightedWindow
from slim_cli.audio.windows import HOP, WINDOW, Window

CHUNKS_PER_S = round(1 / CHUNK_S)


class Detector:
    """Gives the level of a window as its mismatch and twice that as its score; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(waveforms))
        return waveforms[:, 0] * 2, waveforms[:, 0]


def window(index: int, levels: tuple[float, ...], speech_s: tuple[float, ...]) -> WeightedWindow:
    samples = np.repeat(np.array(levels, np.float32)[:, None], WINDOW, axis=1)
    return WeightedWindow(Window(index * HOP, WINDOW, samples), speech_s)


def decisions(*seconds: float) -> list[np.ndarray]:
    return [np.ones(round(s / CHUNK_S), bool) for s in seconds]


def spoken(*seconds: float) -> list[ChannelSpeech]:
    tracks = [SpeechTrack() for _ in seconds]
    for track, final in zip(tracks, decisions(*seconds), strict=True):
        track.add(final)
    return [ChannelSpeech([track]) for track in tracks]


def test_a_channel_is_the_mean_weighted_by_speech_or_unweighted_where_there_is_none():
    assert weighted_mean([1.0, 4.0], [3.0, 1.0]) == pytest.approx(1.75)
    assert weighted_mean([-2.0, 8.0, 5.0], [2.0, 2.0, 0.0]) == pytest.approx(3.0)
    assert weighted_mean([1.0, 4.0], [0.0, 0.0]) == pytest.approx(2.5)
    assert weighted_mean([np.array([1.0, 2.0]), np.array([3.0, 6.0])], [1.0, 3.0]) == pytest.approx([2.5, 5.0])


def test_windows_wait_until_the_channel_holds_enough_speech_and_silent_ones_are_left_out():
    detector = Detector()
    batches = WindowBatches(detector.score)
    scorer = ChannelScorer(batches, 2.0)
    scorer.read(decisions(1.5, 0.5), [window(0, (1.0, 5.0), (1.5, 0.5))])
    scorer.read(decisions(0.0, 0.0), [window(1, (2.0, 6.0), (0.0, 0.0))])
    scorer.read(decisions(1.0, 0.0), [window(2, (3.0, 7.0), (1.0, 0.0))])
    scorer.close()
    batches.flush()
    first, second = scorer.channels(spoken(2.5, 0.5))
    assert [(w.start_s, w.end_s, w.speech_s, w.score, w.mismatch) for w in first.windows] == [
        (0.0, 4.0, 1.5, 2.0, 1.0),
        (4.0, 8.0, 1.0, 6.0, 3.0),
    ]
    assert first.score == pytest.approx((2.0 * 1.5 + 6.0) / 2.5)
    assert (second.windows, second.score, second.mismatch, detector.batches) == ((), None, None, [2])


@pytest.mark.parametrize("count", [1, UNSPOKEN, UNSPOKEN + 5, 3 * UNSPOKEN])
def test_with_a_gate_of_0_a_channel_without_speech_is_scored_with_equal_weights(count):
    detector = Detector()
    batches = WindowBatches(detector.score)
    scorer = ChannelScorer(batches, 0.0)
    for index in range(count):
        scorer.read(decisions(0.0), [window(index, (float(index),), (0.0,))])
    scorer.close()
    batches.flush()
    (channel,) = scorer.channels(spoken(0.0))
    assert scorer.complete
    assert channel.score == pytest.approx(2 * np.mean(range(count)))
    assert [w.mismatch for w in channel.windows] == list(range(count))


@pytest.mark.parametrize("before", [1, UNSPOKEN + 1, 2 * UNSPOKEN + 3])
def test_with_a_gate_of_0_speech_that_comes_late_outweighs_what_came_before(before):
    batches = WindowBatches(Detector().score)
    scorer = ChannelScorer(batches, 0.0)
    for index in range(before):
        scorer.read(decisions(0.0), [window(index, (9.0,), (0.0,))])
    scorer.read(decisions(0.512), [window(before, (1.0,), (0.512,))])
    scorer.read(decisions(0.0), [window(before + 1, (9.0,), (0.0,))])
    scorer.close()
    batches.flush()
    (channel,) = scorer.channels(spoken(0.512))
    assert (channel.score, [w.start_s for w in channel.windows]) == (2.0, [2.0 * before])


def test_batches_have_one_size_and_equal_channels_share_a_row():
    detector = Detector()
    batches = WindowBatches(detector.score)
    scorer = ChannelScorer(batches, 2.0)
    for index in range(BATCH_WINDOWS + 3):
        scorer.read(decisions(3.0, 3.0), [window(index, (index, index), (1.0, 1.0))])
    scorer.close()
    batches.flush()
    first, second = scorer.channels(spoken(9.0, 9.0))
    assert detector.batches == [BATCH_WINDOWS, 3]
    assert first.windows == second.windows
    assert [w.mismatch for w in first.windows] == list(range(BATCH_WINDOWS + 3))


def test_windows_of_many_files_share_batches_and_find_their_way_back():
    detector = Detector()
    batches = WindowBatches(detector.score, 4)
    scorers = [ChannelScorer(batches, 0.0) for _ in range(6)]
    for level, scorer in enumerate(scorers):
        scorer.read(decisions(3.0), [window(0, (level,), (3.0,))])
        scorer.close()
    assert [scorer.complete for scorer in scorers] == [True] * 4 + [False] * 2
    batches.flush()
    assert [scorer.channels(spoken(3.0))[0].mismatch for scorer in scorers] == list(range(6))
    assert detector.batches == [4, 2]
