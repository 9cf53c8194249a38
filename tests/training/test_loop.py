"""The optimisation loop learns, logs, and goes on where it stopped."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from slim_cli.errors import UsageError
from slim_cli.training.loop import LoopOptions, optimise

OPTIONS = LoopOptions(steps=12, learning_rate=0.05, average=0.5, every=3)


class Stopped(Exception):
    pass


def fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def step(module: nn.Linear, number: int) -> dict[str, Tensor]:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(number))
    return {"error": (module(x) - x.sum(1, keepdim=True)).square().mean()}


def test_the_loss_falls_and_is_logged(tmp_path: Path) -> None:
    optimise(fresh(), step, OPTIONS, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [r["step"] for r in rows] == [3, 6, 9, 12]
    assert rows[-1]["error"] < rows[0]["error"]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = optimise(fresh(), step, OPTIONS, tmp_path / "whole")

    def stop(done: int, _steps: int, _losses: dict[str, float]) -> None:
        if done == 6:
            raise Stopped

    with pytest.raises(Stopped):
        optimise(fresh(), step, OPTIONS, tmp_path / "parted", stop)
    resumed = optimise(fresh(), step, OPTIONS, tmp_path / "parted")
    assert torch.equal(whole.weight, resumed.weight)


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    optimise(fresh(), step, OPTIONS, tmp_path)
    with pytest.raises(UsageError, match="another model"):
        optimise(nn.Linear(4, 1), step, OPTIONS, tmp_path)
