"""What git ignores: the rules of .gitignore files and of .git/info/exclude.

The user's global ``core.excludesFile`` is not consulted: what a run takes must
depend on the project, not on who starts it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen
from codemods.project.ignore.wildmatch import parse_all
from codemods.project.regular import MEGABYTE, read_regular, reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.project.ignore.wildmatch import Pattern

IGNORE_FILE = ".gitignore"
_LARGEST = MEGABYTE // 4


class IgnoreFileTooLarge(OSError):
    """An ignore file holds more than can be held against every file of a tree."""

    def __str__(self) -> str:
        return f"{super().__str__()}. Make it smaller, or see that git works here"


class Rules(Frozen):
    """The patterns of one file; ``base`` is the folder they are relative to, with a separator."""

    base: str
    patterns: tuple[Pattern, ...]

    def verdict(self, path: str, *, folder: bool) -> bool | None:
        """Return True if *path* is ignored, False if re-included, None if no pattern matches."""
        if not path.startswith(self.base):
            return None
        relative = os.fsencode(path[len(self.base) :])
        for pattern in self.patterns:
            if pattern.matches(relative, folder=folder):
                return not pattern.negative
        return None


def rules_from(lines: Iterable[str], base: str) -> Rules:
    """Return the rules in *lines* for the folder *base*; what is no pattern matches nothing."""
    return Rules(base.rstrip(os.sep) + os.sep, parse_all(map(os.fsencode, lines)))


def ignored(stack: tuple[Rules, ...], path: str, *, folder: bool) -> bool:
    """Tell whether the rules of *stack*, outermost first, ignore the absolute *path*.

    The innermost file with a matching pattern decides, as in git.
    """
    for rules in reversed(stack):
        verdict = rules.verdict(path, folder=folder)
        if verdict is not None:
            return verdict
    return False


def rules_in(folder: str) -> tuple[Rules, ...]:
    """Return the rules that *folder*'s own .gitignore adds (none if it cannot be read)."""
    return _rules_of_file(Path(folder, IGNORE_FILE), folder)


def rules_inside(
    folder: str, above: tuple[Rules, ...], names: set[str], *, named: bool
) -> tuple[Rules, ...]:
    """Return the rules for what is in *folder*, which has these *names*, with those *above* it.

    *named* says that the folder was named itself.
    """
    # A repository of its own: the outer one's rules end here.
    rules = rules_of_repository(folder) if ".git" in names else above
    if IGNORE_FILE not in names:
        return rules
    if named and ".git" not in names and ignores_itself(folder):
        return rules
    return rules + rules_in(folder)


def rules_of_repository(folder: str) -> tuple[Rules, ...]:
    """Return the rules of the info/exclude of the repository whose work tree starts at *folder*."""
    git = Path(folder, ".git")
    return _rules_of_file(_common_folder(git) / "info" / "exclude", folder)


def ignores_itself(folder: str) -> bool:
    """Tell whether *folder*'s .gitignore is nothing but ``*``, as in a virtual environment."""
    lines = _lines(Path(folder, IGNORE_FILE))
    return [line for line in lines if line.strip() and not line.startswith("#")] == ["*"]


def inherited(folder: str, limit: str) -> tuple[Rules, ...]:
    """Return the rules of the folders above *folder* that apply inside it.

    They count up to the root of the git repository, or up to *limit* where there
    is none.  If they ignore *folder* itself then none applies: it was named, so
    its content is wanted.
    """
    above = _folders_above(folder, limit)
    stack: tuple[Rules, ...] = ()
    for parent in above:
        if parent == above[0] and Path(parent, ".git").exists():
            stack += rules_of_repository(parent)
        stack += rules_in(parent)
    inside = [*above[1:], folder] if above else []
    return () if any(ignored(stack, path, folder=True) for path in inside) else stack


def _folders_above(folder: str, limit: str) -> list[str]:
    """Return the folders above *folder*, outermost first, from the git root or *limit* on."""
    if Path(folder, ".git").exists():
        return []
    parents = [str(parent) for parent in Path(folder).parents]
    for depth, parent in enumerate(parents):
        if Path(parent, ".git").exists():
            return parents[depth::-1]
    return parents[parents.index(limit) :: -1] if limit in parents else []


def _common_folder(git: Path) -> Path:
    """Return the folder that holds info/exclude; a worktree's .git is a file that points to it."""
    if git.is_dir():
        return git
    private = git.parent / _first_line(git).removeprefix("gitdir:").strip()
    return private / _first_line(private / "commondir").strip()


def _first_line(file: Path) -> str:
    try:
        return _lines(file)[0]
    except (IgnoreFileTooLarge, IndexError):  # no pointer is that long, and this is none
        return ""


def _rules_of_file(file: Path, base: str) -> tuple[Rules, ...]:
    lines = _lines(file)
    return (rules_from(lines, base),) if lines else ()


def _lines(file: Path) -> list[str]:
    try:
        content = read_regular(file, _LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:  # to go on without its rules could take far too much
            raise IgnoreFileTooLarge(f"{file}: {reason(error)}") from None
        return []  # not there, or no file: git goes on as well
    text = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf"))
    return [line.removesuffix("\r") for line in text.split("\n")]
