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
    "bona-mid": 'fill="none" stroke="#004c78" stroke-width="1.6"',
    "spoof-mid": 'fill="none" stroke="#8a3c00" stroke-width="1.6"',
    "speech": 'fill="#6b7480" stroke="none"',
}
_FONT = 'font-family="Noto Sans, DejaVu Sans, sans-serif"'


class Drawing:
    """Collects shapes and returns them as one inline `<svg>`.

    Args:
        width: in user units; the page scales the drawing to its column.
        height: in the same units.
        title: what the picture shows, in words, for readers who cannot see it.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" class="drawing"><title>{escape(safe_name(title))}</title>'
        )
        self._shapes: list[str] = []

    def rect(self, corner: Point, size: Point, style: str) -> None:
        """A rectangle from its upper left corner."""
        self._add(f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"', style)

    def line(self, start: Point, end: Point, style: str) -> None:
        """A straight line."""
        self._add(f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"', style)

    def path(self, points: Iterable[Point], style: str, closed: bool = False) -> None:
        """A polyline, or a polygon when closed."""
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if steps:
            self._add(f'<path d="M{steps}{"Z" if closed else ""}"', style)

    def dot(self, centre: Point, style: str, radius: float = 1.8) -> None:
        """A small circle."""
        self._add(f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:g}"', style)

    def pointer(self, tip: Point, style: str = "mark") -> None:
        """A small triangle that points down at `tip`."""
        x, y = tip
        self.path([(x - 4, y - 7), (x + 4, y - 7), (x, y)], style, closed=True)

    def text(self, at: Point, words: str, anchor: str = "start", size: float = 9, bold: bool = False) -> None:
        """One line of text; `anchor` is `start`, `middle` or `end`."""
        weight = ' font-weight="600"' if bold else ""
        self._shapes.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" font-size="{size:g}" {_FONT}{weight} '
            f'fill="#1b1f24" class="label">{escape(safe_name(words))}</text>'
        )

    def image(self, corner: Point, size: Point, source: str) -> None:
        """A raster stretched over a rectangle; `source` is a data URL."""
        self._shapes.append(
            f'<image x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
            f'preserveAspectRatio="none" image-rendering="crisp-edges" href="{escape(source)}"/>'
        )

    def render(self) -> Markup:
        """The finished drawing."""
        return Markup(self._head + "".join(self._shapes) + "</svg>")  # noqa: S704

    def _add(self, shape: str, style: str) -> None:
        self._shapes.append(f'{shape} {_STYLES[style]} class="{style}"/>')


def step_outline(edges: Sequence[float], heights: Sequence[float]) -> list[Point]:
    """Corner points of a histogram's outline, from its lower left to its lower right corner."""
    points: list[Point] = [(edges[0], 0.0)]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        points += [(left, height), (right, height)]
    return [*points, (edges[-1], 0.0)]
