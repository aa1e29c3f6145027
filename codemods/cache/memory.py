"""What a run remembers of the last one like it, and leaves for the next.

Two things are remembered.  Of a file without work in it: that, as long as it is the same.  Of a
lint as a whole: its findings, as long as nothing is other that they came from, which is every file
and folder that it walked.  Where more than those decide which files there are, git or links, and
where something failed, the findings are not kept.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import time_ns as now
from typing import TYPE_CHECKING

from codemods.cache import replay
from codemods.cache.record import Record
from codemods.cache.replay import FOLDER, LEAST_FILES
from codemods.cache.signature import (
    WIDTH,
    at_rest,
    digest_of,
    listing,
    signature,
    signatures,
    tool,
)
from codemods.cache.store import Store
from codemods.model.options import SAME_RESULTS
from codemods.model.outcome import Linted, RunReport
from codemods.project.root import Roots
from codemods.project.walked import Walked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.model.options import Options
    from codemods.project.discovery import DiscoveredFile

#: What in the folders above decides on the files of a run, and on the names of their modules.
_ABOVE = (".git", ".gitignore", "pyproject.toml", "__init__.py")


class Memory:
    """The cache as one run sees it; made before the run looks at anything.

    *place* is the folder of the cache.  *command* is the kind of run: runs of different kinds
    remember nothing of each other.
    """

    def __init__(self, place: Path, options: Options, command: str) -> None:
        self._looked = now()
        self._options = options
        self._store = Store(place)
        self._home = str(place.parent)
        self._beside = listing(self._home, place.name)
        self._name = place.name
        self._key = _key(options, command)
        self._above = {path: signature(path) for path in _names_above(options)}
        last = self._store.read(self._key)
        self._last = last if last is not None and last.tool == tool() else None
        self._clean: Mapping[str, bytes] | None = {} if self._last is None else None
        self._then: dict[str, bytes] = {}
        self.walked = Walked(signature)
        self._working: list[str] = []
        self._others: Sequence[DiscoveredFile] = ()
        self._failed = 0
        self._is_recorded = False

    def replayed(self) -> RunReport | None:
        """Return the report of the last run if it would be the same, None if it may be another."""
        last = self._last
        if last is None or last.found is None or last.listing not in ("", self._beside):
            return None
        if signatures(last.paths) != last.numbers:
            return None
        self._is_recorded = True
        return RunReport(last.found, last.count, written=False, shard=_shard(self._options))

    def is_clean(self, file: DiscoveredFile) -> bool:
        """Whether *file* is known to have no work in it."""
        if self._clean is None:
            self._clean = self._last.clean_files() if self._last is not None else {}
        seen = self._then[file.place] = signature(file.place)
        return self._clean.get(file.place) == seen

    def looked_at(
        self, candidates: Sequence[Path], others: Sequence[DiscoveredFile], failed: int
    ) -> None:
        """Take note of the files of the run: *candidates* may have work in them, *others* none."""
        self._working = [str(path) for path in candidates]
        self._others = others
        self._failed = failed

    def keep(self, report: RunReport, *, excludes: bool) -> None:
        """Leave what was learned for the next run.

        *excludes* says that the configuration leaves files out, whatever they are.
        """
        files = [file.place for file in self._others]
        count = len(files) + len(self._working)
        if count < LEAST_FILES:
            return
        then = {**self._then, **self.walked.seen, **self._above}
        beside = self._beside if then.pop(self._home, None) is not None else ""
        around = [path for path in then if path not in self._then]
        paths = [*files, *self._working, *around]
        numbers = signatures(paths)
        every = numbers.tobytes()
        known = [
            then.get(path) == every[at * WIDTH : (at + 1) * WIDTH]
            and at_rest(numbers, at, self._looked)
            for at, path in enumerate(paths)
        ]
        clean = bytes(known[: len(files)]) + bytes(len(self._working))
        found: tuple[Linted, ...] | None = None
        same = all(known) and beside in ("", listing(self._home, self._name))
        if same and not excludes and self._may_be_told_again(report):
            found = tuple(one for one in report.outcomes if isinstance(one, Linted))
        record = Record(paths, numbers, count, clean, found, beside, tool())
        if record != self._last:
            self._store.write(self._key, record)
        self._is_recorded = found is not None

    def keep_printed(self, command: str, arguments: Sequence[str], text: str, status: int) -> None:
        """Leave *text*, which this run prints, for one with the same command line."""
        if self._is_recorded:
            name = replay.name_of(command, arguments)
            self._store.write_printed(name, text, status, self._key)

    def _may_be_told_again(self, report: RunReport) -> bool:
        """Whether all that the findings came from is among what was walked."""
        if not self.walked.plain or self._failed or report.warnings or report.shard:
            return False
        if not all(isinstance(one, Linted) for one in report.outcomes):
            return False
        roots = Roots(self._options.cwd)
        named = {Path(_absolute(self._options, path)) for path in self._options.paths}
        found = {roots.of(Path(path)) for path in self._working}
        return found <= {None, *named}


def place_of(options: Options) -> Path | None:
    """Return where the cache is: as *options* say, else in the project; None for nowhere.

    Windows has no time of change that no program can set.
    """
    if os.name == "nt":
        return None
    if options.cache_dir is not None:
        return Path(_absolute(options, options.cache_dir))
    root = Roots(options.cwd).of(options.cwd / FOLDER)
    return root / FOLDER if root is not None else None


def _absolute(options: Options, path: Path) -> str:
    return os.path.abspath(options.cwd / path)  # noqa: PTH100 - resolve() follows links


def _names_above(options: Options) -> list[str]:
    named = (Path(_absolute(options, path)) for path in (*options.paths, Path()))
    folders = {above for path in named for above in (path, *path.parents)}
    names = [str(folder / name) for folder in sorted(folders) for name in _ABOVE]
    return (
        names if options.config_file is None else [*names, _absolute(options, options.config_file)]
    )


def _shard(options: Options) -> str:
    return str(options.shard or "")


def _key(options: Options, command: str) -> str:
    """Return what tells runs apart that may have different results for the same files."""
    said = (
        command,
        *(
            f"{name}={getattr(options, name)}"
            for name in options.__match_args__
            if name not in SAME_RESULTS
        ),
        os.environ.get("HOME", ""),
        sys.version,
    )
    return digest_of("\0".join(said).encode("utf-8", "surrogateescape"), 16).hex()
