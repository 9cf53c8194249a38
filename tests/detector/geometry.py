"""What the paper's preset costs beside two plain models of its geometry. Run: python -m tests.detector.geometry

Two wav2vec 2.0 of 300 M random weights with equal front ends, as XLS-R and its fine-tuned kin have them, are run whole,
as `transformers` runs them with all hidden states; and as `slim-xlsr` runs them: one front end, no blocks above the
last one read. Both hear the same windows of 4 s, in turn; the median ratio of times is told in fp32 and bf16, and what
bf16 changes of the scores (of a head of random weights).
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

from slim_cli.detector.encoders.ready_made import TransformersEncoder
from slim_cli.detector.model import Slim
from slim_cli.results import MODEL_RATE_HZ, WINDOW_S

BLOCKS = ((0, 10), (14, 21))
WHOLE: dict[str, Any] = {
    **{"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    **{"conv_bias": True, "feat_extract_norm": "layer", "do_stable_layer_norm": True},
}


def plain_models(**geometry: Any) -> list[Wav2Vec2Model]:
    """Two models that differ in all but their front ends."""
    torch.manual_seed(0)
    first, second = (Wav2Vec2Model(Wav2Vec2Config(**geometry)).eval() for _ in range(2))
    second.feature_extractor.load_state_dict(first.feature_extractor.state_dict())
    second.feature_projection.load_state_dict(first.feature_projection.state_dict())
    return [first, second]


def slim_of(models: list[Wav2Vec2Model], blocks: tuple[tuple[int, int], tuple[int, int]]) -> Slim:
    """The same models as `slim-xlsr` runs them; they lose the blocks above the last one read."""
    style, linguistics = (TransformersEncoder(model, read) for model, read in zip(models, blocks, strict=True))
    return Slim({"style": style, "linguistics": linguistics}).eval()


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begun = time.perf_counter()
    found = run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun, found


def measure(windows: int, rounds: int, device: str) -> dict[str, float]:
    """Medians over rounds in which all are run in turn."""
    models = [model.to(device) for model in plain_models(**WHOLE)]
    slim = slim_of([copy.deepcopy(model) for model in models], BLOCKS).to(device)
    audio = torch.randn(windows, int(WINDOW_S * MODEL_RATE_HZ), device=device)
    lengths = torch.full((windows,), audio.shape[1], device=device)
    ratios: dict[str, list[float]] = {"fp32": [], "bf16": []}
    change = 0.0
    with torch.inference_mode():
        for number in range(rounds + 1):
            whole, _ = timed(lambda: [model(audio, output_hidden_states=True) for model in models])
            full, before = timed(lambda: slim(audio, lengths).score)
            with torch.autocast(torch.device(device).type, torch.bfloat16):
                half, after = timed(lambda: slim(audio, lengths).score)
            if number:  # why: the first round also sets up what the others find
                ratios["fp32"].append(whole / full)
                ratios["bf16"].append(whole / half)
            change = max(change, float((before - after.float()).abs().max()))
    return {name: statistics.median(found) for name, found in ratios.items()} | {"change": change}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    found = measure(asked.windows, asked.rounds, asked.device)
    print(f"{asked.device}, {asked.windows} windows, {asked.rounds} rounds, torch {torch.__version__}")
    for precision in ("fp32", "bf16"):
        print(f"{precision}: {found[precision]:.2f} x as fast as two plain models in fp32")
    print(f"bf16 changes scores by {found['change']:.4f} at most")


if __name__ == "__main__":
    main()
