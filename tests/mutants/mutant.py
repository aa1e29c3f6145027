"""A mutant: one function of the rewriter replaced by a wrong one while a block runs."""

from __future__ import annotations

import contextlib
import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import codemods.edits.apply
import codemods.runner.pipeline  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    #: Raises AssertionError where something is wrong.
    Exam = Callable[[Path], None]

REGISTERED: list[Mutant] = []


@dataclass(frozen=True)
class Mutant:
    """One way to break the rewriter.

    ``target`` is ``module:name`` below ``codemods``; ``make`` returns what stands in
    for the real function (or constant); ``rows`` are the rows of the decision table
    to look at first, or fixtures, by the beginnings of their names.  What shows in no program (a
    report, a note, a file that is written) is noticed by an ``exam``: it is given an empty folder,
    passes, and fails with the mutant.
    ``fault`` is the entry of the list of faults whose fix is taken back, and ``kinds`` are
    those of the generated programs to look at first.
    """

    name: str
    breaks: str
    target: str
    make: Callable[[Any], Any]
    rows: tuple[str, ...]
    exam: Exam | None = None
    fault: str = ""
    kinds: tuple[str, ...] = ()


def mutant(
    target: str, *rows: str, fault: str = "", kinds: str = ""
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the decorated function: its docstring says what is broken when it stands in."""

    def register(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        breaks = (make.__doc__ or "").rstrip(".")
        name = make.__name__.replace("_", "-")
        made = Mutant(name, breaks, target, make, rows, fault=fault, kinds=tuple(kinds.split()))
        REGISTERED.append(made)
        return make

    return register


def examined(
    target: str, exam: Exam, *, fault: str = "", kinds: str = ""
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the decorated function as ``mutant`` does; *exam* is who notices it."""

    def register(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        breaks = (make.__doc__ or "").rstrip(".")
        name = make.__name__.replace("_", "-")
        REGISTERED.append(Mutant(name, breaks, target, make, (), exam, fault, tuple(kinds.split())))
        return make

    return register


@contextlib.contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Put the mutant's function wherever the real one is used, and take it away again."""
    module, _, name = mutant.target.partition(":")
    owner: Any = importlib.import_module(f"codemods.{module}")
    *parents, last = name.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    static = vars(owner)[last]
    real = getattr(owner, last)
    wrong = mutant.make(real)
    if isinstance(static, staticmethod):
        wrong = staticmethod(wrong)
    places = [(owner, last)] if parents else list(_places(real))
    for place, attribute in places:
        setattr(place, attribute, wrong)
    try:
        yield
    finally:
        for place, attribute in places:
            setattr(place, attribute, static)


def _places(real: object) -> Iterator[tuple[Any, str]]:
    """Yield every global name of the tools that *real* is bound to."""
    for name, module in list(sys.modules.items()):
        if name.startswith("codemods."):
            for attribute, value in list(vars(module).items()):
                if value is real:
                    yield module, attribute
