"""``ai-usage serve``: the page of usage, live, for this machine alone."""

from __future__ import annotations

import click

from tracker.cli.commands.selecting import Chosen, choosing, fail
from tracker.cli.reports.html.page import page
from tracker.errors import ConfigurationError


@click.command()
@choosing
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="Where to listen; 0 is any port that is free.",
)
def serve(chosen: Chosen, port: int) -> None:
    """Show the page of "report --format html" at an address of this machine, as calls are stored.

    Only programs of this machine can reach it, and it changes nothing: it answers requests for
    the page and its data, which name that address themselves, and no others.  An open page
    asks every three seconds; what is stored is read again only if it changed (a DynamoDB table
    once a minute).

    \b
    Examples:
      ai-usage serve
      ai-usage serve --since 7d --port 0

    Exit status: 0 it was interrupted, 2 nothing can be read, the port is taken, or the
    command line is wrong.
    """
    from tracker.cli.reports.html.server import Live, server_of

    live = Live(chosen.source, chosen.selection)
    try:
        page("")  # whether all is there
        server = server_of(live, port)
    except ConfigurationError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot listen at port {port}: {error.strerror}. Name another one with --port")
    with server:
        state = chosen.source.state()
        packed, left_out = chosen.ask(live.made, whole=True)
        live.hold(packed, state)
        for told in left_out:
            click.echo(f"ai-usage: {told}", err=True)
        click.echo(f"ai-usage: {chosen.source.name} at http://127.0.0.1:{server.server_port}/")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            click.echo("ai-usage: stopped")
