"""``ai-usage export``: the records themselves, for other programs."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from tracker.cli.commands.report import finish
from tracker.cli.commands.selecting import Chosen, choosing, fail
from tracker.cli.reports.export import FORMATS, export_to
from tracker.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3


@click.command()
@choosing
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="parquet needs pyarrow (pip install 'ai-usage-suite[export]').",
)
@click.option(
    "--output",
    type=click.File("wb", lazy=True, atomic=True),
    default="-",
    help="The file to write, whole or not at all.  Default: standard output.",
)
def export(chosen: Chosen, form: str, output: IO[bytes]) -> None:
    """Write the records, one a row, in the order of time.

    JSONL is what the store of that kind has, and what --source jsonl reads.  In CSV costs are
    exact, and names that a program would take for formulas are set apart.  In Parquet times are
    timestamps and costs exact decimals.

    \b
    Examples:
      ai-usage export --format parquet --output usage.parquet --since 30d
      ai-usage export --format csv --where job=job-17 > job.csv

    Exit status: 0 something was written, 1 nothing was recorded, 2 nothing can be
    read or written, or the command line is wrong, 3 a part could not be read.
    """

    def work(file: sqlite3.Connection) -> int:
        return export_to(output, form, file, chosen.selection)

    try:
        written, left_out = chosen.ask(work, whole=True)
        output.flush()
    except ConfigurationError as error:
        fail(str(error))
    except click.FileError as error:
        fail(f"cannot write {error.ui_filename}: {error.message}")
    except OSError as error:
        fail(f"cannot write {output.name}: {error.strerror}")
    finish(left_out, is_empty=not written, place=chosen.source.name)
