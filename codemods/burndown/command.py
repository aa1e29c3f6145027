"""The command that tells how far a migration has come: its options, and what it does with them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods import vocabulary as api
from codemods.burndown import as_text
from codemods.burndown.records import NOTHING, Status
from codemods.burndown.tallying import NOBODY, Tally
from codemods.cli import execution
from codemods.cli.around import Tree
from codemods.cli.options import Choice, configuring, into_options, named, telling, working
from codemods.model.options import Mode
from codemods.model.outcome import Failed, RunReport
from codemods.project.ignore.git import GitProblem, repository_of
from codemods.report import display
from codemods.report.status import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.burndown.records import Counts, Money, Point
    from codemods.model.options import Configuration, Options
    from codemods.model.progress import Progress
    from codemods.model.source import SourceFile
    from codemods.project.config import Tables
    from codemods.project.discovery import DiscoveredFile

HELP = """Tell how far PATH... has come: legacy calls that are left, and contexts in their place.

A legacy call is one that sets ids by hand (set_tracking_context); of each file its own text is
counted.  A site is a place that codemods.migrate decides on, with one such call, several or none:
`ready` ones would be rewritten today, and `refused` ones need a person.  Nothing is written.

\b
Examples:
  What is left, by folder (two parts of its path) and by owner:
    python -m codemods.status --depth 2 .
  How it came to this, as a table, and as a page with a chart:
    python -m codemods.status --history src
    python -m codemods.status --history --since v1.0 --format html . > burndown.html
  The dearest legacy places first, by what the runtime has recorded:
    python -m codemods.status --usage ai_usage.db .

With --history the commits of the main line are looked at, as git has them: nothing is checked out.
With --usage the legacy places are ranked by what their recorded calls cost: those whose ids the
text of the place has, as job_id="nightly" or job_id=f"scan-{name}".

\b
Exit status:
  0  told, whatever is left
  2  something failed: wrong usage, a file that cannot be read or parsed,
     no Python file found, no repository for --history
"""
#: Each format with the module that has its ``render(status)``.
FORMATS = {
    "text": "codemods.burndown.as_text",
    "json": "codemods.burndown.as_json",
    "html": "codemods.burndown.as_html",
}


@dataclass
class _Counting:
    """A migration's pipeline that also counts what stands in the files that it is given."""

    decides: bool
    counts: dict[str, Counts] = field(default_factory=dict)
    legacy: list[SourceFile] = field(default_factory=list)

    def __call__(
        self,
        options: Options,
        config: Configuration,
        files: Iterable[DiscoveredFile | Failed],
        progress: Progress | None,
    ) -> RunReport:
        listed = list(files)
        for file in listed:
            if not isinstance(file, Failed):
                self._count(file, config)
        if not self.decides:
            return RunReport(tuple(o for o in listed if isinstance(o, Failed)), len(listed), False)
        return _migration()(options, config, listed, progress)

    def _count(self, file: DiscoveredFile, config: Configuration) -> None:
        from codemods.burndown.counting import counts, has_work
        from codemods.project.embedded.files import load
        from codemods.project.sources import read

        content = read(file)
        # What cannot be read is a failure of the run.
        if isinstance(content, Failed) or not has_work(content):
            return
        homes = api.Vocabulary.of(config.of(file.path).modules).homes
        source = load(file.path, file.display, content)
        if isinstance(source, Failed) or is_home(file.display, homes):
            return
        found = counts(source.text)
        if found != NOTHING:
            self.counts[file.display] = found
        if found.legacy:
            self.legacy.append(source)


def _migration() -> execution.Pipeline:
    from codemods.runner import pipeline  # only now: a count needs none

    return pipeline.migrate


def is_home(path: str, homes: Iterable[str]) -> bool:
    """Whether the file *path* is a module that defines the API, which stays as it is."""
    dotted = f".{path.rpartition('.')[0].replace(os.sep, '.').replace('/', '.')}"
    return any(dotted.removesuffix(".__init__").endswith(f".{home}") for home in homes)


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@named("PATH...")
@working
@configuring
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many parts of a path make a folder of the table.",
)
@click.option("--history", "wants_history", is_flag=True, help="Tell how the counts have changed.")
@click.option("--since", metavar="REV", help="Begin the history with this commit.")
@click.option(
    "--usage",
    type=click.Path(path_type=Path),
    metavar="DB",
    help="Rank legacy places by what this database of the tracker has recorded.",
)
@click.option(
    "--decide/--no-decide",
    "decides",
    default=True,
    help="Find out which sites a migration would rewrite (it does).",
)
@telling("Show no progress.")
@click.option(
    "--format",
    "form",
    type=Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.pass_obj
@into_options
def command(
    made_with: object,
    options: Options,
    depth: int,
    wants_history: bool,
    since: str | None,
    usage: Path | None,
    decides: bool,
    form: str,
) -> int:
    """Count what the command line names, and tell."""
    del made_with
    if since is not None and not wants_history:
        raise click.UsageError("--since REV says where --history begins: name both.")
    if not options.paths:
        raise click.UsageError("Name a PATH: `.` for this folder.")
    looking = replace(options, mode=Mode.CHECK)
    if looking.describes:
        from codemods.cli import describing  # only now: most runs describe nothing

        return describing.described(looking)
    config = execution.load_config(looking)
    counting = _Counting(decides)
    report = execution.run_pipeline(counting, looking, config)
    tally = Tally(counting.counts, report if decides else None)
    owners = tally.by_owner(Tree(looking.cwd).owners)
    points = _history(looking, config, since) if wants_history else None
    from codemods.burndown.history import pace

    status = Status(
        tally.whole(""),
        tally.by_folder(depth),
        owners if [row.name for row in owners] not in ([], [NOBODY]) else (),
        points,
        pace(points) if points is not None else None,
        _money(counting.legacy, usage) if usage is not None else None,
    )
    if form == "text":
        coloured = execution.use_colour(looking)
        execution.show_at_once(as_text.render(status, coloured=coloured), colour=coloured)
    else:
        execution.show_at_once(import_module(FORMATS[form]).render(status), colour=False)
    return _failures(report)


def _failures(report: RunReport) -> int:
    """Say which files failed, and return the exit status."""
    failed = [one for one in report.outcomes if isinstance(one, Failed)]
    for one in failed:
        execution.warn(f"{one.path}: failed to {one.stage}: {one.message}")
    return FAILED if failed else DONE


def _paths_below(root: str, options: Options) -> list[str]:
    """Return the paths of *options* as git names them in the repository *root*."""
    paths = [
        os.path.relpath(os.path.realpath(options.cwd / path), root).replace(os.sep, "/")
        for path in options.paths
    ]
    if any(path.split("/")[0] == ".." for path in paths):
        raise click.ClickException("With --history all PATHs are of one repository.")
    return paths


def _history(options: Options, config: Tables, since: str | None) -> tuple[Point, ...]:
    from codemods.burndown.history import history

    root = repository_of(os.path.realpath(options.cwd / options.paths[0]))
    if root is None:
        raise click.ClickException(
            f"{options.paths[0]} is in no git repository: it has no history."
        )
    paths = _paths_below(root, options)
    homes = api.Vocabulary.of(config.of(Path(root)).modules).homes

    def takes(path: str) -> bool:
        return not is_home(path, homes) and not _is_excluded(config, root, path)

    try:
        return history(root, paths, takes, since)
    except GitProblem as error:
        raise click.ClickException(f"git says: {display.line(str(error))}.") from None


def _is_excluded(config: Tables, root: str, path: str) -> bool:
    """Whether the tables leave out the file *path* of *root*, or a folder that it is in."""
    *folders, name = path.split("/")
    place = root
    for folder in folders:
        place = f"{place}{os.sep}{folder}"
        if config.excludes(place, folder=True):
            return True
    return config.excludes(f"{place}{os.sep}{name}", folder=False)


def _money(legacy: Sequence[SourceFile], database: Path) -> Money:
    from codemods.burndown.money import UsageError, money, settings_in

    try:
        return money((one for source in legacy for one in settings_in(source)), database)
    except UsageError as error:
        raise click.ClickException(display.line(str(error))) from None
