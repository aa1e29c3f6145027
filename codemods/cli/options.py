"""Options that several commands have, and how the command line becomes a record.

A new one is an option here, a field of ``Options`` under the same name, and the code that reads it.
"""

from __future__ import annotations

from functools import partial, reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from codemods.cli import completing, execution
from codemods.model.options import DOCSTRINGS, KINDS, Options, Output, Shard
from codemods.report.formats import DEFAULT, FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., object]")


class Choice(click.Choice):  # type: ignore[type-arg]
    """One of several words; what is none of them is told with the nearest one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word that *value* is."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            from codemods.model.rules import nearest  # only now: most runs make no mistake

            said = f"{error.message}{nearest(str(value), map(str, self.choices))}"
            raise click.BadParameter(said, ctx, param) from None


def named_paths(
    context: click.Context, parameter: click.Parameter, given: Sequence[str]
) -> tuple[Path, ...]:
    """Return the PATHs of the command line.

    An empty one is refused: it is an unset variable of a script, and would
    otherwise stand for the current folder and rewrite all that is in it.
    """
    if "" in given:
        message = "an empty PATH names nothing; write `.` for this folder"
        raise click.BadParameter(message, context, parameter)
    return tuple(map(Path, given))


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


def reports(
    context: click.Context, parameter: click.Parameter, given: Sequence[str]
) -> tuple[Output, ...]:
    """Return the reports that are asked for beside the one of ``--format``."""
    if not given:
        return ()
    from codemods.cli.publishing import outputs  # only now: most runs have none

    return outputs(context, parameter, given)


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
        "--include",
        multiple=True,
        type=Choice([*KINDS, DOCSTRINGS]),
        help="Look at code in these documents, or in docstrings, too (may be repeated).",
    ),
    click.option(
        "--force-exclude", is_flag=True, help="Let `exclude` count for files that are named, too."
    ),
)

_SHARDS = (
    click.option(
        "--shard",
        metavar="K/N",
        callback=shard,
        help="Decide on the K-th of N parts of the files; codemods.merge joins the JSON reports.",
    ),
)

_READ = (
    click.option(
        "--stdin-filename",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="With the PATH `-`: the file that the text on standard input stands for.",
    ),
)

_CACHE = (
    click.option(
        "--cache/--no-cache",
        "use_cache",
        default=True,
        help="Use and keep what earlier runs learned of files (the default), or do not.",
    ),
    click.option(
        "--cache-dir",
        type=click.Path(path_type=Path),
        envvar="AI_USAGE_CACHE_DIR",
        help="Its folder ($AI_USAGE_CACHE_DIR, else .ai_usage_cache in the project).",
    ),
    click.option(
        "--clean-cache", is_flag=True, help="Remove the cache first; without a PATH, do no more."
    ),
)


def working(command: F) -> F:
    """Add the options that say who does the work, and on which files."""
    return _with(_WORK, command)


def sharing(command: F) -> F:
    """Add the option that parts a run."""
    return _with(_SHARDS, command)


def reading(command: F) -> F:
    """Add the option that names what is read from standard input."""
    return _with(_READ, command)


def remembering(command: F) -> F:
    """Add the options that say whether, and where, a run remembers what it learned."""
    return _with(_CACHE, command)


def reporting(*, quiet: str, shown: str = "report") -> Callable[[F], F]:
    """Return what adds the options that say how the report is *shown*; *quiet* is help."""
    options = (
        telling(quiet),
        click.option(
            "--statistics", is_flag=True, help=f"Print counts of the rules, and no {shown}."
        ),
        click.option(
            "--format",
            "report_format",
            type=Choice(list(FORMATS)),
            help=f"How to print the {shown} ({DEFAULT} by default).",
        ),
        click.option(
            "--report",
            "reports",
            metavar="NAME[=FILE]",
            multiple=True,
            callback=reports,
            shell_complete=completing.reports,
            help="Report in this format, too: NAME is one of --format, FILE where it goes, else it"
            " is printed (may be repeated).",
        ),
    )
    return partial(_with, options)


_CONFIGURATION = (
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The pyproject.toml that holds for all files (by default the nearest one above each).",
    ),
    click.option("--show-settings", is_flag=True, help="Print what holds for PATH; no more."),
    click.option("--show-files", is_flag=True, help="Print what would be looked at; no more."),
)


def configuring(command: F) -> F:
    """Add the options that say which configuration holds, and show what it comes to."""
    return _with(_CONFIGURATION, command)


def named(metavar: str) -> Callable[[F], F]:
    """Return what adds the files and folders that a command is given, and its version."""
    options = (
        click.argument(
            "paths",
            nargs=-1,
            metavar=metavar,
            callback=named_paths,
            shell_complete=completing.files,
        ),
        click.option(
            "--version",
            "-V",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Print the version, and do no more.",
        ),
    )
    return partial(_with, options)


def telling(quiet: str) -> Callable[[F], F]:
    """Return what adds the options that say how much is told, and in which colours."""
    options = (
        click.option("--quiet", "-q", is_flag=True, help=quiet),
        click.option(
            "--verbose",
            "-v",
            is_flag=True,
            help="Say also which configuration the run goes by, and how many files it found.",
        ),
        click.option(
            "--color/--no-color", "colour", default=None, help="Colours (auto by default)."
        ),
    )
    return partial(_with, options)


_DISTRIBUTION = "ai-usage-suite"


def version_told() -> str:
    """Return the line that tells the version."""
    from importlib.metadata import PackageNotFoundError, version  # only now: it is slow to load

    try:
        return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"
    except PackageNotFoundError:
        return f"{_DISTRIBUTION}, which is not installed here: a checkout"


def _version(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    del parameter
    if given and not context.resilient_parsing:
        execution.say(version_told())
        context.exit()


def _with(options: Sequence[Callable[[F], F]], command: F) -> F:
    return reduce(lambda made, option: option(made), reversed(options), command)


def into_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give *command* its Options: each parameter of the command line that is a field of theirs.

    The others are handed on under their own names, behind what the command was made with; so no
    record for one of the commands has a field that is called as one of Options.
    """
    names = {*Options.__match_args__}

    @wraps(command)
    def run(made_with: object, **given: Any) -> int:
        known = {name: given.pop(name) for name in names & given.keys()}
        options = Options(cwd=Path.cwd(), **known)
        _refuse_contradictions(options)
        execution.printed_formats(options)  # what contradicts is refused before anything is done
        return command(made_with, options, **given)

    return run


def _refuse_contradictions(options: Options) -> None:
    """Refuse what no command can do together; raises UsageError."""
    asked = click.get_current_context().get_parameter_source
    both = (
        (options.quiet and options.verbose, "--quiet says less, and --verbose more."),
        (
            options.show_settings and options.show_files,
            "--show-settings and --show-files each print one thing.",
        ),
        (
            not options.use_cache and asked("cache_dir") is ParameterSource.COMMANDLINE,
            "--cache-dir says where a cache is, and --no-cache that there is none.",
        ),
        (
            bool(options.cluster) and options.jobs is not None and options.jobs > 1,
            "--jobs counts processes of this machine, and --executor works on others.",
        ),
    )
    for is_given, message in both:
        if is_given:
            raise click.UsageError(f"{message} Choose one.")
