"""The likelihood ratio under small changes that should not matter: each ratio in figures and words, and one bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from slim_cli.reporting.figures.axes import AxisScale
from slim_cli.reporting.figures.drawing import Drawing
from slim_cli.reporting.numbers import DASH, Numbers, significant
from slim_cli.reporting.scale import Scale
from slim_cli.results import FileResult
from slim_cli.words import Words

NEUTRAL_BELOW = 2.0
_WIDTH, _HEIGHT, _EDGE = 520.0, 44.0, 24.0


@dataclass(frozen=True)
class Robustness:
    """How a ratio holds.

    Attributes:
        own: the ratio as it is, and what it is in words.
        rows: change, ratio after it, and what it is in words.
        leaving: changes after which the ratio lies outside its interval or in another band of the scale.
        bar: interval, ratio and the ratios after the changes on one axis.
    """

    own: tuple[str, str]
    rows: tuple[tuple[str, str, str], ...]
    leaving: tuple[str, ...]
    bar: Markup


def robustness(result: FileResult, calibration: Mapping[str, Any], scale: Scale, words: Words) -> Robustness | None:
    """The ratio of a file after each small change; None where none was tried or the calibration's line is not known.

    Args:
        result: a file with a ratio.
        calibration: the calibration's account in the run record.
        scale: the verbal scale.
        words: the language.
    """
    line, bounds, lr = calibration.get("method", {}), calibration.get("bounds", {}), result.lr
    if lr is None or not result.stability or not {"slope", "intercept"} <= line.keys() or "low" not in bounds:
        return None

    def ratio(score: float) -> float:
        return min(max((line["slope"] * score + line["intercept"]) / math.log(10), bounds["low"]), bounds["high"])

    after = {name: None if score is None else ratio(score) for name, score in result.stability.items()}
    own, numbers = in_words(lr.log10, scale, words), Numbers(words)
    rows = tuple(
        (words.label("stability", name), DASH, DASH)
        if log10 is None
        else (words.label("stability", name), numbers.ratio(log10), in_words(log10, scale, words))
        for name, log10 in after.items()
    )
    leaving = tuple(
        words.label("stability", name)
        for name, log10 in after.items()
        if log10 is not None and (not lr.low <= log10 <= lr.high or in_words(log10, scale, words) != own)
    )
    others = [log10 for log10 in after.values() if log10 is not None]
    bar = _bar((lr.low, lr.log10, lr.high), others, (bounds["low"], bounds["high"]), words)
    return Robustness((numbers.ratio(lr.log10), own), rows, leaving, bar)


def in_words(log10: float, scale: Scale, words: Words) -> str:
    """What a ratio is called, with the proposition that it supports."""
    size = significant(10 ** abs(log10))
    if size < NEUTRAL_BELOW:
        return words.say("evaluation.supports_neither")
    return words.say(f"evaluation.supports_{'h1' if log10 > 0 else 'h2'}", phrase=scale.phrase(size))


def _bar(ratio: tuple[float, float, float], others: list[float], bounds: tuple[float, float], words: Words) -> Markup:
    drawing, numbers = Drawing(_WIDTH, _HEIGHT, words.say("evaluation.robustness_bar")), Numbers(words)
    low, value, high = ratio
    x = AxisScale(min(bounds[0], low), max(bounds[1], high), _EDGE, _WIDTH - _EDGE)
    drawing.rect((x(low), 8), (max(1.0, x(high) - x(low)), 12), "panel")
    drawing.line((x.start, 26), (x.end, 26), "tick")
    drawing.line((x(0.0), 4), (x(0.0), 26), "threshold")
    for log10 in others:
        drawing.dot((x(log10), 14), "hollow", 3)
    drawing.dot((x(value), 14), "dot", 3.5)
    for mark in range(math.ceil(x.low), math.floor(x.high) + 1):
        drawing.line((x(mark), 26), (x(mark), 29), "tick")
        drawing.text((x(mark), 39), numbers.ratio(mark), "middle", 8)
    return drawing.render()
