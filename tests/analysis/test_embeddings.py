"""The shared pass: what it computes, when it computes anew, and what it refuses."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from slim_cli.analysis.embeddings import Embeddings, embed
from slim_cli.analysis.material import Material, sample
from slim_cli.corpora.audio_pack import read_mono
from slim_cli.corpora.manifest import Clip, share_out
from slim_cli.detector import Detector, load_detector
from slim_cli.errors import UsageError
from slim_cli.validation.labelled_scan import scan_clips
from tests.analysis.conftest import save_tiny


@pytest.fixture(scope="module")
def detector(bundle: Path) -> Detector:
    return load_detector(bundle, "cpu")


@pytest.fixture(scope="module")
def embedded(detector: Detector, clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    return embed(detector, clips, tmp_path_factory.mktemp("embeddings"))


def test_scores_are_those_of_the_evaluation(detector: Detector, clips: list[Clip], embedded: Embeddings) -> None:
    expected = scan_clips(detector, clips)
    np.testing.assert_allclose(embedded.score, expected.score, atol=1e-5)
    np.testing.assert_allclose(embedded.mismatch, expected.mismatch, atol=1e-5)


def test_features_of_a_clip_of_one_window_are_those_of_the_model(
    detector: Detector, clips: list[Clip], embedded: Embeddings
) -> None:
    samples = torch.from_numpy(read_mono(clips[1].path))
    waveform = torch.nn.functional.pad(samples, (0, 64_000 - len(samples)))[None]
    with torch.inference_mode():
        x = detector.model.subspaces(waveform, torch.tensor([len(samples)]))
        style, linguistics = detector.model.head.dependency(x)
    np.testing.assert_allclose(embedded.style[1], style[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(embedded.linguistics[1], linguistics[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(embedded.style_subspace[1], x.style[x.style_mask].mean(0).numpy(), atol=1e-5)
    cosine = embedded.style[1] @ embedded.linguistics[1]
    cosine /= np.linalg.norm(embedded.style[1]) * np.linalg.norm(embedded.linguistics[1])
    assert embedded.mismatch[1] == pytest.approx(1 - cosine, abs=1e-5)


def test_embeddings_are_kept_for_the_same_bundle_and_files_only(
    detector: Detector, clips: list[Clip], tmp_path: Path
) -> None:
    copied = [Clip(tmp_path / clip.path.name, clip.label) for clip in clips[:2]]
    for clip, copy in zip(clips, copied, strict=False):
        shutil.copy(clip.path, copy.path)
    calls: list[int] = []

    def count(*_: int) -> None:
        calls.append(1)

    def computed(one: Detector) -> bool:
        calls.clear()
        embed(one, copied, tmp_path / "kept", count)
        return bool(calls)

    assert computed(detector)
    assert not computed(detector)
    other = load_detector(save_tiny(tmp_path / "other", 1), "cpu")
    assert computed(other)
    os.utime(copied[0].path, (1, 1))
    assert computed(detector)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.flac", "cannot be read"), ("empty.wav", "cannot be read: its audio track holds no sound")],
)
def test_a_clip_that_gives_nothing_is_named(detector: Detector, tmp_path: Path, name: str, reason: str) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.float32), 16_000)
    with pytest.raises(UsageError, match=rf"{name} {reason}"):
        embed(detector, [Clip(tmp_path / name, "spoof")], tmp_path)


def test_a_sample_is_the_same_at_every_call(clips: list[Clip]) -> None:
    assert sample(clips, 5) == sample(clips, 5)
    assert [clips.index(clip) for clip in sample(clips, 5)] == sorted(clips.index(clip) for clip in sample(clips, 5))
    assert sample(clips, None) == sample(clips, 99) == clips


def test_each_fold_is_shown_to_its_own_bundle(bundle: Path, clips: list[Clip], tmp_path: Path) -> None:
    folds = tmp_path / "folds.csv"
    folds.write_text("origin,fold\norigin0,1\norigin1,0\n")
    twins = [bundle, save_tiny(tmp_path / "twin", 1)]
    shares = share_out(clips, twins, folds)
    assert [(path, {clip.origin for clip in share}) for path, share in shares] == [
        (twins[0], {"origin1"}),
        (twins[1], {"origin0"}),
    ]
    material = Material(clips, shares, tmp_path, "cpu")
    alone = embed(load_detector(twins[1], "cpu"), shares[1][1], tmp_path)
    assert material.scores.score[2:].tolist() == alone.score.tolist()
    assert material.largest()[1].style.tolist() == alone.style.tolist()
    with pytest.raises(UsageError, match="one --model per fold"):
        share_out(clips, twins, None)
