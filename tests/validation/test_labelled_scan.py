"""Validation is a scan: the same scores to the last digit, whatever the file and whatever was put in between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from slim_cli.audio.silero import CHUNK, SileroStream
from slim_cli.audio.whole_signal import read_channels
from slim_cli.corpora.channel_conditions import Condition, conditions
from slim_cli.corpora.manifest import Clip
from slim_cli.engines.clips import BATCH
from slim_cli.engines.local import examine_files
from slim_cli.engines.options import ExaminationOptions
from slim_cli.results import FileResult
from slim_cli.validation.labelled_scan import scan_clips
from slim_cli.validation.scores import Scores
from tests.conftest import FakeDetector

RATE = 16_000
MEASURABLE = [one for one in conditions("all") if not one.missing]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray, store_media: Callable[..., None]) -> list[Path]:
    """Stereo at 44.1 kHz, telephone sound, M4A, less than 2 s of speech, no speech at all, ten samples."""
    folder = tmp_path_factory.mktemp("files")
    stereo = np.stack([0.3 * speech, speech[::-1]], axis=1)
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * RATE)
    soundfile.write(folder / "stereo.flac", soxr.resample(stereo, RATE, 44_100), 44_100)
    soundfile.write(folder / "phone.wav", soxr.resample(speech, RATE, 8_000), 8_000, subtype="ULAW")
    store_media(folder / "memo.m4a", speech[: 7 * RATE], "aac", 48_000)
    soundfile.write(folder / "short.wav", speech[:RATE], RATE)
    soundfile.write(folder / "noise.wav", noise, RATE)
    soundfile.write(folder / "tiny.wav", speech[5000:5010], RATE)
    return [folder / name for name in ("stereo.flac", "phone.wav", "memo.m4a", "short.wav", "noise.wav", "tiny.wav")]


@pytest.fixture
def loud_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes every loud chunk for speech, which costs next to nothing."""

    def probabilities(stream: SileroStream, samples: np.ndarray) -> np.ndarray:
        return np.square(samples.reshape(len(samples), -1, CHUNK)).mean(axis=2) ** 0.25

    monkeypatch.setattr(SileroStream, "probabilities", probabilities)


def scanned(paths: list[Path], gate_s: float = 0.0) -> list[FileResult]:
    return list(examine_files(paths, detector=FakeDetector(), options=ExaminationOptions(min_net_speech_s=gate_s)))


def validated(paths: list[Path], under: list[Condition] | None = None) -> Scores:
    return scan_clips(FakeDetector(), [Clip(path, "spoof") for path in paths], under or [])


def degraded(path: Path, condition: Condition, folder: Path) -> Path:
    """The file as received: each channel as it is decoded for the model, through the condition."""
    received = np.stack([condition.apply(channel) for channel in read_channels(path)], axis=1)
    soundfile.write(folder / f"{path.stem}.wav", received, RATE, subtype="FLOAT")
    return folder / f"{path.stem}.wav"


def test_a_scan_with_the_gate_at_0_and_validation_agree_to_the_last_digit(files: list[Path]) -> None:
    rows, scores = scanned(files), validated(files)
    assert [row.score for row in rows] == scores.score.tolist()
    assert [row.mismatch for row in rows] == scores.mismatch.tolist()
    assert [row.top_channel.net_speech_s for row in rows if row.top_channel] == [t.net_speech_s for t in scores.trials]
    assert [row.media.duration_s for row in rows if row.media] == pytest.approx([t.duration_s for t in scores.trials])


def test_the_gate_of_a_scan_changes_no_score_of_a_file_that_passes_it(files: list[Path]) -> None:
    rows = scanned(files, gate_s=2.0)
    assert [row.status for row in rows] == ["scored"] * 3 + ["insufficient_speech"] * 3
    assert [row.score for row in rows[:3]] == validated(files[:3]).score.tolist()


@pytest.mark.parametrize("condition", MEASURABLE, ids=lambda one: one.name)
def test_both_agree_to_the_last_digit_under_each_degradation(
    files: list[Path], condition: Condition, tmp_path: Path, loud_is_speech: None
) -> None:
    scores = validated(files, [condition])
    changed, lost = scores.by_condition()[condition.name], [failed.clip.path for failed in scores.unscored]
    assert lost in ([], files[5:])  # ten samples do not pass every codec
    arrived = [degraded(path, condition, tmp_path) for path in files if path not in lost]
    assert [row.score for row in scanned(arrived)] == changed.score.tolist()
    assert set(changed.score).isdisjoint(scores.undegraded.score)


@pytest.mark.parametrize(
    "condition",
    [pytest.param(c, id=c.name, marks=() if c.name == "band-8k" else pytest.mark.slow) for c in MEASURABLE],
)
def test_both_agree_on_a_file_of_twenty_minutes(
    condition: Condition, speech: np.ndarray, tmp_path: Path, loud_is_speech: None
) -> None:
    level = np.repeat(np.linspace(0.1, 1, 100), len(speech)).astype(np.float32)
    soundfile.write(tmp_path / "long.flac", np.tile(speech, 100) * level, RATE)
    scores = validated([tmp_path / "long.flac"], [condition])
    assert scores.trials[0].duration_s == pytest.approx(1200)
    rows = scanned([tmp_path / "long.flac", degraded(tmp_path / "long.flac", condition, tmp_path)])
    assert [row.score for row in rows] == scores.score.tolist()


def test_a_clip_that_cannot_be_decoded_is_a_row_and_the_rest_goes_on(files: list[Path], tmp_path: Path) -> None:
    broken, text = tmp_path / "broken.wav", tmp_path / "text.flac"
    broken.write_bytes(files[3].read_bytes()[:30])
    text.write_text("Dear Sir,")
    paths = [files[3], broken, tmp_path / "missing.wav", text, files[4]]
    scores = validated(paths, [Condition("half", "", lambda samples: samples / 2)])
    assert [clip.path for clip in scores.undegraded.clips] == [files[3], files[4]]
    assert [(f.clip.path, f.condition) for f in scores.unscored] == [(p, c) for p in paths[1:4] for c in ("", "half")]
    assert scores.unscored_by_status == {"decode_failed": 2, "unreadable": 1}
    assert all(failed.reason for failed in scores.unscored)


def test_windows_of_many_clips_fill_batches_and_scores_do_not_depend_on_their_neighbours(
    files: list[Path], tmp_path: Path, speech: np.ndarray
) -> None:
    for number in range(2 * BATCH):
        soundfile.write(tmp_path / f"{number}.wav", speech[number * 100 : number * 100 + RATE], RATE)
    paths, detector = [tmp_path / f"{number}.wav" for number in range(2 * BATCH)], FakeDetector()
    scores = scan_clips(detector, [Clip(path, "spoof") for path in paths])
    assert detector.batches == [BATCH, BATCH]
    chosen = [5, 64, 100]
    assert [validated([paths[n]]).score[0] for n in chosen] == scores.score[chosen].tolist()


def test_error_rates_from_scores_load_no_torch(tmp_path: Path) -> None:
    lines = "".join(f"{i}.wav,{'spoof' if i % 2 else 'bonafide'},o,{i % 7 + i % 2}\n" for i in range(60))
    (tmp_path / "s.csv").write_text("path,label,origin,score\n" + lines)
    code = (
        "import sys; from slim_cli.cli.main import main\n"
        f"sys.argv = ['slim', 'validate', '--scores', {str(tmp_path / 's.csv')!r}, '-o', {str(tmp_path / 'out')!r},"
        " '--rounds', '2']\n"
        "try: main()\n"
        "finally: print(*(m for m in ('torch', 'transformers') if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert (tmp_path / "out" / "evaluation.json").is_file()
