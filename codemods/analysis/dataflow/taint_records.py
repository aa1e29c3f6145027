"""What is found on the way of a tracker through a program: records, no analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.analysis.sweep import Growing

if TYPE_CHECKING:
    import ast

    from codemods.analysis.syntax.scopes import Binding, Scope


@dataclass(frozen=True, slots=True)
class Escape:
    """A place where a tainted value gets out; ``how`` completes "the tracker is ..."."""

    node: ast.AST
    how: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """Something that is taken for granted, and the place that makes it so; said as it is."""

    text: str
    node: ast.AST


@dataclass
class Flow:
    """What was found on the way of one value.

    ``tainted`` are the variables that hold it, ``trusted`` calls of unknown
    functions that were given it, ``assumed`` is what else is taken for granted,
    ``sets`` and ``reads`` the places where its ids are set or its fields are read, in
    functions of the project that it is passed to too;
    ``older`` are those that set ids by the older name;
    ``returning`` are the inner functions whose result holds it, ``attributes``
    fields that hold it, as (variable, name).  ``roots`` are the variables that it began in;
    ``calls_give`` says that calling a parameter which is followed may give the value out;
    ``plain`` are fields of tainted variables that hold nothing of it; ``frame`` is the scope
    whose variables may be there longer than the block; ``givers`` are calls that give the value.
    """

    tainted: Growing[Binding] = field(default_factory=Growing)
    escapes: list[Escape] = field(default_factory=list)
    trusted: list[ast.Call] = field(default_factory=list)
    assumed: list[Assumed] = field(default_factory=list)
    sets: list[ast.AST] = field(default_factory=list)
    reads: list[ast.AST] = field(default_factory=list)
    older: list[ast.AST] = field(default_factory=list)
    returning: set[ast.AST] = field(default_factory=set)
    attributes: set[tuple[Binding, str]] = field(default_factory=set)
    roots: frozenset[Binding] = frozenset()
    calls_give: bool = True
    plain: frozenset[tuple[Binding, str]] = frozenset()
    frame: Scope | None = None
    givers: frozenset[ast.AST] = frozenset()

    @property
    def holders(self) -> list[Binding]:
        """The tainted variables in the order of the program: where the first is told, say."""
        return sorted(self.tainted, key=_first_place)

    def stands_at(self, place: ast.AST, made: ast.AST) -> None:
        """Say of what was found at *made*, which is not in the program, that it is *place*'s."""
        self.escapes[:] = [Escape(place, e.how) if e.node is made else e for e in self.escapes]
        self.assumed[:] = [Assumed(a.text, place) if a.node is made else a for a in self.assumed]
        for found in (self.sets, self.reads, self.older):
            found[:] = [place if node is made else node for node in found]


def _first_place(variable: Binding) -> tuple[int, int, str]:
    return (*variable.first_place, variable.name)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a function does with one of its parameters.

    ``trusted`` are the functions, not in sight, that it hands the parameter to;
    ``assumed`` is what else it takes for granted; ``returns_call`` says that it
    returns no more of it than what calling it gives.
    """

    returns_it: bool = False
    escape: ast.AST | None = None
    sets_ids: bool = False
    reads_state: bool = False
    trusted: tuple[ast.expr, ...] = ()
    assumed: tuple[str, ...] = ()
    returns_call: bool = False
    sets_by_older_name: bool = False
