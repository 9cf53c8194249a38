"""One file at a time: a function that can be sent elsewhere with its tools and keeps nothing between files."""

import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.engines.examination_tools import Tools
from slim_cli.engines.examine import examine
from slim_cli.engines.options import ExaminationOptions
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.results import FileResult

RATE = 16_000


@pytest.fixture
def candidates(tmp_path: Path, speech: np.ndarray) -> list[Candidate]:
    folder = tmp_path / "evidence"
    folder.mkdir()
    soundfile.write(folder / "a.wav", speech, RATE)
    soundfile.write(folder / "b.flac", np.stack([0.1 * speech, speech[::-1]], axis=1), RATE)
    (folder / "c.txt").write_text("no audio")
    return list(discover([folder]))


def rows(candidates: list[Candidate], tools: Tools) -> list[FileResult]:
    with tools:
        return [examine(candidate, tools) for candidate in candidates]


def test_function_file_and_tools_survive_pickling_with_equal_results(candidates, fake_detector, tmp_path):
    options = ExaminationOptions(output=tmp_path / "out", stability=True, embed_audio=True)
    tools = Tools(fake_detector, options, "f" * 64, -np.inf)
    here = rows(candidates, tools)
    function, sent, others = pickle.loads(pickle.dumps((examine, tools, candidates)))
    with sent:
        assert [function(candidate, sent) for candidate in others] == here
    assert [row.status for row in here] == ["scored", "scored", "no_audio"]
    assert all(row.fingerprint == "f" * 64 for row in here)


def test_a_result_depends_on_its_file_alone(candidates, fake_detector, tmp_path):
    tools = Tools(fake_detector, ExaminationOptions(output=tmp_path, occlusion="all"), "", -np.inf)
    assert rows(candidates[::-1], tools)[::-1] == rows(candidates, tools) == [rows([c], tools)[0] for c in candidates]


def test_files_of_equal_sound_share_a_picture_and_others_do_not(candidates, fake_detector, tmp_path):
    copy = replace(candidates[0], path=candidates[0].path.with_name("copy.wav"), name="copy.wav")
    os.link(candidates[0].path, copy.path)
    first, second, again = rows([*candidates[:2], copy], Tools(fake_detector, ExaminationOptions(output=tmp_path)))
    assert first.overview == again.overview != second.overview
    assert len(list((tmp_path / "overview").iterdir())) == 2


def test_files_are_hashed_by_what_a_received_list_holds(candidates, fake_detector):
    options = ExaminationOptions(hashes=("md5", "sha1"))
    for candidate, row in zip(candidates, rows(candidates, Tools(fake_detector, options)), strict=True):
        content = candidate.path.read_bytes()
        assert row.sha256 == hashlib.sha256(content).hexdigest()
        assert row.hashes == {kind: hashlib.new(kind, content).hexdigest() for kind in options.hashes}
        assert FileResult.from_json(row.to_json()).hashes == row.hashes


def test_without_a_detector_a_file_is_measured_and_not_scored(candidates, fake_detector):
    scored, measured = (
        rows(candidates, Tools(fake_detector, ExaminationOptions())),
        rows(candidates, Tools(None, ExaminationOptions())),
    )
    assert [row.status for row in measured] == [row.status for row in scored]
    assert [(row.score, row.mismatch) for row in measured] == [(None, None)] * 3
    assert [c.speech for row in measured for c in row.channels] == [c.speech for row in scored for c in row.channels]
    for channel in (c for row in scored for c in row.channels):
        assert sum(end - start for start, end in channel.speech) == pytest.approx(channel.net_speech_s)
    assert measured[0].observations == scored[0].observations
    assert [c.net_speech_s for c in measured[1].channels] == [c.net_speech_s for c in scored[1].channels]


def test_with_a_gate_of_0_every_file_with_sound_is_scored(tmp_path, fake_detector):
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 5 * RATE), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "short.wav", np.full(10, 0.5), RATE, subtype="FLOAT")
    tools = Tools(fake_detector, ExaminationOptions(min_net_speech_s=0.0))
    noise, short = rows(list(discover([tmp_path])), tools)
    assert (noise.status, noise.score) == ("scored", pytest.approx(1.0, rel=0.02))
    assert [(w.start_s, w.end_s, w.speech_s) for w in noise.channels[0].windows] == [(0, 4, 0), (1, 5, 0)]
    assert (short.status, short.score) == ("scored", pytest.approx(5.0))


class Quietness:
    """A second opinion: the quieter a window, the higher it scores."""

    name, label, fingerprint = "quiet", "soft", "q" * 64

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return np.array([-np.abs(w[:n]).mean() for w, n in zip(waveforms, lengths, strict=True)])


def test_a_second_opinion_scores_the_same_windows_and_changes_nothing_else(candidates, fake_detector):
    alone = rows(candidates, Tools(fake_detector, ExaminationOptions()))
    beside = rows(candidates, Tools(fake_detector, ExaminationOptions(opinions=(Quietness(),))))
    assert [replace(row, opinions={}) for row in beside] == alone
    opinions = [row.opinions.get("quiet") for row in beside]
    assert [opinion and (opinion.label, opinion.fingerprint) for opinion in opinions[:2]] == [("soft", "q" * 64)] * 2
    assert opinions[2] is None
    assert 0 > opinions[1].score > opinions[0].score, "the quiet channel of b.flac stands for the file"
    assert [row.top_channel.index for row in beside[:2]] == [0, 1], "SLIM's own channel is the loud one"
