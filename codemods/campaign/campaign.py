"""A campaign: all repositories of a list, several at once, and what became of each."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codemods.campaign.failures import RepositoryFailed
from codemods.campaign.folder import CHECKOUT, PATCH, FolderError, State
from codemods.campaign.migration import migrated
from codemods.campaign.processes import Stopped
from codemods.model.options import SAME_RESULTS, Mode, Options
from codemods.model.outcome import Changed, Failed, RunReport
from codemods.project.regular import reason
from codemods.report import json as json_report
from codemods.report import text as text_report
from codemods.report.joining import together
from codemods.report.loading import UnreadableReportError, loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.campaign.folder import CampaignFolder
    from codemods.campaign.git import Git, Identity
    from codemods.campaign.repositories import Repository

#: Of commits, without --rollback and with it.
_TITLES = (
    "Move AI usage tracking to context managers",
    "Move AI usage tracking back to legacy calls",
)
#: What each repository has for itself, by which it is called.
_OF_EACH = frozenset({"paths", "cwd"})


class Tell(Protocol):
    """Is told of each repository that is done."""

    def __call__(self, repository: Repository, report: RunReport, count: int, total: int) -> None:
        """Take note of *repository*, with its *report*, the *count*-th of *total* to be done."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign did: its joined report, and of each repository what ``campaign.json`` has."""

    report: RunReport
    repositories: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be done with each repository of a list.

    ``options`` hold for all of them, but for folder and paths.  ``identity`` may be None where
    nothing is committed.
    """

    repositories: Sequence[Repository]
    options: Options
    branch: str
    identity: Identity | None
    git: Git

    def run(self, folder: CampaignFolder, jobs: int, tell: Tell) -> Result:
        """Do what is not done yet, by *jobs* processes, and return what became of all.

        Raises FolderError where *folder* has the work of other options in it.
        """
        states, failed = self._states(folder)
        waiting = [r for r in self.repositories if r.name not in states and r.name not in failed]
        failed |= self._work(waiting, folder, jobs, tell)
        reports = {r.name: self._report(r, folder, failed) for r in self.repositories}
        result = Result(
            together(reports),
            tuple(self._told(r, folder, failed.get(r.name)) for r in self.repositories),
        )
        folder.end(list(result.repositories), json_report.render(result.report))
        return result

    def waiting(self, folder: CampaignFolder) -> int:
        """Return how many repositories are not done yet; raises FolderError as ``run`` does."""
        return len(self.repositories) - len(self._states(folder)[0])

    def settings(self) -> dict[str, Any]:
        """Return what makes two runs of a campaign the same work."""
        branch = self.branch if self.options.mode is Mode.MIGRATE else None
        return {"mode": str(self.options.mode), "branch": branch, **_results_of(self.options)}

    def _differing(self, state: State) -> list[str]:
        """Return by which settings *state* was made otherwise than this campaign would."""
        mine = self.settings()
        # What was done before an option was there was done without it.
        without = _results_of(Options(paths=(), cwd=self.options.cwd))
        theirs = without | {name: _plain(value) for name, value in state.settings.items()}
        names = sorted(mine.keys() | theirs.keys())
        return [name for name in names if mine.get(name) != theirs.get(name)]

    def _states(self, folder: CampaignFolder) -> tuple[dict[str, State], dict[str, Failed]]:
        """Return the repositories that are done already, and those that cannot be."""
        states: dict[str, State] = {}
        failed: dict[str, Failed] = {}
        for repository in self.repositories:
            try:
                state = folder.state(repository.name)
            except FolderError as error:
                failed[repository.name] = Failed("", "keep", str(error), "Then start it again.")
                continue
            others = self._differing(state) if state is not None else []
            if state is None or (others and self._only_looked(state)):
                continue
            if others:
                place = folder.path / repository.name
                message = f"{place} was done by other options ({', '.join(others)})"
                raise FolderError(f"{message}. Name another folder, --campaign, or remove this one")
            states[repository.name] = state
        return states, failed

    def _only_looked(self, state: State) -> bool:
        """Whether nothing was made that somebody may have gone on with."""
        return state.settings.get("mode") == Mode.CHECK

    def _work(
        self, waiting: Sequence[Repository], folder: CampaignFolder, jobs: int, tell: Tell
    ) -> dict[str, Failed]:
        """Do *waiting*, and return those that failed."""
        failed: dict[str, Failed] = {}
        if not waiting:
            return failed
        at_once = min(jobs, len(waiting))
        each = max(1, jobs // at_once)
        with ThreadPoolExecutor(at_once) as pool:
            try:
                given = {pool.submit(self._one, r, folder, each): r for r in waiting}
                for count, future in enumerate(as_completed(given), 1):
                    report, repository = future.result(), given[future]
                    whole = [o for o in report.outcomes if isinstance(o, Failed) and not o.path]
                    failed.update((repository.name, outcome) for outcome in whole)
                    tell(repository, report, count, len(waiting))
            except BaseException:  # Ctrl-C: nothing of it is to go on
                self.git.processes.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return failed

    def _one(self, repository: Repository, folder: CampaignFolder, jobs: int) -> RunReport:
        """Do one repository; return its report, or that of its failure."""
        try:
            with folder.attempt() as attempt:
                return self._attempted(repository, folder, attempt, jobs)
        except RepositoryFailed as error:
            return self._failure(Failed("", error.stage, str(error), error.advice))
        except (OSError, UnreadableReportError) as error:
            said = reason(error) if isinstance(error, OSError) else str(error)
            advice = f"See that there is room in {folder.path}, and start the campaign again."
            return self._failure(Failed("", "keep", said, advice))

    def _attempted(
        self, repository: Repository, folder: CampaignFolder, attempt: Path, jobs: int
    ) -> RunReport:
        checkout = attempt / CHECKOUT
        before = self.git.clone(repository, checkout)
        self.git.check_out(checkout, self.branch, before)
        paths = tuple(map(Path, repository.paths or (".",)))
        options = replace(self.options, cwd=checkout, paths=paths, jobs=jobs)
        text = migrated(options, self.git.processes)
        report = loaded(checkout, text)
        commit = ""
        if report.written and any(isinstance(outcome, Changed) for outcome in report.outcomes):
            assert self.identity is not None
            message = f"{_TITLES[options.rollback]}\n\n{text_report.summary(report)}\n"
            commit = self.git.commit(checkout, message, self.identity)
            (attempt / PATCH).write_bytes(self.git.patch(checkout, before, commit))
        else:
            shutil.rmtree(checkout)
        told = (repository.source, repository.revision, repository.paths)
        state = State(*told, self.settings(), before, commit)
        folder.publish(attempt, repository.name, state, text)
        return report

    def _failure(self, failed: Failed) -> RunReport:
        return RunReport((failed,), 0, written=self.options.mode is Mode.MIGRATE)

    def _report(
        self, repository: Repository, folder: CampaignFolder, failed: dict[str, Failed]
    ) -> RunReport:
        if repository.name in failed:
            outcome = failed[repository.name]
            return self._failure(
                replace(outcome, message=f"{repository.source}: {outcome.message}")
            )
        place = folder.path / repository.name
        try:
            return loaded(place, folder.report_of(repository.name))
        except (OSError, UnicodeDecodeError, UnreadableReportError) as error:
            advice = f"Remove {place}, and start the campaign again."
            return self._failure(Failed("", "read", f"its report cannot be read: {error}", advice))

    def _told(
        self, repository: Repository, folder: CampaignFolder, failed: Failed | None
    ) -> dict[str, Any]:
        """Return what ``campaign.json`` says of *repository*."""
        told: dict[str, Any] = {
            "name": repository.name,
            "source": repository.source,
            "revision": repository.revision,
            "paths": list(repository.paths),
        }
        if failed is not None:
            return told | {"outcome": "failed", "stage": failed.stage, "message": failed.message}
        state = folder.state(repository.name)
        assert state is not None
        told |= {"outcome": "changed" if state.commit else "unchanged", "before": state.before}
        if not state.commit:
            return told
        places = {"checkout": CHECKOUT, "patch": PATCH}
        made = {what: f"{repository.name}/{place}" for what, place in places.items()}
        return told | {"branch": self.branch, "commit": state.commit} | made


__all__ = ["Campaign", "Result", "Stopped", "Tell"]


def _results_of(options: Options) -> dict[str, Any]:
    """Return what of *options* decides on what becomes of a repository."""
    names = [name for name in options.__match_args__ if name not in SAME_RESULTS | _OF_EACH]
    return {name: _plain(getattr(options, name)) for name in names}


def _plain(value: object) -> Any:
    """Return *value* as JSON has it, None where it says nothing."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, tuple | list):
        return sorted({str(one) for one in value}) or None
    return str(value) or None
