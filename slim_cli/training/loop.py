"""One optimisation loop for every stage: AdamW, warm-up and cosine decay, averaged weights, checkpoints, a log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from slim_cli.errors import UsageError

M = TypeVar("M", bound=nn.Module)
Report = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class LoopOptions:
    """How to optimise.

    Attributes:
        steps: optimisation steps in all.
        learning_rate: peak learning rate.
        weight_decay: AdamW weight decay.
        average: decay of the exponential moving average of the weights, which is what the loop returns.
        every: steps between log lines and between checkpoints.
        fast: how the names of weights start that learn faster; empty for none.
        faster: how many times faster.
    """

    steps: int
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    average: float = 0.995
    every: int = 50
    fast: str = ""
    faster: float = 1.0


def optimise(
    module: M,
    step: Callable[[M, int], dict[str, Tensor]],
    options: LoopOptions,
    folder: Path,
    report: Report | None = None,
) -> M:
    """Runs the loop, going on from the folder's checkpoint where there is one.

    Args:
        module: what is trained, in place.
        step: (module, step number) → losses by name; their sum is minimised. Randomness inside must depend on the
            step number alone, so that a resumed run draws what the uninterrupted one would have drawn.
        options: how to optimise.
        folder: holds `checkpoint.pt` and `metrics.jsonl`.
        report: called with (step, steps, mean losses since the last call).

    Returns:
        a copy of `module` with averaged weights, in evaluation mode.

    Raises:
        UsageError: the checkpoint belongs to another model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = _groups(module, options)
    parameters = [p for group in groups for p in group["params"]]
    optimiser = torch.optim.AdamW(groups, options.learning_rate, (0.9, 0.98), weight_decay=options.weight_decay)
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(options.average), use_buffers=True)
    first = _resume(folder / "checkpoint.pt", module, average, optimiser)
    device = parameters[0].device.type
    sums: dict[str, float] = {}
    started = time.monotonic()
    module.train()
    for number in range(first, options.steps):
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * group["speed"] * _schedule(number, options.steps)
        with torch.autocast(device, torch.bfloat16):
            losses = step(module, number)
        total = torch.stack([v.float() for v in losses.values()]).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update_parameters(module)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach()) / options.every
        done = number + 1
        if done % options.every == 0 or done == options.steps:
            _log(folder / "metrics.jsonl", {"step": done, "seconds": time.monotonic() - started, **sums})
            _checkpoint(folder / "checkpoint.pt", module, average, optimiser, done)
            if report:
                report(done, options.steps, sums)
            sums = {}
    return cast(M, average.module.eval())


def _groups(module: nn.Module, options: LoopOptions) -> list[dict[str, Any]]:
    """The weights to train, those that learn faster apart."""
    trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    fast = [p for name, p in trained if options.fast and name.startswith(options.fast)]
    slow = [p for name, p in trained if not (options.fast and name.startswith(options.fast))]
    return [{"params": part, "speed": speed} for part, speed in ((slow, 1.0), (fast, options.faster)) if part]


def _schedule(step: int, steps: int) -> float:
    warm_up = max(1, min(200, steps // 10))
    if step < warm_up:
        return (step + 1) / warm_up
    progress = torch.tensor((step - warm_up) / max(1, steps - warm_up))
    return float(0.02 + 0.98 * 0.5 * (1 + torch.cos(torch.pi * progress)))


def _log(path: Path, row: dict[str, float]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({k: round(v, 5) for k, v in row.items()}) + "\n")


def _checkpoint(path: Path, module: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, done: int) -> None:
    state = {
        "step": done,
        "module": module.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def _resume(path: Path, module: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    try:
        module.load_state_dict(state["module"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise UsageError(f"The checkpoint {path} is of another model; choose another output folder.") from error
    return int(state["step"])
