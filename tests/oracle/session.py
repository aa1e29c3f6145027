"""A long session: many numbered programs on several processes, and what they add up to."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from .check import Problem, Result, check
from .grammar import Program, numbered
from .reduce import reduced

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 50


@dataclass(frozen=True)
class Found:
    """The first program of a session that showed a sort of problem."""

    index: int
    original: bool
    problem: Problem


@dataclass
class Totals:
    """The sums over the programs of a session."""

    programs: int = 0
    result: Result = field(default_factory=Result)
    kinds: Counter[str] = field(default_factory=Counter)
    first: dict[str, Found] = field(default_factory=dict)
    fatal: set[str] = field(default_factory=set)

    def add(self, index: int, program: Program, result: Result) -> None:
        """Count one program."""
        self.programs += 1
        _sum(self.result, result)
        for problem in result.problems:
            self._note(Found(index, program.original, problem), 1)

    def merge(self, other: Totals) -> None:
        """Count the programs of *other*."""
        self.programs += other.programs
        _sum(self.result, other.result)
        for kind, found in other.first.items():
            self._note(found, other.kinds[kind])

    def _note(self, found: Found, times: int) -> None:
        kind = found.problem.kind
        self.kinds[kind] += times
        if found.problem.fatal:
            self.fatal.add(kind)
        known = self.first.get(kind)
        # The shortest one is the quickest to understand; ties go to the earlier.
        if known is None or _length(found) < _length(known):
            self.first[kind] = found

    @property
    def faults(self) -> int:
        """The number of divergences and crashes."""
        return sum(self.kinds[kind] for kind in self.fatal)


def _length(found: Found) -> tuple[int, int]:
    return len(found.problem.before), found.index


def _sum(total: Result, one: Result) -> None:
    total.rewritten.update(one.rewritten)
    total.refused.update(one.refused)
    total.reasons.update(one.reasons)
    total.forms.update(one.forms)
    total.executions += one.executions


def checked(seed: int, first: int, stop: int) -> Totals:
    """Return the totals of the programs *first* up to *stop* of *seed*."""
    totals = Totals()
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        for index in range(first, stop):
            program = numbered(seed, index)
            totals.add(index, program, check(program, Path(folder)))
    return totals


def session(seed: int, count: int, jobs: int) -> Iterator[Totals]:
    """Yield the totals so far, after each chunk of *count* programs."""
    totals = Totals()
    chunks = [(seed, at, min(at + CHUNK, count)) for at in range(0, count, CHUNK)]
    with get_context("spawn").Pool(jobs) as pool:
        for part in pool.imap_unordered(_checked, chunks):
            totals.merge(part)
            yield totals


def _checked(chunk: tuple[int, int, int]) -> Totals:
    os.environ.pop("USER_ID", None)
    return checked(*chunk)


def smallest(found: Found) -> Problem:
    """Return the problem in a program that is as small as statement removal makes it."""
    kind = found.problem.kind
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:

        def problem(text: str) -> Problem | None:
            problems = check(Program(text, found.original), Path(folder)).problems
            return next((p for p in problems if p.kind == kind), None)

        text = reduced(found.problem.before, lambda candidate: problem(candidate) is not None, 15.0)
        return problem(text) or found.problem
