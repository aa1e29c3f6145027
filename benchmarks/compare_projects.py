"""The projects that ``benchmarks.compare`` runs the tools on, and the commands for each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks import trees
from tests.fixture_code import FOLDER, shared_code, spelled_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    #: The name of a command and its arguments.
    Arguments = tuple[str, ...]

TREES = ("wide", "dense", "together", "apart")
#: The file that says what is expected of a fixture, and what is set in its project.
SAID = "expect.toml"
SINGLE, SEVERAL, MODULE = "before.py", "project", "receipts.py"
#: The folder of programs that are fixtures as a whole, with all that belongs to them.
WHOLE = "projects"
TRACKER, CONSERVATIVE = ("--runtime", "tracker"), ("--runtime", "conservative")
LOOKING: tuple[Arguments, ...] = (
    ("migrate", "--check"),
    ("migrate", "--diff"),
    ("lint",),
    ("lint", "--format", "json"),
)
REPORTING: tuple[Arguments, ...] = (
    (),
    TRACKER,
    CONSERVATIVE,
    ("--strict", *TRACKER),
    ("--unsafe", *TRACKER),
    ("--unsafe", *CONSERVATIVE),
    ("--no-batch-pricing",),
)
WRITING: tuple[Arguments, ...] = ((), ("--unsafe", *TRACKER), ("--unsafe", *CONSERVATIVE))
# What is said of a large tree in other forms, or with other options, is said of small ones too.
LOOKING_AT_LARGE: tuple[Arguments, ...] = (
    ("migrate", "--check"),
    ("migrate", "--diff"),
    ("lint", "--format", "json"),
)
FOR_LARGE: tuple[Arguments, ...] = (("--unsafe", *TRACKER),)
#: As many modules of the wide tree as are migrated in half a minute: all 30,000 take hours.
WIDE_FILES = 3_000
SMALL = 20
#: What is in each file with legacy code, and seconds for its bytes and for all others.
LEGACY = b"racker"
A_LEGACY_BYTE, A_BYTE = 3e-6, 1e-6


@dataclass(frozen=True)
class Project:
    """A tree to run the tools on.

    ``files`` are the contents by path.  ``paths`` are what the commands are given, ``looking``
    those that leave the files, ``reporting`` and ``writing`` the options with which it is migrated.
    """

    name: str
    files: Mapping[str, bytes]
    paths: Arguments = (".",)
    looking: tuple[Arguments, ...] = LOOKING
    reporting: tuple[Arguments, ...] = REPORTING
    writing: tuple[Arguments, ...] = WRITING
    is_repository: bool = False

    @property
    def is_small(self) -> bool:
        """Tell whether to start a process takes as long as what it does."""
        return len(self.files) <= SMALL

    @property
    def commands(self) -> int:
        """How many commands are run on it."""
        return len(tuple(self.looks())) + sum(map(len, self.rewrites()))

    @cached_property
    def seconds(self) -> float:
        """About how long one of the commands takes, in seconds of a processor."""
        legacy = sum(len(text) for text in self.files.values() if LEGACY in text)
        return 0.01 + legacy * A_LEGACY_BYTE + sum(map(len, self.files.values())) * A_BYTE

    def looks(self) -> Iterator[Arguments]:
        """Yield the commands that leave the files as they are."""
        for command in self.looking:
            yield (*command, *self.paths)
        for options in self.reporting:
            yield ("migrate", "--check", "--format", "json", *options, *self.paths)

    def rewrites(self) -> Iterator[tuple[Arguments, ...]]:
        """Yield the commands that change files, each followed by itself and by what undoes it."""
        for options in self.writing:
            change = ("migrate", *options, *self.paths)
            yield (change, change, ("migrate", "--undo"))


def projects(
    kinds: Collection[str], fixtures: Path, sizes: Mapping[str, int], sample: int | None = None
) -> Iterator[Project]:
    """Yield the projects of *kinds* of trees, the large ones first.

    *sizes* are the numbers of modules of those that are made; with *sample*, so many fixtures
    are taken from all over the set instead of each.  Raises FileNotFoundError if there is none
    below *fixtures*: an empty comparison would be equal.
    """
    cases = sorted(path.parent for name in (SINGLE, SEVERAL) for path in fixtures.rglob(name))
    if not cases:
        raise FileNotFoundError(f"no fixture in {fixtures}")
    if sample is not None:
        cases = cases[:: max(1, -(-len(cases) // sample))]
    for kind, make in (("wide", trees.wide), ("dense", trees.dense)):
        if kind in kinds:
            files = {path: text.encode() for path, text in make(sizes[kind])}
            yield _large(f"the {kind} tree", files)
    if "together" in kinds:
        own = _together(fixtures, cases if sample is not None else [fixtures])
        yield _large("all fixtures together", own)
    if "apart" in kinds:
        yield from (_alone(case, fixtures) for case in cases)
        whole = sorted((fixtures / WHOLE).glob("*/")) if sample is None else []
        yield from (Project(path.name, _contents(path, fixtures)) for path in whole)


def _large(name: str, files: Mapping[str, bytes]) -> Project:
    return Project(name, files, (".",), LOOKING_AT_LARGE, FOR_LARGE, FOR_LARGE)


def _alone(folder: Path, fixtures: Path) -> Project:
    """Return the program of one fixture, with the settings that it is to be run with."""
    said = tomllib.loads((folder / SAID).read_text()) if (folder / SAID).is_file() else {}
    single = folder / SINGLE
    if single.is_file():
        files = {MODULE: _content(single, fixtures)}
    else:
        files = _contents(folder / SEVERAL, fixtures)
    settings = said.get("settings", {})
    options = said.get("options", {})
    named = tuple(options.get("named", ())) or (options.get("part", "."),)
    return Project(
        folder.name,
        {**files, **{name: text.encode() for name, text in settings.items()}},
        (*(["--force-exclude"] if options.get("force_exclude") else []), *named),
        is_repository=any(name.endswith(".gitignore") for name in settings),
    )


def _together(fixtures: Path, folders: Collection[Path]) -> dict[str, bytes]:
    """Return the files of *folders*, by path below *fixtures*, without the code that they share."""
    return {
        f"{folder.relative_to(fixtures).as_posix()}/{name}".removeprefix("./"): content
        for folder in folders
        for name, content in _contents(folder, fixtures).items()
        if (folder / name).relative_to(fixtures).parts[0] != FOLDER
    }


def _contents(folder: Path, fixtures: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _content(path, fixtures) for path in paths}


def _content(file: Path, fixtures: Path) -> bytes:
    return spelled_out(file.read_bytes(), shared_code(fixtures))
