"""What a run was asked to do: the command line and the project's configuration, as records."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from codemods.model.frozen import Frozen
from codemods.model.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from codemods.project.tables.lint import LintConfig
    from codemods.project.tables.overrides import Override


#: The table of a configuration that has nothing in it.
_NOTHING: Mapping[str, str] = {}
#: The files of each kind of document that can be included.
KINDS: Mapping[str, tuple[str, ...]] = {"markdown": (".md", ".markdown"), "rst": (".rst",)}
#: What the code of a module that is in no function is called, where functions have names.
MODULE = "<module>"
#: What includes the examples in docstrings of Python files.
DOCSTRINGS = "doctests"
#: Options that leave the results of a run as they are.  All others tell runs apart, for the cache
#: as for campaigns, so that one which is added does so unless it is named here.
SAME_RESULTS = frozenset(
    {
        "mode",
        "jobs",
        "colour",
        "quiet",
        "cluster",
        "report_format",
        "reports",
        "use_cache",
        "cache_dir",
        "clean_cache",
        "interactive",
        "show_settings",
        "show_files",
        "verbose",
        "statistics",
    }
)


class Mode(StrEnum):
    """What happens with the rewrites of a run."""

    MIGRATE = "migrate"
    DIFF = "diff"
    CHECK = "check"
    UNDO = "undo"


class Shard(Frozen):
    """One of ``count`` equal parts of a run; ``number`` counts from 1."""

    number: int
    count: int

    def takes(self, index: int) -> bool:
        """Whether the file that is found as number *index*, from 0, is of this part."""
        return index % self.count == self.number - 1

    def __str__(self) -> str:
        """Return the part as the command line names it: ``2/5``."""
        return f"{self.number}/{self.count}"


class Output(Frozen):
    """A report that is asked for: the name of its format, and its file, None for the output."""

    format: str
    file: Path | None = None


class Options(Frozen):
    """The command line of one run.

    ``cwd`` is the folder where the run was started: reports name files relative
    to it and the undo journal lives in it.  ``batch_pricing`` and ``runtime`` are
    the flags, None when they were not given: then the configuration of each file
    counts.  ``unsafe`` also applies
    rewrites that are not proven, ``strict`` leaves those that rest on an
    assumption.  ``jobs`` is the number of worker processes, at least 1,
    None where the work decides.
    ``colour`` is None where the terminal decides.  ``force_exclude`` leaves out what
    the configuration excludes, though it is named.  ``shard`` is the part of the files
    that is decided; all of them are looked at, since the others may use what it changes.
    ``cluster`` is the address of a Dask scheduler whose workers do the work, "" for none.
    ``report_format`` is the name of one of ``codemods.report.formats``, None where none is
    named; ``reports`` are asked for beside it.
    ``use_cache`` lets the run use and write what runs remember, in ``cache_dir`` if that is
    given; ``clean_cache`` removes it first.
    ``include`` names further kinds of code that are looked at: markdown, rst, doctests.
    ``rollback`` asks for legacy calls in the place of blocks.
    ``interactive`` asks a person about each rewrite.
    ``config_file`` is the file whose table holds for all files, None for the nearest of each.
    ``show_settings`` and ``show_files`` ask what would hold, and for which files, and no more.
    ``verbose`` tells beside the report what the run went by.  ``statistics`` asks for a count of
    each rule in the place of the report.
    ``stdin_filename`` is what a text that is read would be called.
    """

    paths: tuple[Path, ...]
    cwd: Path
    mode: Mode = Mode.MIGRATE
    batch_pricing: bool | None = None
    runtime: Runtime | None = None
    unsafe: bool = False
    strict: bool = False
    jobs: int | None = 1
    colour: bool | None = None
    quiet: bool = False
    force_exclude: bool = False
    shard: Shard | None = None
    cluster: str = ""
    report_format: str | None = None
    reports: tuple[Output, ...] = ()
    use_cache: bool = False
    cache_dir: Path | None = None
    clean_cache: bool = False
    rollback: bool = False
    interactive: bool = False
    include: tuple[str, ...] = ()
    config_file: Path | None = None
    show_settings: bool = False
    show_files: bool = False
    verbose: bool = False
    statistics: bool = False
    stdin_filename: Path | None = None

    @property
    def describes(self) -> bool:
        """Whether settings or files are to be shown, and nothing is to be looked at."""
        return self.show_settings or self.show_files

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of the files that are looked at beside those of Python."""
        return tuple(suffix for kind in self.include for suffix in KINDS.get(kind, ()))


class LintOptions(Frozen):
    """The part of the command line that only lint has.

    ``explain`` is the code of a rule whose page is to be shown, ``list_rules`` asks for the names
    of all.
    ``select``, ``ignore`` and ``extend_select`` name rules, as a table of the configuration does,
    which counts before it; ``select`` is None where it was not given.
    ``exit_zero`` asks not to fail for findings.  ``fix`` asks for what migrate makes of the places
    that are told of, with ``unsafe_fixes`` also for what is not proven, and takes away comments
    that silence nothing.
    ``add_ignores`` is the reason of comments that are to silence what is found.
    ``baseline`` is the file of what is known, which may be updated or pruned first.  ``since`` is a
    revision, ``diff_from_stdin`` asks for a diff: only what stands in changed lines is told of.
    """

    explain: str | None = None
    list_rules: bool = False
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    exit_zero: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    add_ignores: str | None = None
    baseline: Path | None = None
    update_baseline: bool = False
    prune_baseline: bool = False
    since: str | None = None
    diff_from_stdin: bool = False

    @property
    def writes(self) -> bool:
        """Whether sources are to be written: rewrites, and comments put in or taken away."""
        return self.fix or self.add_ignores is not None

    @property
    def narrows(self) -> bool:
        """Whether only what is new is told of."""
        return self.baseline is not None or self.since is not None or self.diff_from_stdin

    @property
    def describes(self) -> bool:
        """Whether rules are to be shown, and nothing is to be looked at."""
        return self.explain is not None or self.list_rules


class ProjectConfig(Frozen):
    """The table ``[tool.ai-usage]`` of a pyproject.toml; the defaults where there is none.

    ``source`` is the file that was read, and ``root`` its folder: ``exclude``
    holds gitignore-style patterns relative to it.  ``modules`` maps a legacy
    module to the module of its contexts, ``operations`` a function
    (``"package.module:function"`` or ``"function"``, with MODULE for code in none) to its
    operation name.  ``overrides`` say what else holds for some of its files; ``parts`` are the
    numbers of those that are counted in already.
    """

    source: Path | None = None
    runtime: Runtime = Runtime.AUTO
    modules: Mapping[str, str] = _NOTHING
    operations: Mapping[str, str] = _NOTHING
    exclude: tuple[str, ...] = ()
    batch_pricing: bool = True
    lint: LintConfig | None = None
    overrides: tuple[Override, ...] = ()
    parts: tuple[int, ...] = ()

    @property
    def root(self) -> Path | None:
        """The folder of the pyproject.toml that was read."""
        return self.source.parent if self.source else None

    def of(self, path: Path) -> ProjectConfig:
        """Return what holds for the file *path*: one table holds for every file."""
        del path
        return self


class Settings(Frozen):
    """What the user chose for the code of a file, as the rules need it.

    ``runtime`` is AUTO where the project is to be looked at; ``operations`` maps functions
    to operation types.  ``line_length`` is the project's, None where it says none; with
    ``examples`` those in docstrings are looked at too.
    """

    runtime: Runtime
    batch_pricing: bool
    strict: bool
    unsafe: bool
    operations: Mapping[str, str]
    line_length: int | None = None
    examples: bool = False


class Configuration(Protocol):
    """What holds for each file of a run."""

    def of(self, path: Path) -> ProjectConfig:
        """Return what holds for the file *path*."""
