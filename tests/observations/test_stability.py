"""Small changes to a stream: what is cut, what a codec leaves, and what is said when a score does not hold."""

import numpy as np
import pytest

from slim_cli.observations.stability import Cut, Recode, crossings
from tests.conftest import said


def through(change, samples: np.ndarray, block: int) -> np.ndarray:
    pieces = [change(samples[at : at + block], False) for at in range(0, len(samples), block)]
    return np.concatenate([*pieces, change(samples[:0], True)])


FALLS = "falls below the review threshold of +1.50"


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
@pytest.mark.parametrize(("start", "stop"), [(0, 100), (10, 90), (0, 5), (95, 100), (50, 50)])
def test_a_cut_passes_what_lies_between_whatever_the_blocks(start, stop, block):
    samples = np.arange(100, dtype=np.float32)
    assert through(Cut(start, stop), samples, block).tolist() == samples[start:stop].tolist()


@pytest.mark.parametrize("block", [160, 16_000, 192_000])
def test_coding_once_more_keeps_length_and_position_and_changes_little(speech, block):
    coded = through(Recode(), speech, block)
    assert len(coded) == len(speech)
    shifts = range(-40, 41)
    alike = [np.corrcoef(np.roll(speech, s)[1000:-1000], coded[1000:-1000])[0, 1] for s in shifts]
    assert shifts[int(np.argmax(alike))] == 0
    assert 0.9 < max(alike) < 0.99999


def test_a_signal_shorter_than_a_frame_can_be_coded():
    assert len(through(Recode(), np.full(10, 0.1, np.float32), 10)) == 10


@pytest.mark.parametrize(
    ("score", "changed", "threshold", "words"),
    [
        (1.0, 0.5, None, []),
        (1.0, None, 0.5, []),
        (0.4, -0.1, None, ["changes its sign (+0.40 to −0.10)"]),
        (-0.4, 0.1, 1.5, ["changes its sign (−0.40 to +0.10)"]),
        (1.6, 1.4, 1.5, [f"{FALLS} (+1.60 to +1.40)"]),
        (1.4, 1.5, 1.5, ["rises to the review threshold of +1.50 or above (+1.40 to +1.50)"]),
        (
            2.0,
            -1.0,
            1.5,
            ["changes its sign (+2.00 to −1.00)", "falls below the review threshold of +1.50 (+2.00 to −1.00)"],
        ),
    ],
)
def test_a_score_that_does_not_hold_is_told(score, changed, threshold, words):
    told = crossings(score, {"cropped": changed}, threshold)
    assert [said(one) for one in told] == [f"unsteady: cropped by 5 % at both ends, the score {w}" for w in words]
