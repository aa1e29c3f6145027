"""What ``make bench`` measures, part by part: which trees, which peers, and the goal of each."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import trees
from benchmarks.measuring import Command, Cost, exponent, paired, ratio
from benchmarks.programs.growth import FAMILIES, LEAST, Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[1]
NEEDLES = ("AIUsageTracker", "ai_usage_context", "set_tracking_context")
# The rule of ruff that does what lint does: it reports what is imported and should not be.
RUFF_RULE = "TID251"
LIBCST = """
import sys
from pathlib import Path
import libcst
for path in Path(sys.argv[1]).rglob("*.py"):
    libcst.parse_module(path.read_bytes()).code
"""
MEGABYTE = 1_000_000
# Runs of less than so many seconds of CPU are repeated.
CHEAP = 10.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: what was measured, and what it may be.

    ``goal`` is the most that it may be, or the least (``at_least``); None where there is no goal.
    ``detail`` says what the figure was made of.
    """

    name: str
    value: float
    goal: float | None = None
    at_least: bool = False
    detail: str = ""

    @property
    def is_met(self) -> bool:
        """Tell whether the goal is reached; without a goal it is."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: files of the trees, rounds, and where growth stops.

    ``growth`` scales the sizes of the families; a family grows no further once a run took a
    quarter of ``limit`` seconds of CPU.
    """

    wide: int = trees.WIDE_FILES
    dense: int = trees.DENSE_FILES
    scale: tuple[int, ...] = (1000, 4000, 15_000, 60_000)
    rounds: int = 5
    growth: float = 1.0
    limit: float = 240.0
    families: tuple[str, ...] = tuple(one.name for one in FAMILIES)


QUICK = Sizes(wide=300, dense=20, scale=(100, 400), rounds=1, growth=0.01, limit=10.0)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the benchmark: where trees are made, what is measured, and against what.

    ``against`` is a second checkout that is measured beside this one.
    """

    folder: Path
    sizes: Sizes
    against: Path | None = None

    def tool(
        self, name: str, tree: Path, *given: str, checkout: Path = ROOT, cached: bool = False
    ) -> Command:
        """Return the command *name* of a checkout on *tree*, without its cache unless *cached*."""
        flags = [] if cached or not _knows_a_cache(checkout, name) else ["--no-cache"]
        arguments = [sys.executable, "-m", f"codemods.{name}", *flags, *(given or (".",))]
        return Command(arguments, tree, {**self._home(), "PYTHONPATH": str(checkout)})

    def ruff(self, tree: Path, *, cached: bool = False) -> Command:
        """Return ruff with one rule, which looks for the same legacy class."""
        names = (f"{home}.{NEEDLES[0]}" for home in trees.OLD_HOMES)
        banned = ", ".join(f'"{name}" = {{ msg = "old" }}' for name in names)
        arguments = [
            *(sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--exit-zero"),
            *("--select", RUFF_RULE),
            *("--config", f"lint.flake8-tidy-imports.banned-api = {{ {banned} }}"),
            *(["--cache-dir", str(self.folder / "ruff-cache")] if cached else ["--no-cache"]),
            ".",
        ]
        return Command(arguments, tree, self._home())

    def search(self, tree: Path) -> tuple[str, Command]:
        """Return ripgrep looking for the needles, or grep where there is none; and its name."""
        program = shutil.which("rg", path=str(Path(sys.executable).parent)) or shutil.which("rg")
        patterns = [part for needle in NEEDLES for part in ("-e", needle)]
        if program:
            return "rg -l", Command([program, "-l", *patterns, "."], tree)
        return "grep -rl", Command(["grep", "-rl", *patterns, "."], tree)

    def tree(self, name: str, files: Iterable[trees.File]) -> Path:
        """Return the folder of the tree *name*, written once."""
        folder = self.folder / name
        if not folder.exists():
            trees.write(folder, files)
        return folder

    def wide(self) -> Path:
        """Return the tree of many files, few of which have legacy code."""
        return self.tree("wide", trees.wide(self.sizes.wide))

    def clean(self) -> Path:
        """Return the tree of as many files without legacy code."""
        return self.tree("clean", trees.wide(self.sizes.wide, 0.0))

    def dense(self) -> Path:
        """Return the tree in which every file has legacy code."""
        return self.tree("dense", trees.dense(self.sizes.dense))

    def _home(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": str(self.folder / "cache")}


def _knows_a_cache(checkout: Path, name: str) -> bool:
    key = checkout, name
    if key not in _help:
        _help[key] = subprocess.run(
            [sys.executable, "-m", f"codemods.{name}", "--help"],
            env={"PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return "--no-cache" in _help[key]


_help: dict[tuple[Path, str], str] = {}
Part = Callable[[Session], Iterator[Figure]]


def dense(session: Session) -> Iterator[Figure]:
    """Migrating a tree in which every file has legacy code, beside parsing it with LibCST."""
    tree, rounds = session.dense(), session.sizes.rounds
    ours = session.tool("migrate", tree, "--check", "--quiet", ".")
    libcst = Command([sys.executable, "-c", LIBCST, "."], tree)
    yield _compared("dense --check / libcst parse + code", paired(ours, libcst, rounds), 1.0)
    if session.against is not None:
        before = session.tool("migrate", tree, "--check", "--quiet", ".", checkout=session.against)
        yield _compared("dense --check / that of --against", paired(ours, before, rounds), 0.33)


def wide(session: Session) -> Iterator[Figure]:
    """Linting a tree of which one file in a hundred has legacy code, beside ruff and ripgrep."""
    tree, rounds = session.wide(), session.sizes.rounds
    ours = session.tool("lint", tree)
    yield _compared("wide lint / ruff --no-cache", paired(ours, session.ruff(tree), rounds), 1.0)
    name, search = session.search(tree)
    yield _compared(f"wide lint / {name}", paired(ours, search, rounds), None)
    if session.against is not None:
        before = session.tool("lint", tree, checkout=session.against)
        yield _compared("wide lint / that of --against", paired(ours, before, rounds), None)


def warm(session: Session) -> Iterator[Figure]:
    """The same once more, both with what their caches know."""
    tree = session.wide()
    ours, ruff = session.tool("lint", tree, cached=True), session.ruff(tree, cached=True)
    yield _compared("warm lint / warm ruff", paired(ours, ruff, session.sizes.rounds), 0.7)


def clean(session: Session) -> Iterator[Figure]:
    """Linting a tree without legacy code, beside ripgrep."""
    tree = session.clean()
    name, search = session.search(tree)
    pairs = paired(session.tool("lint", tree), search, session.sizes.rounds)
    yield _compared(f"clean lint / {name}", pairs, 2.5)


def few(session: Session) -> Iterator[Figure]:
    """Linting five clean files, beside an interpreter that does nothing."""
    tree = session.clean()
    files = [str(path) for path in sorted(tree.rglob("*.py")) if path.stat().st_size][:5]
    nothing = Command([sys.executable, "-c", "pass"], tree)
    pairs = paired(session.tool("lint", tree, *files), nothing, 4 * session.sizes.rounds)
    yield _compared("five files lint / python -c pass", pairs, 7.0)


def jobs(session: Session) -> Iterator[Figure]:
    """Two workers beside one, by the clock."""
    tree = session.dense()
    one, two = (
        session.tool("migrate", tree, "--check", "--quiet", "--jobs", count, ".")
        for count in ("1", "2")
    )
    pairs = paired(one, two, session.sizes.rounds)
    value = ratio(pairs, lambda cost: cost.clock)
    detail = " / ".join(f"{_median(pairs, at, 'clock'):.2f} s" for at in (0, 1))
    yield Figure("clock of --jobs 1 / --jobs 2", value, 1.7, at_least=True, detail=detail)


def scale(session: Session) -> Iterator[Figure]:
    """Linting trees of ever more files: how cost grows, and what the parent keeps in memory."""
    points, costs = [], []
    smallest = session.tool("lint", session.tree("scale-start", trees.wide(LEAST)))
    start = min(smallest.run().cpu for _ in range(min(3, session.sizes.rounds)))
    for files in session.sizes.scale:
        tree = session.tree(f"scale-{files}", trees.wide(files))
        command = session.tool("lint", tree)
        command.run()
        runs = [command.run() for _ in range(max(1, session.sizes.rounds // 2))]
        costs += runs
        points.append((files, statistics.median(run.cpu for run in runs) - start))
        shutil.rmtree(tree)
    yield Figure("exponent of lint by files", exponent(points), 1.05, detail=_points(points))
    peak = max(cost.peak for cost in costs) / MEGABYTE
    detail = f"MB of the parent at {session.sizes.scale[-1]:,} files"
    yield Figure("peak memory of lint", peak, 100.0, detail=detail)


def growth(session: Session) -> Iterator[Figure]:
    """Programs that grow in one way only: the power of size with which the migration grows."""
    for one in FAMILIES:
        if one.name in session.sizes.families:
            yield _grown(session, one)


def _grown(session: Session, one: Family) -> Figure:
    """Return the exponent over the last two doublings, less what the smallest program costs."""
    start = min(_migrated(session, one, LEAST).cpu for _ in range(min(3, session.sizes.rounds)))
    points: list[tuple[float, float]] = []
    notes = []
    for size in one.sizes(session.sizes.growth):
        runs = [_migrated(session, one, size)]
        if runs[0].cpu < CHEAP:
            runs += [_migrated(session, one, size) for _ in range(session.sizes.rounds // 2)]
        if runs[0].status not in (0, 1):  # it is said to be too large, which costs next to nothing
            notes.append(f"status {runs[0].status} at {size:,}")
            break
        cost = statistics.median(run.cpu for run in runs)
        points.append((size, max(cost - start, 0.001)))
        if cost * 4 > session.sizes.limit:
            notes.append("stopped there")
            break
    notes.append(f"{runs[0].peak / MEGABYTE:.0f} MB")
    detail = "; ".join([f"{one.part}: {_points(points)}", *notes])
    value = exponent(points[-3:]) if len(points) > 1 else float("nan")
    return Figure(f"exponent: {one.name}", value, 1.2, detail=detail)


def _migrated(session: Session, one: Family, size: int) -> Cost:
    """Return what it costs to migrate a program of *size* parts."""
    tree = session.tree(f"growth-{size}", one.made(size).items())
    cost = session.tool("migrate", tree, "--check", "--quiet", ".").run()
    shutil.rmtree(tree)
    return cost


def _compared(name: str, pairs: Sequence[tuple[Cost, Cost]], goal: float | None) -> Figure:
    detail = " / ".join(f"{_median(pairs, at, 'cpu'):.2f} s" for at in (0, 1))
    broken = {cost.status for pair in pairs for cost in pair} - {0, 1}
    note = f", status {sorted(broken)}" if broken else ""
    return Figure(name, ratio(pairs), goal, detail=detail + note)


def _median(pairs: Sequence[tuple[Cost, Cost]], at: int, attribute: str) -> float:
    return float(statistics.median(getattr(pair[at], attribute) for pair in pairs))


def _points(points: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"{size:,.0f} {cost:.2f} s" for size, cost in points)


PARTS: dict[str, Part] = {
    "dense": dense,
    "wide": wide,
    "warm": warm,
    "clean": clean,
    "few": few,
    "jobs": jobs,
    "scale": scale,
    "growth": growth,
}
