"""One pass over a file: what consumers are told, and segments that follow one another with other rates and channels."""

import hashlib

import numpy as np
import pytest
import soxr

from slim_cli.audio.overview import FileOverview
from slim_cli.audio.pcm import PcmDigests
from slim_cli.audio.scoring import ChannelScorer, WindowBatches
from slim_cli.audio.silero import load_network
from slim_cli.audio.stream import AudioPass, Passage
from slim_cli.observations.measure import FileMeasures
from slim_cli.observations.voice import VoiceQuality
from tests.conftest import FakeDetector

RATE = 16_000


class Recorder:
    """Keeps all passages."""

    stage = "pictures"

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    def take(self, passage: Passage) -> None:
        self.passages.append(passage)


def blocks(samples: np.ndarray, size: int) -> list[np.ndarray]:
    return [samples[:, at : at + size] for at in range(0, samples.shape[1], size)]


@pytest.mark.parametrize("size", [777, 16_000, 44_100, 10**7])
def test_decisions_windows_and_scores_do_not_depend_on_how_the_decoder_cuts_its_blocks(speech, size):
    pair = np.stack([speech, 0.3 * speech[::-1]])

    def run(cut: int):
        recorder, batches = Recorder(), WindowBatches(FakeDetector().score)
        scorer = ChannelScorer(batches, 2.0)
        through = AudioPass([recorder, scorer], load_network())
        through.segment(RATE, blocks(pair, cut))
        scorer.close()
        batches.flush()
        return scorer.channels(through.speech), [w.speech_s for p in recorder.passages for w in p.windows]

    assert run(size) == run(5_000)


def test_passages_hold_every_sample_once_and_mark_the_ends_of_a_segment(speech):
    recorder = Recorder()
    through = AudioPass([recorder], load_network())
    through.segment(RATE, blocks(speech[None], 30_000))
    np.testing.assert_array_equal(np.concatenate([p.decoded for p in recorder.passages], axis=1)[0], speech)
    np.testing.assert_array_equal(np.concatenate([p.samples for p in recorder.passages], axis=1)[0], speech)
    assert [p.first for p in recorder.passages] == [True] + [False] * (len(recorder.passages) - 1)
    assert [p.last for p in recorder.passages] == [False] * (len(recorder.passages) - 1) + [True]
    assert (through.samples, through.seconds) == (len(speech), pytest.approx(12))


def test_values_that_are_no_numbers_are_silence_to_all_but_the_hash():
    samples = np.array([[0.5, np.nan, np.inf, -0.25, 3e9]], "<f4")
    recorder, digests = Recorder(), PcmDigests()
    through = AudioPass([digests, recorder], None)
    through.segment(RATE, [samples])
    assert recorder.passages[0].native.tolist() == [[0.5, 0.0, 0.0, -0.25, 1e6]]
    assert (through.not_numbers, through.low, through.high) == (2, [-0.25], [pytest.approx(3e9)])
    assert digests.channels == [hashlib.sha256(samples.tobytes()).hexdigest()]


def test_segments_are_signals_of_their_own_and_positions_go_on(speech):
    """Five seconds of stereo at 44.1 kHz, then six of one channel at 8 kHz, then four of stereo at 16 kHz."""
    first = np.stack([soxr.resample(speech[: 5 * RATE], RATE, 44_100)] * 2).astype("<f4")
    second = soxr.resample(speech[: 6 * RATE], RATE, 8_000)[None].astype("<f4")
    third = np.stack([speech[: 4 * RATE], 0 * speech[: 4 * RATE]]).astype("<f4")
    recorder, digests, overview = Recorder(), PcmDigests(), FileOverview()
    measures, voice, batches = FileMeasures(), VoiceQuality(), WindowBatches(FakeDetector().score)
    scorer = ChannelScorer(batches, 2.0)
    through = AudioPass([digests, recorder, scorer, measures, voice, overview], load_network())
    for rate, samples in ((44_100, first), (8_000, second), (RATE, third)):
        through.segment(rate, blocks(samples, rate))
    scorer.close()
    batches.flush()
    starts = [p.start for p in recorder.passages if p.first]
    assert starts[0] == 0
    assert starts[1:] == pytest.approx([5 * RATE, 11 * RATE], abs=2)
    bounds = [(s, e) for s, e in zip(starts, [*starts[1:], through.samples], strict=True)]
    left, right = scorer.channels(through.speech)
    for window in left.windows:
        start, stop = window.start_s * RATE, window.end_s * RATE
        assert any(low <= start and stop <= high for low, high in bounds), "a window lies in one segment"
    assert [w.start_s for w in left.windows][:2] == [0, pytest.approx(1, abs=1e-3)]
    assert right.windows == tuple(w for w in left.windows if w.end_s <= 5.001), "silent at the end"
    nets = [track.speech_s(0, through.samples) for track in through.speech[0].tracks]
    assert (len(nets), left.net_speech_s) == (3, pytest.approx(sum(nets)))
    assert [len(digest) for digest in digests.segments] == [2, 1, 2]
    assert digests.segments[1] == [hashlib.sha256(second[0].tobytes()).hexdigest()]
    whole = hashlib.sha256(first[0].tobytes() + second[0].tobytes() + third[0].tobytes()).hexdigest()
    assert digests.channels[0] == whole
    assert overview.finish(0).duration_s == pytest.approx(15, abs=0.01)
    assert overview.finish(1).sample_rate_hz == 44_100
    best = measures.finish(0, through.speech[0])
    assert best["effective_bandwidth_hz"].value is not None
    assert voice.finish(1, best["snr_db"]).keys() == {"jitter_local", "shimmer_local", "hnr_db"}
