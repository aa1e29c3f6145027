"""``ai-usage compare``: what providers say that was used and paid, beside what was recorded."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.commands.selecting import Chosen, choosing_source, fail
from tracker.cli.reports.invoice.comparison import Verdict, compared, period
from tracker.cli.reports.invoice.line import InvoiceError
from tracker.cli.reports.invoice.reading import Invoice, read_invoice
from tracker.cli.reports.render import FORMATS, Record, render_records

if TYPE_CHECKING:
    from tracker.cli.reports.invoice.comparison import Pair, Side

THEY_PART = 1
_HEAD = (
    *("day", "provider", "model", "their_cost_usd", "our_cost_usd", "difference_usd"),
    *("their_input_tokens", "our_input_tokens", "their_output_tokens", "our_output_tokens"),
    *("their_calls", "our_calls", "verdict"),
)


@click.command()
@choosing_source
@click.option(
    "--invoice",
    "invoices",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    required=True,
    help="An export of usage or costs, CSV or JSON (may be repeated: usage and costs of the same"
    " days, or pages).",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help="Percent by which both sides may differ and are still the same.",
)
@click.option("--all", "everything", is_flag=True, help="Show days and models that agree, too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="How to print it.  JSON keeps costs exact, as strings.",
)
def compare(
    chosen: Chosen, invoices: tuple[Path, ...], tolerance: float, everything: bool, form: str
) -> None:
    """Compare with exports of OpenAI or Anthropic, by day (UTC) and model: where they part.

    Of OpenAI: what its usage and costs endpoints answer (grouped by line_item, or by model), and
    the CSV files of its dashboard.  Of Anthropic: what its usage and cost reports answer (grouped
    by model or description), and the CSV files of its console.  Ours are the calls of those days
    and providers.  Snapshots of a model are one model.

    \b
    The verdicts:
      not recorded here       calls past this package, by another program or a key of its own
      not in the invoice      another organisation pays, or the export leaves something out
      tokens differ           some of the calls are missing on one side
      some have no price here see them with ai-usage unpriced
      booked at batch prices, billed in full
                              a batch context around ordinary calls
      prices differ           the same tokens, another price

    \b
    Examples:
      ai-usage compare --invoice costs.csv
      ai-usage compare --invoice usage.json --invoice costs.json --all --tolerance 0.5

    Exit status: 0 both sides say the same, 1 they part, 2 a file is missing or cannot be
    understood, or the command line is wrong.
    """
    invoice = Invoice()
    try:
        for path in invoices:
            read_invoice(path, invoice)
        chosen = Chosen(chosen.kind, chosen.source, period(invoice))
    except InvoiceError as error:
        fail(str(error))
    part = Decimal(str(tolerance)) / 100
    pairs, left_out = chosen.ask(lambda file: compared(file, invoice, part))
    parted = [pair for pair in pairs if pair.verdict is not Verdict.SAME]
    shown = pairs if everything else parted
    if shown or form != "table":
        click.echo(
            render_records(
                [_record(pair) for pair in shown], _HEAD, form, left=3, texts=("verdict",)
            ),
            nl=False,
        )
    for told in left_out:
        click.echo(f"ai-usage: {told}", err=True)
    click.echo(f"ai-usage: {_summary(pairs, parted)}", err=True)
    if parted:
        sys.exit(THEY_PART)


def _summary(pairs: list[Pair], parted: list[Pair]) -> str:
    theirs = sum((pair.theirs.cost or Decimal() for pair in pairs if pair.theirs), Decimal())
    ours = sum((pair.ours.cost or Decimal() for pair in pairs if pair.ours), Decimal())
    told = f"they say ${theirs:,.2f}, and we ${ours:,.2f}"
    if not parted:
        return f"both sides say the same of {len(pairs)} days and models; {told}"
    return f"{len(parted)} of {len(pairs)} days and models differ; {told}"


def _record(pair: Pair) -> Record:
    theirs, ours = pair.theirs, pair.ours
    costs = _of(theirs, "cost"), _of(ours, "cost")
    record: Record = {"day": pair.day, "provider": pair.provider, "model": pair.model}
    record |= {"their_cost_usd": costs[0], "our_cost_usd": costs[1], "difference_usd": None}
    if isinstance(costs[0], Decimal):
        mine = costs[1] if isinstance(costs[1], Decimal) else Decimal()
        record["difference_usd"] = mine - costs[0]
    for name in ("input_tokens", "output_tokens", "calls"):
        record |= {f"their_{name}": _of(theirs, name), f"our_{name}": _of(ours, name)}
    return {**record, "verdict": str(pair.verdict)}


def _of(side: Side | None, name: str) -> object:
    return None if side is None else getattr(side, name)
