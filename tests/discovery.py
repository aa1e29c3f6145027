"""Random folders with random ignore files: what we take, beside what git lists.

``python -m tests.discovery 2000 --seed 7`` (or ``make discovery N=2000 SEED=7``) prints each
difference and ends with 1 if there was one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from codemods.project.discovery import SUFFIXES, DiscoveredFile, discover
from codemods.project.ignore import git

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDERS = ("src", "dist", "a", "b", "gen", "docs", "ab", "x y", "ü", "#f", "[a]")
_FILES = ("a.py", "keep.py", "made.py", "b.pyi", "c.txt", "gen_a.py", "#x.py", "!y.py", " s.py")
_NAMES = (
    *_FOLDERS,
    *_FILES,
    "*.py",
    "*",
    "**",
    "*.p?",
    "a*",
    "?",
    "[ab]",
    "[!a]*",
    "[a-c].py",
    "gen_*",
)
_ODD = (
    "*.[oa-Z]", "[", "[]", "[]a]", "[a", "\\", "a\\", "\\#x.py", "\\!y.py", "!", "/", "//", "#c",
    "", "  ", "a.py ", "a.py\\ ", "a.py\r", "[[:alpha:]]*", "[[:nope:]]", "[^a]*.py", "[a-]*",
    "[--0]", "a**", "**a", "a**/b", "***/x.py", "**/**", "a/**/b", "/**/a.py", "**/", "*/", "/*",
    "/*/", "!*/", "!*.py", "[[:digit:][:alpha:]]*.py", "[\\]]", "[a\\-c]*", "src/**/", "d/**",
    "docs/**/", "?**/a.py",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A tree in which the two do not agree: its number, who answered for us, and by how much."""

    seed: int
    way: str
    missing: tuple[str, ...]
    added: tuple[str, ...]


def line(rng: random.Random) -> str:
    """Return a line of an ignore file."""
    if rng.random() < 0.2:
        return rng.choice(_ODD)
    parts = [rng.choice(_NAMES) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
    text = "/".join(parts)
    if rng.random() < 0.25:
        text = f"/{text}"
    if rng.random() < 0.3:
        text += "/"
    return f"!{text}" if rng.random() < 0.35 else text


def grow(root: Path, rng: random.Random) -> None:
    """Fill *root*, a repository whose folder is empty, with files and ignore files."""
    folders = [root]
    for _ in range(rng.randint(2, 9)):
        folder = rng.choice(folders) / rng.choice(_FOLDERS)
        folder.mkdir(exist_ok=True)
        folders.append(folder)
    for folder in folders:
        for name in rng.sample(_FILES, rng.randint(1, 5)):
            (folder / name).touch()
        if folder == root or rng.random() < 0.3:
            end = rng.choice(("\n", "\n", "\r\n"))
            lines = [line(rng) for _ in range(rng.randint(1, 6))]
            mark = b"\xef\xbb\xbf" if rng.random() < 0.05 else b""
            text = end.join(lines) + rng.choice(("", end))
            (folder / ".gitignore").write_bytes(mark + text.encode())
    if rng.random() < 0.2:
        (root / ".git/info").mkdir(exist_ok=True)
        (root / ".git/info/exclude").write_text(line(rng) + "\n")
    if rng.random() < 0.3:
        (root / "link.py").symlink_to(rng.choice(("nowhere.py", "../outside.py")))


def track(root: Path, rng: random.Random) -> None:
    """Put some files under git's control, ignored ones too, and delete one of them."""
    files = sorted(
        path for path in root.rglob("*.py*") if ".git" not in path.relative_to(root).parts
    )
    files = [path for path in files if path.is_file()]
    chosen = rng.sample(files, min(len(files), rng.randint(0, 3)))
    if chosen:
        subprocess.run(["git", "add", "-f", "--", *map(str, chosen)], cwd=root, check=True)
        if rng.random() < 0.3:
            chosen[0].unlink()


def listed(folder: Path, *which: str) -> set[str]:
    """Return the Python files that git lists in *folder* and that are there."""
    command = ["git", "ls-files", "-z", *which, "--exclude-standard"]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    names = {os.fsdecode(name) for name in answer.stdout.split(b"\0") if name}
    return {name for name in names if name.endswith(SUFFIXES) and (folder / name).is_file()}


def taken(folder: Path) -> set[str]:
    """Return the files that a run in *folder* takes."""
    found = discover([Path()], folder)
    prefix = len(str(folder)) + 1
    return {str(file.path)[prefix:] for file in found if isinstance(file, DiscoveredFile)}


def taken_without_git(folder: Path) -> set[str]:
    """Return what a run takes where git cannot be asked."""
    with mock.patch.object(git, "listing", side_effect=git.GitProblem("not asked")):
        return taken(folder)


def differences(count: int, seed: int) -> list[Difference]:
    """Return where we and git disagree on *count* random trees."""
    found: list[Difference] = []
    with tempfile.TemporaryDirectory(prefix="trees-") as scratch:
        root = Path(scratch, "tree")
        Path(scratch, "outside.py").touch()
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        for number in range(seed * 1_000_000, seed * 1_000_000 + count):
            rng = random.Random(number)
            _clear(root)
            grow(root, rng)
            found += _compared(number, "without git", listed(root, "-o"), taken_without_git(root))
            track(root, rng)
            found += _compared(number, "with git", listed(root, "-c", "-o"), taken(root))
    return found


def _compared(seed: int, way: str, wanted: set[str], got: set[str]) -> list[Difference]:
    if wanted == got:
        return []
    return [Difference(seed, way, tuple(sorted(wanted - got)), tuple(sorted(got - wanted)))]


def _clear(root: Path) -> None:
    for path in root.iterdir():
        if path.name == ".git":
            (path / "index").unlink(missing_ok=True)
            (path / "info/exclude").unlink(missing_ok=True)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the differences, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    found = differences(asked.count, asked.seed)
    for difference in found:
        print(difference)
    print(
        f"{asked.count} trees (seed {asked.seed}), with git and without: {len(found)} differences"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
