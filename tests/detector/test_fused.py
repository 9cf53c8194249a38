"""Several views: each scores by itself, and their scores count as clips apart say."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from slim_cli.detector.encoders import build_encoder
from slim_cli.detector.encoders.whisper import WhisperEncoder, WhisperEncoderConfig
from slim_cli.detector.heads.views import build_view, principal_directions
from slim_cli.detector.model import Slim
from slim_cli.errors import UsageError

DIMS = {"style": 2560, "linguistics": 8}
MAIN = {"kind": "moments", "dependency_dim": 4, "hidden": [8]}
VIEWS = {"heard": {"kind": "encoder", "pooled_dim": 8, "dropout": 0.1}}
HEAD = {"kind": "fused", "main": MAIN, "views": VIEWS}


@pytest.fixture
def slim() -> Slim:
    torch.manual_seed(0)
    encoders = {
        "style": build_encoder({"kind": "coherence"}),
        "linguistics": build_encoder({"kind": "codebook", "codes": 8}),
        "heard": WhisperEncoder(WhisperEncoderConfig(dim=16, depth=1, heads=2, hidden=16, mels=20, blocks=(0, 0))),
    }
    return Slim(encoders, HEAD).eval()


def test_the_score_is_the_weighed_sum_of_the_main_score_and_each_view(slim: Slim) -> None:
    with torch.no_grad():
        slim.head.weights.copy_(torch.tensor([2.0, 3.0]))
        slim.head.bias.fill_(1.0)
        x = slim.subspaces(torch.randn(2, 32_000), torch.tensor([32_000, 20_000]))
        whole, main = slim.head(x), slim.head.main(x)
        view = slim.head.views["heard"](x)
    assert whole.score.allclose(2 * main.score + 3 * view + 1, atol=1e-4)
    assert whole.mismatch.equal(main.mismatch)


def test_the_view_of_frames_hears_what_lies_inside_the_signal_alone(slim: Slim) -> None:
    torch.manual_seed(0)
    view = build_view("frames", {"kind": "frames", "style": 8, "linguistics": 4, "width": 8}, DIMS).eval()
    waveform = torch.randn(1, 64_000)
    waveform[:, 32_000:] = 0
    x = slim.subspaces(waveform, torch.tensor([32_000]))
    louder = x._replace(linguistics=torch.where(x.linguistics_mask[..., None], x.linguistics, 9.0))
    assert view(x).allclose(view(louder), atol=1e-5)
    assert not view(x).allclose(view(slim.subspaces(torch.randn(1, 64_000), torch.tensor([64_000]))), atol=1e-3)


def test_a_view_prepares_directions_of_unit_variance() -> None:
    frames = torch.randn(500, 20, generator=torch.Generator().manual_seed(0)) * torch.linspace(0.1, 9, 20) + 3
    weight, bias = principal_directions(frames, 6)
    along = frames @ weight.t() + bias
    assert along.mean(0).abs().max() < 1e-3
    assert torch.cov(along.t()).allclose(torch.eye(6), atol=1e-2)


@dataclass(frozen=True)
class Windows:
    """Cached windows whose moments tell the classes a little and whose view's score tells them well."""

    slim: Slim
    labels: np.ndarray
    apart: Any = None
    kept: Any = None

    @property
    def families(self) -> list[str]:
        return [""] * len(self.labels)

    def with_summaries(self, summaries: np.ndarray) -> "Windows":
        return replace(self, kept=summaries)

    @property
    def summaries(self) -> np.ndarray:
        if self.kept is not None:
            return self.kept
        rng = np.random.default_rng(len(self.labels))
        moments = rng.normal(size=(len(self.labels), self.slim.head.main.pooling.width)).astype(np.float32)
        moments[:, 0] += self.labels
        view = 4 * self.labels - 2 + rng.normal(size=len(self.labels))
        return np.c_[moments, view].astype(np.float32)

    def batches(self, size: int) -> Any:
        x = self.slim.subspaces(torch.zeros(len(self.labels), 4000) + 0.1, torch.full((len(self.labels),), 4000))
        yield x, torch.from_numpy(self.labels)

    def weights(self, shares: Any) -> torch.Tensor:
        return torch.full((len(self.labels),), 1 / len(self.labels))

    def optimise(self, module: torch.nn.Module, step: Any, steps: int, rate: float) -> torch.nn.Module:
        optimiser = torch.optim.Adam(module.parameters(), rate)
        for number in range(steps):
            optimiser.zero_grad()
            sum(step(module, number).values()).backward()
            optimiser.step()
        return module


def test_views_are_weighed_on_the_clips_apart(slim: Slim) -> None:
    labels = np.tile([0.0, 1.0], 30).astype(np.float32)
    windows = Windows(slim, labels, Windows(slim, labels[:40]))
    slim.head.fit(windows, {"steps": 3, "batch": 16})
    assert slim.head.weights[1] > 0.5
    scores = slim.head.score_windows(windows)
    assert scores[labels == 1].min() > scores[labels == 0].mean()
    with pytest.raises(UsageError, match="clips apart"):
        slim.head.fit(replace(windows, apart=None), {"steps": 1, "batch": 8})


def test_an_option_that_no_head_has_is_refused(slim: Slim) -> None:
    windows = Windows(slim, np.tile([0.0, 1.0], 8).astype(np.float32))
    with pytest.raises(UsageError, match="stepps"):
        slim.head.fit(windows, {"stepps": 3})
