"""One exhibit on one time axis: waveform, spectrograms, net speech, score and mismatch by window, occlusion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from slim_cli.audio.overview import Overview
from slim_cli.reporting.figures.axes import AxisScale, clock, ticks, time_ticks
from slim_cli.reporting.figures.drawing import Drawing
from slim_cli.reporting.figures.raster import level_range_db, spectrogram_url
from slim_cli.results import WINDOW_S, ChannelResult, Occlusion, WindowScore

WIDTH = 700.0
MOST_POINTS = 300
FEW_SPEECH_S = 1.0
LEAST_SCORE_SPAN, LEAST_MISMATCH_SPAN, LEAST_CHANGE_SPAN = 4.0, 0.2, 1.0
_LEFT, _RIGHT, _GAP = 46.0, 8.0, 17.0
_LABEL = 10.0  # height that a label of an axis needs
_MEL_MARKS_HZ = (100, 500, 1000, 2000, 4000, 8000, 12000, 16000, 20000, 24000, 48000, 96000)


@dataclass(frozen=True)
class Captions:
    """Panel headings and the form of numbers, from the report's words."""

    tick: Callable[..., str]
    title: str
    waveform: str
    mel: str
    linear: str
    speech: str
    score: str
    mismatch: str
    occlusion: str
    time: str
    threshold: str
    file_value: str


@dataclass(frozen=True)
class Curves:
    """What the lower panels show.

    Attributes:
        windows: the channel's windows in time order.
        score: the channel's score.
        mismatch: the channel's mismatch.
        threshold: score at which a file is flagged for review.
        duration_s: length of the time axis where there is no overview.
        occlusion: change of the score with each stretch replaced by noise, None where it was not measured.
        channel: whose speech, voiced sound not taken for speech, and highest stretches are drawn; None for none.
    """

    windows: Sequence[WindowScore]
    score: float
    mismatch: float
    threshold: float
    duration_s: float
    occlusion: Occlusion | None = None
    channel: ChannelResult | None = None


@dataclass(frozen=True)
class _Group:
    """Neighbouring windows drawn as one point: centre, lowest, mean and highest value, mean net speech."""

    start_s: float
    end_s: float
    low: float
    mean: float
    high: float
    speech_s: float

    @property
    def centre_s(self) -> float:
        return (self.start_s + self.end_s) / 2


def timeline(overview: Overview | None, curves: Curves, captions: Captions) -> Markup:
    """Draws the panels; without an overview only the curves.

    Args:
        overview: waveform envelope and spectrogram of the channel that stands for the file.
        curves: window values.
        captions: panel headings.
    """
    heights = ([("waveform", 30.0), ("mel", 80.0)] if overview else []) + [
        *([("linear", 60.0)] if overview and overview.linear_db is not None else []),
        ("speech", 9.0),
        ("score", 60.0),
        ("mismatch", 40.0),
        *([("occlusion", 34.0)] if curves.occlusion else []),
    ]
    total = sum(height + _GAP for _, height in heights) + 26
    duration = overview.duration_s if overview else curves.duration_s
    time = AxisScale(0.0, max(duration, 0.1), _LEFT, WIDTH - _RIGHT)
    drawing = Drawing(WIDTH, total, captions.title, left=time.start, right=time.end, duration=time.high)
    panels = _Panels(drawing, time, captions.tick)
    top = 0.0
    for name, height in heights:
        top += _GAP
        panels.drawing.text((_LEFT, top - 5), getattr(captions, name), bold=True)
        if name == "waveform" and overview:
            panels.waveform(overview, top, height)
        elif name in ("mel", "linear") and overview:
            panels.spectrogram(overview, name, top, height)
        elif name == "speech":
            panels.speech(curves, top, height)
        elif name == "score":
            panels.score(curves, top, height, captions)
        elif name == "occlusion" and curves.occlusion:
            panels.occlusion(curves.occlusion, top, height)
        else:
            panels.mismatch(curves, top, height)
        top += height
    panels.time_axis(top, captions.time)
    return panels.drawing.render()


class _Panels:
    """The drawing with its time scale."""

    def __init__(self, drawing: Drawing, time: AxisScale, tick: Callable[..., str]) -> None:
        self.drawing, self.time, self._tick = drawing, time, tick

    def _panel(self, top: float, height: float) -> None:
        self.drawing.rect((_LEFT, top), (WIDTH - _LEFT - _RIGHT, height), "panel")

    def _value_axis(self, scale: AxisScale, values: Sequence[float], labels: Sequence[str]) -> None:
        """Marks along the left edge; of two that stand too close, the second has no label."""
        free = math.inf
        for value, label in zip(values, labels, strict=True):
            y = scale(value)
            self.drawing.line((_LEFT - 3, y), (_LEFT, y), "tick")
            if y <= free:
                self.drawing.text((_LEFT - 5, y + 3), label, "end", 8)
                free = y - _LABEL

    def waveform(self, overview: Overview, top: float, height: float) -> None:
        self._panel(top, height)
        peak = float(max(np.max(overview.envelope_max), -np.min(overview.envelope_min), 1e-4))
        limit = next((x for x in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if x >= peak), peak)
        level = AxisScale(-limit, limit, top + height, top)
        count = len(overview.envelope_max)
        group = max(1, -(-count // 650))
        starts = np.arange(0, count, group)
        high = np.maximum.reduceat(overview.envelope_max, starts)
        low = np.minimum.reduceat(overview.envelope_min, starts)
        x = [self.time(min((s + group / 2) * overview.hop_s, overview.duration_s)) for s in starts]
        upper = [(a, level(float(v))) for a, v in zip(x, high, strict=True)]
        lower = [(a, level(float(v))) for a, v in zip(x, low, strict=True)]
        self.drawing.path([*upper, *reversed(lower)], "wave", closed=True)
        self._value_axis(level, (-limit, 0.0, limit), [self._tick(v) for v in (-limit, 0.0, limit)])

    def spectrogram(self, overview: Overview, kind: str, top: float, height: float) -> None:
        levels, centres = getattr(overview, f"{kind}_db"), getattr(overview, f"{kind}_hz")
        picture = spectrogram_url(levels, level_range_db(overview))
        self.drawing.image((_LEFT, top), (WIDTH - _LEFT - _RIGHT, height), picture)
        self.drawing.path(_corners(top, height), "tick", closed=True)
        bands, top_hz = len(centres), overview.sample_rate_hz / 2
        known_hz, known_rows = [0.0, *centres, top_hz], [0.0, *(np.arange(bands) + 0.5), float(bands)]
        marks = _MEL_MARKS_HZ if kind == "mel" else ticks(0.0, top_hz, 4)
        shown = [(hz, np.interp(hz, known_hz, known_rows)) for hz in marks if hz <= top_hz]
        level = AxisScale(0.0, bands, top + height, top)
        labels = [f"{self._tick(hz / 1000)}k" if hz >= 1000 else self._tick(hz) for hz, _ in shown]
        self._value_axis(level, [float(row) for _, row in shown], labels)

    def speech(self, curves: Curves, top: float, height: float) -> None:
        """Detected speech, and below it voiced sound that was not taken for speech; where neither was stored, the share
        of speech in each window."""
        self._panel(top, height)
        channel = curves.channel
        if channel and (channel.speech or channel.rejected_voiced):
            self._spans(channel.speech, top + 0.5, height - 1, "speech")
            self._spans([(v.start_s, v.end_s) for v in channel.rejected_voiced], top + 0.5, height - 1, "rejected")
            return
        for run in _runs(_grouped(curves.windows, "score")):
            middles = [(a.centre_s + b.centre_s) / 2 for a, b in pairwise(run)]
            edges = [run[0].start_s, *middles, run[-1].end_s]
            self._bars(run, edges, top, height)
        self.drawing.text((_LEFT - 5, top + 8), "0–100 %", "end", 7)

    def _spans(self, spans: Iterable[tuple[float, float]], top: float, height: float, style: str) -> None:
        """Bars over spans of time; what would touch on paper is drawn as one."""
        drawn: list[tuple[float, float]] = []
        for start, end in spans:
            left, right = self.time(start), max(self.time(start) + 0.4, self.time(end))
            if drawn and left - drawn[-1][1] < 0.3:
                left = drawn.pop()[0]
            drawn.append((left, right))
        for left, right in drawn:
            self.drawing.rect((left, top), (right - left, height), style)

    def _bars(self, run: Sequence[_Group], edges: Sequence[float], top: float, height: float) -> None:
        for group, (start, end) in zip(run, pairwise(edges), strict=True):
            share = min(1.0, group.speech_s / WINDOW_S)
            left, right = self.time(start), self.time(end)
            self.drawing.rect((left, top + height * (1 - share)), (max(0.5, right - left), height * share), "speech")

    def score(self, curves: Curves, top: float, height: float, captions: Captions) -> None:
        values = [w.score for w in curves.windows]
        low, high = _padded([*values, curves.score, curves.threshold, 0.0], LEAST_SCORE_SPAN)
        level = self._curve_panel(low, high, top, height)
        self._curve(_grouped(curves.windows, "score"), level)
        for one in curves.channel.stretches if curves.channel else ():
            if one.end_s - one.start_s >= one.length_s - 0.01:
                self.drawing.line(
                    (self.time(one.start_s), level(one.score)), (self.time(one.end_s), level(one.score)), "stretch"
                )
        self._rule(level(curves.threshold), "threshold", captions.threshold)
        self._rule(level(curves.score), "mean", captions.file_value)

    def mismatch(self, curves: Curves, top: float, height: float) -> None:
        low, high = _padded([*(w.mismatch for w in curves.windows), curves.mismatch], LEAST_MISMATCH_SPAN)
        level = self._curve_panel(max(0.0, low), high, top, height)
        self._curve(_grouped(curves.windows, "mismatch"), level)
        self._rule(level(curves.mismatch), "mean", "")

    def occlusion(self, occlusion: Occlusion, top: float, height: float) -> None:
        low, high = _padded([*occlusion.change, 0.0], LEAST_CHANGE_SPAN)
        level = self._curve_panel(low, high, top, height)
        for start, change in zip(occlusion.starts_s, occlusion.change, strict=True):
            left, right = self.time(start), self.time(start + occlusion.length_s)
            upper, lower = sorted((level(0.0), level(change)))
            self.drawing.rect((left, upper), (max(0.5, right - left - 0.6), lower - upper), "speech")
        self.drawing.line((_LEFT, level(0.0)), (WIDTH - _RIGHT, level(0.0)), "tick")

    def _curve_panel(self, low: float, high: float, top: float, height: float) -> AxisScale:
        self._panel(top, height)
        level = AxisScale(low, high, top + height, top)
        marks = ticks(low, high, 4)
        for value in marks:
            self.drawing.line((_LEFT, level(value)), (WIDTH - _RIGHT, level(value)), "grid")
        self._value_axis(level, marks, [self._tick(v, low < 0) for v in marks])
        return level

    def _rule(self, y: float, style: str, label: str) -> None:
        self.drawing.line((_LEFT, y), (WIDTH - _RIGHT, y), style)
        if label:
            self.drawing.text((WIDTH - _RIGHT - 3, y - 2.5), label, "end", 7.5)

    def _curve(self, groups: Sequence[_Group], level: AxisScale) -> None:
        many = len(groups) >= MOST_POINTS // 2
        if many:
            for run in _runs(groups):
                upper = [(self.time(g.centre_s), level(g.high)) for g in run]
                lower = [(self.time(g.centre_s), level(g.low)) for g in run]
                self.drawing.path([*upper, *reversed(lower)], "spread", closed=True)
        else:
            for g in groups:
                self.drawing.line((self.time(g.start_s), level(g.mean)), (self.time(g.end_s), level(g.mean)), "extent")
        for run in _runs(groups):
            self.drawing.path([(self.time(g.centre_s), level(g.mean)) for g in run], "curve")
        for g in () if many else sorted(groups, key=_much_speech):
            self.drawing.dot((self.time(g.centre_s), level(g.mean)), "dot" if _much_speech(g) else "hollow")

    def time_axis(self, top: float, label: str) -> None:
        marks = time_ticks(self.time.high, 10)
        step = marks[1] - marks[0] if len(marks) > 1 else 1.0
        for value in marks:
            x = self.time(value)
            self.drawing.line((x, top), (x, top + 3), "tick")
            self.drawing.text(
                (x, top + 12), (self._tick(value) if step < 1 and value < 60 else clock(value)), "middle", 8
            )
        self.drawing.text((WIDTH - _RIGHT, top + 22), label, "end", 8)


def _much_speech(group: _Group) -> bool:
    return group.speech_s >= FEW_SPEECH_S


def _corners(top: float, height: float) -> list[tuple[float, float]]:
    right = WIDTH - _RIGHT
    return [(_LEFT, top), (right, top), (right, top + height), (_LEFT, top + height)]


def _grouped(windows: Sequence[WindowScore], quantity: str) -> list[_Group]:
    size = max(1, -(-len(windows) // MOST_POINTS))
    return [_group(windows[i : i + size], quantity) for i in range(0, len(windows), size)]


def _group(windows: Sequence[WindowScore], quantity: str) -> _Group:
    values = [float(getattr(w, quantity)) for w in windows]
    speech = sum(w.speech_s for w in windows) / len(windows)
    mean = sum(values) / len(values)
    return _Group(windows[0].start_s, windows[-1].end_s, min(values), mean, max(values), speech)


def _runs(groups: Sequence[_Group]) -> list[list[_Group]]:
    """Groups whose windows touch; between runs there was no speech, and no line is drawn."""
    runs: list[list[_Group]] = []
    for group in groups:
        if runs and group.start_s <= runs[-1][-1].end_s:
            runs[-1].append(group)
        else:
            runs.append([group])
    return runs


def _padded(values: Sequence[float], least_span: float) -> tuple[float, float]:
    """A range around the values, never so narrow that small differences look large."""
    low, high = min(values), max(values)
    margin = max(0.12 * (high - low), (least_span - (high - low)) / 2)
    return low - margin, high + margin
