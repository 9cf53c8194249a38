"""Pearson's r between style and linguistics, bona fide against each synthesis system (SLIM, table 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from slim_cli.analysis.finding import BONA_FIDE, SPOOF, Finding, canvas, caption, name_rows
from slim_cli.analysis.material import Material

MIN_DRAWN = 3  # clips of a system in the picture; the table holds every system
MOST_DRAWN = 45
LEVEL = 0.05


def pearson(style: np.ndarray, linguistics: np.ndarray) -> np.ndarray:
    """Pearson's r between S and L of each clip, over their dimensions.

    >>> float(pearson(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 9.0]]))[0].round(3))
    0.971

    Args:
        style: (N, D).
        linguistics: (N, D).

    Returns:
        (N,), in [-1, 1].
    """
    a, b = (x - x.mean(1, keepdims=True) for x in (style, linguistics))
    return (a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))


def correlation_rows(r: np.ndarray, spoof: np.ndarray, systems: np.ndarray) -> list[dict[str, Any]]:
    """Mean and deviation of r in bona fide, in all spoof and in each system, with Welch's t-test against bona fide.

    Args:
        r: (N,) Pearson's r of each clip.
        spoof: (N,) bool.
        systems: (N,) system of each clip.

    Returns:
        bona fide first, all spoof next, then the systems by their mean. `p_adjusted` controls the false discovery rate
        over the systems (Benjamini & Hochberg 1995). Clips are taken as independent, those of one speaker too.
    """
    real = r[~spoof]
    named = {name: r[spoof & (systems == name)] for name in np.unique(systems[spoof])}
    ordered = sorted(named.items(), key=lambda item: (float(item[1].mean()), str(item[0])))
    rows = [_row("bona fide", "bonafide", real, None), _row("all systems", "spoof", r[spoof], real)]
    each = [_row(str(name) or "unnamed", "system", values, real) for name, values in ordered]
    tested = [row for row in each if row["p"] != ""]
    if tested:
        for row, p in zip(tested, stats.false_discovery_control([row["p"] for row in tested]), strict=True):
            row["p_adjusted"] = float(p)
    return rows + each


def _row(name: str, kind: str, values: np.ndarray, real: np.ndarray | None) -> dict[str, Any]:
    row: dict[str, Any] = {"group": name, "kind": kind, "n": len(values), "mean_r": float(values.mean())}
    row["sd_r"] = float(values.std(ddof=1)) if len(values) > 1 else ""
    row |= dict.fromkeys(("difference", "t", "df", "p", "p_adjusted"), "")
    if real is not None:
        row["difference"] = float(values.mean() - real.mean())
        if min(len(values), len(real)) > 1 and (values.var() > 0 or real.var() > 0):
            test = stats.ttest_ind(values, real, equal_var=False)
            row |= {"t": float(test.statistic), "df": float(test.df), "p": float(test.pvalue)}
    return row


def correlation(material: Material) -> Finding:
    """The table of style-linguistics correlation, with mean and deviation of each system drawn."""
    r = np.concatenate([pearson(part.style, part.linguistics) for part in material.parts])
    systems = np.array([clip.system for clip in material.clips])
    rows = correlation_rows(r, material.scores.is_spoof, systems)
    real, fake = rows[:2]
    enough = [row for row in rows[2:] if row["n"] >= MIN_DRAWN]
    # why: ties by name, since a choice by r would show one side only
    largest = sorted(enough, key=lambda row: (-row["n"], row["group"]))[:MOST_DRAWN]
    drawn = [*rows[:2], *sorted(largest, key=lambda row: row["mean_r"])]
    test = f"Welch's t = {fake['t']:.2f}, p = {fake['p']:.2g}" if fake["p"] != "" else "too few clips for a test"
    summary = f"Pearson's r of S and L: bona fide {_spread(real)}, spoof {_spread(fake)}; {test}"
    figure = canvas(6.5, 1.3 + 0.17 * len(drawn))
    axes = figure.add_subplot()
    if real["sd_r"] != "":
        axes.axvspan(real["mean_r"] - real["sd_r"], real["mean_r"] + real["sd_r"], color=BONA_FIDE, alpha=0.1, lw=0)
    axes.axvline(real["mean_r"], color=BONA_FIDE, lw=0.8)
    for number, row in enumerate(drawn):
        _point(axes, number, row)
    name_rows(axes, [f"{row['group']} ({row['n']})" for row in drawn])
    axes.set_xlabel("Pearson's r between S and L of a clip, mean ± deviation over clips")
    title = f"Style–linguistics correlation, the {len(drawn) - 2} largest of {len(rows) - 2} systems"
    rule = f"filled: differs from bona fide by Welch's t-test at a false discovery rate of {LEVEL:.0%}; band: bona fide"
    caption(figure, f"{title}\n{rule}", material.source)
    return Finding("correlation", rows, figure, summary)


def _point(axes: Any, number: int, row: Mapping[str, Any]) -> None:
    bona_fide = row["kind"] == "bonafide"
    colour = BONA_FIDE if bona_fide else SPOOF
    p = row["p"] if row["p_adjusted"] == "" else row["p_adjusted"]
    filled = bona_fide or (p != "" and p < LEVEL)
    axes.errorbar(
        row["mean_r"],
        number,
        xerr=row["sd_r"] or 0.0,
        fmt="o" if bona_fide else "^",
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=4.5,
        lw=0.9,
    )


def _spread(row: Mapping[str, Any]) -> str:
    deviation = f" ± {row['sd_r']:.3f}" if row["sd_r"] != "" else ""
    return f"{row['mean_r']:.3f}{deviation} (n = {row['n']})"
