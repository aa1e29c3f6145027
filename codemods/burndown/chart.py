"""The chart of the way there: what is left after each commit, as a step line over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.burndown.records import Point

_WIDTH, _HEIGHT = 960, 300
_BESIDE, _ABOVE, _BELOW = 52, 16, 30
_LINES = 4
_STEPS = (1, 2, 5)
#: More steps than this many are no longer seen apart.
_MOST_POINTS = 1500


def chart(points: Sequence[Point]) -> str:
    """Return the chart as SVG with its key, or a sentence where there is nothing to draw."""
    if not points:
        return "<p>No commit has touched legacy calls or contexts.</p>"
    shown = _thinned(points)
    most = max(max(p.counts.legacy, p.counts.contexts) for p in shown)
    top = _round_up(max(most, 1))
    x, y = _scales(shown, top)
    left = _steps([(x(p), y(p.counts.legacy)) for p in shown])
    contexts = _steps([(x(p), y(p.counts.contexts)) for p in shown])
    begin, end = x(shown[0]), _WIDTH - 8
    first, last = shown[0], shown[-1]
    said = (
        f"Legacy calls from {first.counts.legacy} on {first.when:%Y-%m-%d}"
        f" to {last.counts.legacy} on {last.when:%Y-%m-%d};"
        f" contexts from {first.counts.contexts} to {last.counts.contexts}"
    )
    return (
        '<p><span class="key">legacy calls</span><span class="key is-done">contexts</span></p>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}">'
        f"{_grid(top, y)}"
        f'<path class="below" d="{left} L{end:.1f},{y(0):.1f} L{begin:.1f},{y(0):.1f} Z"/>'
        f'<path class="left" d="{left}"/><path class="contexts" d="{contexts}"/>'
        f'<text x="{_BESIDE}" y="{_HEIGHT - 8}">{first.when:%Y-%m-%d}</text>'
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 8}" text-anchor="end">{last.when:%Y-%m-%d}</text>'
        "</svg>"
    )


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    if len(points) <= _MOST_POINTS:
        return points
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(index * step)] for index in range(_MOST_POINTS)]


def _scales(
    points: Sequence[Point], top: int
) -> tuple[Callable[[Point], float], Callable[[int], float]]:
    """Return where a point lies from the left, and a number from the top."""
    start = points[0].when
    span = (max(p.when for p in points) - start).total_seconds() or 1.0
    width, height = _WIDTH - 8 - _BESIDE, _HEIGHT - _ABOVE - _BELOW

    def x(point: Point) -> float:
        # Commits may be dated before the one that they follow.
        share = max(0.0, (point.when - start).total_seconds() / span)
        return _BESIDE + width * share

    def y(number: int) -> float:
        return _ABOVE + height * (1 - number / top)

    return x, y


def _steps(places: Sequence[tuple[float, float]]) -> str:
    """Return a line that keeps its height up to the next place: counts change with a commit."""
    (x, y), *others = places
    path = [f"M{x:.1f},{y:.1f}"]
    for x, y in others:
        path.append(f"H{x:.1f}V{y:.1f}")
    path.append(f"H{_WIDTH - 8:.1f}")
    return "".join(path)


def _grid(top: int, y: Callable[[int], float]) -> str:
    drawn = []
    for index in range(_LINES + 1):
        number = top * index // _LINES
        height = y(number)
        drawn.append(
            f'<line class="grid" x1="{_BESIDE}" x2="{_WIDTH - 8}" y1="{height:.1f}"'
            f' y2="{height:.1f}"/>'
            f'<text x="{_BESIDE - 8}" y="{height + 4:.1f}" text-anchor="end">{number:,}</text>'
        )
    return "".join(drawn)


def _round_up(number: int) -> int:
    """Return the next number that divides into even lines: 4, 8, 20, 40, 80, 200 ..."""
    power = _LINES
    while True:
        for step in _STEPS:
            if number <= power * step:
                return power * step
        power *= 10
