"""The status as a text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click import style

from codemods.report.display import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.burndown.records import Cost, Money, Pace, Point, Row, Status

_WIDTH = 24
_MOST_COSTS = 20
_MOST_POINTS = 12
_HEADINGS = ("left", "ready", "refused", "contexts", "done")


def render(status: Status, *, coloured: bool = False) -> str:
    """Return the whole text; *coloured*, how far it is can be seen at once."""
    lines = list(_lines(status))
    if coloured:
        colour = "yellow" if status.whole.counts.legacy else "green"
        lines[:2] = (style(one, fg=colour) for one in lines[:2])
    return "\n".join(lines) + "\n"


def _lines(status: Status) -> Iterator[str]:
    whole = status.whole
    yield f"{_plural(whole.counts.legacy, 'legacy call')} left in {_plural(whole.files, 'file')}."
    yield _share_of(whole)
    if whole.counts.unread:
        yield f"Not counted: {_plural(whole.counts.unread, 'file')} that cannot be parsed."
    yield from _table("folder", status.folders)
    if status.owners:
        yield from _table("owner", status.owners)
    if whole.reasons:
        yield ""
        yield "Why sites are refused:"
        for reason, number in whole.reasons.items():
            yield f"  {number:>6}  {reason}"
    if status.history is not None:
        yield from _history(status.history, status.pace)
    if status.money is not None:
        yield from _money(status.money)


def _share_of(whole: Row) -> str:
    """Return how far it is, and what a migration would do now, as a sentence."""
    share = whole.counts.share
    done = f"{share:.0%} done" if share is not None else ""
    if whole.ready is None:
        return f"{_bar(share)}{done or 'Nothing to do'}."
    done += "; " if done else ""
    return (
        f"{_bar(share)}{done}migrate would rewrite {_plural(whole.ready, 'site')} now,"
        f" and {whole.refused} need a person."
    )


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    full = round(share * _WIDTH)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] "


def _table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    names = [line(row.name) for row in rows]
    width = max(map(len, [*names, title]), default=0)
    yield ""
    yield f"{title:<{width}}  " + "  ".join(f"{heading:>8}" for heading in _HEADINGS)
    for name, row in zip(names, rows, strict=True):
        share = row.counts.share
        done = "-" if share is None else f"{share:.0%}"
        figures = (row.counts.legacy, row.ready, row.refused, row.counts.contexts, done)
        shown = ("-" if figure is None else str(figure) for figure in figures)
        yield f"{name:<{width}}  " + "  ".join(f"{figure:>8}" for figure in shown)


def _history(points: Sequence[Point], pace: Pace | None) -> Iterator[str]:
    yield ""
    if not points:
        yield "No commit has touched legacy calls or contexts."
        return
    yield f"Since {points[0].when:%Y-%m-%d} ({_plural(len(points), 'commit')} changed the counts):"
    most = max(point.counts.legacy for point in points) or 1
    for point in _some(points):
        bar = "#" * round(point.counts.legacy / most * _WIDTH)
        left, contexts = point.counts.legacy, point.counts.contexts
        head = f"  {point.when:%Y-%m-%d}  {point.commit[:10]}"
        yield f"{head}  {left:>6} left  {contexts:>6} contexts  {bar}"
    if pace is None:
        return
    said = f"Over the last {_plural(pace.days, 'day')} {pace.a_week:.1f} a week have gone"
    if pace.done is not None:
        yield f"{said}: at that pace the last one goes about {pace.done:%Y-%m-%d}."
    else:
        yield f"{said}{'.' if not points[-1].counts.legacy else ': at that pace they do not go.'}"


def _some(points: Sequence[Point]) -> list[Point]:
    """Return a few of *points*, spread evenly, the first and the last among them."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    steps = _MOST_POINTS - 1
    return [points[round(step * (len(points) - 1) / steps)] for step in range(_MOST_POINTS)]


def _money(money: Money) -> Iterator[str]:
    yield ""
    yield "What the recorded calls of legacy places cost, by the ids that these set:"
    for cost in money.costs[:_MOST_COSTS]:
        unpriced = f"  ({cost.unpriced} without a price)" if cost.unpriced else ""
        yield f"{_cost(cost)}  {line(cost.place)}  {line(cost.ids)}{unpriced}"
    if len(money.costs) > _MOST_COSTS:
        yield f"  ... and {len(money.costs) - _MOST_COSTS} more; --format json has all"
    if money.unmatched.calls:
        yield f"{_cost(money.unmatched)}  of no place whose ids are written out"
    if money.unknown:
        number = _plural(len(money.unknown), "legacy call")
        yield f"  {number} compute all of their ids: nothing is known of what they cost."


def _cost(cost: Cost) -> str:
    return f"  {cost.dollars:>12,.4f} $  {_plural(cost.calls, 'call'):>12}"


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
