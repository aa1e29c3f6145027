"""The projects that ``benchmarks.compare`` runs the tools on, and the commands for each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
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
# What is said of a large tree with other options is said of small ones too.
FEW: tuple[Arguments, ...] = ((), ("--unsafe", *TRACKER))


@dataclass(frozen=True, slots=True)
class Project:
    """A tree to run the tools on.

    ``files`` are the contents by path.  ``paths`` are what the commands are given, ``reporting``
    and ``writing`` the options with which it is migrated.
    """

    name: str
    files: Mapping[str, bytes]
    paths: Arguments = (".",)
    reporting: tuple[Arguments, ...] = REPORTING
    writing: tuple[Arguments, ...] = WRITING
    is_repository: bool = False

    def looks(self) -> Iterator[Arguments]:
        """Yield the commands that leave the files as they are."""
        for command in LOOKING:
            yield (*command, *self.paths)
        for options in self.reporting:
            yield ("migrate", "--check", "--format", "json", *options, *self.paths)

    def rewrites(self) -> Iterator[tuple[Arguments, ...]]:
        """Yield the commands that change files, each followed by itself and by what undoes it."""
        for options in self.writing:
            change = ("migrate", *options, *self.paths)
            yield (change, change, ("migrate", "--undo"))


def projects(
    kinds: Collection[str], fixtures: Path, sizes: Mapping[str, int], every: int = 1
) -> Iterator[Project]:
    """Yield the projects of *kinds* of trees, the large ones first.

    *sizes* are the numbers of modules of those that are made; of the fixtures, one of *every* so
    many is taken alone.  Raises FileNotFoundError if there is none below *fixtures*: an empty
    comparison would be equal.
    """
    cases = sorted(path.parent for name in (SINGLE, SEVERAL) for path in fixtures.rglob(name))
    if not cases:
        raise FileNotFoundError(f"no fixture in {fixtures}")
    for kind, make in (("wide", trees.wide), ("dense", trees.dense)):
        if kind in kinds:
            files = {path: text.encode() for path, text in make(sizes[kind])}
            yield Project(f"the {kind} tree", files, reporting=FEW, writing=FEW)
    if "together" in kinds:
        files = _contents(fixtures, fixtures)
        own = {name: content for name, content in files.items() if name.split("/")[0] != FOLDER}
        yield Project("all fixtures together", own, writing=FEW)
    if "apart" in kinds:
        yield from (_alone(case, fixtures) for case in cases[::every])


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


def _contents(folder: Path, fixtures: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _content(path, fixtures) for path in paths}


def _content(file: Path, fixtures: Path) -> bytes:
    return spelled_out(file.read_bytes(), shared_code(fixtures))
