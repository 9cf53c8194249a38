"""The occlusion curve, on scoring functions whose answer is known."""

import numpy as np
import pytest

from slim_cli.assessment.occlusion import MAX_STRETCHES, NOISE_SAMPLES, Occluder, ScoredChannel, noise_like, spearman
from slim_cli.audio.scoring import Score
from slim_cli.audio.windows import WINDOW, WindowCutter
from slim_cli.results import Occlusion, WindowScore

RATE = 16_000
QUIET = np.zeros(NOISE_SAMPLES, np.float32)


def loud_share(waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ten times the share of samples above 0.5."""
    score = 10 * np.array([np.mean(w[:n] > 0.5) for w, n in zip(waveforms, lengths, strict=True)])
    return score, score


def any_loud(waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 for a window in which anything is loud: one of two loud stretches is as good as both."""
    score = (waveforms > 0.5).any(axis=1).astype(float)
    return score, score


def speech_everywhere(start: int, stop: int) -> float:
    return (stop - start) / RATE


def scanned(samples: np.ndarray, score: Score) -> ScoredChannel:
    cut = list(WindowCutter(1).push(samples[None], last=True))
    scores, _ = score(np.stack([w.samples[0] for w in cut]), np.array([w.length for w in cut]))
    windows = tuple(
        WindowScore(w.start / RATE, w.stop / RATE, w.length / RATE, float(s), 0.0)
        for w, s in zip(cut, scores, strict=True)
    )
    return ScoredChannel(0, windows, len(samples), speech_everywhere, QUIET)


def occluded(samples: np.ndarray, score: Score, block: int = 5_000) -> Occlusion | None:
    occluder = Occluder(score, scanned(samples, score))
    for start in range(0, len(samples), block):
        occluder.push(samples[start : start + block])
    occluder.push(samples[:0], last=True)
    return occluder.finish()


def marked(seconds: int, *at: int) -> np.ndarray:
    """Silence in which whole seconds are loud."""
    samples = np.zeros(seconds * RATE, np.float32)
    for second in at:
        samples[second * RATE : (second + 1) * RATE] = 0.9
    return samples


@pytest.mark.parametrize("second", [0, 5, 11])
def test_the_score_falls_where_it_came_from_and_nowhere_else(second):
    curve = occluded(marked(12, second), loud_share)
    assert curve.starts_s == tuple(range(12))
    assert curve.length_s == 1
    assert int(np.argmin(curve.change)) == second
    assert curve.change[second] < -0.4
    assert max(abs(c) for i, c in enumerate(curve.change) if abs(i - second) > 1) < 0.15


def test_without_its_evidence_a_file_scores_as_if_it_had_never_been_there():
    samples = marked(12, 6)
    heard = scanned(samples, loud_share)
    base = np.average([w.score for w in heard.windows], weights=[w.speech_s for w in heard.windows])
    curve = occluded(samples, loud_share)
    assert base + curve.change[6] == pytest.approx(0, abs=0.02)  # the fade of 5 ms leaves a rest


def test_faithfulness_is_high_where_stretches_add_up_and_low_where_they_stand_in_for_each_other():
    additive = occluded(marked(16, 2, 3, 7, 8, 9, 13), loud_share)
    redundant = occluded(marked(16, *range(16)), any_loud)
    assert additive.faithfulness > 0.9
    assert redundant.faithfulness is None or redundant.faithfulness < 0.7


@pytest.mark.parametrize(("seconds", "stretches"), [(1, None), (3, 3), (59, 59), (60, 60), (600, 60)])
def test_a_file_is_cut_into_seconds_and_a_long_one_into_sixty_stretches(seconds, stretches):
    curve = occluded(marked(seconds, 0), loud_share, block=RATE)
    assert (curve and len(curve.change)) == stretches


def test_faithfulness_needs_six_stretches():
    assert occluded(marked(5, 0), loud_share).faithfulness is None
    assert occluded(marked(6, 0), loud_share).faithfulness is not None


def test_long_files_cost_no_more_than_short_ones():
    scored = []

    def count(waveforms, lengths):
        scored.append(len(waveforms))
        return loud_share(waveforms, lengths)

    samples = marked(600, 0)
    occluder = Occluder(count, scanned(samples, loud_share))
    for start in range(0, len(samples), RATE):
        occluder.push(samples[start : start + RATE])
    occluder.push(samples[:0], last=True)
    assert sum(scored) <= 4 * MAX_STRETCHES
    assert max(scored) <= 16


def test_the_curve_does_not_depend_on_the_blocks_and_is_the_same_each_time():
    samples = np.random.default_rng(0).uniform(-1, 1, 7 * RATE).astype(np.float32)
    assert occluded(samples, loud_share, 999) == occluded(samples, loud_share, 50_000)


def test_a_stretch_that_holds_all_speech_is_left_out():
    samples = marked(4, 1)
    heard = scanned(samples, loud_share)

    def only_second_one(start: int, stop: int) -> float:
        return max(0, min(stop, 2 * RATE) - max(start, RATE)) / RATE

    windows = tuple(
        WindowScore(w.start_s, w.end_s, only_second_one(int(w.start_s * RATE), int(w.end_s * RATE)), w.score, 0.0)
        for w in heard.windows
    )
    occluder = Occluder(loud_share, ScoredChannel(0, windows, len(samples), only_second_one, QUIET))
    occluder.push(samples, last=True)
    assert occluder.finish().starts_s == (0.0, 2.0, 3.0)


@pytest.mark.parametrize(("rate", "frame"), [(16_000, 512), (44_100, 1024), (8_000, 256)])
def test_the_noise_has_the_level_and_the_band_of_the_spectrum(rate, frame):
    power = np.full(frame // 2 + 1, 6 * 0.05**2 / frame)  # white noise of deviation 0.05 at that rate
    noise = noise_like(power, rate / frame)
    in_band = min(1.0, RATE / rate)
    assert noise.std() == pytest.approx(0.05 * np.sqrt(in_band), rel=0.03)
    assert len(noise) == NOISE_SAMPLES
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    top = round(rate / 2 / RATE * NOISE_SAMPLES)
    assert spectrum[top + 2 :].sum() <= 1e-6 * spectrum.sum()
    assert WINDOW < NOISE_SAMPLES  # a window never hears the loop twice


@pytest.mark.parametrize("levels", [3, 1000])
def test_the_rank_correlation_is_that_of_scipy_ties_or_not(levels: int) -> None:
    from scipy.stats import spearmanr

    first, second = np.random.default_rng(1).integers(0, levels, (2, 40)).astype(float)
    assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic, abs=1e-12)
