"""Spearman correlation between the blocks of the two encoders, and the blocks that it chooses (SLIM, figure 6).

Two blocks agree as far as they find the same clips alike: the correlation is taken over the cosine distances between
all pairs of clips, by their means over time (representational similarity, Kriegeskorte et al. 2008). That needs neither
equal widths nor dimensions that correspond. How the paper compares blocks and chooses among them is not known to us in
detail; our rule takes, of all pairs of runs of consecutive blocks, each at least a third of its encoder, the pair with
the lowest mean correlation, because stage 1 should find what two different views share, not what one copies.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from torch import Tensor

from slim_cli.analysis.embeddings import masked_mean, window_means
from slim_cli.analysis.finding import INK, SPOOF, Finding, canvas, caption, label
from slim_cli.analysis.material import Material, sample
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.encoders.encoder_interface import Encoder, normalise
from slim_cli.detector.hub import find_folder
from slim_cli.detector.model import Slim
from slim_cli.detector.runtime import choose_device
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.training.recipe import build_slim, load_recipe

MIN_CLIPS, MOST_CLIPS = 4, 300
MOST_PRINTED = 64  # values that can be read in their squares
SHARE = 3  # a run spans at least one part in three of its encoder
RULE = "the two runs of consecutive blocks, each at least a third of its encoder,\nthat correlate least on average"
Range = tuple[int, int]


def layer_correlation(style: Sequence[np.ndarray], linguistics: Sequence[np.ndarray]) -> np.ndarray:
    """Spearman's correlation between the clip distances of every pair of blocks.

    Args:
        style: output of each of K blocks, (N, D) each.
        linguistics: output of each of K' blocks, (N, D') each.

    Returns:
        (K, K'), in [-1, 1].
    """
    ranks = [[rankdata(pdist(block, "cosine")) for block in blocks] for blocks in (style, linguistics)]
    both = np.corrcoef(np.stack([*ranks[0], *ranks[1]]))
    return both[: len(style), len(style) :]


def choose_blocks(correlation: np.ndarray) -> tuple[Range, Range]:
    """The pair of runs with the lowest mean correlation; of equal ones the first.

    >>> choose_blocks(np.array([[0.9, 0.2], [0.8, 0.7]]))
    ((0, 0), (1, 1))

    Args:
        correlation: (K, K').

    Returns:
        first and last block of style, and of linguistics, inclusive.
    """
    sums = np.pad(correlation.cumsum(0).cumsum(1), ((1, 0), (1, 0)))

    def mean(runs: tuple[Range, Range]) -> float:
        (a, b), (c, d) = runs
        total = sums[b + 1, d + 1] - sums[a, d + 1] - sums[b + 1, c] + sums[a, c]
        return round(float(total) / ((b + 1 - a) * (d + 1 - c)), 9)

    return min(product(_runs(len(correlation)), _runs(correlation.shape[1])), key=mean)


def _runs(count: int) -> list[Range]:
    shortest = -(-count // SHARE)
    return [(a, b) for a in range(count) for b in range(a + shortest - 1, count)]


def block_means(slim: Slim, clips: Sequence[Clip], device: torch.device) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Mean over time of every block that the encoders hold, also above those read: of each encoder, (N, D) each."""
    deep = {"style": _deep(slim.style), "linguistics": _deep(slim.linguistics)}

    def run(waveforms: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        outputs = {"score": torch.zeros(len(lengths)), "mismatch": torch.zeros(len(lengths))}  # of no head
        heard, valid = normalise(waveforms.to(device), lengths.to(device)), lengths.to(device)
        for name, encoder in deep.items():
            features, mask = encoder.front(heard, valid)
            for number, block in enumerate(encoder.run_blocks(features, mask)):
                outputs[f"{name}{number:03}"] = masked_mean(block, mask)
        return outputs

    means = window_means(clips, run)
    style, linguistics = ([means[key] for key in sorted(means) if key.startswith(name)] for name in deep)
    return style, linguistics


def _deep(encoder: Encoder) -> Encoder:
    deeper = copy.copy(encoder)
    deeper.blocks = (0, sys.maxsize - 1)
    return deeper


def whole_encoders(recipe: Path) -> tuple[Slim, tuple[Range, Range]]:
    """The ready-made encoders of a recipe with all their blocks, and the blocks that it reads.

    Raises:
        UsageError: the recipe trains its encoders itself.
        EnvironmentUnfit: an encoder is not to be found locally.
    """
    from transformers import AutoConfig

    plan = load_recipe(recipe)
    if not plan.ready_made:
        raise UsageError(f"The recipe {plan.name} trains its encoders itself: give the trained bundle as --model.")
    spec = copy.deepcopy(plan.encoders)
    parts = [spec["style"], spec["linguistics"]]
    read = [(int(part["blocks"][0]), int(part["blocks"][1])) for part in parts]
    try:
        for part in parts:
            found = AutoConfig.from_pretrained(find_folder(part), local_files_only=True)
            part["blocks"] = [0, found.num_hidden_layers - 1]
    except (OSError, ValueError) as error:
        raise EnvironmentUnfit(f"An encoder of the recipe {plan.name} is not to be had locally: {error}") from error
    return build_slim(replace(plan, encoders=spec)).eval(), (read[0], read[1])


def layers(material: Material) -> Finding:
    """The heat map over bona fide clips, with the blocks read and the blocks chosen.

    Raises:
        UsageError: fewer than 4 bona fide clips, or as `whole_encoders`.
    """
    clips = sample([clip for clip in material.clips if not clip.is_spoof], MOST_CLIPS)
    if len(clips) < MIN_CLIPS:
        raise UsageError(f"Correlating layers needs at least {MIN_CLIPS} bona fide clips.")
    if material.recipe:
        slim, reading = whole_encoders(material.recipe)
    else:
        slim = material.detectors[0].model
        reading = slim.style.blocks, slim.linguistics.blocks
    device = choose_device(material.device)
    correlation = layer_correlation(*block_means(slim.to(device), clips, device))
    chosen = choose_blocks(correlation)
    rows: list[dict[str, Any]] = [
        {
            "style_block": i,
            "linguistics_block": j,
            "spearman": float(correlation[i, j]),
            "read": _inside((i, j), reading),
            "chosen": _inside((i, j), chosen),
        }
        for i, j in np.ndindex(*correlation.shape)
    ]
    figure = _heat_map(correlation, reading, chosen)
    source = f"recipe {label(material.recipe.resolve().parent.name)}" if material.recipe else material.source
    title = f"Agreement of the encoders' blocks\nwhite: read, {_words(reading)}\ndashed: chosen, {_words(chosen)}"
    caption(figure, title, f"{source}; {len(clips)} of the bona fide clips\nchosen: {RULE}")
    mean = float(np.mean([row["spearman"] for row in rows if row["chosen"] == "yes"]))
    summary = f"layers: read {_words(reading)}; the rule chooses {_words(chosen)} (mean correlation {mean:.2f})"
    return Finding("layers", rows, figure, summary)


def _inside(cell: Range, runs: tuple[Range, Range]) -> str:
    return "yes" if all(first <= block <= last for block, (first, last) in zip(cell, runs, strict=True)) else "no"


def _words(runs: tuple[Range, Range]) -> str:
    return f"style {runs[0][0]}–{runs[0][1]}, linguistics {runs[1][0]}–{runs[1][1]}"


def _heat_map(correlation: np.ndarray, read: tuple[Range, Range], chosen: tuple[Range, Range]) -> Figure:
    rows, columns = correlation.shape
    figure = canvas(max(5.0, 2.2 + 0.24 * columns), max(4.0, 2.2 + 0.24 * rows))
    axes = figure.add_subplot()
    image = axes.imshow(correlation, cmap="cividis", vmin=min(0.0, float(correlation.min())), vmax=1.0, origin="lower")
    figure.colorbar(image, ax=axes, label="Spearman's ρ of clip distances", shrink=0.8)
    if correlation.size <= MOST_PRINTED:
        for (i, j), value in np.ndenumerate(correlation):
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.5 else INK)
    for runs, colour, dash, inset in ((read, "white", "-", 0.07), (chosen, SPOOF, "--", 0.0)):
        style, linguistics = runs
        corner = (linguistics[0] - 0.5 + inset, style[0] - 0.5 + inset)
        size = (linguistics[1] - linguistics[0] + 1 - 2 * inset, style[1] - style[0] + 1 - 2 * inset)
        axes.add_patch(Rectangle(corner, *size, fill=False, clip_on=False, ec=INK, lw=4))
        axes.add_patch(Rectangle(corner, *size, fill=False, clip_on=False, ec=colour, lw=2, ls=dash))
    axes.set(xticks=range(columns), yticks=range(rows), xlabel="block of the linguistics encoder")
    axes.set_ylabel("block of the style encoder")
    return figure
