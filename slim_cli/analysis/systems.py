"""Error rates of the score on every dataset, with the number of trainable weights (SLIM, main table)."""

from __future__ import annotations

from typing import Any

from slim_cli.analysis.finding import INK, Finding, canvas, caption, name_rows, side_table
from slim_cli.analysis.material import Material
from slim_cli.analysis.strata import ALL, datasets, has_both
from slim_cli.assessment.metrics import Estimate
from slim_cli.detector import Detector
from slim_cli.errors import UsageError
from slim_cli.validation.breakdown import Rows
from slim_cli.validation.scores import MIN_PER_CLASS, Scores

ROUNDS = 400


def weights(detector: Detector) -> dict[str, int]:
    """Weights of the head, which stages 1 and 2 train, and of the encoders, which stay frozen there."""
    head = sum(p.numel() for p in detector.model.head.parameters())
    return {"trainable_weights": head, "encoder_weights": detector.info.parameters - head}


def system_rows(scores: Scores, rounds: int = 1000) -> list[dict[str, Any]]:
    """EER, F1 of the spoof class at the threshold of the EER, and AUC, per dataset, as `slim validate` has them.

    Returns:
        all clips first, with intervals over origins, then every dataset with enough clips of both classes, with
        intervals over speakers and systems.
    """
    rows = []
    for name, part in datasets(scores):
        if not has_both(part):
            continue
        row = Rows(None, rounds).row(name, part, origins=name == ALL)
        figures = row.over_origins or row.figures
        kinds = len({clip.system for clip in part.clips if clip.is_spoof})
        found: dict[str, Any] = {"dataset": name, "bonafide": row.n_bona_fide, "spoof": row.n_spoof, "systems": kinds}
        for key in ("eer", "f1", "auc"):
            found |= {key: figures[key].value, f"{key}_low": figures[key].low, f"{key}_high": figures[key].high}
        rows.append(found)
    return rows


def systems(material: Material) -> Finding:
    """The table of error rates, drawn as points with their intervals beside the figures."""
    size = weights(material.detectors[0])
    rows = [row | size for row in system_rows(material.scores, ROUNDS)]
    if not rows:
        raise UsageError(f"An equal error rate needs at least {MIN_PER_CLASS} clips of each class.")
    figure = canvas(8.0, 1.5 + 0.2 * len(rows))
    axes = figure.add_subplot()
    for number, row in enumerate(rows):
        axes.hlines(number, 100 * row["eer_low"], 100 * row["eer_high"], color=INK, lw=0.9)
        axes.plot(100 * row["eer"], number, "s" if number == 0 else "o", color=INK, markersize=4.5)
    axes.axvline(50, color=INK, lw=0.7, ls=":")
    name_rows(axes, [row["dataset"] for row in rows])
    axes.set_xlim(left=min(0.0, *axes.get_xlim()))
    axes.set_xlabel("EER of the score, %, with 95 % interval; dotted: chance")
    columns = {
        "EER %": (78, [_rate(row) for row in rows]),
        "F1": (26, [f"{row['f1']:.2f}" for row in rows]),
        "bona fide": (46, [f"{row['bonafide']:,}" for row in rows]),
        "spoof": (30, [f"{row['spoof']:,}" for row in rows]),
    }
    side_table(axes, columns)
    sizes = f"{size['trainable_weights']:,} trainable weights in the head, {size['encoder_weights']:,} in the encoders"
    caption(figure, f"Error rates by dataset\n{sizes}", f"{material.source}; F1 of spoof at the threshold of the EER")
    first = rows[0]
    summary = f"score: EER {_rate(first)} % on all clips; {size['trainable_weights']:,} trainable weights"
    return Finding("systems", rows, figure, summary)


def _rate(row: dict[str, Any]) -> str:
    return str(Estimate(row["eer"], row["eer_low"], row["eer_high"]))
