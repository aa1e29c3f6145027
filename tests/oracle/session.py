"""A long session: many numbered programs on several processes, and what they add up to."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from . import check, rollback
from .check import Problem, Result
from .grammar import numbered
from .reach import Reach
from .reduce import reduced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .program import Program

CHUNK = 50


@dataclass(frozen=True)
class Found:
    """The first program of a session that showed a sort of problem."""

    index: int
    problem: Problem


@dataclass
class Totals:
    """The sums over the programs of a session.

    ``reach`` is how many of the sites are rewritten, by kind of program.  ``kinds`` counts
    the programs of each kind and ``faulty`` those that showed a problem; ``seen`` has the
    first of these.  ``problems`` counts the problems of each sort, of which ``first`` has
    the shortest program.
    """

    programs: int = 0
    result: Result = field(default_factory=Result)
    reach: Reach = field(default_factory=Reach)
    kinds: Counter[str] = field(default_factory=Counter)
    faulty: Counter[str] = field(default_factory=Counter)
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)
    first: dict[str, Found] = field(default_factory=dict)

    def add(self, index: int, program: Program, result: Result) -> None:
        """Count one program."""
        self.programs += 1
        self.reach.add(program.kinds, result)
        self.kinds.update(program.kinds or {"plain"})
        if result.problems:
            self.faulty.update(program.kinds or {"plain"})
            for kind in program.kinds or {"plain"}:
                self.seen.setdefault(kind, (index, result.problems[0].kind))
        _sum(self.result, result)
        for problem in result.problems:
            self._note(Found(index, problem), 1)

    def merge(self, other: Totals) -> None:
        """Count the programs of *other*."""
        self.programs += other.programs
        self.reach.merge(other.reach)
        self.kinds.update(other.kinds)
        self.faulty.update(other.faulty)
        for kind, first in other.seen.items():
            self.seen[kind] = min(first, self.seen.get(kind, first))
        _sum(self.result, other.result)
        for kind, found in other.first.items():
            self._note(found, other.problems[kind])

    def _note(self, found: Found, times: int) -> None:
        kind = found.problem.kind
        self.problems[kind] += times
        known = self.first.get(kind)
        # The shortest one is the quickest to understand; ties go to the earlier.
        if known is None or _length(found) < _length(known):
            self.first[kind] = found

    @property
    def faults(self) -> int:
        """The number of divergences, crashes, and false reports."""
        return self.problems.total()


def _length(found: Found) -> tuple[int, int]:
    return len(found.problem.before.shown()), found.index


def _sum(total: Result, one: Result) -> None:
    total.rewritten.update(one.rewritten)
    total.refused.update(one.refused)
    total.reasons.update(one.reasons)
    total.forms.update(one.forms)
    total.executions += one.executions


def checked(seed: int, first: int, stop: int, *, back: bool = False) -> Totals:
    """Return the totals of the programs *first* up to *stop* of *seed*.

    With *back* it is the way back that is checked.
    """
    work = rollback.check if back else check.check
    totals = Totals()
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        for index in range(first, stop):
            program = numbered(seed, index)
            totals.add(index, program, work(program, Path(folder)))
    return totals


def session(seed: int, count: int, jobs: int, *, back: bool = False) -> Iterator[Totals]:
    """Yield the totals so far, after each chunk of *count* programs."""
    totals = Totals()
    chunks = [(seed, at, min(at + CHUNK, count), back) for at in range(0, count, CHUNK)]
    with get_context("spawn").Pool(jobs) as pool:
        for part in pool.imap_unordered(_checked, chunks):
            totals.merge(part)
            yield totals


def _checked(chunk: tuple[int, int, int, bool]) -> Totals:
    os.environ.pop("USER_ID", None)
    seed, first, stop, back = chunk
    return checked(seed, first, stop, back=back)


def smallest(found: Found, seconds: float = 15.0) -> Problem:
    """Return the problem in a program that is as small as statement removal makes it."""
    kind = found.problem.kind
    program = found.problem.before
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:

        def problem(candidate: Program) -> Problem | None:
            problems = check.check(candidate, Path(folder)).problems
            return next((p for p in problems if p.kind == kind), None)

        for name in sorted(program.files, key=lambda name: -len(program.files[name])):
            program = _reduced_in(program, name, problem, seconds / len(program.files))
        return problem(program) or found.problem


def _reduced_in(
    program: Program, name: str, problem: Callable[[Program], Problem | None], seconds: float
) -> Program:
    """Return *program* with a smaller file *name* that still shows the problem."""

    def with_text(text: str) -> Program:
        return program.with_files({**program.files, name: text})

    text = program.files[name]
    if not text.strip():
        return program
    text = reduced(text, lambda candidate: problem(with_text(candidate)) is not None, seconds)
    return with_text(text)
