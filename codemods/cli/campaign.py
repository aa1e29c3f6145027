"""``--repos FILE``: the command line of a campaign over many repositories."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from codemods.cli import execution
from codemods.model.options import Mode
from codemods.report import display
from codemods.report.formats import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.campaign.campaign import Campaign, Result
    from codemods.campaign.repositories import Repository
    from codemods.model.options import Options
    from codemods.model.outcome import RunReport

F = TypeVar("F", bound="Callable[..., object]")
BRANCH = "ai-usage-migration"

_CAMPAIGN = (
    click.option(
        "--repos",
        metavar="FILE",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Migrate clones of the repositories that FILE lists, each on a branch.",
    ),
    click.option(
        "--branch",
        metavar="NAME",
        help=f"The branch of --repos in each repository ({BRANCH} by default).",
    ),
    click.option(
        "--campaign",
        "place",
        metavar="FOLDER",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where --repos has clones, patches and reports, and goes on (FILE's name by default).",
    ),
)


def campaigning(command: F) -> F:
    """Add the options of a campaign."""
    return reduce(lambda made, option: option(made), reversed(_CAMPAIGN), command)


def refuse_without_list(branch: str | None, place: Path | None) -> None:
    """Refuse options that say how a campaign is done where there is none."""
    for name, given in (("--branch", branch), ("--campaign", place)):
        if given is not None:
            raise click.UsageError(f"{name} says how --repos FILE is done. Name such a FILE.")


def run(options: Options, repos: Path, branch: str | None, place: Path | None) -> int:
    """Do the campaign that the file *repos* lists; return the exit status."""
    from codemods.campaign.campaign import Stopped
    from codemods.campaign.folder import CampaignFolder, FolderError
    from codemods.campaign.repositories import RepositoriesError

    _refuse_what_does_not_fit(options)
    folder = place or Path(f"{repos.stem}-campaign")
    try:
        campaign = _campaign(options, repos, branch or BRANCH)
        with CampaignFolder.opened(options.cwd / folder) as opened:
            result = _done(campaign, opened, options)
    except (RepositoriesError, FolderError) as error:
        raise click.ClickException(f"{display.line(str(error))}.") from None
    except (KeyboardInterrupt, Stopped):
        execution.say("\nInterrupted. The same command goes on with what is not done.", err=True)
        return execution.INTERRUPTED
    return _finish(result, campaign, folder)


def _finish(result: Result, campaign: Campaign, folder: Path) -> int:
    """Print what became of all, and return the exit status."""
    options = campaign.options
    execution.warn_of(result.report)
    if options.verbose:
        _tell_of_each(result, campaign)
    status = execution.finish(result.report, options)
    if execution.printed_formats(options) == [DEFAULT] and not options.quiet:
        execution.say(_counts(result, options, folder))
    return status


#: What is said of options that cannot be heeded in clones, or would be let go there.
_PATHS = "names what is looked at: write path=PATH in it."
_UNDO = "works in clones, which can be removed. Leave --undo."
_DIFF = "writes a patch of each repository, and --diff prints one. Choose one."
_PARTS = (
    "works on several repositories at once, on this machine: use --jobs. "
    "Leave --shard and --executor."
)
_TABLES = (
    "goes by the tables of each repository, or else by one in a folder above the campaign's. "
    "Leave --config."
)
_DESCRIBES = (
    "looks at clones that are yet to be made: --show-settings and --show-files tell of what is "
    "here. Leave them."
)
_CACHE = (
    "remembers what is done in its own folder, and has no cache. Leave --cache, --cache-dir and "
    "--clean-cache."
)


def _refuse_what_does_not_fit(options: Options) -> None:
    """Refuse what cannot be heeded in clones; raises UsageError."""
    given = (
        (bool(options.paths), _PATHS),
        (options.mode is Mode.UNDO, _UNDO),
        (options.mode is Mode.DIFF, _DIFF),
        (options.shard is not None or bool(options.cluster), _PARTS),
        (options.config_file is not None, _TABLES),
        (options.describes, _DESCRIBES),
        (_asks_for_a_cache(options), _CACHE),
    )
    for is_given, message in given:
        if is_given:
            raise click.UsageError(f"--repos FILE {message}")


def _asks_for_a_cache(options: Options) -> bool:
    """Whether the command line does: the environment may name a folder for other runs."""
    source = click.get_current_context().get_parameter_source
    asked = (source(name) for name in (["use_cache"] if options.use_cache else []) + ["cache_dir"])
    return options.clean_cache or ParameterSource.COMMANDLINE in asked


def _campaign(options: Options, repos: Path, branch: str) -> Campaign:
    from codemods.campaign.campaign import Campaign
    from codemods.campaign.failures import RepositoryFailed
    from codemods.campaign.git import Git
    from codemods.campaign.processes import Processes
    from codemods.campaign.repositories import repositories_in

    repositories = repositories_in(options.cwd / repos)
    git = Git(Processes())
    try:
        if not git.is_branch(branch, options.cwd):
            raise click.UsageError(f"{display.line(branch)!r} cannot be the name of a branch.")
        identity = git.identity(options.cwd) if options.mode is Mode.MIGRATE else None
    except RepositoryFailed as error:
        raise click.ClickException(display.line(f"{error}. {error.advice}")) from None
    if identity is None and options.mode is Mode.MIGRATE:
        raise click.ClickException(
            "git does not know who commits. Tell it: git config --global user.name NAME, "
            "and user.email ADDRESS."
        )
    return Campaign(repositories, options, branch, identity, git)


def _done(campaign: Campaign, folder: Any, options: Options) -> Result:
    from codemods.runner.many_files import processors

    waiting = campaign.waiting(folder)
    before = len(campaign.repositories) - waiting
    if before and not options.quiet:
        total = len(campaign.repositories)
        execution.say(f"{before} of {total} repositories are done already.", err=True)
    jobs = processors() if options.jobs is None else options.jobs
    return campaign.run(folder, jobs, _silent if options.quiet else _tell)


def _tell(repository: Repository, report: RunReport, count: int, total: int) -> None:
    from codemods.model.outcome import Failed
    from codemods.report.text import summary

    failed = [o for o in report.outcomes if isinstance(o, Failed) and not o.path]
    said = f"failed to {failed[0].stage}" if failed else summary(report)
    execution.say(display.line(f"[{count}/{total}] {repository.source}: {said}"), err=True)


def _tell_of_each(result: Result, campaign: Campaign) -> None:
    """Say by what the campaign went, and what became of each repository."""
    went = [f"{name}={value}" for name, value in campaign.settings().items() if value]
    execution.say(display.line(f"by {', '.join(went)}"), err=True)
    for one in result.repositories:
        at = f" at {one['before']}" if "before" in one else ""
        execution.say(
            display.line(f"{one['name']}: {one['source']}{at}: {one['outcome']}"), err=True
        )


def _silent(repository: Repository, report: RunReport, count: int, total: int) -> None:
    del repository, report, count, total


def _counts(result: Result, options: Options, folder: Path) -> str:
    """Return the last line: how many repositories are how, and where their work is."""
    outcomes = [one["outcome"] for one in result.repositories]
    branches = [one["branch"] for one in result.repositories if "branch" in one]
    total = f"{len(outcomes)} {'repository' if len(outcomes) == 1 else 'repositories'}"
    failed = outcomes.count("failed")
    parts = [f"{len(branches)} on branch {branches[0]}"] if branches else []
    rest = outcomes.count("unchanged")
    word = "looked at" if options.mode is Mode.CHECK else "without a change"
    parts += [f"{rest} {word}"] if rest else []
    parts += [f"{failed} failed"] if failed else []
    return f"{total}: {', '.join(parts)}. Their work is in {folder}."
