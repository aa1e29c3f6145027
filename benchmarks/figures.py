"""The figures of the code: cycles, lengths, complexity, folders, and words that are to go.

``python -m benchmarks.figures`` (``make figures``) reads the packages of a checkout and prints a
line for each figure with its goal; ``--list`` also prints where each one is missed.  It exits 1 if
one is.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.terms import forbidden_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("codemods", "tracker")


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its dotted name, its path below the checkout, and its text."""

    name: str
    path: str
    text: str

    @property
    def is_package(self) -> bool:
        """Tell whether it is the ``__init__.py`` of a package."""
        return self.path.endswith("__init__.py")

    @property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the most that it may be, and the places that make it so large."""

    name: str
    value: float
    goal: float
    places: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool:
        """Tell whether the number is as small as it is to be."""
        return self.value <= self.goal


def modules(root: Path, packages: Sequence[str] = PACKAGES) -> list[Module]:
    """Return the modules of *packages* below *root*, ordered by path."""
    return [
        _module(root, path) for name in packages for path in sorted((root / name).rglob("*.py"))
    ]


def _module(root: Path, path: Path) -> Module:
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, relative.as_posix(), path.read_text(encoding="utf-8"))


def imports(module: Module, known: Mapping[str, Module]) -> set[str]:
    """Return the *known* modules that *module* imports, in functions and for types too.

    ``from package import name`` is an import of ``package.name`` where that is a module, else of
    ``package``.  That a package's own file runs before its modules is no import of theirs.
    """
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= inner & known.keys()
            if inner - known.keys():
                found.add(base)
    return found & known.keys() - {module.name}


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def cycles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules of which each leads to each other one, the largest first."""
    reached = {name: _reached(name, arrows) for name in arrows}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in arrows
        if name in reached[name]
    }
    return sorted((list(group) for group in groups), key=lambda group: (-len(group), group))


def _reached(name: str, arrows: Mapping[str, set[str]]) -> set[str]:
    """Return what can be reached from *name* in one step or more."""
    found: set[str] = set()
    waiting = [*arrows[name]]
    while waiting:
        following = waiting.pop()
        if following not in found:
            found.add(following)
            waiting += arrows[following]
    return found


def function_lines(module: Module) -> Iterator[tuple[str, int]]:
    """Yield the place and the length in lines of each function, nested ones and docstrings too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{module.path}:{node.lineno} {node.name}", lines


def complexities(root: Path, packages: Sequence[str] = PACKAGES) -> dict[str, int]:
    """Return the cyclomatic complexity of each function, by its place, as ruff counts it."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    command += ["--ignore-noqa", "--select", "C901", "--config", "lint.mccabe.max-complexity = 0"]
    command += ["--output-format", "json", *packages]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found = {}
    for one in json.loads(done.stdout):
        name, _, rest = one["message"].removeprefix("`").partition("`")
        path = Path(one["filename"]).relative_to(root.resolve()).as_posix()
        place = f"{path}:{one['location']['row']} {name}"
        found[place] = int(rest.partition("(")[2].partition(" ")[0])
    return found


def percentile(values: Iterable[int], share: float) -> float:
    """Return the smallest of *values* that at least *share* of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0


def figures(root: Path, packages: Sequence[str] = PACKAGES) -> list[Figure]:
    """Return the figures of the packages below *root*."""
    found = modules(root, packages)
    known = {module.name: module for module in found}
    arrows = {name: imports(module, known) for name, module in known.items()}
    circles = cycles(arrows)
    lengths = {module.path: module.text.count("\n") for module in found}
    functions = dict(place for module in found for place in function_lines(module))
    complexity = complexities(root, packages)
    folders = Counter(Path(module.path).parent.as_posix() for module in found)
    outdated = [place for m in found for _, place in forbidden_names(m.path, m.tree)]
    return [
        Figure("import cycles", len(circles), 0, tuple(", ".join(group) for group in circles)),
        Figure("modules in a cycle", sum(map(len, circles)), 0, _within(circles, arrows)),
        _largest("lines of a module, most", lengths, 400),
        Figure("lines of a module, median", statistics.median(lengths.values()), 130),
        _largest("lines of a function, most", functions, 60),
        Figure("lines of a function, 95 of 100", percentile(functions.values(), 0.95), 22),
        _largest("cyclomatic complexity, most", complexity, 15),
        _largest("modules of a folder, most", folders, 14),
        Figure("names of outdated terms", len(outdated), 0, tuple(outdated)),
    ]


def _within(circles: Sequence[Sequence[str]], arrows: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return the imports that stay in a group: without some of them it is no cycle."""
    return tuple(
        f"{name} imports {', '.join(sorted(arrows[name] & set(group)))}"
        for group in circles
        for name in group
    )


def _largest(name: str, values: Mapping[str, int], goal: int) -> Figure:
    above = sorted(((n, place) for place, n in values.items() if n > goal), reverse=True)
    places = tuple(f"{place}: {number}" for number, place in above)
    return Figure(name, max(values.values(), default=0), goal, places)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; return 1 if one is missed."""
    parser = argparse.ArgumentParser(description="Print the figures of the code.")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="a checkout; this one")
    parser.add_argument("--package", action="append", help="instead of codemods and tracker")
    parser.add_argument("--list", action="store_true", help="print where a goal is missed")
    given = parser.parse_args(arguments)
    found = figures(given.root, given.package or PACKAGES)
    for figure in found:
        word = "ok" if figure.is_met else "MISSED"
        print(f"{figure.name:34} {figure.value:6g}   at most {figure.goal:3g}   {word}")
        if given.list and not figure.is_met:
            print(*(f"    {place}" for place in figure.places), sep="\n")
    return 0 if all(figure.is_met for figure in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
