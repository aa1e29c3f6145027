"""Trackers that nothing is recorded with: built and dropped, compared, asked for a field."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name

if TYPE_CHECKING:
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Scopes
    from codemods.analysis.trackers.lifetimes import Construct, Lifetimes

_FIELDS = frozenset(
    (*words.CONSTRUCTOR_PARAMETERS, *words.INERT_ATTRIBUTES, *words.STATE_ATTRIBUTES)
)
# Functions that ask an object something, and neither keep it nor call it.
_ASKING = frozenset("bool callable dir hasattr id isinstance print repr str type vars".split())

# What a method tells of itself; its object is not among that.
_DESCRIBING = frozenset("__name__ __qualname__ __doc__ __module__".split())


class Analysed(Protocol):
    """What is asked here of the analysis of a module, which asks this module in turn."""

    @property
    def module(self) -> ParsedModule:
        """The parsed module."""

    @property
    def scopes(self) -> Scopes:
        """Its variables."""

    @property
    def lifetimes(self) -> Lifetimes:
        """The lifetimes of its trackers."""

    def used_elsewhere(self, name: str) -> bool:
        """Whether another file may use the module's *name*."""


def is_only_looked_at(semantic: Analysed, construct: Construct) -> bool:
    """Whether nothing is done with what *construct* builds but to look at it."""
    if _looks(semantic, construct.call):
        return True
    binding_statement = semantic.lifetimes.binding_of(construct)
    if binding_statement is None:
        return False
    bindings = [
        semantic.scopes.of(name)
        for name in semantic.lifetimes.names_of(construct, binding_statement)
    ]
    return all(
        not binding.declared
        and not isinstance(binding.scope.node, ast.ClassDef)  # objects have it as a field
        and not (binding.scope.is_module and semantic.used_elsewhere(binding.name))
        and all(_looks(semantic, load) for load in binding.loads)
        for binding in bindings
    )


def _looks(semantic: Analysed, load: ast.expr) -> bool:
    """Whether *load* reads a field or a private method, compares, or asks what the object is."""
    parent = semantic.module.parents[load]
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
        # Private methods are what tests of the tracker call; they set no ids.
        return _is_known(parent.attr) or _is_described(semantic, parent)
    return isinstance(parent, ast.Expr) or _is_asked(semantic, load)


def _is_described(semantic: Analysed, method: ast.expr) -> bool:
    """Whether a method of the tracker is asked what it is, perhaps by another name, and no more."""
    parent = semantic.module.parents[method]
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
        return parent.attr in _DESCRIBING
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    if not isinstance(parent, ast.Assign) or not isinstance(target, ast.Name):
        return _is_asked(semantic, method)
    binding = semantic.scopes.of(target)
    return (
        parent.targets == [target]
        and binding.binders == [target]
        and not binding.declared
        and not isinstance(binding.scope.node, ast.ClassDef)
        and not (binding.scope.is_module and semantic.used_elsewhere(binding.name))
        and all(_is_described(semantic, load) for load in binding.loads)
    )


def _is_known(name: object) -> bool:
    return isinstance(name, str) and (name in _FIELDS or name.startswith("_"))


def _is_asked(semantic: Analysed, value: ast.expr) -> bool:
    """Whether *value*, a tracker or a method of one, is compared, or asked what it is."""
    parent = semantic.module.parents[value]
    while isinstance(parent, ast.BoolOp) or (
        isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)
    ):
        parent = semantic.module.parents[parent]
    if isinstance(parent, ast.Call) and value in parent.args:
        function = last_name(parent.func)
        named = parent.args[1] if function == "getattr" and parent.args[1:] else None
        known = isinstance(named, ast.Constant) and _is_known(named.value)
        return function in _ASKING or known
    return isinstance(parent, ast.Compare | ast.Assert | ast.If)
