"""Asking git which files a folder has, without running anything that its repository names.

The repository is input: its configuration may name programs (a file system monitor, hooks,
transports).  None of them is needed to list files, so each is switched off on the command line,
which counts before the repository's own word.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    import subprocess

# Longer than git needs for a million files; it waits for ever for a pipe called .gitignore.
_SECONDS = 20
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    # What a run takes depends on the project, not on the person who starts it.
    "core.excludesFile=/dev/null",
    "core.quotePath=false",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_IGNORED, _NOT_IGNORED = 0, 1
_UNREADABLE = rb"could not open directory '(.+?)/?': "


class GitProblem(Exception):
    """git gives no answer; the message says why."""


class Listing(Frozen):
    """The files of a folder, relative to it; ``ignored`` says that git ignores the folder itself.

    What is a repository of its own (a submodule, a clone inside) is listed as a folder.
    ``unreadable`` are the folders that git could not look into.
    """

    names: tuple[str, ...]
    ignored: bool = False
    unreadable: tuple[str, ...] = ()


def repository_of(folder: str) -> str | None:
    """Return the nearest folder upward from *folder* that holds a ``.git``, None without one."""
    for parent in (Path(folder), *Path(folder).parents):
        if os.path.lexists(parent / ".git"):
            return str(parent)
    return None


def listing(folder: str) -> Listing:
    """Return what ``git ls-files -co --exclude-standard`` lists in *folder*.

    Raises GitProblem: no git, no work tree, somebody else's repository, a damaged index.
    """
    if repository_of(folder) != folder:  # to a rule like ``*`` the root would be one of its files
        asked = run(folder, "check-ignore", "--quiet", "--no-index", ".")
        if asked.returncode == _IGNORED:
            return Listing((), ignored=True)
        if asked.returncode != _NOT_IGNORED:
            raise GitProblem(_reason(asked.stderr))
    answer = run(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if answer.returncode:
        raise GitProblem(_reason(answer.stderr))
    names = dict.fromkeys(os.fsdecode(name) for name in answer.stdout.split(b"\0") if name)
    unreadable = tuple(os.fsdecode(name) for name in _unreadable(answer.stderr))
    return Listing(tuple(filter(_is_inside, names)), unreadable=unreadable)


def _unreadable(said: bytes) -> list[bytes]:
    import re  # only now: git hardly ever says anything

    return re.findall(_UNREADABLE, said) if said else []


def _is_inside(name: str) -> bool:
    """Whether *name* leads into the folder: an index is a file, and may say anything."""
    return not name.startswith("/") and ".." not in name.split("/")


def command(folder: str, *arguments: str) -> list[str]:
    """Return the command line on which git does *arguments* in *folder*, and nothing besides."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return [program(), "--no-pager", "-C", folder, *settings, *arguments]


def run(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Return what git answers to *arguments* in *folder*; raises GitProblem if it does not."""
    import subprocess  # only now: a single file asks git nothing

    try:
        return subprocess.run(
            command(folder, *arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitProblem(f"git gave no answer within {_SECONDS} seconds") from None
    except OSError as error:
        raise GitProblem((error.strerror or str(error)).lower()) from None


def program() -> str:
    """Return the path of git; relative folders of PATH may lie in the tree that is looked at."""
    import shutil  # only now, as above

    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    safe = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    found = shutil.which("git", path=safe)
    if found is None:
        raise GitProblem("git is not installed")
    return found


def environment() -> dict[str, str]:
    """Return the environment without what names another repository: a hook of git runs us too."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    return inherited | _ENVIRONMENT


def _reason(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git failed without a word"
