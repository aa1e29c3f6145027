"""What ``benchmarks.compare`` sees of a checkout: what is said, and the files that are left."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.compare_projects import Arguments, Project

    #: What was seen after a command, by name: status, output, errors, files that are other now.
    Seen = dict[str, bytes]

RUNNER = Path(__file__).with_name("compare_runner.py")
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

    def run(self, folder: Path, arguments: Arguments, *, more: bool = False) -> Seen:
        """Return the status of a command, and what it printed.

        With *more*, the process that ran it runs the next one as well.
        """
        output, errors = map(str, self._answers)
        asked = {"folder": str(folder), "arguments": arguments, "more": more}
        asked |= {"output": output, "errors": errors}
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # there is no answer either
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


def _untold(project: Project) -> None:
    del project


class Lane:
    """A folder, and a runner of each checkout: one lane compares one project at a time.

    *told* is called with the project after each command.
    """

    def __init__(
        self, old: Path, new: Path, scratch: Path, told: Callable[[Project], None] = _untold
    ) -> None:
        self._folder = scratch / "project"
        self._told = told
        self.runners: list[Runner] = []
        for name, checkout in (("old", old), ("new", new)):
            (scratch / name).mkdir(parents=True)
            self.runners.append(Runner(checkout, scratch / name))

    @property
    def modules(self) -> list[Path]:
        """Where the packages of both were imported from."""
        return [runner.module for runner in self.runners]

    def compare(self, project: Project) -> tuple[int, list[Difference]]:
        """Return how many outputs of *project* were compared, and those that differ.

        A small project's commands share processes.  What differs then is looked at again with a
        process for each command, as users have it, and that is what counts.
        """
        number, differences = self._compared(project, shared=project.is_small)
        if differences and project.is_small:
            number, differences = self._compared(project, shared=False)
        return number, differences

    def _compared(self, project: Project, *, shared: bool) -> tuple[int, list[Difference]]:
        old, new = (dict(self.seen(runner, project, shared=shared)) for runner in self.runners)
        keys = sorted(old.keys() | new.keys())
        return len(keys), [
            Difference(project.name, *key, old.get(key), new.get(key))
            for key in keys
            if old.get(key) != new.get(key)
        ]

    def close(self) -> None:
        """End both processes."""
        for runner in self.runners:
            runner.close()

    def seen(
        self, runner: Runner, project: Project, *, shared: bool = False
    ) -> Iterator[tuple[tuple[str, str], bytes]]:
        """Yield what each command printed and changed.

        With *shared*, those that only look are run by one process, and so are those that rewrite
        with the same options.
        """
        self._laid_out(project)
        looks = tuple(project.looks())
        for step, arguments in enumerate(looks, start=1):
            more = shared and step < len(looks)
            for what, seen in self._ran(runner, project, arguments, more=more).items():
                yield (" ".join(arguments), what), seen
        yield from self._changes(project, "after all that only look")
        for number, commands in enumerate(project.rewrites(), start=1):
            for step, arguments in enumerate(commands, start=1):
                name = f"{number}.{step} {' '.join(arguments)}"
                more = shared and step < len(commands)
                for what, seen in self._ran(runner, project, arguments, more=more).items():
                    yield (name, what), seen
                yield from self._changes(project, name)
            self._laid_out(project)

    def _ran(self, runner: Runner, project: Project, arguments: Arguments, *, more: bool) -> Seen:
        seen = runner.run(self._folder, arguments, more=more)
        self._told(project)
        return seen

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
