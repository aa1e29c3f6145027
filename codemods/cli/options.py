"""Options that several commands have, with one help text each."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, TypeVar

import click

from codemods.model.options import Shard

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def shard(context: click.Context, parameter: click.Parameter, given: str | None) -> Shard | None:
    """Return the part of a run that ``K/N`` stands for."""
    if given is None:
        return None
    number, _, count = given.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        message = "write K/N, as 2/5 for the second of five parts"
        raise click.BadParameter(message, context, parameter)
    return Shard(int(number), int(count))


def cluster(context: click.Context, parameter: click.Parameter, given: str | None) -> str:
    """Return the address in ``dask=ADDRESS``."""
    if given is None:
        return ""
    kind, _, address = given.partition("=")
    if kind != "dask" or not address:
        message = "write dask=ADDRESS, as dask=tcp://10.0.0.1:8786"
        raise click.BadParameter(message, context, parameter)
    from importlib.util import find_spec  # only now: it is slow to load

    if find_spec("distributed") is None:
        message = "it needs an extra: pip install 'ai-usage-suite[distributed]'"
        raise click.BadParameter(message, context, parameter)
    return address


_WORK = (
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        help="Worker processes (by default as many as there is work for).",
    ),
    click.option(
        "--executor",
        "cluster",
        metavar="dask=ADDRESS",
        callback=cluster,
        help="Work on a Dask cluster that sees the same files (extra: distributed).",
    ),
    click.option(
        "--shard",
        metavar="K/N",
        callback=shard,
        help="Decide on the K-th of N parts of the files; codemods.merge joins the JSON reports.",
    ),
    click.option(
        "--force-exclude", is_flag=True, help="Let `exclude` count for files that are named, too."
    ),
)


def working(command: F) -> F:
    """Add the options that say who does the work, and on which files."""
    return reduce(lambda made, option: option(made), reversed(_WORK), command)
