"""What the contexts of a module do, read from its text: as the guide says, or as the original?

A module that only hands on the names of this project's runtime is that runtime.  One that defines
a context itself is taken for one that does as the guide says only if three things can be read in
it: a tracker that it builds has a store, it sets the user, and its end gives the tracker's ids
back.  Whatever cannot be read counts as not done: a rewrite that relies on less is right too.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
#: What makes a tracker, and the arguments that give it a store.
_BUILDERS = frozenset({words.TRACKER_CLASS, words.FACTORY, "cls"})
_STORES = frozenset({words.STORE_ARGUMENT, words.FILE_ARGUMENT})
_GENERAL_RESTORERS = frozenset({"setattr", "update"})


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether contexts do as the guide says, and the line that tells (``why`` continues it)."""

    as_guided: bool
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The contexts come from *modules*, the first that has them; leading dots are relative."""

    modules: tuple[str, ...]
    line: int


def judged(tree: ast.Module, legacy: ast.Module | None) -> Judged | HandedOn:
    """Return what the contexts do that *tree* gives out; *legacy* has the class of trackers."""
    definition, brought = _origin(tree)
    if definition is not None:
        return _of_definition(tree, definition, legacy)
    if not brought:
        return Judged(False, 1, f"nothing here defines {words.CONTEXT} in a way that can be read")
    if any(_is_own(one) for one in brought):
        line = next(one.lineno for one in brought if _is_own(one))
        return Judged(True, line, f"it hands on the contexts of {words.OWN_PACKAGE}")
    modules = tuple("." * one.level + (one.module or "") for one in brought)
    return HandedOn(modules, brought[0].lineno)


def _origin(tree: ast.Module) -> tuple[_Definition | None, list[ast.ImportFrom]]:
    """Return the definition of the context in *tree*, or the imports that may bring it."""
    brought: list[ast.ImportFrom] = []
    for node in walk(tree):
        if isinstance(node, _Definition) and node.name == words.CONTEXT:
            return node, []
        if isinstance(node, ast.ImportFrom) and {words.CONTEXT, "*"} & {
            alias.asname or alias.name for alias in node.names
        }:
            brought.append(node)
    return None, brought


def _is_own(statement: ast.ImportFrom) -> bool:
    return not statement.level and (statement.module or "").partition(".")[0] == words.OWN_PACKAGE


def _of_definition(tree: ast.Module, definition: _Definition, legacy: ast.Module | None) -> Judged:
    parts = [definition, *_helpers(tree, definition)]
    nodes = [node for part in parts for node in walk(part)]
    built = next((n for n in nodes if _builds(n)), None)
    if built is None or not (_has_store(built) or _stores_by_itself(tree, legacy)):
        line = getattr(built, "lineno", definition.lineno)
        return Judged(False, line, "a tracker that a context builds has no store that can be seen")
    ending = set(_endings(nodes))
    if not any(_sets_user(node) for node in nodes if node not in ending):
        return Judged(False, definition.lineno, "no context sets the tracker's user")
    if not any(_gives_back(node) for node in ending):
        why = "the end of a context does not give the tracker its earlier ids back"
        return Judged(False, definition.lineno, why)
    return Judged(True, definition.lineno, "contexts store, set the user, and give the ids back")


def _helpers(tree: ast.Module, definition: _Definition) -> Iterator[_Definition]:
    """Yield the functions and classes of the module that *definition* uses."""
    used = {n.id for n in walk(definition) if isinstance(n, ast.Name)} - {words.TRACKER_CLASS}
    for one in tree.body:
        if isinstance(one, _Definition) and one.name in used and one is not definition:
            yield one


def _builds(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) in _BUILDERS


def _has_store(call: ast.AST) -> bool:
    given = call.keywords if isinstance(call, ast.Call) else []
    return any(k.arg in _STORES and not _is_nothing(k.value) for k in given)


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def _stores_by_itself(*trees: ast.Module | None) -> bool:
    """Whether the class of trackers makes a client where it is given none."""
    classes = (n for tree in trees if tree is not None for n in walk(tree))
    found = [n for n in classes if isinstance(n, ast.ClassDef) and n.name == words.TRACKER_CLASS]
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr in _STORES for t in node.targets)
        and any(isinstance(n, ast.Call) and last_name(n.func) != "get" for n in walk(node.value))
        for one in found
        for node in walk(one)
    )


def _sets_user(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        is_set_call = last_name(node.func) == words.SET_CALL
        return is_set_call and any(k.arg in (words.USER, None) for k in node.keywords)
    return _assigns(node, words.USER)


def _endings(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what runs at the end of a context."""
    for node in nodes:
        ends = node.finalbody if isinstance(node, ast.Try) else []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "exit" in node.name:
            ends = node.body
        for statement in ends:
            yield from walk(statement)


def _gives_back(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = last_name(node.func) or ""
        return name in _GENERAL_RESTORERS or "restore" in name
    return _assigns(node, words.JOB_FIELD)


def _assigns(node: ast.AST, field: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    inner = (part for target in targets for part in walk(target))
    return any(isinstance(part, ast.Attribute) and part.attr == field for part in inner)
