"""Finding the Python files of a run.

A path that is named is always taken.  In a folder: ``*.py``, ``*.pyi``, ``*.ipynb`` and scripts
whose first line names Python, that git lists, tracked or not ignored; where there is no git, what
its ignore files leave.
Each file once whatever links lead to it.  The order is the same in every run.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codemods.model.frozen import Frozen, replace
from codemods.model.outcome import Failed
from codemods.project.ignore import git, gitignore
from codemods.project.scripts import is_script
from codemods.project.walked import Walked, display, joined, printable, unreachable, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import ClassVar

    from codemods.project.ignore.git import Listing
    from codemods.project.ignore.gitignore import Rules

    _Found = Sequence["DiscoveredFile | Failed"]

# Folders that hold no source of the project.  A virtual environment of any
# other name is known by its pyvenv.cfg.
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".bzr", ".jj", ".ai-usage", "__pycache__", "__pypackages__"}
    | {".venv", ".tox", ".nox", ".eggs", "node_modules", ".hypothesis", ".ipynb_checkpoints"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".ai_usage_cache"}
)
# Files that say which others are taken.
_RULES = (gitignore.IGNORE_FILE, "pyproject.toml")
SUFFIXES = (".py", ".pyi", ".ipynb")
_name = attrgetter("name")


class DiscoveredFile(Frozen):
    """A file to look at: its absolute path, and how reports name it.

    The path is kept as text: most files are read once, and asked nothing.  A place for it costs
    less than a dictionary, which is made with each record.
    """

    __slots__ = ("_path",)
    if TYPE_CHECKING:
        _path: ClassVar[Path]  # of each record, and no field

    place: str
    display: str

    @property
    def path(self) -> Path:
        """The absolute path."""
        try:
            return self._path
        except AttributeError:
            object.__setattr__(self, "_path", path := Path(self.place))
            return path


class _Folder(Frozen):
    """A folder to walk: ``real`` is its path without links, ``display`` ends in a slash."""

    path: str
    real: str
    display: str
    rules: tuple[Rules, ...]
    named: bool = False

    def child(self, name: str, rules: tuple[Rules, ...]) -> _Folder:
        """Return the folder *name* in this one."""
        path, real = joined(self.path, name), joined(self.real, name)
        return _Folder(path, real, f"{self.display}{name}/", rules)


Tell = Callable[[str], None]


class Excludes(Protocol):
    """Whether the project's configuration leaves a path out."""

    def __call__(self, path: str, *, folder: bool) -> bool:
        """Tell whether the absolute *path* is left out; what is in such a folder is as well."""


#: Whether anything at all that is right in an absolute folder may be left out.
ExcludesIn = Callable[[str], bool]


def discover(
    paths: Iterable[Path],
    cwd: Path,
    excludes: Excludes | None = None,
    excludes_in: ExcludesIn | None = None,
    *,
    force: bool = False,
    tell: Tell | None = None,
    walked: Walked | None = None,
    also: tuple[str, ...] = (),
) -> Iterator[DiscoveredFile | Failed]:
    """Yield the files of *paths*, in the given order and sorted within each.

    A path that is missing, or a folder that cannot be read, is yielded as Failed
    and the others go on.  With *force*, *excludes* counts for what is named too; where
    *excludes_in* is given and denies it for a folder, it is asked about nothing there.
    *tell* is called with what the reader should know: that git could not be asked.
    What the answer depended on is put into *walked*.  *also* are endings of further files.
    """
    walk = _Walk(str(cwd), excludes or _excludes_nothing, force=force, tell=tell or _say_nothing)
    walk.excludes_in = excludes_in or walk.excludes_in
    walk.walked = walked or walk.walked
    walk.suffixes = (*SUFFIXES, *also)
    for path in paths:
        for found in walk.named(path):
            yield from found


def _excludes_nothing(path: str, *, folder: bool) -> bool:
    del path, folder
    return False


def _may_exclude(folder: str) -> bool:
    del folder
    return True


def _say_nothing(text: str) -> None:
    del text


class _Walk:
    """One discovery: what was seen already, and the links that wait for the real files.

    What is found is handed up in groups, mostly those of a folder: there are six generators.
    """

    def __init__(self, cwd: str, excludes: Excludes, *, force: bool, tell: Tell) -> None:
        self._cwd = cwd
        self._excludes = excludes
        self._force = force
        self._tell = tell
        self._heeds_excludes = True
        self._seen: set[str] = set()
        # Links are taken last, so that a file which is reached both ways is
        # reported under its own name.
        self._links: list[tuple[_Folder, str]] = []
        self.excludes_in: ExcludesIn = _may_exclude
        self.walked = Walked(unsigned)
        self.suffixes: tuple[str, ...] = SUFFIXES

    def named(self, path: Path) -> Iterator[_Found]:
        """Yield what a path of the command line stands for."""
        absolute = os.path.abspath(self._cwd / path)  # noqa: PTH100 - resolve() follows links
        shown = display(absolute, self._cwd, relative=not path.is_absolute())
        try:
            mode = os.stat(absolute).st_mode  # noqa: PTH116 - a string, thousands of times
        except (OSError, ValueError) as error:
            yield [unreachable(shown, error)]
            return
        real = os.path.realpath(absolute)
        if stat.S_ISDIR(mode):
            yield from self._folder(absolute, real, shown)
            return
        self.walked.plain = False
        if not stat.S_ISREG(mode):
            advice = "Name a file or a folder."
            yield [Failed(shown, "read", "it is neither a file nor a folder", advice)]
        elif not (self._force and self._is_excluded(absolute, folder=False)):
            yield self._once(absolute, real, shown)

    def _folder(self, absolute: str, real: str, shown: str) -> Iterator[_Found]:
        """Yield the files of a folder that is named: git's answer, where there is git."""
        named = self._is_excluded(absolute, folder=True)
        if named and self._force:
            return
        # What is named is wanted, whatever leaves it out; inside of it that counts no more.
        self._heeds_excludes = not named
        prefix = "" if shown == "." else shown.rstrip("/") + "/"
        yield from self._repository(_Folder(absolute, real, prefix, (), named=True))
        while self._links:
            waiting, self._links = self._links, []
            for parent, name in waiting:
                yield from self._link(parent, name)

    def _is_excluded(self, absolute: str, *, folder: bool) -> bool:
        above = (str(parent) for parent in reversed(Path(absolute).parents))
        return self._excludes(absolute, folder=folder) or any(
            self._excludes(parent, folder=True) for parent in above
        )

    def _repository(self, folder: _Folder) -> Iterator[_Found]:
        """Yield the files of *folder*, from git or, without it, by reading its ignore files."""
        home = git.repository_of(folder.path)
        if home is not None:
            self.walked.plain = False
            try:
                listing = git.listing(folder.path)
            except git.GitProblem as problem:
                shown = printable(folder.display.rstrip("/") or ".")
                self._tell(
                    f"{shown}: git does not list its files ({printable(str(problem))}); its "
                    ".gitignore files are read without it, and what it tracks is unknown"
                )
            else:
                # An environment that says itself that git should ignore all of it, and is named.
                whole = (
                    folder.named and home != folder.path and gitignore.ignores_itself(folder.path)
                )
                if listing.ignored or whole:
                    yield from self._tree(folder)
                else:
                    yield from self._listed(folder, listing)
                return
        yield from self._tree(
            replace(folder, rules=gitignore.inherited(folder.path, limit=self._cwd))
        )

    def _listed(self, folder: _Folder, listing: Listing) -> Iterator[_Found]:
        """Yield what git lists in *folder*, but for folders of tools and virtual environments."""
        for name in listing.unreadable:
            error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            yield [unreachable(folder.display + name, error)]
        environments = {
            name.rpartition("/")[0] for name in listing.names if name.endswith("/pyvenv.cfg")
        }
        wanted: dict[str, bool] = {"": True}
        for name in sorted(listing.names, key=_files_first):
            if not self._leads_there(
                folder, name.rstrip("/").rpartition("/")[0], wanted, environments
            ):
                continue
            path = joined(folder.path, name.rstrip("/"))
            if name.endswith(self.suffixes) or is_script(name, path):
                yield self._entry(folder, name, path)
            elif name.endswith("/") or os.path.isdir(path):  # noqa: PTH112 - strings all through
                inner = name.rstrip("/")
                if not os.path.islink(path) and self._leads_there(  # noqa: PTH114
                    folder, inner, wanted, environments
                ):
                    yield from self._repository(
                        _Folder(path, joined(folder.real, inner), f"{folder.display}{inner}/", ())
                    )

    def _leads_there(
        self, folder: _Folder, inner: str, wanted: dict[str, bool], environments: set[str]
    ) -> bool:
        """Whether files of the folder *inner* are taken: no link, tool's folder or excluded one."""
        if inner not in wanted:
            above, _, name = inner.rpartition("/")
            path = joined(folder.path, inner)
            wanted[inner] = (
                self._leads_there(folder, above, wanted, environments)
                and name not in SKIPPED_FOLDERS
                and inner not in environments
                # An index may name files beyond a link, which lead out of the folder.
                and not os.path.islink(path)  # noqa: PTH114 - strings all through
                and not self._left_out((), path, folder=True)
            )
        return wanted[inner]

    def _entry(self, folder: _Folder, name: str, path: str) -> _Found:
        """Return the Python file *name* that git lists, if it is there and is a file."""
        try:
            mode = os.lstat(path).st_mode
        except OSError:  # tracked, and deleted
            return ()
        if self._left_out((), path, folder=False):
            return ()
        if stat.S_ISLNK(mode):
            self._links.append((folder, name))
        elif stat.S_ISREG(mode):
            return self._once(path, joined(folder.real, name), folder.display + name)
        return ()

    def _tree(self, root: _Folder) -> Iterator[_Found]:
        pending = [root]
        while pending:
            folder = pending.pop()
            if folder.real in self._seen:
                continue
            self._seen.add(folder.real)
            self.walked.enter(folder.path)
            try:
                with os.scandir(folder.path) as entries:
                    found = sorted(entries, key=_name)
            except OSError as error:
                self.walked.plain = False
                yield [unreachable(folder.display.rstrip("/") or ".", error)]
                continue
            inside: list[_Folder] = []
            yield self._entries(folder, found, inside)
            pending += reversed(inside)

    def _entries(
        self, folder: _Folder, found: Sequence[os.DirEntry[str]], inside: list[_Folder]
    ) -> _Found:
        """Return the files among *found*; append the folders to walk to *inside*."""
        names = {entry.name for entry in found}
        if ".git" in names:
            self.walked.plain = False
        if "pyvenv.cfg" in names and not folder.named:
            return ()
        for name in names.intersection(_RULES):
            self.walked.enter(joined(folder.path, name))
        rules = gitignore.rules_inside(folder.path, folder.rules, names, named=folder.named)
        taken: list[DiscoveredFile] = []
        seen, left_out, suffixes = self._seen, self._left_out, self.suffixes
        beside, shown_beside = folder.display, folder.display.isprintable()
        elsewhere = folder.real != folder.path
        # Asked when a file is found: a folder without any may have what configuration it will.
        asks: bool | None = None
        for entry in found:
            name = entry.name
            if name.endswith(suffixes):
                is_taken = entry.is_file(follow_symlinks=False)
            else:
                is_taken = "." not in name and self._is_script(entry)
            path = entry.path
            if is_taken:
                # Nearly all that is found comes this way, so it is written out.
                real = joined(folder.real, name) if elsewhere else path
                if real in seen:
                    continue
                if asks is None:
                    asks = bool(rules) or self._may_leave_out(folder.path)
                if asks and left_out(rules, path, folder=False):
                    continue
                seen.add(real)
                shown = beside + name
                if not (shown_beside and name.isprintable()):
                    shown = printable(shown)
                taken.append(DiscoveredFile(path, shown))
            elif entry.is_symlink():
                self.walked.plain = False
                self._links.append((replace(folder, rules=rules), name))
            elif entry.is_dir():
                if name not in SKIPPED_FOLDERS and not left_out(rules, path, folder=True):
                    inside.append(folder.child(name, rules))
        return taken

    def _may_leave_out(self, folder: str) -> bool:
        return self._heeds_excludes and self.excludes_in(folder)

    def _is_script(self, entry: os.DirEntry[str]) -> bool:
        """Whether a file without an ending is a script: its first line says so, and may change."""
        if not entry.is_file(follow_symlinks=False):
            return False
        self.walked.enter(entry.path)
        return is_script(entry.name, entry.path)

    def _link(self, parent: _Folder, name: str) -> Iterator[_Found]:
        """Yield what a link found in a folder leads to; a link that leads nowhere is passed over.

        A link to a folder above itself is passed over too: it would bring in
        everything beside the folder that was named.
        """
        path = joined(parent.path, name)
        real = os.path.realpath(path)
        if os.path.isdir(real):  # noqa: PTH112 - strings all through
            above = parent.real == real or parent.real.startswith(joined(real, ""))
            skipped = name in SKIPPED_FOLDERS or self._left_out(parent.rules, path, folder=True)
            if not above and not skipped:
                yield from self._tree(replace(parent.child(name, parent.rules), real=real))
        elif self._wanted(parent.rules, path) and os.path.isfile(real):  # noqa: PTH113
            yield self._once(path, real, parent.display + name)

    def _wanted(self, rules: tuple[Rules, ...], path: str) -> bool:
        taken = path.endswith(self.suffixes) or is_script(os.path.basename(path), path)  # noqa: PTH119
        return taken and not self._left_out(rules, path, folder=False)

    def _left_out(self, rules: tuple[Rules, ...], path: str, *, folder: bool) -> bool:
        return bool(rules and gitignore.ignored(rules, path, folder=folder)) or (
            self._heeds_excludes and self._excludes(path, folder=folder)
        )

    def _once(self, path: str, real: str, shown: str) -> _Found:
        if real in self._seen:
            return ()
        self._seen.add(real)
        return (DiscoveredFile(path, printable(shown)),)


def _files_first(name: str) -> tuple[tuple[bool, str], ...]:
    """Return the key that sorts the files of a folder before those of its folders."""
    *folders, last = name.rstrip("/").split("/")
    return (*((True, part) for part in folders), (name.endswith("/"), last))
