"""Pictures of an evaluation: DET curve, Tippett plot and reliability diagram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import norm

from slim_cli.analysis.finding import BONA_FIDE, INK, SPOOF, Finding, canvas, styled
from slim_cli.assessment.metrics import equal_error_rate, error_rates, wilson

DET_TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999)
BINS = 10
_LN10 = np.log(10)
_SHARES = ("found", "low", "high")


def det(bona_fide: np.ndarray, spoof: np.ndarray) -> Finding:
    """Miss rate against false-alarm rate on normal-deviate axes (Martin et al. 1997).

    Args:
        bona_fide: (N,) scores, positive = synthetic.
        spoof: (M,) scores.
    """
    thresholds, false_alarm, miss = error_rates(bona_fide, spoof)
    rate, _ = equal_error_rate(bona_fide, spoof)
    figure = canvas(4.2, 4.2)
    axes = figure.add_subplot()
    low, high = 0.4 / max(len(bona_fide), len(spoof)), 1 - 0.4 / max(len(bona_fide), len(spoof))
    x, y = (norm.ppf(np.clip(rates, low, high)) for rates in (false_alarm, miss))
    axes.step(x, y, color=INK, lw=1.2, where="post")
    axes.plot([norm.ppf(low), norm.ppf(high)], [norm.ppf(low), norm.ppf(high)], color="#8b949e", lw=0.6, ls=":")
    axes.plot(norm.ppf(np.clip(rate, low, high)), norm.ppf(np.clip(rate, low, high)), "o", color=INK, markersize=5)
    ticks = [t for t in DET_TICKS if low <= t <= high]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(norm.ppf(ticks), [f"{100 * t:g}" for t in ticks])
    axes.set_xlim(norm.ppf(low), norm.ppf(high))
    axes.set_ylim(norm.ppf(low), norm.ppf(high))
    axes.grid()
    axes.set_xlabel("bona fide flagged (false alarms), %")
    axes.set_ylabel("spoof not flagged (misses), %")
    axes.set_title(f"DET curve, {len(bona_fide)} bona fide and {len(spoof)} spoof clips\ndot: equal error rate")
    rows = [
        {"threshold": float(t), "false_alarm_rate": float(f), "miss_rate": float(m)}
        for t, f, m in zip(thresholds[:-1], false_alarm, miss, strict=False)
    ]
    return Finding("det", rows, figure, f"equal error rate {100 * rate:.1f} %")


def tippett(bona_fide: np.ndarray, spoof: np.ndarray, calibrated: bool) -> Finding:
    """Share of the clips of each class whose likelihood ratio is at least so large.

    Args:
        bona_fide: (N,) natural-log likelihood ratios, positive = synthetic.
        spoof: (M,) the same.
        calibrated: whether they are calibrated; otherwise they are scores, and the picture says so.
    """
    figure = canvas(5.0, 3.6)
    axes = figure.add_subplot()
    values = np.unique(np.concatenate([bona_fide, spoof])) / _LN10
    shares = [1 - np.searchsorted(np.sort(part / _LN10), values, "left") / len(part) for part in (bona_fide, spoof)]
    for share, colour, style, words in zip(
        shares, (BONA_FIDE, SPOOF), ("-", "--"), ("bona fide", "spoof"), strict=True
    ):
        axes.step(values, 100 * share, color=colour, ls=style, lw=1.3, where="pre", label=words)
    misleading = [float((bona_fide > 0).mean()), float((spoof < 0).mean())]
    axes.axvline(0, color=INK, lw=0.7, ls=":")
    axes.grid()
    axes.legend()
    axes.set_xlabel("log10 likelihood ratio" + ("" if calibrated else ", read from uncalibrated scores"))
    axes.set_ylabel("clips at or above it, %")
    axes.set_title(
        f"Tippett plot\nmisleading: {100 * misleading[0]:.1f} % of bona fide, {100 * misleading[1]:.1f} % of spoof"
    )
    rows = [
        {"log10_lr": float(v), "bona_fide_at_or_above": float(b), "spoof_at_or_above": float(s)}
        for v, b, s in zip(values, *shares, strict=True)
    ]
    summary = f"misleading evidence: {100 * misleading[0]:.1f} % of bona fide, {100 * misleading[1]:.1f} % of spoof"
    return Finding("tippett", rows, figure, summary)


def reliability(bona_fide: np.ndarray, spoof: np.ndarray, calibrated: bool) -> Finding:
    """Share of spoof that is found where the ratios announce one, both classes weighing the same.

    Args:
        bona_fide: (N,) natural-log likelihood ratios, positive = synthetic.
        spoof: (M,) the same.
        calibrated: as in `tippett`.
    """
    llr = np.concatenate([bona_fide, spoof])
    is_spoof = np.arange(len(llr)) >= len(bona_fide)
    edges = np.unique(np.quantile(llr, np.linspace(0, 1, BINS + 1)))
    bins = np.clip(np.searchsorted(edges, llr, "right") - 1, 0, max(0, len(edges) - 2))
    odds = len(bona_fide) / len(spoof)  # why: turns counts into shares at equal priors
    rows = []
    for number in np.unique(bins):
        inside = bins == number
        share = wilson(int((inside & is_spoof).sum()), int(inside.sum()))
        shares = [p * odds / (p * odds + 1 - p) for p in (share.value, share.low, share.high)]
        announced = float(np.mean(1 / (1 + np.exp(-llr[inside]))))
        rows.append({"announced": announced, **dict(zip(_SHARES, shares, strict=True)), "clips": int(inside.sum())})
    figure = canvas(4.2, 4.2)
    axes = figure.add_subplot()
    axes.plot([0, 100], [0, 100], color="#8b949e", lw=0.7, ls=":")
    x, y, low, high = (100 * np.array([row[key] for row in rows]) for key in ("announced", *_SHARES))
    axes.errorbar(x, y, yerr=[y - low, high - y], fmt="o-", color=INK, markersize=4.5, lw=1, elinewidth=0.8, capsize=2)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.grid()
    axes.set_xlabel("synthetic, as announced at equal priors, %")
    axes.set_ylabel("synthetic, as found, %")
    axes.set_title(
        "Reliability" + ("" if calibrated else " of uncalibrated scores") + "\nbars: Wilson's 95 % intervals"
    )
    worst = max(abs(row["announced"] - row["found"]) for row in rows)
    return Finding("reliability", rows, figure, f"largest gap between announced and found: {100 * worst:.0f} points")


def write_curves(folder: Path, score: np.ndarray, llr: np.ndarray, spoof: np.ndarray, calibrated: bool) -> None:
    """Writes all pictures of an evaluation into a folder.

    Args:
        folder: where the PNG, SVG and CSV files go.
        score: (N,) scores, positive = synthetic.
        llr: (N,) natural-log likelihood ratios.
        spoof: (N,) whether each clip is synthetic.
        calibrated: whether the ratios are calibrated.
    """
    with styled():
        for finding in (
            det(score[~spoof], score[spoof]),
            tippett(llr[~spoof], llr[spoof], calibrated),
            reliability(llr[~spoof], llr[spoof], calibrated),
        ):
            finding.write(folder)
