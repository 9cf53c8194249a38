"""The parts above the encoders: masks, pooling, mismatch, normalisation."""

import numpy as np
import pytest
import torch

from slim_cli.detector.bundle import BundleInfo
from slim_cli.detector.encoders.encoder_interface import normalise
from slim_cli.detector.encoders.whisper import WhisperEncoder, WhisperEncoderConfig
from slim_cli.detector.heads import Subspaces, build_head
from slim_cli.detector.heads.head_interface import Compression
from slim_cli.detector.heads.pooling import AttentiveStatisticsPooling
from slim_cli.detector.model import Slim
from slim_cli.detector.runtime import Detector

SIZES = {"kind": "attentive", "dependency_dim": 8, "pooled_dim": 8, "hidden_dim": 8}
TINY = WhisperEncoderConfig(dim=16, depth=1, heads=2, hidden=16, mels=20, blocks=(0, 0))


def frames(batch: int = 3, length: int = 20, dim: int = 6) -> torch.Tensor:
    return torch.randn(batch, length, dim, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("module", [Compression(6, 8, 0.1), AttentiveStatisticsPooling(6, 8, 0.1)])
def test_masked_frames_change_nothing(module: torch.nn.Module) -> None:
    module.eval()
    x, mask = frames(), torch.ones(3, 20, dtype=torch.bool)
    mask[:, 12:] = False
    other = x.clone()
    other[:, 12:] = 99.0
    assert torch.allclose(module(x, mask), module(other, mask), atol=1e-6)
    assert torch.allclose(module(x, mask), module(x[:, :12], mask[:, :12]), atol=1e-5)


def test_compression_normalises_features_and_takes_clips_of_any_length() -> None:
    module = Compression(6, 8, 0.1)
    assert module.norm.num_features == 8
    for length in (5, 17):
        assert module(frames(length=length), torch.ones(3, length, dtype=torch.bool)).shape == (3, 8)


def test_mismatch_is_one_minus_the_cosine_of_the_dependency_features() -> None:
    torch.manual_seed(0)
    head = build_head(SIZES, {"style": 6, "linguistics": 6}).eval()
    mask = torch.ones(3, 20, dtype=torch.bool)
    out = head(Subspaces(frames(), frames() + 1, mask, mask))
    by_hand = 1 - (out.style * out.linguistics).sum(1) / (out.style.norm(dim=1) * out.linguistics.norm(dim=1))
    assert torch.allclose(out.mismatch, by_hand, atol=1e-6)


def test_normalise_ignores_padding_and_level() -> None:
    x = torch.randn(1, 100, generator=torch.Generator().manual_seed(0)) * 0.01 + 0.5
    padded = torch.cat([x, torch.zeros(1, 50)], 1)
    out = normalise(padded, torch.tensor([100]))
    assert out[0, :100].mean().abs() < 1e-5
    assert out[0, :100].var(correction=0) == pytest.approx(1, abs=2e-3)
    assert (out[0, 100:] == 0).all()


def test_a_shared_front_end_runs_once_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    style, linguistics = WhisperEncoder(TINY), WhisperEncoder(TINY)
    for conv in ("conv1", "conv2"):
        getattr(linguistics, conv).load_state_dict(getattr(style, conv).state_dict())
    slim = Slim({"style": style, "linguistics": linguistics}, SIZES).eval()
    x, lengths = torch.randn(2, 16_000), torch.tensor([16_000, 8_000])
    assert slim.shares_front
    shared = slim(x, lengths).score
    slim.shares_front = False
    assert torch.equal(shared, slim(x, lengths).score)
    slim.shares_front = True
    monkeypatch.setattr(linguistics, "front", lambda *_: pytest.fail("ran twice"))
    slim(x, lengths)


def test_scores_depend_neither_on_the_number_of_threads_nor_on_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    slim = Slim({"style": WhisperEncoder(TINY), "linguistics": WhisperEncoder(TINY)}, SIZES)
    waveforms = np.random.default_rng(0).normal(size=(5, 16_000)).astype(np.float32)
    lengths = np.array([16_000, 16_000, 9000, 16_000, 16_000])
    waveforms[2, 9000:] = 0
    scores = []
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        detector = Detector(slim, BundleInfo("tiny", "0", ""), torch.device("cpu"))
        scores.append(np.stack(detector.score(waveforms, lengths)))
        alone = [np.stack(detector.score(waveforms[i : i + 1], lengths[i : i + 1])) for i in range(5)]
        assert np.allclose(np.concatenate(alone, 1), scores[-1], atol=1e-6)
    assert np.array_equal(*scores)
