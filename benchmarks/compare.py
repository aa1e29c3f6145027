"""Whether two checkouts of the tools say and write the same, byte for byte.

``python -m benchmarks.compare OLD NEW`` (``make compare OLD=path``) runs migrate (report, patch,
JSON, in place and back) and lint of both on every fixture, alone and all together, and on the trees
of ``benchmarks.trees``.  It prints how many outputs were compared and the first that differ, and
exits 1 if there is one.  Both run in the same folder, one after the other, so that nothing of what
they print need be passed over, but the time of the run that ``--undo`` names.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from benchmarks import trees
from benchmarks.compare_projects import TREES, Project, projects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.compare_projects import Arguments

    #: What was seen after a command, by name: status, output, errors, files that are other now.
    Seen = dict[str, bytes]

ROOT = Path(__file__).resolve().parents[1]
RUNNER = Path(__file__).with_name("compare_runner.py")
LANES = 2
SHOWN, SHOWN_LINES = 10, 12
TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")
#: Folders of the tools' own: an undo journal has names of the time of its run.
OWN = frozenset({".ai-usage", ".git"})


class ForeignError(Exception):
    """Not the checkout's own modules would be run."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same after a command: both of it, None where it is missing."""

    project: str
    command: str
    what: str
    old: bytes | None
    new: bytes | None


class Runner:
    """The commands of one checkout, run by a process that has its modules."""

    def __init__(self, checkout: Path, scratch: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"}
        environment["XDG_CACHE_HOME"] = str(scratch / "cache")
        # No folder can be there, so that nothing is remembered from one command to the next.
        environment["AI_USAGE_CACHE_DIR"] = os.devnull
        self._answers = scratch / "output", scratch / "errors"
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(RUNNER)],
            env=environment,
            cwd=scratch,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.module = Path(self._answer())
        if not self.module.is_relative_to(checkout):
            self.close()
            raise ForeignError(f"{checkout} has no codemods: {self.module} was imported")

    def run(self, folder: Path, arguments: Arguments) -> Seen:
        """Return the status of a command, and what it printed."""
        output, errors = map(str, self._answers)
        asked = {"folder": str(folder), "arguments": arguments, "output": output, "errors": errors}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        status = self._answer().encode()
        printed = [path.read_bytes() for path in self._answers]
        if "--undo" in arguments:
            printed = [TIME.sub(b"(time)", text) for text in printed]
        return {"status": status, **dict(zip(("output", "errors"), printed, strict=True))}

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ForeignError("the process that runs a checkout has ended")
        return line.rstrip("\n")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class Lane:
    """A folder, and a runner of each checkout: one lane compares one project at a time."""

    def __init__(self, old: Path, new: Path, scratch: Path) -> None:
        self._folder = scratch / "project"
        self.runners: list[Runner] = []
        for name, checkout in (("old", old), ("new", new)):
            (scratch / name).mkdir(parents=True)
            self.runners.append(Runner(checkout, scratch / name))

    @property
    def modules(self) -> list[Path]:
        """Where the packages of both were imported from."""
        return [runner.module for runner in self.runners]

    def compare(self, project: Project) -> tuple[int, list[Difference]]:
        """Return how many outputs of *project* were compared, and those that differ."""
        both = [dict(self.seen(runner, project)) for runner in self.runners]
        differences = [
            Difference(project.name, *key, both[0].get(key), both[1].get(key))
            for key in sorted(both[0].keys() | both[1].keys())
            if both[0].get(key) != both[1].get(key)
        ]
        return len(both[0].keys() | both[1].keys()), differences

    def close(self) -> None:
        """End both processes."""
        for runner in self.runners:
            runner.close()

    def seen(self, runner: Runner, project: Project) -> Iterator[tuple[tuple[str, str], bytes]]:
        """Yield what each command printed and changed."""
        self._laid_out(project)
        for arguments in project.looks():
            for what, seen in runner.run(self._folder, arguments).items():
                yield (" ".join(arguments), what), seen
        yield from self._changes(project, "after all that only look")
        for number, commands in enumerate(project.rewrites()):
            for step, arguments in enumerate(commands, start=1):
                name = f"{number + 1}.{step} {' '.join(arguments)}"
                for what, seen in runner.run(self._folder, arguments).items():
                    yield (name, what), seen
                yield from self._changes(project, name)
            self._laid_out(project)

    def _changes(self, project: Project, name: str) -> Iterator[tuple[tuple[str, str], bytes]]:
        """Yield each file that is not as it was laid out."""
        there = _files(self._folder)
        for path in sorted(there.keys() | project.files.keys()):
            if there.get(path) != project.files.get(path):
                yield (name, path), there.get(path, b"(gone)")

    def _laid_out(self, project: Project) -> None:
        """Write what of the files of *project* is not there as it ought to be, and nothing else."""
        there = _files(self._folder) if self._folder.exists() else {}
        if not there.keys() <= project.files.keys():
            shutil.rmtree(self._folder)
            there = {}
        for name in OWN:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        for name, content in project.files.items():
            if there.get(name) != content:
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        if project.is_repository:
            subprocess.run(["git", "init", "--quiet", self._folder], check=True)


def _files(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files below *folder*, by path, without the tools' own."""
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in OWN]
        for name in names:
            path = Path(parent, name)
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def compare(old: Path, new: Path, found: Sequence[Project]) -> list[Difference]:
    """Compare both checkouts on all projects, print the counts, and return what differs."""
    counts: Counter[str] = Counter()
    differences: list[Difference] = []
    with tempfile.TemporaryDirectory(prefix="compare-") as folder, ExitStack() as stack:
        lanes: SimpleQueue[Lane] = SimpleQueue()
        for number in range(min(LANES, len(found))):
            lane = Lane(old, new, Path(folder, str(number)))
            stack.callback(lane.close)
            lanes.put(lane)
        print(*(f"{path}" for path in lane.modules), sep="\n", flush=True)

        def compared(project: Project) -> tuple[int, list[Difference]]:
            free = lanes.get()
            try:
                return free.compare(project)
            finally:
                lanes.put(free)

        with ThreadPoolExecutor(LANES) as pool:
            for number, different in pool.map(compared, found):
                counts["projects"] += 1
                counts["outputs"] += number
                differences += different
    print(f"{counts['projects']:,} projects, {counts['outputs']:,} outputs and files compared")
    return differences


def shown(difference: Difference) -> str:
    """Return a difference as a person reads it: where it is, and its first lines."""
    old, new = (
        [] if content is None else content.decode("utf-8", "backslashreplace").splitlines()
        for content in (difference.old, difference.new)
    )
    lines = list(difflib.unified_diff(old, new, "old", "new", lineterm="", n=1))
    more = [f"... {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    head = f"{difference.project}: {difference.command}: {difference.what}"
    return "\n    ".join([head, *(lines[:SHOWN_LINES] or ["(line ends differ)"]), *more])


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 if anything differs, 2 if a checkout cannot be run."""
    parser = argparse.ArgumentParser(description="Compare what two checkouts say and write.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("trees", nargs="*", metavar="TREE", help=f"of {', '.join(TREES)}; all")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "tests" / "fixtures")
    parser.add_argument("--every", type=int, default=1, help="take one fixture of so many")
    parser.add_argument("--files", type=int, default=trees.WIDE_FILES, help="of the wide tree")
    parser.add_argument("--dense-files", type=int, default=trees.DENSE_FILES)
    given = parser.parse_args(arguments)
    unknown = set(given.trees) - set(TREES)
    if unknown:
        parser.error(f"there is no tree {', '.join(sorted(unknown))}; of {', '.join(TREES)}")
    sizes: Mapping[str, int] = {"wide": given.files, "dense": given.dense_files}
    found = list(projects(given.trees or TREES, given.fixtures, sizes, given.every))
    try:
        differences = compare(given.old.resolve(), given.new.resolve(), found)
    except ForeignError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for difference in differences[:SHOWN]:
        print(shown(difference))
    print(f"{len(differences)} differ" if differences else "all the same")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
