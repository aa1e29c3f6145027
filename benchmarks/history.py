"""What the burn-down over a history costs, beside ``git log -p``, and whether it counts right.

``python -m benchmarks.history [COMMITS]`` (``make history-benchmark``) makes a repository of so
many commits, in which legacy files become migrated ones, come, and are renamed.  What
``codemods.status --history`` counts is compared with a checkout of each commit, and its time with
that of ``git log -p`` on the same paths.  It ends with 1 if a count differs, or if it takes too
long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Command, paired, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMITS = 200
GOAL = 5.0
ROUNDS = 5
_OTHERS = 600
_LEGACY = 50
_BEFORE = """def read_{n}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-{n}")
    return ask(text, tracker)
"""
_AFTER = """def read_{n}(text):
    with ai_usage_context("read_{n}", job_id="read-{n}") as tracker:
        return ask(text, tracker)
"""
_HEAD = """from tracker.ai_usage_context import ai_usage_context
from tracker.ai_usage_tracker import AIUsageTracker


"""


class Scratch:
    """A repository whose history is made up: of one seed it is the same each time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._random = random.Random(5)
        self._day = 0
        #: Of each legacy file, whether each of its functions is migrated.
        self._files = {
            f"app/part_{number % 7}/module_{number}.py": [False] * self._random.randint(1, 5)
            for number in range(_LEGACY)
        }

    def make(self, commits: int) -> None:
        """Make the first commit, and the others."""
        self.git("init", "--quiet", "--initial-branch", "main")
        for path in self._files:
            self._write(path)
        for number in range(_OTHERS):
            lines = [f"value_{line} = {number * line}\n" for line in range(50)]
            self._put(f"lib/part_{number % 20}/plain_{number}.py", "".join(lines))
        self._commit()
        for _ in range(commits - 1):
            for _ in range(self._random.randint(1, 4)):
                self._change()
            self._commit()

    def git(self, *arguments: str, **environment: str) -> str:
        """Run git in the repository, and return what it says."""
        command = ["git", "-C", str(self.root), "-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(
            [*command, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        ).stdout

    def _change(self) -> None:
        path = self._random.choice(sorted(self._files))
        kind = self._random.random()
        if kind < 0.6 and False in self._files[path]:
            self._files[path][self._files[path].index(False)] = True
        elif kind < 0.8:
            self._files[path].append(False)
        elif kind < 0.9:
            self._files[f"{path[:-3]}_.py"] = self._files.pop(path)
            (self.root / path).unlink()
            path = f"{path[:-3]}_.py"
        else:
            number = self._random.randrange(_OTHERS)
            self._put(f"lib/part_{number % 20}/plain_{number}.py", f"other = {self._day}\n" * 60)
        self._write(path)

    def _write(self, path: str) -> None:
        made = (
            (_AFTER if done else _BEFORE).format(n=number)
            for number, done in enumerate(self._files[path])
        )
        self._put(path, _HEAD + "\n\n".join(made))

    def _put(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def _commit(self) -> None:
        self._day += 1
        when = f"{1_700_000_000 + 40_000 * self._day} +0000"
        self.git("add", "--all")
        said = ("commit", "--quiet", "--allow-empty", "--message", f"day {self._day}")
        self.git(*said, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)


def told(folder: Path, *options: str) -> Any:
    """Return what ``codemods.status`` says of *folder*."""
    command = [sys.executable, "-m", "codemods.status", "--no-decide", "--format", "json"]
    said = subprocess.run([*command, *options, "."], cwd=folder, capture_output=True, check=True)
    return json.loads(said.stdout)


def differences(scratch: Scratch) -> list[str]:
    """Return the commits for which the history counts anything else than a checkout does."""
    found = []
    for point in told(scratch.root, "--history")["history"]:
        scratch.git("checkout", "--quiet", point["commit"])
        whole = told(scratch.root)["whole"]
        if any(point[key] != whole[key] for key in ("legacy", "contexts", "unread")):
            found.append(f"{point['commit'][:8]}: {point} and not {whole}")
    scratch.git("checkout", "--quiet", "main")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the repository, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("commits", type=int, nargs="?", default=COMMITS)
    commits = parser.parse_args(arguments).commits
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        scratch = Scratch(Path(folder))
        scratch.make(commits)
        status = [sys.executable, "-m", "codemods.status", "--no-decide", "--quiet", "--history"]
        ours = Command([*status, "--format", "json", "."], scratch.root)
        theirs = Command(["git", "log", "-p", "--", "."], scratch.root)
        times = ratio(paired(ours, theirs, ROUNDS), lambda cost: cost.clock)
        wrong = differences(scratch)
    print(f"{commits} commits, {_LEGACY} of {_LEGACY + _OTHERS} files legacy")
    print(f"history, times git log -p   {times:.2f}   at most {GOAL:.0f}")
    print(f"commits counted otherwise than by a checkout   {len(wrong)}", *wrong, sep="\n  ")
    return 1 if wrong or times > GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
