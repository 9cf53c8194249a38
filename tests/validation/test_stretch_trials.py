"""Recordings with a passage put in: where it lies, what its highest stretches say, and what a bundle keeps of it."""

import json

import numpy as np
import pytest
import soundfile

from slim_cli.assessment.reference import Reference, StretchReference, load_reference
from slim_cli.corpora.insertions import LongRecordings
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.validation.stretch_tables import (
    HERE,
    OWN,
    stretch_rates,
    stretch_references,
    stretch_tables,
    write_stretch_references,
)
from slim_cli.validation.stretch_trials import (
    WHOLE,
    RememberedScores,
    StretchTrial,
    TrialPlan,
    long_recordings,
    read_trials,
    try_stretches,
    write_trials,
)
from tests.reporting.factory import reference

RATE = 16_000


@pytest.fixture(scope="module")
def clips(tmp_path_factory, speech) -> list[Clip]:
    """Six bona fide clips of 12 s of two origins, and two synthetic ones, which are the same with a tone on top."""
    folder, found = tmp_path_factory.mktemp("clips"), []
    tone = 0.5 * np.sin(2 * np.pi * 3000 * np.arange(len(speech)) / RATE).astype(np.float32)
    for number in range(8):
        spoof, path = number >= 6, folder / f"{number}.flac"
        samples = np.roll(speech, number * RATE) * 0.1 + (tone * 0.02 if spoof else 0)
        soundfile.write(path, samples, RATE)
        label, origin = "spoof" if spoof else "bonafide", f"page-{number % 2}"
        found.append(Clip(path, label, system="tone" if spoof else "", speaker="anna", origin=origin))
    return found


class ToneDetector:
    """Scores a window by the share of its energy at 3 kHz, whatever the rest."""

    fingerprint = "tone"

    def __init__(self) -> None:
        self.scored = 0

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.scored += len(waveforms)
        spectra = np.abs(np.fft.rfft(waveforms, axis=1)) ** 2
        at = 3000 * waveforms.shape[1] // RATE
        share = spectra[:, at - 8 : at + 9].sum(axis=1) / spectra.sum(axis=1)
        return np.log10(share + 1e-9), share


def test_a_passage_replaces_what_was_there_and_nothing_else(clips):
    with LongRecordings(clips, seed=1) as source:
        host = source.host(30)
        found = source.insertion(host, 8)
    start, end = round(found.start_s * RATE), round(found.end_s * RATE)
    assert end - start == 8 * RATE
    assert len(found.samples) == len(host.samples) == 30 * RATE
    assert np.array_equal(found.samples[:start], host.samples[:start])
    assert np.array_equal(found.samples[end:], host.samples[end:])
    assert not np.allclose(found.samples[start:end], host.samples[start:end], atol=1e-3)
    assert (found.system, found.same_speaker) == ("tone", True)
    assert (host.clips, host.origins) == (3, 1)


def test_the_same_seed_makes_the_same_recordings_and_clips_are_not_repeated(clips):
    def made(seed):
        with LongRecordings(clips, seed) as source:
            return source.host(20).samples

    assert np.array_equal(made(3), made(3))
    with LongRecordings(clips) as source:
        assert source.host(600) is None


@pytest.fixture(scope="module")
def trials(clips) -> tuple[list[StretchTrial], ToneDetector]:
    detector = ToneDetector()
    return list(try_stretches(detector, clips, TrialPlan((0.75,), (10.0,), 3))), detector


def test_the_highest_stretch_finds_the_passage(trials):
    found, detector = trials
    hosts, put_in = ([t for t in found if bool(t.passage_s) is kind] for kind in (False, True))
    assert len(hosts) == len(put_in) == 3
    for host, one in zip(hosts, put_in, strict=True):
        assert one.number == host.number
        assert one.high_10 > host.high_10 + 0.5
        assert one.overlaps(10.0)
        assert one.apart_s(10.0) < 5
    windows = 3 * 22
    assert detector.scored < 1.5 * windows  # what hosts and their versions share is scored once


def test_trials_are_read_as_they_were_written(trials, tmp_path):
    write_trials(tmp_path / "out" / "trials.csv", trials[0])
    again = read_trials(tmp_path / "out" / "trials.csv")
    assert [(t.number, t.passage_s, t.system) for t in again] == [(t.number, t.passage_s, t.system) for t in trials[0]]
    assert [t.high_10 for t in again] == pytest.approx([t.high_10 for t in trials[0]], abs=1e-4)
    (tmp_path / "other.csv").write_text("path,label\na,b\n")
    with pytest.raises(UsageError, match="cannot be read"):
        read_trials(tmp_path / "other.csv")


def test_bona_fide_recordings_are_read_as_they_are(clips):
    found = long_recordings(ToneDetector(), clips)
    assert [t.seconds for t in found] == [pytest.approx(12.0)] * 6
    assert all(t.passage_s == 0 and t.high_10 is not None for t in found)


def trial(seconds: float, high: float, passage_s: float = 0.0, at: float = 0.0) -> StretchTrial:
    return StretchTrial(1, seconds, passage_s, 20.0, "", True, False, 9, 2, 0.0, high, at, high, at)


def test_rates_are_counted_by_length_and_what_was_not_measured_says_so():
    some = [trial(600, 0.1 * k) for k in range(40)]
    some += [trial(600, 5.0, 10.0, 20.0), trial(600, 1.0, 10.0, 300.0), trial(60, 3.0)]
    own = Reference(**{**vars(reference()), "stretches": stretch_references([], some)})
    rates = {(r.rule, r.length_s, r.seconds, r.passage_s): r for r in stretch_rates(some, own)}
    for rule in (OWN, HERE):
        alarm, hit = (rates[rule, 10.0, 600, passage] for passage in (0.0, 10.0))
        assert (alarm.reached, alarm.n) == (2, 40)
        assert (hit.reached, hit.n, hit.overlapping) == (1, 2, 1)
        assert hit.apart_s == pytest.approx(140.0)
        assert rates[rule, 10.0, 60, 0.0].threshold is None
    assert rates[OWN, WHOLE, 600, 10.0].threshold == own.operating_point.score
    assert (rates[OWN, WHOLE, 600, 10.0].reached, rates[OWN, WHOLE, 600, 10.0].apart_s) == (0, None)
    cells = [cell for table in stretch_tables(some, list(rates.values())) for row in table.rows for cell in row]
    assert "not measured" in cells


def test_a_reference_counts_by_length_and_sets_no_threshold_on_few_recordings():
    recordings = [trial(400, float(k)) for k in range(30)] + [trial(90, 1.0)]
    others = [trial(500, 28.5), trial(500, 3.0)]
    found = stretch_references(recordings[:10], recordings[10:], others)
    long, short = (next(r for r in found if r.length_s == 10.0 and r.from_s == low) for low in (300.0, 30.0))
    assert (len(long.highest), long.joined, long.checked, long.alarms) == (30, 20, 2, 1)
    assert (long.reached(28.0), long.reached(29.5), long.reached(-1.0)) == (2, 0, 30)
    assert sum(score >= long.threshold for score in long.highest) <= 1
    assert (short.threshold, short.checked) == (None, 0)
    own = Reference(**{**vars(reference()), "stretches": tuple(found)})
    assert own.stretches_like(10.0, 400.0) == long
    assert own.stretches_like(30.0, 4000.0) is None


def test_a_bundle_keeps_them_beside_all_else(tmp_path):
    (tmp_path / "reference.json").write_text(reference().to_json())
    (tmp_path / "SHA256SUMS").write_text("")
    before = load_reference(tmp_path)
    write_stretch_references(tmp_path, [StretchReference(10.0, 300.0, 900.0, (0.5, 1.5), 1)])
    after = load_reference(tmp_path)
    assert after.stretches == (StretchReference(10.0, 300.0, 900.0, (0.5, 1.5), 1),)
    assert Reference(**{**vars(after), "stretches": ()}) == before
    assert json.loads((tmp_path / "reference.json").read_text())["stretches"][0]["joined"] == 1


def test_each_waveform_is_scored_once(fake_detector):
    remembered, rng = RememberedScores(fake_detector.score), np.random.default_rng(0)
    waveforms = rng.standard_normal((3, 800)).astype(np.float32)
    lengths = np.array([800, 800, 400])
    first = remembered(waveforms[:2], lengths[:2])
    again = remembered(waveforms, lengths)
    assert fake_detector.batches == [2, 1]
    assert np.array_equal(again[0][:2], first[0])
    assert np.array_equal(again[0], fake_detector.score(waveforms, lengths)[0])
