"""What a rule is.

A rule that answers for legacy places is a module of ``patterns`` or ``contexts``: its docstring
is its page (What it does, Why, Before, After, Safety), ``TAKES`` says which places it answers
for, and ``decide`` answers.  One that only reports is a module of ``lint`` with ``find``, one
about several files a module of ``across`` with ``decide``.  The engine finds rules by their
folder; nothing else has their names.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from types import ModuleType

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Construct, Lifetime, SetCall
    from codemods.model.finding import Finding
    from codemods.model.proposal import Proposal, Verdict


class Sites(Enum):
    """The places that a rule answers for; the engine knows who is asked first."""

    SET_IN_CONTEXT = auto()  # set calls inside a context manager of their tracker
    SHARED = auto()  # trackers in fields and parameters, which several functions may use
    BUILT = auto()  # constructions of one kind, with the set calls on what they build
    BUILT_OTHERWISE = auto()  # constructions that no rule has answered for
    SET = auto()  # set calls of one kind, whose tracker is built out of sight
    SET_UNSEEN = auto()  # set calls on what a person may say is a tracker
    SET_OTHERWISE = auto()  # set calls that no rule has answered for
    NEW_CODE = auto()  # context managers that are there already
    LEFT = auto()  # set calls that are part of no rewrite: asked when all else is decided


@dataclass(frozen=True, slots=True)
class OpenSites:
    """The legacy places that no rule has answered for when a rule is asked, in source order."""

    constructs: tuple[Construct, ...]
    set_calls: tuple[SetCall, ...]

    def without(self, calls: Collection[ast.AST]) -> OpenSites:
        """Return these places without those in *calls*."""
        return OpenSites(
            tuple(one for one in self.constructs if one.call not in calls),
            tuple(one for one in self.set_calls if one.call not in calls),
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict; ``holders`` are the variables that hold, or lead to, the tracker it is about."""

    verdict: Verdict
    holders: frozenset[Binding] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule finds at some places, and how it is decided on: lint asks for the finding only.

    ``calls`` are the constructions and set calls that it answers for.  There is neither
    finding nor decision where nothing is to be done.
    """

    calls: frozenset[ast.Call] = frozenset()
    finding: Finding | None = None
    decide: Callable[[], Decided] | None = None

    @classmethod
    def of(
        cls,
        verdict: Verdict,
        calls: Iterable[ast.Call] = (),
        holders: Iterable[Binding] = (),
    ) -> Answer:
        """Return the answer for *calls* that is decided already."""
        decided = Decided(verdict, frozenset(holders))
        return cls(frozenset(calls), verdict.finding, lambda: decided)


@dataclass(frozen=True, slots=True)
class Holders:
    """The variables of a module that hold, or lead to, a tracker: ``of`` a finding, and all."""

    of: Mapping[Finding, frozenset[Binding]]
    every: frozenset[Binding]


def calls_of(lifetime: Lifetime) -> frozenset[ast.Call]:
    """Return the constructions of *lifetime* and the set calls on what they build."""
    built = {lifetime.construct.call, *lifetime.built_by}
    return frozenset({*built, *(site.call for site in lifetime.sets)})


class Rule(Protocol):
    """A module of ``patterns`` or ``contexts``."""

    TAKES: Sites

    def decide(self, semantic: SemanticModel, open_sites: OpenSites) -> Iterable[Answer]:
        """Yield what is to become of those of *open_sites* that it answers for, or of new code."""


class LintRule(Protocol):
    """A module of ``lint``."""

    def find(self, semantic: SemanticModel, told: Collection[Finding]) -> Iterable[Finding]:
        """Yield findings; *told* are those of the rules that rewrite or refuse."""


class Mentioning(Protocol):
    """The files of a run that hold a word."""

    def __call__(self, word: str) -> Iterable[SemanticModel | None]:
        """Yield the analysis of each, None of one that cannot be read."""


class RuleAcross(Protocol):
    """A module of ``across``."""

    def decide(
        self, files: Sequence[SemanticModel], mentioning: Mentioning
    ) -> Iterable[tuple[SemanticModel, Proposal]]:
        """Yield the proposals for all *files* together, each with the file that it is for."""


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Return the modules of *package*, by name, and with them those of the folders in it."""
    found: list[ModuleType] = []
    for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = import_module(one.name)
        found += modules_of(module) if one.ispkg else [module]
    return sorted(found, key=lambda module: module.__name__)
