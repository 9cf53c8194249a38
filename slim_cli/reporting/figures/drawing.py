"""A small SVG canvas whose every shape has a named style, so that print is plain and the screen can restyle it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from slim_cli.evidence.names import safe_name

Point = tuple[float, float]

_STYLES = {
    "panel": 'fill="#ffffff" stroke="#8b949e" stroke-width="0.6"',
    "grid": 'fill="none" stroke="#d8dce1" stroke-width="0.5"',
    "tick": 'fill="none" stroke="#8b949e" stroke-width="0.6"',
    "wave": 'fill="#4a5561" stroke="#4a5561" stroke-width="0.3"',
    "curve": 'fill="none" stroke="#1b1f24" stroke-width="1.1" stroke-linejoin="round"',
    "spread": 'fill="#c9ced5" stroke="none"',
    "extent": 'fill="none" stroke="#8b949e" stroke-width="1.6" stroke-opacity="0.45"',
    "dot": 'fill="#1b1f24" stroke="#1b1f24" stroke-width="0.8"',
    "hollow": 'fill="#ffffff" stroke="#1b1f24" stroke-width="0.8"',
    "threshold": 'fill="none" stroke="#1b1f24" stroke-width="0.9" stroke-dasharray="4 2.5"',
    "mean": 'fill="none" stroke="#1b1f24" stroke-width="0.8" stroke-dasharray="1 2"',
    "exhibit": 'fill="none" stroke="#1b1f24" stroke-width="2"',
    "mark": 'fill="#1b1f24" stroke="none"',
    "bona": 'fill="#0072b2" fill-opacity="0.22" stroke="#0072b2" stroke-width="1.1" stroke-linejoin="round"',
    "spoof": (
        'fill="#d55e00" fill-opacity="0.16" stroke="#b34e00" stroke-width="1.1" stroke-dasharray="3 1.6" '
        'stroke-linejoin="round"'
    ),
    "bona-line": 'fill="none" stroke="#0072b2" stroke-width="1.4" stroke-linejoin="round"',
    "spoof-line": 'fill="none" stroke="#b34e00" stroke-width="1.4" stroke-dasharray="3 1.6" stroke-linejoin="round"',
    "bona-mid": 'fill="none" stroke="#004c78" stroke-width="1.6"',
    "spoof-mid": 'fill="none" stroke="#8a3c00" stroke-width="1.6"',
    "speech": 'fill="#6b7480" stroke="none"',
    "rejected": 'fill="#ffffff" stroke="#9a3b00" stroke-width="1" stroke-dasharray="2 1"',
    "stretch": 'fill="none" stroke="#9a3b00" stroke-width="1.8" stroke-opacity="0.75"',
}
_LABELS = 'font-family="Noto Sans, DejaVu Sans, sans-serif" fill="#1b1f24"'


class Drawing:
    """Collects shapes and returns them as one inline `<svg>`, labels on top.

    Neighbouring shapes of one style become one path: a report holds thousands of them.

    Args:
        width: in user units; the page scales the drawing to its column.
        height: in the same units.
        title: what the picture shows, in words, for readers who cannot see it.
        data: numbers that a script may read, as attributes `data-…`.
    """

    def __init__(self, width: float, height: float, title: str, **data: float) -> None:
        facts = "".join(f' data-{name}="{value:g}"' for name, value in data.items())
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" class="drawing"{facts}><title>{escape(safe_name(title))}</title>'
        )
        self._shapes: list[tuple[str, list[str]]] = []
        self._labels: list[str] = []

    def rect(self, corner: Point, size: Point, style: str) -> None:
        """A rectangle from its upper left corner."""
        x, y = corner
        self._add(style, f"M{x:.1f} {y:.1f}h{size[0]:.1f}v{size[1]:.1f}h{-size[0]:.1f}z")

    def line(self, start: Point, end: Point, style: str) -> None:
        """A straight line."""
        self._add(style, f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}")

    def path(self, points: Iterable[Point], style: str, closed: bool = False) -> None:
        """A polyline, or a polygon when closed."""
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if steps:
            self._add(style, f"M{steps}{'z' if closed else ''}")

    def dot(self, centre: Point, style: str, radius: float = 1.8) -> None:
        """A small circle."""
        x, y = centre
        arc = f"a{radius:g} {radius:g} 0 1 0"
        self._add(style, f"M{x - radius:.1f} {y:.1f}{arc} {2 * radius:g} 0{arc} {-2 * radius:g} 0z")

    def pointer(self, tip: Point, style: str = "mark") -> None:
        """A small triangle that points down at `tip`."""
        x, y = tip
        self.path([(x - 4, y - 7), (x + 4, y - 7), (x, y)], style, closed=True)

    def text(self, at: Point, words: str, anchor: str = "start", size: float = 9, bold: bool = False) -> None:
        """One line of text; `anchor` is `start`, `middle` or `end`."""
        weight = ' font-weight="600"' if bold else ""
        position = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._labels.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}"{position}{weight}>'
            f"{escape(safe_name(words))}</text>"
        )

    def image(self, corner: Point, size: Point, source: str) -> None:
        """A raster stretched over a rectangle; `source` is a data URL."""
        picture = (
            f'<image x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
            f'preserveAspectRatio="none" image-rendering="crisp-edges" href="{escape(source)}"/>'
        )
        self._shapes.append(("", [picture]))

    def render(self) -> Markup:
        """The finished drawing."""
        shapes = (
            f'<path d="{"".join(parts)}" {_STYLES[style]} class="{style}"/>' if style else parts[0]
            for style, parts in self._shapes
        )
        labels = f'<g {_LABELS} class="label">{"".join(self._labels)}</g>' if self._labels else ""
        return Markup(f"{self._head}{''.join(shapes)}{labels}</svg>")

    def _add(self, style: str, path: str) -> None:
        if self._shapes and self._shapes[-1][0] == style:
            self._shapes[-1][1].append(path)
        else:
            self._shapes.append((style, [path]))


def step_outline(edges: Sequence[float], heights: Sequence[float]) -> list[Point]:
    """Corner points of a histogram's outline, from its lower left to its lower right corner."""
    points: list[Point] = [(edges[0], 0.0)]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        points += [(left, height), (right, height)]
    return [*points, (edges[-1], 0.0)]
