"""Ids that leak, on a tracker that several functions share, from one into the next.

A block gives its ids back.  Where every function sets all ids that any of them sets, nobody
notices; else it is for a person to say that nothing was meant to last (``--unsafe``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning.headers import TASKS_APART
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding


@dataclass(frozen=True)
class Setter:
    """A function that sets ids before it uses the tracker; ``sets`` are its calls."""

    name: str
    sets: tuple[SetCall, ...]

    @property
    def keys(self) -> frozenset[str]:
        """The ids that are set."""
        return frozenset(a.keyword for s in self.sets for a in s.arguments if not is_none(a.value))


def inherited(
    setters: Sequence[Setter], relying: Iterable[tuple[str, ast.AST]] = ()
) -> list[tuple[str, ast.AST]]:
    """Return what each function would no longer inherit from another, with its place.

    *relying* are functions that use the tracker and set nothing.
    """
    found: list[tuple[str, ast.AST]] = []
    lenders: dict[str, str] = {}
    for setter in setters:
        for key in sorted(setter.keys):
            lenders.setdefault(key, setter.name)
    takers = [(s.name, s.keys, s.sets[0].call) for s in setters]
    takers += [(name, frozenset(), place) for name, place in relying]  # type: ignore[misc]
    for name, keys, place in takers:
        lent = [f"the {key} that {by} set" for key, by in lenders.items() if key not in keys]
        if lent:
            found.append((f"{name} would no longer inherit {', nor '.join(lent)}", place))
    return found


def doubtful(semantic: SemanticModel, setter: Setter) -> list[Argument]:
    """Return the arguments that may be None: then an id that was set earlier would last."""
    nullness = Nullness(semantic)
    return [
        a
        for s in setter.sets
        for a in s.arguments
        if not is_none(a.value) and not nullness.is_given(a.value)
    ]


def first_values(body: Sequence[ast.stmt], sets: Sequence[SetCall]) -> frozenset[ast.AST]:
    """Return the values that a tracker built in *body* has of each id first, where that is sure."""
    found: dict[str, ast.AST | None] = {}
    for site in sorted(sets, key=lambda one: one.call.lineno):
        for argument in site.arguments:
            # In a loop it may have had one in the round before.
            found.setdefault(argument.keyword, argument.value if site.statement in body else None)
    return frozenset(value for value in found.values() if value is not None)


@dataclass(frozen=True)
class Conditions:
    """What a person must confirm, with the place and the reason of each where nobody does."""

    found: tuple[tuple[str, ast.AST, Reason], ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The conditions, each in one sentence."""
        return tuple(dict.fromkeys(text for text, _, _ in self.found))

    @property
    def first(self) -> tuple[str, ast.AST, Reason] | None:
        """The first of them."""
        return self.found[0] if self.found else None

    @property
    def about_none(self) -> bool:
        """Whether one is about a value that may be None."""
        return any(reason is Reason.MAY_BE_NONE for _, _, reason in self.found)

    def also(self, text: str, place: ast.AST) -> Conditions:
        """Return these conditions and one more, of a tracker that others have."""
        return Conditions((*self.found, (text, place, Reason.SHARED_STATE)))

    def refusal(self, semantic: SemanticModel, finding: Finding) -> Refusal:
        """Return the refusal of a rewrite that nobody has confirmed the conditions of."""
        text, place, reason = self.found[0]
        refusal = refuse(semantic, finding, reason, text, place)
        return replace(refusal, advice=f"{refusal.advice}, or run with --unsafe if that may be so")


def conditions(
    semantic: SemanticModel,
    setters: Sequence[Setter],
    relying: Iterable[tuple[str, ast.AST]] = (),
    waiting: Iterable[str] = (),
    first: frozenset[ast.AST] = frozenset(),
) -> Conditions:
    """Return what must be confirmed of blocks for *setters*, which share one tracker.

    *relying* are functions that use it and set nothing, *waiting* those in whose blocks other
    tasks may run, and *first* the values of ids that the tracker surely never had before.
    """
    found = [(text, place, Reason.SHARED_STATE) for text, place in inherited(setters, relying)]
    place = setters[0].sets[0].call
    found += [
        (TASKS_APART.format(name), place, Reason.SHARED_STATE) for name in dict.fromkeys(waiting)
    ]
    for setter in setters:
        for argument in (a for a in doubtful(semantic, setter) if a.value not in first):
            value = semantic.module.segment(argument.value)
            text = f"an earlier {argument.keyword} may go where {value}, in {setter.name}, is None"
            found.append((text, argument.value, Reason.MAY_BE_NONE))
    return Conditions(tuple(found))
