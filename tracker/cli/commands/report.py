"""``ai-usage report``: what was recorded, and what it cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tracker.cli.commands.selecting import choosing, fail, none_of_ours
from tracker.cli.reports.query import latencies_of, usage_of
from tracker.cli.reports.render import FORMATS, render
from tracker.cli.reports.rows import DIMENSIONS, METADATA, Row, first, is_dimension
from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3

    from tracker.cli.commands.selecting import Chosen
    from tracker.cli.reports.query import Latencies

HTML = "html"
NOTHING_RECORDED = 1
PARTLY_READ = 3


def _dimensions(context: click.Context, parameter: click.Parameter, given: str) -> tuple[str, ...]:
    """Return the dimensions in ``day,model``."""
    names = tuple(name.strip() for name in given.split(","))
    for name in names:
        if not is_dimension(name):
            message = f"{name!r} is none of {', '.join(DIMENSIONS)}, {METADATA}NAME"
            raise click.BadParameter(message, context, parameter)
    if len(set(names)) < len(names):
        raise click.BadParameter("each of them once", context, parameter)
    return names


@click.command()
@choosing
@click.option(
    "--by",
    "dimensions",
    metavar="FIELD[,FIELD...]",
    callback=_dimensions,
    default="operation_type",
    show_default=True,
    help=f"What to sum by: {', '.join(DIMENSIONS)} (times are in UTC), or {METADATA}NAME for a"
    " field of the metadata.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, HTML]),
    default="table",
    show_default=True,
    help="How to print it.  JSON keeps costs exact, as strings; html is a page that loads nothing.",
)
@click.option(
    "--latency",
    is_flag=True,
    help="Tell in how many milliseconds half of the calls ended (p50_ms), and 95 of 100 (p95_ms).",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Only the dearest rows; what the others are together stands below them.",
)
@click.pass_context
def report(
    context: click.Context,
    chosen: Chosen,
    dimensions: tuple[str, ...],
    form: str,
    latency: bool,
    top: int | None,
) -> None:
    """Print calls, tokens and cost, summed by one field or several, dearest first.

    By a time first, the rows are in the order of time.  Costs are in US dollars, and "share" is
    the part of all of them.  Calls without a known price are counted as "unpriced" and are not
    part of the cost.  "errors" are calls that failed, and "error_rate" is their part of the
    calls; --by error names the failures.  "cached_share" is the part of the input tokens that
    came from a provider's cache.

    \b
    Examples:
      ai-usage report --by day,model --since 7d
      ai-usage report --by user --where environment=production --top 10
      ai-usage report --by model,metadata.stage --latency
      ai-usage report --by month,job --since 2026-01-01 --until 2026-07-01 --format csv
      ai-usage report --since 90d --format html > usage.html

    Rows that this package did not write, and broken files that were set aside, are
    no part of the sums; how many there are is said.

    Exit status: 0 there is something to show, 1 nothing was recorded, 2 the
    file or table is missing or cannot be read, or the command line is wrong,
    3 a part of what is there could not be read.
    """
    if form == HTML:
        _check_for_page(context)
        return _show_page(chosen)

    def work(file: sqlite3.Connection) -> tuple[list[Row], int, Latencies | None]:
        rows, unread = usage_of(file, dimensions, chosen.selection)
        if not latency:
            return rows, unread, None
        took = latencies_of(file, dimensions, chosen.selection)
        return rows, unread, took | latencies_of(file, (), chosen.selection)

    (rows, unread, took), left_out = chosen.ask(work, *dimensions)
    if unread:
        left_out.insert(0, none_of_ours(unread, chosen.source.name))
    click.echo(render(first(rows, top, dimensions), dimensions, form, took), nl=False)
    return finish(left_out, is_empty=not rows, place=chosen.source.name)


def _check_for_page(context: click.Context) -> None:
    """A page has all dimensions and figures: what chooses some of them would do nothing."""
    for name, option in (("dimensions", "--by"), ("latency", "--latency"), ("top", "--top")):
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(
                f"{option} does not belong to --format {HTML}, which has it all."
            )


def _show_page(chosen: Chosen) -> None:
    from tracker.cli.reports.html.data import data_of
    from tracker.cli.reports.html.page import page

    def work(file: sqlite3.Connection) -> tuple[str, int, int]:
        return data_of(file, chosen.selection, chosen.source.name)

    try:
        page("")  # before all is read: is what draws it there?
        (packed, calls, unread), left_out = chosen.ask(work, whole=True)
        click.echo(page(packed), nl=False)
    except ConfigurationError as error:
        fail(str(error))
    if unread:
        left_out.insert(0, none_of_ours(unread, chosen.source.name))
    finish(left_out, is_empty=not calls, place=chosen.source.name)


def finish(left_out: list[str], *, is_empty: bool, place: str) -> None:
    """Tell what was left out, and end with the status that says so."""
    for told in left_out:
        click.echo(f"ai-usage: {told}", err=True)
    if left_out:
        sys.exit(PARTLY_READ)
    if is_empty:
        click.echo(f"ai-usage: nothing recorded in {place} for this selection", err=True)
        sys.exit(NOTHING_RECORDED)
