"""Which lines of files were changed: as a diff says, or since a revision of git."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codemods.model.outcome import Linted, RunReport
from codemods.project.ignore.git import GitProblem, repository_of, run
from codemods.project.notebooks import cells
from codemods.project.notebooks.module import is_notebook
from codemods.project.sources import read_bytes

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from codemods.model.finding import Finding
    from codemods.model.outcome import FileOutcome

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}
_IS_DIFF = re.compile(rb"^(?:diff |--- |@@ -)", re.MULTILINE)
#: How much of a file must be that of another one for it to be the same under another name.
_ALIKE = 0.5
#: Files that are gone and compared with one that is new, of which git is asked for each; those that
#: have its name come first, and what is the very same is found among all.
_MOST_COMPARED = 100


class NoDiffError(ValueError):
    """The text is no unified diff."""


class Changes(Protocol):
    """Which lines of files were changed."""

    def of(self, path: Path) -> Container[int]:
        """Return the changed lines of the file *path*, counted from 1; raises GitProblem."""


class _Every:
    """All lines of a file."""

    def __contains__(self, line: object) -> bool:
        return True


EVERY = _Every()


def changed_only(report: RunReport, changes: Changes, cwd: Path) -> RunReport:
    """Return *report* with those of its findings that stand in changed lines."""
    outcomes: list[FileOutcome] = []
    for one in report.outcomes:
        if isinstance(one, Linted):
            path = cwd / one.path
            lines = changes.of(path)
            found = tuple(f for f in one.findings if any(n in lines for n in _lines(f, path)))
            silenced = tuple(
                s for s in one.silenced if any(n in lines for n in _lines(s.finding, path))
            )
            if found or silenced:
                outcomes.append(replace(one, findings=found, silenced=silenced))
        else:
            outcomes.append(one)
    return replace(report, outcomes=tuple(outcomes))


def _lines(finding: Finding, path: Path) -> range:
    """Return the lines of *finding* in the file; those of its cell in a notebook."""
    if not finding.cell or not is_notebook(path):
        return range(finding.span.line, finding.span.end_line + 1)
    notebook = cells.read(read_bytes(path))
    cell = notebook.cells[finding.cell - 1]
    first = notebook.text.count("\n", 0, cell.start) + 1
    return range(first, first + notebook.text.count("\n", cell.start, cell.stop) + 1)


@dataclass(frozen=True)
class Diff:
    """The lines that a unified diff adds, by the paths that it names, in any of *folders*."""

    added: Mapping[str, frozenset[int]]
    folders: Sequence[Path]

    @classmethod
    def read(cls, content: bytes, folders: Sequence[Path]) -> Diff:
        """Return what the diff *content* adds; raises NoDiffError."""
        added: dict[str, set[int]] = {}
        for paths, line in _added(content):
            for path in paths:
                added.setdefault(path, set()).add(line)
        if content.strip() and not _IS_DIFF.search(content):
            raise NoDiffError("it is no unified diff, as git diff makes one")
        return cls({path: frozenset(lines) for path, lines in added.items()}, folders)

    def of(self, path: Path) -> Container[int]:
        """Return the changed lines of the file *path*."""
        plain = Path(os.path.normpath(path))
        below = (plain.relative_to(one) for one in self.folders if plain.is_relative_to(one))
        return frozenset().union(*(self.added.get(one.as_posix(), frozenset()) for one in below))


def _added(content: bytes) -> Iterator[tuple[Sequence[str], int]]:
    """Yield the line, and the paths that may be meant, of each line that a diff adds."""
    paths: Sequence[str] = ()
    old = new = number = 0
    for line in content.split(b"\n"):
        if old > 0 or new > 0:
            sign = line[:1]
            if sign == b"+":
                yield paths, number
            number += sign not in (b"-", b"\\")
            new -= sign not in (b"-", b"\\")
            old -= sign not in (b"+", b"\\")
        elif line.startswith(b"+++ "):
            paths = _named(line[4:].rstrip(b"\r"))
        elif (hunk := _HUNK.match(line)) is not None:
            old, number, new = (int(one) if one is not None else 1 for one in hunk.groups())


def _named(text: bytes) -> Sequence[str]:
    """Return the paths that a line of a diff may name: with the prefix of git, or without it."""
    name = text.partition(b"\t")[0]
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_unescaped, name[1:-1])
    if name == b"/dev/null":
        return ()
    return tuple({os.fsdecode(one) for one in (name, re.sub(rb"^[abciow]/", b"", name))})


def _unescaped(match: re.Match[bytes]) -> bytes:
    text = match[1]
    return bytes([int(text, 8) & 0xFF]) if len(text) == 3 else _LETTERS.get(text, text)


class Since:
    """What was changed since *revision*, in the repository of each file.

    That is since the branch of now left it: what others did there meanwhile is no change.
    """

    def __init__(self, revision: str) -> None:
        self._revision = revision
        self._trees: dict[str, _Tree] = {}

    def of(self, path: Path) -> Container[int]:
        """Return the changed lines of the file *path*; raises GitProblem."""
        real = os.path.realpath(path)
        root = repository_of(os.path.dirname(real))  # noqa: PTH120 - strings all through
        if root is None:
            raise GitProblem(f"{path} is in no git repository")
        if root not in self._trees:
            self._trees[root] = _Tree(root, self._revision)
        content = read_bytes(real)
        before = self._trees[root].before(os.path.relpath(real, root).replace(os.sep, "/"), content)
        return EVERY if before is None else _changed(_split(before), _split(content))

    def require(self, folder: Path) -> None:
        """See that the revision is there, in the repository of *folder*; raises GitProblem."""
        root = repository_of(os.path.realpath(folder))
        if root is None:
            raise GitProblem(f"{folder} is in no git repository")
        self._trees[root] = _Tree(root, self._revision)


class _Tree:
    """The files of a commit."""

    def __init__(self, root: str, revision: str) -> None:
        self._root = root
        commit = _commit(root, revision)
        listed = _asked(root, "ls-tree", "-r", "-z", "--full-tree", commit)
        self._blobs: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        for one in listed.split(b"\0"):
            head, _, name = one.partition(b"\t")
            mode, _, rest = head.partition(b" ")
            if mode in (b"100644", b"100755"):
                self._blobs[os.fsdecode(name)] = rest.rpartition(b" ")[2].decode()

    def before(self, name: str, content: bytes) -> bytes | None:
        """Return what the file *name*, of *content*, was then, under whatever name; None if new."""
        blob = self._blobs.get(name)
        if blob is not None:
            return self._content(blob)
        ids = _ids(content)
        if any(self._blobs[one] in ids for one in self._gone):
            return content
        base = os.path.basename(name)  # noqa: PTH119 - strings all through
        suffix = os.path.splitext(base)[1]  # noqa: PTH122 - as above
        alike = [one for one in self._gone if one.endswith(suffix)]
        alike.sort(key=lambda one: os.path.basename(one) != base)  # noqa: PTH119 - as above
        read = (self._content(self._blobs[one]) for one in alike[:_MOST_COMPARED])
        found = [(_likeness(old, content), old) for old in read]
        likeness, best = max(found, key=lambda pair: pair[0], default=(0.0, b""))
        return best if likeness >= _ALIKE else None

    @cached_property
    def _gone(self) -> Sequence[str]:
        """The files that are not there any more, under the names that they had."""
        return [one for one in self._blobs if not os.path.lexists(f"{self._root}/{one}")]

    def _content(self, blob: str) -> bytes:
        if blob not in self._contents:
            self._contents[blob] = _asked(self._root, "cat-file", "blob", blob)
        return self._contents[blob]


def _ids(content: bytes) -> tuple[str, str]:
    """Return what git calls *content*, in a repository of either kind."""
    whole = b"blob %d\0%b" % (len(content), content)
    return hashlib.sha1(whole).hexdigest(), hashlib.sha256(whole).hexdigest()


def _commit(root: str, revision: str) -> str:
    """Return the commit at which the branch of now left *revision*."""
    named = run(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    commit = named.stdout.decode(errors="replace").strip()
    if named.returncode or not commit.isalnum():
        raise GitProblem(f"{revision!r} is no revision of {root}")
    base = run(root, "merge-base", commit, "HEAD")
    found = base.stdout.decode(errors="replace").strip()
    return found if not base.returncode and found.isalnum() else commit


def _asked(root: str, *command: str) -> bytes:
    answer = run(root, *command)
    if answer.returncode:
        raise GitProblem(answer.stderr.decode(errors="replace").strip() or "git says nothing")
    return answer.stdout


def _likeness(old: bytes, new: bytes) -> float:
    """Return how much of the lines of two files is the same, from 0 to 1."""
    before, after = Counter(_split(old)), Counter(_split(new))
    count = before.total() + after.total()
    return 2 * (before & after).total() / count if count else 0.0


def _split(content: bytes) -> list[bytes]:
    """Return the lines of *content* without their ends: a checkout may change these."""
    return re.split(rb"\r\n|\r|\n", content)


def _changed(before: Sequence[bytes], after: Sequence[bytes]) -> frozenset[int]:
    """Return the lines of *after* that are not those of *before*."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    stop = 0
    while stop < min(len(before), len(after)) - start and before[-1 - stop] == after[-1 - stop]:
        stop += 1
    old, new = before[start : len(before) - stop], after[start : len(after) - stop]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return frozenset(
        line + start + 1
        for tag, _, _, begin, end in matcher.get_opcodes()
        if tag in ("replace", "insert")
        for line in range(begin, end)
    )
