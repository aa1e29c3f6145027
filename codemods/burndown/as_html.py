"""The status as one page that needs nothing else: a chart of the way there, and the tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from codemods.burndown.chart import chart
from codemods.report.display import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.burndown.records import Money, Pace, Row, Status

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Migration status</title>
<style>
:root {{
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1f23; --soft: #5b636e; --line: #e2e4e8;
  --left: #b4540a; --done: #1f6f54; --area: #b4540a22; --track: #ececef;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #14161a; --card: #1c1f25; --ink: #e8eaed; --soft: #a4adb8; --line: #30343c;
    --left: #f0a057; --done: #6cc5a1; --area: #f0a05722; --track: #2b2f37;
  }}
}}
* {{ box-sizing: border-box; }}
body {{
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}}
h1 {{ font-size: 1.6rem; margin: 0 0 .25rem; letter-spacing: -.01em; }}
h2 {{ font-size: 1.05rem; margin: 2.5rem 0 .75rem; }}
p {{ margin: .25rem 0; color: var(--soft); }}
.figures {{ display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; }}
.figure {{
  flex: 1 1 9rem; padding: 1rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem;
}}
.figure b {{ display: block; font-size: 1.7rem; font-weight: 600; line-height: 1.2; }}
.figure span {{ color: var(--soft); font-size: .9rem; }}
.wide {{ overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; }}
table {{ width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .5rem .9rem; text-align: right; border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child {{ text-align: left; overflow-wrap: anywhere; }}
tr:last-child td {{ border-bottom: 0; }}
thead th {{ color: var(--soft); font-weight: 500; font-size: .88rem; }}
.bar {{ display: inline-block; width: 5rem; height: .5rem; border-radius: .25rem;
  background: var(--track); vertical-align: middle; margin-right: .6rem; }}
.share {{ display: inline-block; min-width: 2.9rem; }}
.bar i {{ display: block; height: 100%; border-radius: .25rem; background: var(--done); }}
svg {{ display: block; width: 100%; height: auto; }}
svg text {{ fill: var(--soft); font-size: 12px; }}
.grid {{ stroke: var(--line); }}
.left {{ stroke: var(--left); fill: none; stroke-width: 2; }}
.below {{ fill: var(--area); }}
.contexts {{ stroke: var(--done); fill: none; stroke-width: 2; stroke-dasharray: 5 3; }}
.key {{ display: inline-block; margin-right: 1.25rem; }}
.key::before {{ content: ""; display: inline-block; width: 1.1rem; margin-right: .45rem;
  vertical-align: middle; border-top: 2px solid var(--left); }}
.key.is-done::before {{ border-top: 2px dashed var(--done); }}
@media print {{ body {{ background: none; padding: 0; }} }}
</style>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""
_MOST_COSTS = 100


def render(status: Status) -> str:
    """Return the whole page."""
    return _PAGE.format(content="\n".join(_parts(status)))


def _parts(status: Status) -> Iterator[str]:
    whole = status.whole
    yield "<h1>From legacy calls to contexts</h1>"
    yield "<p>What is left, what a migration would do today, and what has taken its place.</p>"
    share = whole.counts.share
    figures = (
        (f"{whole.counts.legacy:,}", "legacy calls left"),
        (_number(whole.ready), "sites ready to rewrite"),
        (_number(whole.refused), "sites that need a person"),
        ("-" if share is None else f"{share:.0%}", f"done: {whole.counts.contexts:,} contexts"),
    )
    cells = "".join(f'<div class="figure"><b>{b}</b><span>{s}</span></div>' for b, s in figures)
    yield f'<div class="figures">{cells}</div>'
    if whole.counts.unread:
        yield f"<p>{whole.counts.unread:,} files that cannot be parsed are not counted.</p>"
    if status.history is not None:
        yield "<h2>Over time</h2>"
        yield chart(status.history)
        yield f"<p>{escape(_pace(status.pace))}</p>"
    yield from _table("Folders", status.folders)
    if status.owners:
        yield from _table("Owners", status.owners)
    if whole.reasons:
        yield "<h2>Why sites are refused</h2>"
        rows = ((escape(reason), f"{number:,}") for reason, number in whole.reasons.items())
        yield _rows(("Reason", "Sites"), rows)
    if status.money is not None:
        yield from _money(status.money)


def _pace(pace: Pace | None) -> str:
    if pace is None:
        return "The history is too short for an estimate."
    said = f"Over the last {pace.days} days {pace.a_week:.1f} a week have gone."
    if pace.done is not None:
        said += f" At that pace the last one goes about {pace.done:%Y-%m-%d}."
    return said


def _table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    heads = (title.removesuffix("s"), "Left", "Ready", "Refused", "Contexts", "Done")
    cells = (
        (
            escape(line(row.name)),
            f"{row.counts.legacy:,}",
            _number(row.ready),
            _number(row.refused),
            f"{row.counts.contexts:,}",
            _done(row.counts.share),
        )
        for row in rows
    )
    yield _rows(heads, cells)


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _done(share: float | None) -> str:
    if share is None:
        return "-"
    bar = f'<span class="bar"><i style="width: {share:.0%}"></i></span>'
    return f'{bar}<span class="share">{share:.0%}</span>'


def _money(money: Money) -> Iterator[str]:
    yield "<h2>What legacy places cost</h2>"
    yield "<p>Recorded calls with the ids that the text of a place has.</p>"
    shown = (
        (
            f"<code>{escape(line(cost.place))}</code><br>{escape(line(cost.ids))}",
            f"{cost.calls:,}",
            f"{cost.unpriced:,}",
            f"${cost.dollars:,.4f}",
        )
        for cost in money.costs[:_MOST_COSTS]
    )
    yield _rows(("Place", "Calls", "Unpriced", "Cost"), shown)
    rest = money.unmatched
    yield (
        f"<p>Calls of no place whose ids are written out: {rest.calls:,}, ${rest.dollars:,.4f}."
        f" Places that compute all of their ids: {len(money.unknown):,}.</p>"
    )


def _rows(heads: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a table; what is in *rows* is HTML."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    label = escape(heads[0])
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{table}</div>'
