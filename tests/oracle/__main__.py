"""The command: ``python -m tests.oracle 10000`` checks that many generated programs.

It prints its progress, a table of what became of the legacy sites, and for each
sort of divergence or crash the smallest program that shows it, before and after.
The exit status is 1 if there was any.  Each session has a seed of its own, which is
printed; the same seed gives the same programs.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .session import Totals, session, smallest

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from .check import Problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the session that the command line asks for."""
    options = _options(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"SEED={seed} makes these programs again", flush=True)
    started = time.monotonic()
    totals, told = Totals(), set[int]()
    for totals in session(seed, options.programs, options.jobs, back=options.rollback):
        _progress(totals, options.programs, started)
        _tell(totals, told)
    print(file=sys.stderr)
    print(table(totals, time.monotonic() - started))
    _show_problems(totals, options.reduce, options.out)
    return 1 if totals.faults else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("programs", type=int, nargs="?", default=1000, help="how many programs")
    parser.add_argument("--seed", type=_seed, help="which programs (by default, new ones)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--reduce", type=int, default=20, help="how many problems to make smaller")
    parser.add_argument("--rollback", action="store_true", help="check the way back")
    parser.add_argument("--out", type=Path, help="folder for one file a sort of problem")
    return parser.parse_args(arguments)


def _seed(text: str) -> int | None:
    return int(text) if text else None


def _progress(totals: Totals, wanted: int, started: float) -> None:
    rate = totals.programs / max(time.monotonic() - started, 0.001)
    text = f"\r{totals.programs}/{wanted} programs, {totals.faults} faults, {rate:.0f}/s   "
    print(text, end="", file=sys.stderr, flush=True)


def _tell(totals: Totals, told: set[int]) -> None:
    """Print which programs show what, as soon as it is known; those *told* are not told again."""
    for kind, found in totals.first.items():
        if found.index not in told:
            told.add(found.index)
            print(f"\nprogram {found.index}: {kind}", file=sys.stderr, flush=True)


def table(totals: Totals, seconds: float) -> str:
    """Return the table at the end of a session."""
    result = totals.result
    lines = [f"programs     {totals.programs} ({totals.programs / max(seconds, 0.001):.0f}/s)"]
    lines.append(f"executions   {result.executions}")
    for runtime in sorted(result.refused | result.rewritten):
        done, left = result.rewritten[runtime], result.refused[runtime]
        share = 100 * done / max(done + left, 1)
        lines.append(
            f"sites for {runtime}: {done + left}, rewritten {done} ({share:.1f} %), refused {left}"
        )
    done, left = result.rewritten.total(), result.refused.total()
    lines.append(
        f"legacy sites {done + left}, rewritten {done} ({100 * done / max(done + left, 1):.1f} %),"
        f" refused {left} ({100 * left / max(done + left, 1):.1f} %)"
    )
    lines += totals.reach.table()
    lines += ["forms", *_counted(result.forms), "refusals", *_counted(result.reasons)]
    lines += ["kinds of program, and how many of them have a fault", *_kinds(totals)]
    crashes = sum(n for kind, n in totals.problems.items() if _is_crash(kind))
    left = sum(n for kind, n in totals.problems.items() if "validate" in kind)
    lines.append(f"divergences  {totals.faults - crashes}")
    lines.append(f"crashes      {crashes} (files left by the validator: {left})")
    lines += ["by sort", *_counted(totals.problems)] if totals.problems else []
    return "\n".join(lines)


def _is_crash(kind: str) -> bool:
    return "crash" in kind or "compile" in kind


def _kinds(totals: Totals) -> list[str]:
    lines = []
    for name, count in totals.kinds.most_common():
        index, problem = totals.seen.get(name, (0, ""))
        fault = f": {totals.faulty[name]}, first program {index}, {problem}" if problem else ""
        lines.append(f"  {count:6} {name}{fault}")
    return lines


def _counted(counter: Counter[str]) -> list[str]:
    return [f"  {count:6} {name}" for name, count in counter.most_common()]


def _show_problems(totals: Totals, limit: int, out: Path | None) -> None:
    shown: set[str] = set()
    ranked = sorted(totals.first.values(), key=lambda f: -totals.problems[f.problem.kind])
    for found in ranked:
        if len(shown) == limit:
            break
        problem = smallest(found)
        if problem.before.shown() in shown:
            continue  # the same program shows it in the other runtime, or on the other backend
        shown.add(problem.before.shown())
        page = _page(problem, found.index, totals.problems[problem.kind])
        print(page, flush=True)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{len(shown):02}.md").write_text(page, encoding="utf-8")


def _page(problem: Problem, index: int, times: int) -> str:
    return (
        f"# {problem.kind} (seen {times} times, first as program {index})\n\n"
        f"{problem.detail}\n\n"
        f"## Before\n\n```python\n{problem.before.shown()}```\n\n"
        f"## After\n\n```python\n{problem.after.shown()}```\n"
    )


if __name__ == "__main__":
    sys.exit(main())
