"""Options that all commands have which read stored usage: from where, and which calls."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tracker.cli.reports.columns import is_of_metadata
from tracker.cli.reports.render import NONE_GIVEN
from tracker.cli.reports.rows import (
    DIMENSIONS,
    EVERYTHING,
    METADATA,
    TIMES,
    Selection,
    is_dimension,
    moment,
)
from tracker.cli.reports.sources.source import SqliteSource
from tracker.config.folders import named
from tracker.environment_config import AIUsageEnvironmentConfig, Environment, table_for
from tracker.errors import AIUsageError, SinkError
from tracker.sinks.jsonl import LOG_FILE_VARIABLE
from tracker.sinks.sqlite.sink import default_database
from tracker.sinks.user_files import in_data_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.cli.reports.sources.source import Result, Source, Work

    _Option = Callable[[Callable[..., None]], Callable[..., None]]

FAILED = 2
#: Which option names the place of which source.
_PLACES = {"sqlite": "database", "jsonl": "file", "dynamodb": "table"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where usage is read, and which calls."""

    kind: str
    source: Source
    selection: Selection

    def ask(
        self, work: Work[Result], *dimensions: str, whole: bool = False
    ) -> tuple[Result, list[str]]:
        """Return what *work* makes of the records, and what is to be told of those left out.

        *dimensions* are those that it looks at.  Ends the command where nothing can be read.
        """
        names = (*dimensions, *(name for name, _ in self.selection.where))
        try:
            answer = self.source.ask(
                work, self.selection, whole=whole or any(map(is_of_metadata, names))
            )
        except FileNotFoundError:
            fail(self.missing())
        except SinkError as error:
            again = f". Name another file with --{_PLACES[self.kind]}"
            fail(f"{error}{'' if self.kind == 'dynamodb' else again}")
        except AIUsageError as error:
            fail(str(error))
        told = [none_of_ours(answer.unread, self.source.name)] if answer.unread else []
        return answer.found, [*told, *answer.told]

    def missing(self) -> str:
        """Return what is told where there is no such file."""
        place = {"sqlite": "database", "jsonl": "file"}[self.kind]
        variable = {"sqlite": "AI_USAGE_DATABASE", "jsonl": LOG_FILE_VARIABLE}[self.kind]
        return (
            f"there is no {place} {self.source.name}; nothing was recorded there yet, or the"
            f" programs run with another {variable}. Name the file with --{_PLACES[self.kind]}"
        )


def none_of_ours(number: int, place: str) -> str:
    """Return what is told of records that were left out."""
    return f"{number} records in {place} are none of this package's: not in these sums"


def fail(message: str) -> NoReturn:
    """End the command with *message* and status 2."""
    click.echo(f"ai-usage: {message}", err=True)
    sys.exit(FAILED)


def _moment(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> datetime | None:
    if given is None:
        return None
    try:
        return moment(given, datetime.now(UTC))
    except (ValueError, OverflowError):
        message = (
            "write a date (2026-11-20), a time (2026-11-20T08:00), or so long ago (12h, 7d, 4w)"
        )
        raise click.BadParameter(message, context, parameter) from None


def _where(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str | None], ...]:
    """Return the conditions ``dimension=value``; ``(none)`` is for calls without one."""
    found = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not is_dimension(name) or name in TIMES:
            names = ", ".join(name for name in DIMENSIONS if name not in TIMES)
            message = f"write FIELD=VALUE; FIELD is one of {names}, {METADATA}NAME"
            raise click.BadParameter(message, context, parameter)
        found.append((name, None if value == NONE_GIVEN else value))
    return tuple(found)


_SOURCES: tuple[_Option, ...] = (
    click.option(
        "--source",
        type=click.Choice(list(_PLACES)),
        default="sqlite",
        show_default=True,
        help="The store to read.",
    ),
    click.option(
        "--database",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The SQLite file.  Default: AI_USAGE_DATABASE, else the file in your data folder.",
    ),
    click.option(
        "--file",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"The JSONL file, or a tracker's log_file.  Default: {LOG_FILE_VARIABLE}, else the one"
        " in your data folder.",
    ),
    click.option(
        "--table",
        help="The DynamoDB table.  Default: that of --environment, or of ENVIRONMENT if it is all.",
    ),
)
_CALLS: tuple[_Option, ...] = (
    click.option("--days", type=click.IntRange(min=1), help="Only calls of the last so many days."),
    click.option(
        "--since",
        metavar="WHEN",
        callback=_moment,
        help="Only calls from then on: a date or time (UTC unless it says), or how long ago: 12h,"
        " 7d.",
    ),
    click.option("--until", metavar="WHEN", callback=_moment, help="Only calls before then."),
    click.option(
        "--where",
        metavar="FIELD=VALUE",
        multiple=True,
        callback=_where,
        help=f"Only calls with that; {NONE_GIVEN} for those without any (may be repeated).",
    ),
    click.option(
        "--environment",
        type=click.Choice(["all", *(environment.value for environment in Environment)]),
        default="all",
        show_default=True,
        help="Only calls made in this environment.",
    ),
)


def choosing_source(command: Callable[..., None]) -> Callable[..., None]:
    """As ``choosing``, of commands that choose the calls themselves."""
    return _choosing(command, _SOURCES)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options, and hand *command* what they say as its first argument, a ``Chosen``."""
    return _choosing(command, (*_SOURCES, *_CALLS))


def _choosing(command: Callable[..., None], options: Sequence[_Option]) -> Callable[..., None]:
    @functools.wraps(command)
    def with_choice(**given: Any) -> None:
        kind = given.pop("source")
        places = {option: given.pop(option) for option in _PLACES.values()}
        for option, place in places.items():
            if place is not None and option != _PLACES[kind]:
                raise click.UsageError(f"--{option} does not belong to --source {kind}.")
        calls = ("days", "since", "until", "where", "environment")
        told = {name: given.pop(name) for name in calls if name in given}
        selection = _selection(**told) if told else EVERYTHING
        source = _source(kind, places[_PLACES[kind]], selection.environment)
        command(Chosen(kind, source, selection), **given)

    chosen: Callable[..., None] = with_choice
    for option in reversed(options):
        chosen = option(chosen)
    return chosen


def _selection(
    days: int | None,
    since: datetime | None,
    until: datetime | None,
    where: tuple[tuple[str, str | None], ...],
    environment: str,
) -> Selection:
    if days is not None and since is not None:
        raise click.UsageError("--days and --since say the same: name one of them.")
    if days is not None:
        since = datetime.now(UTC) - timedelta(days=days)
    if since is not None and until is not None and until <= since:
        told = f"{until:%Y-%m-%d %H:%M} UTC is not behind {since:%Y-%m-%d %H:%M} UTC"
        raise click.UsageError(f"--until names the moment before which calls are taken: {told}.")
    return Selection(since, until, None if environment == "all" else environment, where)


def _source(kind: str, place: Any, environment: str | None) -> Source:
    if kind == "sqlite":
        return SqliteSource(place or default_database())
    if kind == "jsonl":
        from tracker.cli.reports.sources.jsonl import JsonlSource

        return JsonlSource(place or _log_file())
    from tracker.cli.reports.sources.dynamodb import DynamoSource

    try:
        config = AIUsageEnvironmentConfig.get_config(environment)
        return DynamoSource(table_for(place, config, validate=environment is not None))
    except AIUsageError as error:
        fail(str(error))


def _log_file() -> Path:
    given = os.environ.get(LOG_FILE_VARIABLE, "").strip()
    return named(given) if given else in_data_folder("usage.jsonl")
