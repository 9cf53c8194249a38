"""Distribution of the mismatch in bona fide and spoof clips of every dataset, and how well it separates them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from slim_cli.analysis.finding import BONA_FIDE, INK, SPOOF, Finding, canvas, caption, name_rows, side_table
from slim_cli.analysis.material import Material
from slim_cli.analysis.strata import ALL, datasets, has_both, mismatch_error
from slim_cli.assessment.metrics import Estimate
from slim_cli.validation.scores import Scores

FLOOR = 1e-6  # below it there is only the rounding of 1 - cos
MOST_DRAWN = 14
QUARTILES = {"minimum": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1.0}


def mismatch_rows(scores: Scores, rounds: int = 1000) -> list[dict[str, Any]]:
    """Quartiles of the mismatch by dataset and class, and its EER where a dataset has enough clips of both.

    Returns:
        one row per class for all clips, then for each dataset; the EER, with its 95 % interval, stands in both rows.
    """
    rows: list[dict[str, Any]] = []
    for name, part in datasets(scores):
        spoof, values = part.is_spoof, part.mismatch
        error: dict[str, Any] = dict.fromkeys(("eer", "eer_low", "eer_high"), "")
        if has_both(part):
            estimate = mismatch_error(part, rounds)
            error = {"eer": estimate.value, "eer_low": estimate.low, "eer_high": estimate.high}
        for kind, chosen in (("bonafide", values[~spoof]), ("spoof", values[spoof])):
            if len(chosen):
                points = {key: float(np.quantile(chosen, share)) for key, share in QUARTILES.items()}
                rows.append({"dataset": name, "class": kind, "n": len(chosen), **points, **error})
    return rows


def mismatch(material: Material) -> Finding:
    """Violins on a logarithmic scale: all clips, then the largest datasets with both classes."""
    scores = material.scores
    rows = mismatch_rows(scores)
    rated = {row["dataset"]: row["n"] for row in rows if row["eer"] != "" and row["dataset"] != ALL}
    sizes = {name: sum(row["n"] for row in rows if row["dataset"] == name) for name in rated}
    drawn = [ALL, *sorted(sizes, key=lambda name: -sizes[name])[:MOST_DRAWN]]
    parts = dict(datasets(scores))
    figure = canvas(7.0, 1.5 + 0.42 * len(drawn))
    axes = figure.add_subplot()
    for place, name in enumerate(drawn):
        logarithms, spoof = np.log10(np.maximum(parts[name].mismatch, FLOOR)), parts[name].is_spoof
        _violin(axes, place, logarithms[~spoof], -1)
        _violin(axes, place, logarithms[spoof], 1)
    name_rows(axes, drawn)
    side_table(axes, {"EER %": (78, [_error(rows, name) for name in drawn])})
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value:.2g}"))
    axes.set_xlabel("mismatch 1 − cos(S, L), logarithmic; lines: quartiles")
    handles = [Line2D([], [], color=c, lw=5, alpha=0.5) for c in (BONA_FIDE, SPOOF)]
    figure.legend(handles, ["bona fide (above)", "spoof (below)"], ncols=2, loc="outside upper right")
    title = f"Mismatch, {len(drawn) - 1} of {len(rated)} datasets with both classes"
    caption(figure, title, material.source)
    medians = {row["class"]: row["median"] for row in rows if row["dataset"] == ALL}
    summary = (
        f"mismatch: median bona fide {medians['bonafide']:.3g}, spoof {medians['spoof']:.3g}; EER {_error(rows, ALL)} %"
    )
    return Finding("mismatch", rows, figure, summary)


def _violin(axes: Axes, place: int, values: np.ndarray, side: int) -> None:
    """Half a violin with its quartiles, above (-1) or below (1) the middle of a row; rows are counted downwards."""
    if not len(values):
        return
    colour = BONA_FIDE if side < 0 else SPOOF
    half: Literal["low", "high"] = "low" if side < 0 else "high"
    if np.ptp(values) > 0:
        drawn: Any = axes.violinplot(
            values, [place], orientation="horizontal", side=half, widths=0.9, showextrema=False
        )
        for body in drawn["bodies"]:
            body.set(facecolor=colour, edgecolor=colour, alpha=0.4)
    for value, width in zip(np.quantile(values, [0.25, 0.5, 0.75]), (0.8, 1.8, 0.8), strict=True):
        axes.vlines(value, place + 0.02 * side, place + 0.25 * side, color=INK, lw=width)


def _error(rows: Sequence[dict[str, Any]], name: str) -> str:
    row = next(row for row in rows if row["dataset"] == name)
    return "–" if row["eer"] == "" else str(Estimate(row["eer"], row["eer_low"], row["eer_high"]))
