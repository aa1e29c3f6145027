"""What a campaign has git do: clone a repository, make a branch of it, and show the difference.

A repository brings its own files, attributes, submodules and, where it is a folder of this
machine, configuration and hooks.  None of it runs a program here: a clone has no hooks and no
configuration but ours, its attributes convert nothing, and what works in it reads no other
configuration.  Only the clone itself asks the user's own, for credentials and proxies.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.campaign.failures import RepositoryFailed
from codemods.campaign.processes import TookTooLong
from codemods.project.ignore.git import GitProblem, environment, program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

    from codemods.campaign.processes import Processes
    from codemods.campaign.repositories import Login, Repository

_SECONDS = 3600
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    # A server that falls silent is given up.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=120",
)
#: What works in a clone: neither the user's configuration, whose filters and hooks are programs,
#: nor the network.
_ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_EDITOR": ":",
}
#: What a clone may go by; remote helpers of other names are programs.
_PROTOCOLS = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GCM_INTERACTIVE": "never"}
#: Variables of the user that say how to reach a server, and who commits.
_OF_USER = re.compile(r"GIT_(SSH|SSL|PROXY|HTTP|ASKPASS|AUTHOR|COMMITTER)")
#: Before every attribute of the tree: bytes come and go as they are in the repository.
_ATTRIBUTES = b"* -text -eol -ident -filter -working-tree-encoding\n"
_HELPER = (
    '!f() { printf "username=%s\\npassword=%s\\n" '
    '"$AI_USAGE_GIT_USERNAME" "$AI_USAGE_GIT_PASSWORD"; }; f'
)
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_IDENTITY = re.compile(rb"(.*) <(.*)> \d+ [+-]\d+\n?")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes the commits, as the user's git says."""

    author: tuple[str, str]
    committer: tuple[str, str]

    def variables(self) -> dict[str, str]:
        """Return the variables that git takes it from."""
        (author, mail), (committer, mail_too) = self.author, self.committer
        return {
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": committer,
            "GIT_COMMITTER_EMAIL": mail_too,
        }


@dataclass(frozen=True, slots=True)
class Git:
    """git, as a campaign uses it; every method raises RepositoryFailed where git fails."""

    processes: Processes

    def identity(self, folder: Path) -> Identity | None:
        """Return who the user is to git, None where git has to be told first."""
        said = [
            self._run(folder, _of_user(), "var", f"GIT_{role}_IDENT")
            for role in ("AUTHOR", "COMMITTER")
        ]
        found = [_IDENTITY.fullmatch(one.stdout) for one in said if not one.returncode]
        names = [(os.fsdecode(one[1]), os.fsdecode(one[2])) for one in found if one]
        return Identity(names[0], names[1]) if len(names) == len(said) else None

    def is_branch(self, name: str, folder: Path) -> bool:
        """Tell whether *name* can be the name of a branch."""
        done = self._run(folder, environment() | _ALONE, "check-ref-format", "--branch", name)
        return not done.returncode and name == os.fsdecode(done.stdout).removesuffix("\n")

    def clone(self, repository: Repository, checkout: Path) -> str:
        """Clone *repository* to the folder *checkout*, without files; return the commit asked for.

        As little of its history as can be, unless the revision is a commit.
        """
        revision = repository.revision
        named = ["--branch", revision] if revision else []
        done = self._clone(repository, checkout, "--depth=1", *named)
        if done.returncode and _COMMIT.fullmatch(revision):
            done, named = self._clone(repository, checkout), []
        elif done.returncode and b"shallow" in done.stderr:  # a server of plain files
            done = self._clone(repository, checkout, *named)
        if done.returncode:
            raise RepositoryFailed("clone", _reason(done.stderr), _advice(repository))
        asked = "HEAD" if named or not revision else revision  # HEAD is what was named
        found = self._alone(checkout, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}")
        if found.returncode:
            what = f"no commit {revision}" if revision else "no commit yet"
            raise RepositoryFailed("clone", f"it has {what}", _advice(repository))
        return found.stdout.decode().strip()

    def check_out(self, checkout: Path, branch: str, commit: str) -> None:
        """Put the files of *commit* into *checkout*, on a new branch called *branch*."""
        information = checkout / ".git" / "info"
        information.mkdir(exist_ok=True)
        (information / "attributes").write_bytes(_ATTRIBUTES)
        (information / "exclude").write_bytes(b".ai-usage/\n")
        self._must(checkout, "check out", "checkout", "--quiet", "-B", branch, commit, "--")

    def commit(self, checkout: Path, message: str, identity: Identity) -> str:
        """Commit what changed in *checkout*, and return the commit."""
        self._must(checkout, "commit", "add", "--update", "--", ".", ":(exclude).ai-usage")
        flags = ["--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=verbatim"]
        told = message.encode(errors="surrogateescape")
        env = identity.variables()
        self._must(checkout, "commit", "commit", *flags, "--file=-", given=told, more=env)
        return self._must(checkout, "commit", "rev-parse", "HEAD").decode().strip()

    def patch(self, checkout: Path, before: str, after: str) -> bytes:
        """Return what ``git apply`` makes *after* of *before* with."""
        flags = ["--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"]
        flags += ["--no-renames", "--src-prefix=a/", "--dst-prefix=b/"]
        return self._must(checkout, "show the patch of", "diff", *flags, before, after, "--")

    def _clone(
        self, repository: Repository, checkout: Path, *flags: str
    ) -> CompletedProcess[bytes]:
        # No template: hooks come from there.  No --local: it takes the files of a repository as
        # they are, where asking it for commits checks them.
        always = ["--quiet", "--template=", "--no-local", "--no-checkout"]
        named = ["--no-recurse-submodules", "--", repository.source, checkout.name]
        env = _of_user() | _PROTOCOLS | _login(repository.login)
        return self._run(checkout.parent, env, "clone", *always, *flags, *named)

    def _alone(
        self,
        checkout: Path,
        *command: str,
        given: bytes = b"",
        more: Mapping[str, str] | None = None,
    ) -> CompletedProcess[bytes]:
        env = _without_configuration(environment()) | _ALONE | dict(more or {})
        return self._run(checkout, env, *command, given=given)

    def _must(
        self,
        checkout: Path,
        stage: str,
        *command: str,
        given: bytes = b"",
        more: Mapping[str, str] | None = None,
    ) -> bytes:
        done = self._alone(checkout, *command, given=given, more=more)
        if done.returncode:
            advice = "Try it by hand: git clone, git checkout; then start the campaign again."
            raise RepositoryFailed(stage, _reason(done.stderr), advice)
        return done.stdout

    def _run(
        self, folder: Path, env: Mapping[str, str], *command: str, given: bytes = b""
    ) -> CompletedProcess[bytes]:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        stage = command[0]
        try:
            line = [program(), "--no-pager", "-C", str(folder), *settings, *command]
            return self.processes.run(line, env, _SECONDS, given)
        except TookTooLong:
            advice = "Start the campaign again, or take the repository out of the list."
            raise RepositoryFailed(stage, f"git was not done after {_SECONDS} s", advice) from None
        except (GitProblem, OSError) as error:
            said = str(error).lower()
            raise RepositoryFailed(stage, said, "Install git, or see to its rights.") from None


def _of_user() -> dict[str, str]:
    """Return the environment with all by which the user's git reaches servers."""
    chosen = {name: value for name, value in os.environ.items() if _OF_USER.match(name)}
    return chosen | environment()


def _without_configuration(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith("GIT_CONFIG")}


def _login(login: Login | None) -> dict[str, str]:
    """Return the variables by which git, and no list of processes, has a credential."""
    if login is None:
        return {}
    if login.password is None:
        return _configured({f"credential.{login.address}.username": login.username})
    # The first one empties the list: no helper of the user is asked to keep this one.
    helpers = {"credential.helper": "", f"credential.{login.address}.helper": _HELPER}
    variables = {
        "AI_USAGE_GIT_USERNAME": login.username,
        "AI_USAGE_GIT_PASSWORD": login.password,
    }
    return _configured(helpers) | variables


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that add *settings* to the configuration that the environment has."""
    try:
        count = int(os.environ.get("GIT_CONFIG_COUNT", "0") or 0)
    except ValueError:
        count = 0
    made = {"GIT_CONFIG_COUNT": str(count + len(settings))}
    for number, (key, value) in enumerate(settings.items(), count):
        made |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return made


def _reason(said: bytes) -> str:
    """Return the line in which git says what stopped it."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    told = (fatal or lines or ["git failed without a word"])[0]
    return told.removeprefix("fatal: ").removeprefix("error: ")


def _advice(repository: Repository) -> str:
    if repository.revision:
        return "See that it is there, and that revision= names a branch, tag or commit of it."
    if "://" in repository.source or ":" in repository.source.partition("/")[0]:
        return "See that `git clone` takes this address without asking for anything."
    return "Write the root of a repository, with path=FOLDER for a part of it, or an address."
