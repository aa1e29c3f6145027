"""The speed of the codemods, as ratios of CPU time to what others take for the same files.

``python -m benchmarks.bench`` (``make bench``) makes its trees, runs the codemods and their peers
by turns, prints a line for each figure with its goal, and exits 1 if one is missed.  PARTs choose
what is measured.  ``--quick`` shows that all of it works, on sizes too small to be judged.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.programs.growth import FAMILIES
from benchmarks.ratios import PARTS, QUICK, Figure, Session, Sizes

if TYPE_CHECKING:
    from collections.abc import Sequence


def line(figure: Figure) -> str:
    """Return how a figure is printed: its name, its value, the goal, and whether it is reached."""
    if figure.goal is None:
        judged = ""
    else:
        word = "least" if figure.at_least else "most"
        judged = f"at {word} {figure.goal:g}  {'ok' if figure.is_met else 'MISSED'}"
    return f"{figure.name:42} {figure.value:8.2f}   {judged:22}  {figure.detail}".rstrip()


def sizes(given: argparse.Namespace) -> Sizes:
    """Return how much is measured, as the command line says."""
    chosen = {
        "wide": given.files,
        "dense": given.dense_files,
        "rounds": given.rounds,
        "growth": given.growth,
        "limit": given.limit,
        "scale": tuple(given.scale) if given.scale else None,
        "families": tuple(given.family) if given.family else None,
    }
    base = QUICK if given.quick else Sizes()
    return replace(base, **{name: value for name, value in chosen.items() if value is not None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 if a goal is missed and the figures are judged."""
    given = _parser().parse_args(arguments)
    met = True
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        against = given.against.resolve() if given.against else None
        session = Session(Path(folder), sizes(given), against)
        for name in given.parts or PARTS:
            for figure in PARTS[name](session):
                print(line(figure), flush=True)
                met = met and figure.is_met
    return 0 if met or given.quick or given.report_only else 1


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {name}; there are {', '.join(PARTS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the codemods beside their peers.")
    parser.add_argument("parts", nargs="*", metavar="PART", type=_part, help=", ".join(PARTS))
    parser.add_argument("--against", type=Path, help="a checkout to measure in the same run")
    parser.add_argument("--files", type=int, help="files of the wide and the clean tree")
    parser.add_argument("--dense-files", type=int, help="files of the dense tree")
    parser.add_argument("--rounds", type=int, help="pairs of runs for each ratio")
    parser.add_argument(
        "--scale", type=int, nargs="+", help="numbers of files that cost is to grow over"
    )
    parser.add_argument("--growth", type=float, help="scale of the families' sizes")
    parser.add_argument(
        "--limit", type=float, help="CPU seconds that no run of a family should take"
    )
    parser.add_argument(
        "--family", action="append", choices=[one.name for one in FAMILIES], help="only this one"
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, not judged")
    parser.add_argument("--report-only", action="store_true", help="do not judge the figures")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
