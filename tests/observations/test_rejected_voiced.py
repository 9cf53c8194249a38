"""Voiced sound that was not taken for speech: found by level and periodicity, scored apart from the file."""

import numpy as np
import pytest

from slim_cli.audio.scoring import WindowBatches
from slim_cli.audio.stream import Passage, WeightedWindow
from slim_cli.audio.windows import WindowCutter
from slim_cli.observations.rejected_voiced import MOST_WINDOWS, RejectedVoiced, rejected_voiced_remarks
from slim_cli.results import ChannelResult, Remark
from tests.conftest import at_level, gliding_voice

RATE = 16_000


def found_in(samples: np.ndarray, speech: np.ndarray | None = None, batches: WindowBatches | None = None, block=7_000):
    """What is found in one channel, read in blocks, with speech decisions (none by default) per chunk of 512."""
    decisions = np.zeros(len(samples) // 512, bool) if speech is None else speech
    consumer, cutter, told = RejectedVoiced(batches), WindowCutter(1), 0
    for start in range(0, len(samples), block):
        piece, last = samples[None, start : start + block], start + block >= len(samples)
        stop = len(decisions) if last else min(start + block, len(samples)) // 512
        windows = tuple(WeightedWindow(window, (0.0,)) for window in cutter.push(piece, last))
        final = [decisions[told:stop]]
        consumer.take(Passage(RATE, 0, start == 0, last, piece, piece, piece, final, windows))
        told = stop
    if batches:
        batches.flush()
    return consumer.finish(0)


SOUNDS = {
    "a voice": (at_level(gliding_voice(6), -25), True),
    "a very quiet voice": (at_level(gliding_voice(6), -70), False),
    "half a second of voice": (at_level(np.pad(gliding_voice(0.5), (RATE, RATE)), -25), False),
    "noise": (at_level(np.random.default_rng(0).standard_normal(6 * RATE), -25), False),
    "a steady tone": (at_level(np.sin(2 * np.pi * 425 * np.arange(6 * RATE) / RATE), -25), False),
    "mains hum": (at_level(np.sin(2 * np.pi * 100 * np.arange(6 * RATE) / RATE), -25), False),
    "digital silence": (np.zeros(6 * RATE, np.float32), False),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_voiced_sound_is_told_from_noise_and_tones(name):
    samples, voiced = SOUNDS[name]
    assert bool(found_in(samples)) is voiced


def test_the_stretch_lies_where_the_voice_is_and_what_was_taken_for_speech_is_left_out():
    samples = np.pad(at_level(gliding_voice(8), -25), (3 * RATE, 2 * RATE))
    speech = np.zeros(len(samples) // 512, bool)
    speech[7 * RATE // 512 : 9 * RATE // 512] = True
    first, second = found_in(samples, speech)
    assert (first.start_s, first.end_s) == pytest.approx((3.0, 7.0), abs=0.3)
    assert (second.start_s, second.end_s) == pytest.approx((9.0, 11.0), abs=0.3)
    assert found_in(samples, ~np.zeros(len(samples) // 512, bool)) == ()


@pytest.mark.parametrize("block", [500, 7_000, 200_000])
def test_blocks_change_nothing(block):
    samples = np.pad(at_level(gliding_voice(5), -25), (RATE, RATE))
    assert found_in(samples, block=block) == found_in(samples, block=16_000)


def test_windows_over_it_are_scored_where_it_suffices(fake_detector):
    long, short = at_level(gliding_voice(6), -20), at_level(gliding_voice(1.5), -20)
    scored = found_in(long, batches=WindowBatches(fake_detector.score))
    assert [round(v.score or 0, 2) for v in scored] == [pytest.approx(1.0, abs=0.05)]  # 10 * RMS
    unscored = found_in(np.pad(short, RATE), batches=WindowBatches(fake_detector.score))
    assert [v.score for v in unscored] == [None]
    assert [v.score for v in found_in(long)] == [None]


def test_hours_of_it_cost_no_more_than_so_many_windows(fake_detector):
    voice = gliding_voice(2 * MOST_WINDOWS + 40)
    voice += 0.01 * np.random.default_rng(0).standard_normal(len(voice))  # equal windows are scored once
    found_in(at_level(voice, -20), batches=WindowBatches(fake_detector.score), block=64_000)
    assert sum(fake_detector.batches) == MOST_WINDOWS


def test_the_remark_says_how_much_of_the_channel_that_holds_most():
    quiet = ChannelResult(0, "", 0.0)
    some = ChannelResult(1, "", 0.0, rejected_voiced=found_in(at_level(gliding_voice(6), -25)))
    (remark,) = rejected_voiced_remarks([quiet, some])
    assert remark == Remark("voiced_not_speech", {"seconds": some.rejected_voiced[0].end_s, "n": 1})
    assert rejected_voiced_remarks([quiet]) == []
