"""Runs that remember: the cache that the command line names, and what is done with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from codemods.cache.replay import LEAST_FILES
from codemods.cli import execution
from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.cache.memory import Memory
    from codemods.model.options import Options
    from codemods.model.outcome import RunReport


def cleans_only(options: Options) -> bool:
    """Remove the cache if that is asked for; whether nothing else is.  Raises ClickException."""
    if not options.clean_cache:
        return False
    from codemods.cache.memory import place_of
    from codemods.cache.store import Store

    place = place_of(options)
    try:
        count = Store(place).clean() if place is not None else 0
    except OSError as error:
        import click

        raise click.ClickException(display.line(f"{place}: {error}")) from None
    if not options.paths:
        execution.say(f"{place or 'No project is here'}: {count} records removed.")
    return not options.paths


def report_of(
    given: execution.Pipeline | None,
    real: Callable[[], Callable[..., RunReport]],
    options: Options,
    memory: Memory | None,
    *,
    again: bool = False,
) -> RunReport:
    """Return the report of the pipeline *given*, else of the *real* one, which may remember.

    It reads no file that is known to have no work in it; with *again* it does nothing twice.
    """
    execution.require_paths(options.paths)
    known = memory.replayed() if memory is not None and again else None
    if known is not None:
        return known
    config = execution.load_config(options)
    if memory is None:
        return execution.run_pipeline(given or real(), options, config)
    pipeline = partial(real(), memory=memory)
    report = execution.run_pipeline(pipeline, options, config, memory.walked)
    memory.keep(report, excludes=config.leaves_out)
    return report


def _names_few(options: Options) -> bool:
    """Whether only files are named, and so few that nothing is kept of them."""
    paths = options.paths
    return len(paths) < LEAST_FILES and all((options.cwd / path).is_file() for path in paths)


def memory_of(options: Options, command: str) -> Memory | None:
    """Return what runs like this one remember; None where they do not."""
    if not options.paths or not options.use_cache or options.cluster or _names_few(options):
        return None
    from codemods.cache.memory import Memory, place_of

    place = place_of(options)
    return Memory(place, options, command) if place is not None else None
