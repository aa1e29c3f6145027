"""What the two commands share: options into records, files found, reports printed, statuses.

libcst, the pipeline and click are imported only by what needs them, so that
``--help`` and a run that finds nothing stay quick.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codemods.cli import completing
from codemods.cli.around import Tree
from codemods.cli.progress import Line
from codemods.model.frozen import replace
from codemods.project.config import ConfigError, Tables
from codemods.project.discovery import DiscoveredFile, discover
from codemods.report import display
from codemods.report.formats import DEFAULT, LOGS, Look, rendered
from codemods.report.status import FAILED, exit_status
from codemods.runner.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import click

    from codemods.model.options import Configuration, Options
    from codemods.model.outcome import Failed, RunReport
    from codemods.model.progress import Progress
    from codemods.project.walked import Walked

INTERRUPTED = 130
CLOSED_PIPE = 141
_ALLOCATIONS = 500_000
#: The formats in which there are counts of findings, too.
_COUNTED = frozenset({DEFAULT, "json"})


class Pipeline(Protocol):
    """The middle of a run: from files to a report, nothing written."""

    def __call__(
        self,
        options: Options,
        config: Configuration,
        files: Iterable[DiscoveredFile | Failed],
        progress: Progress | None,
    ) -> RunReport:
        """Return the report; *progress* is told how far it is."""


def execute(command: click.Command, name: str, arguments: Sequence[str], pipeline: object) -> int:
    """Run *command* and return its exit status; whatever happens, no traceback.

    2 for wrong usage and for what the operating system refuses, 130 after
    Ctrl-C, 141 if the reader of the output went away.
    """

    def run() -> int:
        asked = completing.instruction_for(name)
        if asked is not None:
            return completing.complete(command, name, asked)
        with command.make_context(name, list(arguments), obj=pipeline) as context:
            return int(command.invoke(context))

    return ended(run)


def ended(run: Callable[[], int]) -> int:
    """Return the exit status of *run*; statuses of what goes wrong are those of ``execute``."""
    if sys.stdout is not None:  # names of files may hold what the terminal cannot show
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        with _rare_collection(), warnings.catch_warnings():
            # What the interpreter thinks of the code that is read is not a tool's to tell; where
            # warnings are errors, valid code would be invalid.
            warnings.simplefilter("ignore")
            status = run()
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except (KeyboardInterrupt, OSError) as error:
        return ended_by(error)
    except _errors_of_click() as error:
        return _status_of(error)


def _errors_of_click() -> tuple[type[Exception], ...]:
    """Return what click raises; loaded when something was raised."""
    import click

    return click.exceptions.Exit, click.ClickException, click.Abort


def _status_of(error: Exception) -> int:
    import click

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        _show(error)
        return FAILED
    return ended_by(error)


def ended_by(error: BaseException) -> int:
    """Say why *error* ended the run, and return its exit status."""
    if isinstance(error, BrokenPipeError):
        _let_go_of_stdout()
        return CLOSED_PIPE
    if isinstance(error, OSError):
        say(f"Error: {display.line(str(error))}", err=True)
        _let_go_of_stdout()
        return FAILED
    say("\nInterrupted. If files were written already, --undo puts them back.", err=True)
    return INTERRUPTED


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Have the interpreter look for circles among objects rarely: trees stay for the whole run.

    What is left at the end goes with the process: to take it apart is a fifteenth of a run.
    """
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def say(text: str, *, err: bool = False) -> None:
    """Print *text*, which may name anything that is in a tree, and a line break."""
    import click

    click.echo(display.lines(text), err=err)


def show_at_once(text: str, *, colour: bool) -> None:
    """Print *text*, in which ``display`` has already shown all names, before anything is asked."""
    _echo(text, colour=colour)
    if sys.stdout is not None:
        sys.stdout.flush()


def show_lines(text: str, *, colour: bool) -> None:
    """Print *text*, in which ``display`` has already shown all names, to standard error."""
    _echo(text + "\n", err=True, colour=colour)


def show_patch(patch: bytes) -> None:
    """Print *patch*, or a whole text: exactly, but for a terminal, where it is only read."""
    import click

    if sys.stdout is not None and sys.stdout.isatty():
        text = patch.decode("utf-8", "backslashreplace")
        click.echo(display.lines(text, keep="\n\t"), nl=False)
    else:
        click.echo(patch, nl=False)


def _show(error: click.ClickException) -> None:
    shown = io.StringIO()
    error.show(file=shown)
    say(shown.getvalue().removesuffix("\n"), err=True)


def program(script: str, module: str) -> str:
    """Return how this process was started, for the usage line."""
    return script if Path(sys.argv[0]).name.startswith(script) else f"python -m {module}"


def run_pipeline(
    pipeline: Pipeline, options: Options, config: Tables, walked: Walked | None = None
) -> RunReport:
    """Return the report of *pipeline* over the files of *options*.

    Where these were found is put into *walked*.
    Raises ClickException if there is no Python file at all: that is never what
    was meant, unless files that are named may be excluded.
    """
    files = _Counted(found_files(options, config, walked))
    show = Line(coloured=use_colour(options, err=True)) if _shows_progress(options) else None
    try:
        report = pipeline(options, config, files, show)
    except (ConfigError, ClusterError) as error:
        raise problem(display.line(str(error))) from None
    finally:
        if show:
            show.end()
    warn_of(report)
    if not files.count:
        require_files(options)
    if options.verbose:
        _tell_of_run(report, options, config, files.count)
    return report


def _shows_progress(options: Options) -> bool:
    """Whether there is a terminal for a line that is written over, and nothing else asks there."""
    there = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return there and not options.quiet and not options.interactive


def _tell_of_run(report: RunReport, options: Options, config: Tables, found: int) -> None:
    """Say what a run went by, and what it found."""
    for path in options.paths:
        source = config.of(path).source
        by = f"by {source}" if source is not None else "by no configuration"
        say(f"{display.line(str(path))}: {by}", err=True)
    kinds = Counter(type(outcome).__name__.lower() for outcome in report.outcomes)
    told = "".join(f", {count} {kind}" for kind, count in sorted(kinds.items()))
    say(f"{found} files found{told}.", err=True)


def found_files(
    options: Options, config: Tables, walked: Walked | None = None
) -> Iterator[DiscoveredFile | Failed]:
    """Yield the files of *options*; where they were found is put into *walked*."""
    return discover(
        options.paths,
        options.cwd,
        config.excludes,
        config.excludes_in,
        force=options.force_exclude,
        tell=warn,
        walked=walked,
        also=options.endings,
    )


def require_files(options: Options) -> None:
    """Refuse a run that found no file, unless those that are named may be excluded."""
    if not options.force_exclude:
        named = display.line(", ".join(map(str, options.paths)))
        raise problem(
            f"No Python file found in {named}. In a folder, what .gitignore or `exclude` leaves "
            "out is not taken; a file that is named itself is, but for --force-exclude."
        )


def load_config(options: Options) -> Tables:
    """Return the configuration of each file; a mistake above a PATH ends the run with status 2."""
    tables = Tables(options.cwd, options.config_file)
    try:
        for path in options.paths:
            tables.of(path)
    except ConfigError as error:
        raise problem(display.line(str(error))) from None
    return tables


def problem(message: str) -> click.ClickException:
    """Return what ends the run with *message* and status 2."""
    import click

    return click.ClickException(message)


def warn(text: str) -> None:
    """Print what the reader should know of a run, beside its report."""
    say(f"warning: {display.line(text)}", err=True)


def warn_of(report: RunReport) -> None:
    """Print what the reader should know of the run that *report* is of."""
    for warning in report.warnings:
        warn(warning)


def require_paths(paths: Sequence[Path]) -> None:
    """Refuse a run without a PATH, with what to write instead."""
    if not paths:
        import click

        raise click.UsageError("Name the files or folders to look at; `.` is this folder.")


def finish(
    report: RunReport,
    options: Options,
    *,
    err: bool = False,
    texts: Mapping[str, bytes] | None = None,
) -> int:
    """Print *report* as *options* say, and return the exit status of the command.

    It goes to standard output, or (*err*) to standard error; first those with a file of their own.
    *texts* are what files hold that are not on disk.
    """
    status = exit_status(report)
    look = Look(options.quiet, use_colour(options, err=err), Tree(options.cwd, texts))
    if options.reports:
        from codemods.cli import publishing

        for problem in publishing.publish(report, options.reports, replace(look, coloured=False)):
            say(problem, err=True)
            status = FAILED
        for one in options.reports if options.verbose and status != FAILED else ():
            if one.file is not None:
                say(f"{one.format}: {display.line(str(one.file))}", err=True)
    _echo(_printed(report, options, look), err=err, colour=look.coloured)
    return status


def _echo(text: str, *, colour: bool, err: bool = False) -> None:
    """Print *text*, in which all names are shown safely; most reports need nothing of click."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None and text.isascii() and "\x1b" not in text:
        stream.write(text)
        stream.flush()
        return
    import click

    click.echo(text, nl=False, err=err, color=colour)


def shown(report: RunReport, options: Options) -> str:
    """Return *report* as it was printed without colours."""
    return _printed(report, options, Look(options.quiet, False, Tree(options.cwd)))


def _printed(report: RunReport, options: Options, look: Look) -> str:
    if not options.statistics:
        return "".join(rendered(report, name, look) for name in printed_formats(options))
    from codemods.findings import counting  # only now: it has the names of all rules

    if options.report_format == "json":
        return counting.statistics_json(report)
    left = rendered(counting.failures(report), DEFAULT, replace(look, quiet=True))
    return left + counting.statistics(report)


def printed_formats(options: Options) -> list[str]:
    """Return the formats that go to standard output, in order.

    The one of ``--format`` is among them if it is named, or if nothing else goes there.  Raises
    UsageError where a document would not have standard output for itself.
    """
    names = [one.format for one in options.reports if one.file is None]
    if options.report_format is not None or not names:
        names.insert(0, options.report_format or DEFAULT)
    alone = [name for name in names if name not in LOGS]
    if not options.statistics and len(names) < 2:
        return names
    import click

    if options.statistics and not {*names} <= _COUNTED:
        raise click.UsageError(
            "--statistics prints counts, as text or json, where a report would be. Leave "
            "--format, or give the report a file: --report NAME=FILE."
        )
    if len(names) > 1 and alone:
        raise click.UsageError(
            f"{' and '.join(names)} would go to standard output together, and {alone[0]} must be "
            f"alone there. Give one a file: --report {alone[0]}=FILE."
        )
    return names


def use_colour(options: Options, *, err: bool = False) -> bool:
    """Tell whether to colour: as asked, else on a terminal unless NO_COLOR is set."""
    if options.colour is not None:
        return options.colour
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")


class _Counted:
    """The files of a run, counted while the pipeline takes them; failures count as well."""

    def __init__(self, files: Iterable[DiscoveredFile | Failed]) -> None:
        self._files = files
        self.count = 0

    def __iter__(self) -> Iterator[DiscoveredFile | Failed]:
        for file in self._files:
            self.count += 1
            yield file


def _let_go_of_stdout() -> None:
    """Send what is still buffered nowhere: the interpreter flushes once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
