"""The result of an analysis: a table, a picture of it and a line in words; written as CSV, PNG and SVG.

Both pictures are the same bytes at every run: no date, fixed element ids, and a font that comes with matplotlib.
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from slim_cli.evidence.names import safe_name
from slim_cli.reporting.numbers import shortened
from slim_cli.reporting.table import cell
from slim_cli.whole_files import replacing

BONA_FIDE, SPOOF, INK = "#0072b2", "#d55e00", "#1b1f24"
"""Okabe and Ito's blue and vermilion, told apart with any colour vision; shapes differ too, for print in grey."""

_STYLE: Any = MappingProxyType(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#8b949e",
        "axes.axisbelow": True,
        "grid.color": "#d8dce1",
        "grid.linewidth": 0.5,
        "legend.frameon": False,
        "text.parse_math": False,
        "text.color": INK,
        "svg.hashsalt": "slim",
        "savefig.dpi": 150,
    }
)


@dataclass(frozen=True)
class Finding:
    """A table and its picture.

    Attributes:
        name: stem of the files.
        rows: the table, one mapping per row, all with the same keys.
        figure: the picture.
        summary: what the picture shows, one line.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    figure: Figure
    summary: str

    def write(self, folder: Path) -> list[Path]:
        """Writes `name.csv`, `name.png` and `name.svg`; to be called within `styled`."""
        folder.mkdir(parents=True, exist_ok=True)
        targets = [folder / f"{self.name}.{kind}" for kind in ("csv", "png", "svg")]
        with replacing(targets[0]) as partial, partial.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(self.rows[0])
            out.writerows([cell(_digits(value)) for value in row.values()] for row in self.rows)
        for target, metadata in zip(targets[1:], ({"Software": None}, {"Date": None, "Creator": None}), strict=True):
            with replacing(target) as partial:
                self.figure.savefig(partial, format=target.suffix[1:], metadata=metadata)
        return targets


@contextmanager
def styled() -> Iterator[None]:
    """The house's look, while a finding is drawn and written."""
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # why: names may be in any script
        yield


def canvas(width: float, height: float) -> Figure:
    """An empty picture, size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def label(text: str, most: int = 38) -> str:
    """Hostile text as a short label."""
    return shortened(safe_name(text), most)


def caption(figure: Figure, title: str, source: str) -> None:
    """What the picture shows, above it, and what it was made from, below."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    figure.supxlabel(source, x=0.01, ha="left", fontsize=6)


def side_table(axes: Axes, columns: Mapping[str, tuple[float, Sequence[str]]]) -> None:
    """Words to the right of each row.

    Args:
        axes: a picture with rows at 0, 1, …, the first one on top.
        columns: by title, the width in points, and the words of each row.
    """
    right = 8.0
    for title, (width, words) in columns.items():
        for row, text in ((-0.95, title), *enumerate(words)):
            axes.annotate(
                text,
                (1, row),
                (right, 0),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                fontsize=7,
                weight="bold" if row < 0 else "normal",
                annotation_clip=False,
            )
        right += width


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """One named line per row, the first one on top."""
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def _digits(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else ""
