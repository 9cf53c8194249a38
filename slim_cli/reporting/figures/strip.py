"""The artefact strip: all measures of a file against their reference ranges, in one small drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from slim_cli.assessment.reference import Range
from slim_cli.reporting.figures.axes import AxisScale
from slim_cli.reporting.figures.drawing import Drawing
from slim_cli.reporting.figures.timeline import WIDTH
from slim_cli.reporting.numbers import shortened

_COLUMNS, _CELL_HEIGHT, _GAP = 4, 30.0, 14.0
_CELL_WIDTH = (WIDTH - _GAP * (_COLUMNS - 1)) / _COLUMNS
_LONGEST = 27


@dataclass(frozen=True)
class Cell:
    """One measure.

    Attributes:
        label: its name.
        shown: the value with its unit.
        value: the value, in the unit of the ranges.
        bona_fide: 5th to 95th percentile of bona fide files.
        spoof: the same of spoof files.
    """

    label: str
    shown: str
    value: float
    bona_fide: Range | None
    spoof: Range | None

    @property
    def outside(self) -> bool:
        """Whether the value lies outside the range of bona fide files."""
        return self.bona_fide is not None and not self.bona_fide.p5 <= self.value <= self.bona_fide.p95


def strip(cells: Sequence[Cell], title: str) -> Markup:
    """Draws the cells in rows of four: upper bar bona fide, lower bar spoof, inner strokes medians, thick stroke this
    file; a value outside the bona fide range is bold."""
    rows = -(-len(cells) // _COLUMNS)
    drawing = Drawing(WIDTH, max(1, rows) * _CELL_HEIGHT, title)
    for number, cell in enumerate(cells):
        row, column = divmod(number, _COLUMNS)
        _draw(drawing, cell, column * (_CELL_WIDTH + _GAP), row * _CELL_HEIGHT)
    return drawing.render()


def _draw(drawing: Drawing, cell: Cell, left: float, top: float) -> None:
    drawing.text((left, top + 9), shortened(cell.label, _LONGEST), size=7.8)
    drawing.text((left + _CELL_WIDTH, top + 9), cell.shown, "end", 7.8, bold=cell.outside)
    ranges = [one for one in (cell.bona_fide, cell.spoof) if one is not None]
    values = [v for one in ranges for v in (one.p5, one.p95)] + [cell.value]
    margin = 0.04 * (max(values) - min(values)) or 0.5
    x = AxisScale(min(values) - margin, max(values) + margin, left, left + _CELL_WIDTH)
    for offset, kind, one in ((13.0, "bona", cell.bona_fide), (20.0, "spoof", cell.spoof)):
        if one is not None:
            drawing.rect((x(one.p5), top + offset), (max(1.5, x(one.p95) - x(one.p5)), 5), kind)
            drawing.line((x(one.p50), top + offset), (x(one.p50), top + offset + 5), f"{kind}-mid")
    drawing.line((x(cell.value), top + 11.5), (x(cell.value), top + 26.5), "exhibit")
