"""Reference distributions of both classes with this exhibit's line, and the small bar of the summary table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from slim_cli.assessment.reference import ClassPair, Histogram
from slim_cli.reporting.figures.axes import AxisScale, ticks
from slim_cli.reporting.figures.drawing import Drawing, step_outline

_WIDTH, _HEIGHT = 345.0, 142.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 30.0, 8.0, 30.0, 30.0
_LETTER = 5.0  # mean width of a bold letter at the labels' size


@dataclass(frozen=True)
class HistogramLabels:
    """Texts of a histogram, from the report's words."""

    title: str
    axis: str
    share: str
    bona_fide: str
    spoof: str
    tick: Callable[[float], str]
    value: str = ""
    threshold: str = ""


def histogram(
    pair: ClassPair,
    labels: HistogramLabels,
    value: float | None = None,
    threshold: float | None = None,
    rug: Iterable[float] = (),
) -> Markup:
    """Both classes as shares of their files per bin.

    Args:
        pair: the distributions.
        labels: texts.
        value: this exhibit's value, drawn as a thick line; outside the plotted range it stands at the edge.
        threshold: drawn as a dashed line.
        rug: values drawn as short strokes below the axis, those that fall together once.
    """
    drawing = Drawing(_WIDTH, _HEIGHT, labels.title)
    low = min(pair.bona_fide.edges[0], pair.spoof.edges[0])
    high = max(pair.bona_fide.edges[-1], pair.spoof.edges[-1])
    x = AxisScale(low, high, _LEFT, _WIDTH - _RIGHT)
    top_share = max([*_shares(pair.bona_fide), *_shares(pair.spoof), 1e-6])
    y = AxisScale(0.0, top_share * 1.3, _HEIGHT - _BOTTOM, _TOP)
    _frame(drawing, x, y, labels)
    for kind, one in (("spoof", pair.spoof), ("bona", pair.bona_fide)):
        outline = step_outline(one.edges, _shares(one))
        drawing.path([(x(a), y(b)) for a, b in outline], kind, closed=True)
    if threshold is not None:
        drawing.line((x(threshold), _TOP), (x(threshold), y(0)), "threshold")
        _beside(drawing, x(threshold), _TOP + 8, labels.threshold, value is not None and value < threshold)
    for place in sorted({round(x(one_value), 1) for one_value in rug}):
        drawing.line((place, y(0)), (place, y(0) - 9), "exhibit")
    if value is not None:
        drawing.line((x(value), _TOP - 1), (x(value), y(0)), "exhibit")
        drawing.pointer((x(value), _TOP))
        right = x(value) < _WIDTH - 90 if threshold is None else value >= threshold and x(value) < _WIDTH - 80
        _beside(drawing, x(value), _TOP + 19, labels.value, right, bold=True)
    return drawing.render()


def tippett(quantiles: Mapping[str, Sequence[float]], labels: HistogramLabels) -> Markup:
    """Share of the validation files of each class with at least so large a likelihood ratio, and the line of no weight.

    Args:
        quantiles: log10 likelihood ratios at evenly spaced shares, rising, by `bona_fide` and `spoof`.
        labels: texts; `threshold` stands at the line of ratio 1.
    """
    drawing = Drawing(_WIDTH, _HEIGHT, labels.title)
    values = [*quantiles["bona_fide"], *quantiles["spoof"], -0.5, 0.5]
    x = AxisScale(min(values), max(values), _LEFT, _WIDTH - _RIGHT)
    y = AxisScale(0.0, 1.0, _HEIGHT - _BOTTOM, _TOP)
    _frame(drawing, x, y, labels)
    for kind, one in (("spoof-line", quantiles["spoof"]), ("bona-line", quantiles["bona_fide"])):
        drawing.path([(x(value), y(1 - i / (len(one) - 1))) for i, value in enumerate(one)], kind)
    drawing.line((x(0), _TOP), (x(0), y(0)), "threshold")
    _beside(drawing, x(0), _TOP + 8, labels.threshold, True)
    return drawing.render()


def _frame(drawing: Drawing, x: AxisScale, y: AxisScale, labels: HistogramLabels) -> None:
    drawing.rect((_LEFT, _TOP), (x.end - x.start, y.start - y.end), "panel")
    drawing.rect((_LEFT, 6), (16, 8), "bona")
    drawing.text((_LEFT + 20, 13.5), labels.bona_fide, size=8.5)
    drawing.rect((_LEFT + 162, 6), (16, 8), "spoof")
    drawing.text((_LEFT + 182, 13.5), labels.spoof, size=8.5)
    for value in ticks(x.low, x.high, 6):
        drawing.line((x(value), y.start), (x(value), y.start + 3), "tick")
        drawing.text((x(value), y.start + 12), labels.tick(value), "middle", 8)
    for value in ticks(0.0, y.high * 100, 4):
        drawing.line((_LEFT - 3, y(value / 100)), (_LEFT, y(value / 100)), "tick")
        drawing.text((_LEFT - 5, y(value / 100) + 3), labels.tick(value), "end", 8)
    drawing.text((_LEFT - 24, _TOP - 4), labels.share, size=7.5)
    drawing.text((_WIDTH - _RIGHT, _HEIGHT - 6), labels.axis, "end", 8)


def _beside(drawing: Drawing, x: float, y: float, words: str, right: bool, bold: bool = False) -> None:
    """A label beside an upright line, on the side asked for or, where it would leave the panel there, on the other."""
    width = len(words) * _LETTER + 4
    fits_left, fits_right = x - width >= _LEFT, x + width <= _WIDTH - _RIGHT
    right = (right and fits_right) or not fits_left
    drawing.text((x + 4 if right else x - 4, y), words, "start" if right else "end", 8, bold)


def _shares(one: Histogram) -> list[float]:
    return [count / one.n if one.n else 0.0 for count in one.counts]


def position_bar(score: float, pair: ClassPair, threshold: float, title: str) -> Markup:
    """Where a score stands between the class medians, with the review threshold: one glance in a table row."""
    drawing = Drawing(90, 12, title)
    x = AxisScale(pair.bona_fide.edges[0], pair.spoof.edges[-1], 3, 87)
    drawing.line((3, 6), (87, 6), "tick")
    drawing.line((x(threshold), 1), (x(threshold), 11), "threshold")
    drawing.dot((x(score), 6), "dot" if score >= threshold else "hollow", 3)
    return drawing.render()
