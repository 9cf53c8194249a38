"""t-SNE maps of subspace features (top) and dependency features (bottom), bona fide against spoof (SLIM, figure 4)."""

from __future__ import annotations

import numpy as np
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from slim_cli.analysis.finding import BONA_FIDE, SPOOF, Finding, canvas, caption
from slim_cli.analysis.material import Material
from slim_cli.errors import UsageError

SEED = 0
MIN_CLIPS = 10
PANELS = {
    "style_subspace": "style subspace X_s",
    "linguistics_subspace": "linguistics subspace X_l",
    "style": "style dependency S",
    "linguistics": "linguistics dependency L",
}


def project(features: np.ndarray) -> np.ndarray:
    """A map of standardised features, the same at every call (van der Maaten & Hinton 2008; perplexity 30 or a third).

    Args:
        features: (N, D), N >= 10.

    Returns:
        (N, 2).
    """
    with threadpool_limits(1):  # why: sums over threads come in any order
        scaled = StandardScaler().fit_transform(features.astype(np.float64))
        perplexity = min(30.0, (len(features) - 1) / 3)
        return TSNE(perplexity=perplexity, init="pca", random_state=SEED).fit_transform(scaled)


def tsne(material: Material) -> Finding:
    """Four maps of the clips that one bundle embedded.

    Raises:
        UsageError: fewer than 10 clips.
    """
    clips, part = material.largest()
    if len(clips) < MIN_CLIPS:
        raise UsageError(f"A t-SNE map needs at least {MIN_CLIPS} clips.")
    spoof = np.array([clip.is_spoof for clip in clips])
    maps = {name: project(getattr(part, name)) for name in PANELS}
    figure = canvas(6.5, 6.6)
    grid = figure.subplots(2, 2)
    for axes, (name, title) in zip(grid.flat, PANELS.items(), strict=True):
        x, y = maps[name].T
        axes.scatter(x[~spoof], y[~spoof], s=14, marker="o", fc="none", ec=BONA_FIDE, lw=0.8, label="bona fide")
        axes.scatter(x[spoof], y[spoof], s=14, marker="x", c=SPOOF, lw=0.8, label="spoof")
        axes.set(title=title, xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
    figure.legend(*grid.flat[0].get_legend_handles_labels(), ncols=2, loc="outside lower right")
    title = f"t-SNE of subspace features (top) and dependency features (bottom), {len(clips)} clips"
    caption(figure, title, f"{material.source}; seed {SEED}; distances between groups mean nothing")
    rows = [
        {"path": material.name(clip), "class": clip.label, "dataset": clip.origin, "system": clip.system}
        | {f"{name}_{axis}": float(maps[name][number, i]) for name in PANELS for i, axis in enumerate("xy")}
        for number, clip in enumerate(clips)
    ]
    return Finding("tsne", rows, figure, f"t-SNE of {len(clips)} clips ({int(spoof.sum())} spoof), seed {SEED}")
