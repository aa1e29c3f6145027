"""Asking git for the history of files: which blobs each commit has brought, and what is in them.

Nothing is checked out, and nothing that the repository names is run.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codemods.project.ignore.git import GitProblem, command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

#: No such file in a commit.
_GONE = "0" * 40
_LINK, _MODULE = "120000", "160000"
#: What is longer is no source: it is not looked at.
_LARGEST = 10_000_000
#: So many names are shorter than the smallest pipe.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit made of a file: its new blob, "" if it is gone."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the main line, with what it changed of the files that are asked about."""

    name: str
    when: datetime
    changes: tuple[Change, ...]


def commits(root: str, paths: Sequence[str], since: str | None = None) -> Iterator[Commit]:
    """Yield the commits of the main line that changed files below *paths*, oldest first.

    The first one yielded has all files there were: of all time, or as the commit *since* left
    them.  Raises GitProblem.
    """
    head = "HEAD"
    if since is not None:
        wanted = ("--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
        start = _asked(root, "rev-parse", *wanted)
        name = start.decode().strip()
        yield _whole(root, name, paths)
        head = f"{name}..HEAD"
    log = _asked(
        root,
        *("log", "--first-parent", "-m", "--reverse", "--root"),
        *("--raw", "--no-abbrev", "--no-renames", "-z", "--format=%x01%H %ct", head, "--", *paths),
    )
    for text in log.decode("utf-8", "surrogateescape").split("\x01")[1:]:
        header, *raw = text.split("\0")
        name, seconds = header.split()
        yield Commit(name, _time(seconds), tuple(_changes(raw)))


def _whole(root: str, name: str, paths: Sequence[str]) -> Commit:
    """Return the commit *name* as one that has brought all files it has."""
    seconds = _asked(root, "show", "--no-patch", "--format=%ct", name).decode()
    listed = _asked(root, "ls-tree", "-r", "-z", "--full-tree", name, "--", *paths)
    changes = []
    for entry in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        told, _, path = entry.partition("\t")
        mode, _, blob = told.split()
        if mode not in (_LINK, _MODULE):
            changes.append(Change(path, blob))
    return Commit(name, _time(seconds), tuple(changes))


def _changes(raw: Sequence[str]) -> Iterator[Change]:
    told = [part.lstrip("\n") for part in raw]
    told = [part for part in told if part]
    for entry, path in zip(told[::2], told[1::2], strict=False):
        _, mode, _, blob, _ = entry.split()
        is_file = mode not in (_LINK, _MODULE) and not blob.startswith(_GONE)
        yield Change(path, blob if is_file else "")


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _reader(root: str) -> subprocess.Popen[bytes]:
    """Start git, to tell what is in the blobs that it is asked for."""
    return subprocess.Popen(
        command(root, "cat-file", "--batch"),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def contents(root: str, blobs: Sequence[str]) -> Iterator[bytes]:
    """Yield what is in each of *blobs*, in order; nothing of one that is missing or very large.

    They are asked for in parts, each of which fits into a pipe: neither side waits for the other.
    """
    if not blobs:
        return
    with _reader(root) as process:
        asking, answers = process.stdin, process.stdout
        assert asking is not None
        assert answers is not None
        for start in range(0, len(blobs), _AT_ONCE):
            part = blobs[start : start + _AT_ONCE]
            asking.write("".join(f"{blob}\n" for blob in part).encode())
            asking.flush()
            for _ in part:
                yield _answer(answers)


def _answer(answers: IO[bytes]) -> bytes:
    """Return the next answer of ``cat-file``: a line with the size, that many bytes, a newline."""
    words = answers.readline().split()
    if len(words) != 3:  # missing
        return b""
    size = int(words[2])
    content = answers.read(size + 1)[:-1]
    return content if size <= _LARGEST else b""


def _asked(root: str, *arguments: str) -> bytes:
    done = subprocess.run(
        command(root, *arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitProblem(said[0].removeprefix("fatal: ") if said else "git failed without a word")
    return done.stdout
