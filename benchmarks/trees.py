"""The trees that ``make bench`` and ``make compare`` run on, the same on every machine.

``python -m benchmarks.trees wide FOLDER`` makes a project of many files of which few have
legacy code, ``dense`` one in which every file has, ``growth`` one program of a family of
``benchmarks.programs.growth``.  The same options and seed give the same bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.programs import application, growth, legacy
from benchmarks.programs.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    #: The path of a file in its tree, and its text.
    File = tuple[str, str]
    #: A definition of a module: its name and its text.
    Unit = tuple[str, str]

WIDE_FILES, LEGACY_SHARE = 30_000, 0.01
DENSE_FILES = 800
TOP = "shop"
ROWS = f"{TOP}.rows"
PROJECT = '[project]\nname = "shop"\nversion = "1.0"\n'
# As many definitions as a wide tree has at most; which of them a file has is drawn for each.
POOL = 3000
# How many legacy definitions a file of the dense tree has: most have one.
SITES = (1, 1, 1, 1, 2, 2, 3)
OLD_HOMES = tuple(legacy.MODULES)
#: How many of the last modules a module may import from.
NEAR = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is: its path in the tree, the name that others import it by, its area."""

    path: str
    module: str
    area: int

    @property
    def is_package(self) -> bool:
        """Tell whether it is a package's own file."""
        return self.path.endswith("/__init__.py")


def places() -> Iterator[Place]:
    """Yield where modules are, without end: packages of 8 to 20, in areas of ten packages."""
    random = Random("places")
    package = 0
    while True:
        area = package // 10
        folder = f"{TOP}/area_{area}/{NOUNS[package % len(NOUNS)]}_{package}"
        for noun in ("__init__", *random.sample(NOUNS, random.randrange(8, 20))):
            yield Place(f"{folder}/{noun}.py", f"{folder}/{noun}".replace("/", "."), area)
        package += 1


@dataclass(slots=True)
class Writer:
    """Writes the modules of one tree, each of which may import from those before it."""

    random: Random
    _before: list[tuple[str, str]] = field(default_factory=list)

    def module(
        self, place: Place, lines: int, units: Iterable[Unit], asking: str = "", sites: int = 0
    ) -> File:
        """Return a module of about *lines* lines: so many legacy *sites*, then *units*.

        *asking* is what it imports for them.
        """
        drawn = min(len(self._before), self.random.choice((0, 1, 1, 2, 3)))
        imported = self.random.sample(self._before, drawn)
        imports = asking or f"\nfrom {ROWS} import {application.ROW}\n"
        imports += "".join(f"from {module} import {name}\n" for module, name in imported)
        parts = dict(legacy.site(self.random) for _ in range(sites))
        size = sum(map(_lines, parts.values())) + imports.count("\n") + 12
        for name, text in units:
            if size >= lines and parts:
                break
            if name not in parts:
                parts[name] = text
                size += _lines(text)
        texts = list(parts.values())
        self.random.shuffle(texts)
        self._before = [*self._before[1 - NEAR :], (place.module, next(iter(parts)))]
        begin = application.head(self.random, imports)
        return place.path, "\n\n".join([begin, *texts])


def _lines(text: str) -> int:
    return text.count("\n") + 2


def wide(files: int = WIDE_FILES, share: float = LEGACY_SHARE, seed: int = 0) -> Iterator[File]:
    """Yield the files of a project of so many modules; *share* of them have legacy code.

    The legacy files are anywhere in it, and lean on one module that asks the models.  Sizes are
    as in real projects: half of the files are below 120 lines, one in a hundred is above 600.
    """
    random = Random(f"wide {seed}")
    pool = [application.unit(random) for _ in range(min(POOL, 100 + 2 * files))]
    common = _common()
    if share:
        common.append((f"{TOP}/asking.py", legacy.asking(OLD_HOMES[0])))
    yield from common
    count = files + 1 - len(common)  # one of them is no module
    touched = set(random.sample(range(count), max(round(files * share) - 1, 0)))
    writer = Writer(random)
    imports = legacy.imports(OLD_HOMES[0], f"{TOP}.asking", ROWS)
    for number, place in zip(range(count), places(), strict=False):
        lines = round(random.lognormvariate(4.4, 0.85))
        if number in touched:
            units = random.sample(pool, 60)
            yield writer.module(place, lines, units, imports, random.choice(SITES))
        elif place.is_package:
            yield place.path, ""
        else:
            yield writer.module(place, lines, random.sample(pool, 60))


def dense(files: int = DENSE_FILES, seed: int = 0) -> Iterator[File]:
    """Yield the files of a project of so many modules, all of which have legacy code.

    A module has 200 lines on average: one to three legacy definitions of the shapes of
    ``benchmarks.programs.legacy`` among ordinary ones.  Each area has a module of its own that
    asks the models.  Of three areas two are on the original runtime, and one on ``tracker``.
    """
    random = Random(f"dense {seed}")
    writer = Writer(random)
    yield from _common()
    made = 0
    area = -1
    for place in places():
        home = OLD_HOMES[place.area % 3 // 2]
        if place.area != area:
            area = place.area
            yield f"{TOP}/area_{area}/asking.py", legacy.asking(home)
            made += 1
        if made >= files:
            return
        if place.is_package:
            yield place.path, ""
            continue
        lines = round(min(900, random.lognormvariate(5.0, 0.5)))
        units = [application.unit(random) for _ in range(2 + lines // 12)]
        imports = legacy.imports(home, f"{TOP}.area_{area}.asking", ROWS)
        yield writer.module(place, lines, units, imports, random.choice(SITES))
        made += 1


def _common() -> list[File]:
    """Return the files that all others lean on."""
    return [
        ("pyproject.toml", PROJECT),
        (f"{TOP}/__init__.py", ""),
        (f"{TOP}/rows.py", application.row_class()),
    ]


def family(name: str, count: int) -> Iterator[File]:
    """Yield the files of a program of the growth family *name*, with so many parts."""
    [made] = [one.made for one in growth.FAMILIES if one.name == name]
    yield from made(count).items()


def write(folder: Path, files: Iterable[File]) -> int:
    """Write *files* below *folder*, and return the number of lines of Python."""
    count = 0
    made: set[Path] = set()
    for name, text in files:
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(text.encode())
        if path.suffix == ".py":
            count += text.count("\n")
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a tree."""
    parser = argparse.ArgumentParser(description="Write a tree to measure the tools on.")
    parser.add_argument("kind", choices=["wide", "dense", "growth"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, help="number of modules, or of a family's parts")
    parser.add_argument(
        "--share", type=float, default=LEGACY_SHARE, help="of legacy modules; 0 for a clean tree"
    )
    parser.add_argument("--family", choices=[one.name for one in growth.FAMILIES])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    kinds: dict[str, Callable[[], Iterator[File]]] = {
        "wide": lambda: wide(given.files or WIDE_FILES, given.share, given.seed),
        "dense": lambda: dense(given.files or DENSE_FILES, given.seed),
        "growth": lambda: family(given.family or growth.FAMILIES[0].name, given.files or 100),
    }
    print(f"{write(given.folder, kinds[given.kind]()):,} lines in {given.folder}")


if __name__ == "__main__":
    main()
