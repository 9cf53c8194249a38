"""Four telling cases as mel spectrograms, with the model's call (SLIM, figure 5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from slim_cli.analysis.finding import Finding, canvas, caption, label
from slim_cli.analysis.material import Material
from slim_cli.assessment.metrics import equal_error_rate
from slim_cli.audio.overview import FLOOR_DB, Overview, OverviewBuilder
from slim_cli.audio.whole_signal import read_channels
from slim_cli.reporting.figures.raster import level_range_db
from slim_cli.reporting.numbers import Numbers
from slim_cli.results import MODEL_RATE_HZ
from slim_cli.validation.scores import Scores

TICKS_HZ = (250, 500, 1000, 2000, 4000, 7000)


def telling_cases(scores: Scores) -> dict[str, int]:
    """Number of the highest- and the lowest-scoring clip of each class, by what it shows."""
    numbers = np.arange(len(scores.clips))
    real, fake = numbers[~scores.is_spoof], numbers[scores.is_spoof]
    return {
        "bona fide with the highest score": int(real[scores.score[real].argmax()]),
        "spoof with the lowest score": int(fake[scores.score[fake].argmin()]),
        "bona fide with the lowest score": int(real[scores.score[real].argmin()]),
        "spoof with the highest score": int(fake[scores.score[fake].argmax()]),
    }


def call(score: float, spoof: bool, threshold: float) -> str:
    """What the model says of a clip at a threshold, in the words of detection.

    >>> call(2.0, False, 1.5), call(1.0, True, 1.5)
    ('flagged: false alarm', 'not flagged: miss')
    """
    if score >= threshold:
        return "flagged: hit" if spoof else "flagged: false alarm"
    return "not flagged: miss" if spoof else "not flagged: correct"


def case_rows(scores: Scores, threshold: float) -> list[dict[str, Any]]:
    """The four cases with scores, threshold and call."""
    rows = []
    for case, number in telling_cases(scores).items():
        clip, score = scores.clips[number], float(scores.score[number])
        rows.append(
            {
                "case": case,
                "path": str(clip.path),
                "class": clip.label,
                "dataset": clip.origin,
                "system": clip.system,
                "score": score,
                "threshold": threshold,
                "call": call(score, clip.is_spoof, threshold),
                "mismatch": float(scores.mismatch[number]),
            }
        )
    return rows


def spectrograms(material: Material) -> Finding:
    """Both mistakes that are worst, and both clips that are clearest, as the model hears them (16 kHz)."""
    scores = material.scores
    threshold, source = material.threshold, "review threshold of the bundle"
    if threshold is None:
        threshold = equal_error_rate(scores.score[~scores.is_spoof], scores.score[scores.is_spoof])[1]
        source = "threshold of equal errors on these clips"
    rows = case_rows(scores, threshold)
    figure = canvas(7.5, 5.6)
    for axes, row, number in zip(figure.subplots(2, 2).flat, rows, telling_cases(scores).values(), strict=True):
        row["path"] = material.name(scores.clips[number])
        builder = OverviewBuilder(MODEL_RATE_HZ, 1)
        builder.push(read_channels(scores.clips[number].path)[:1])
        _draw(axes, builder.finish()[0])
        named = " · ".join(label(text, 30) for text in (row["system"], row["dataset"]) if text)
        axes.set_title(
            f"{row['case'].capitalize()}\n{Numbers().signed(row['score'])}, {row['call']}; "
            f"mismatch {row['mismatch']:.3g}\n{named}",
            fontsize=7.5,
        )
    caption(
        figure,
        f"Four telling cases, with calls at the {source} ({Numbers().signed(threshold)})",
        f"{material.source}; mel power at 16 kHz over 70 dB, dark = loud; scores: positive = synthetic",
    )
    calls = "; ".join(f"{row['case']} {Numbers().signed(row['score'])}" for row in rows)
    return Finding("spectrograms", rows, figure, calls)


def _draw(axes: Axes, overview: Overview) -> None:
    low, high = level_range_db(overview)
    level = overview.mel_db.astype(np.float32) / 255 * -FLOOR_DB + FLOOR_DB
    extent = (0.0, overview.duration_s, -0.5, len(level) - 0.5)
    axes.imshow(level, origin="lower", aspect="auto", extent=extent, cmap="gray_r", vmin=low, vmax=high)
    axes.set_yticks(
        [int(np.abs(overview.mel_hz - hz).argmin()) for hz in TICKS_HZ], [f"{hz / 1000:g}" for hz in TICKS_HZ]
    )
    axes.set(xlabel="s", ylabel="kHz")
