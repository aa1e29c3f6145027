"""The words of a statement, by what they may have to do with other statements."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"\w+")
_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Words:
    """The words of a statement.

    ``said`` are all of them, ``beyond`` those that may mean something outside of it: of a function
    not its variables.  ``given`` are names that others may have from it: of definitions, variables
    and fields.  ``set`` are the fields and names that it changes where others may see it.
    """

    said: frozenset[str]
    beyond: frozenset[str]
    given: frozenset[str]
    set: frozenset[str]


@dataclass
class _Found:
    """What a walk through a statement has come upon."""

    names: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


def words_of(statement: ast.stmt) -> Words:
    """Return the words of *statement*, which stands in no other, or in a class."""
    if isinstance(statement, ast.ClassDef):
        return _words_of_class(statement)
    found = _Found()
    for node in walk(statement):
        _take(node, found)
    is_function = isinstance(statement, _FUNCTIONS)
    return _of(found, _variables(statement) - found.shared if is_function else set())


def _words_of_class(statement: ast.ClassDef) -> Words:
    """Return the words of a class: variables of its methods are nobody else's."""
    found = _Found(others={statement.name}, defined={statement.name})
    head = (*statement.decorator_list, *statement.bases, *statement.keywords)
    for part in (*head, *getattr(statement, "type_params", ())):
        for node in walk(part):
            _take(node, found)
    parts = [_of(found, set()), *map(words_of, statement.body)]
    return Words(
        frozenset().union(*(one.said for one in parts)),
        frozenset().union(*(one.beyond for one in parts)),
        frozenset().union(*(one.given for one in parts)),
        frozenset().union(*(one.set for one in parts)),
    )


def _of(found: _Found, locals_: set[str]) -> Words:
    said = frozenset(found.names | found.others | found.stored)
    beyond = frozenset((found.names | found.stored) - locals_ | found.others)
    given = frozenset(found.defined | found.fields | (found.stored - locals_))
    return Words(said, beyond, given, frozenset(found.fields | found.shared))


def _take(node: ast.AST, found: _Found) -> None:
    match node:
        case ast.Name(id=name, ctx=context):
            (found.names if isinstance(context, ast.Load) else found.stored).add(name)
        case ast.Attribute(attr=name, ctx=context):
            found.others.add(name)
            if not isinstance(context, ast.Load):
                found.fields.add(name)
        case ast.arg(arg=name):
            found.stored.add(name)
        case ast.Constant(value=str(text)):
            found.others.update(_WORD.findall(text))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            found.others.add(name)
            found.defined.add(name)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            found.shared.update(names)
            found.others.update(names)
        case ast.alias(name=name, asname=other):
            bound = other or name.partition(".")[0]
            found.others.update((*_WORD.findall(name), bound))
            found.defined.add(bound)
        case _:
            found.others.update(_texts(node))


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the words in texts that are fields of *node* itself: keywords, patterns, modules."""
    for name in node._fields:
        value = getattr(node, name, None)
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str):
                yield from _WORD.findall(one)


def _variables(function: ast.stmt) -> set[str]:
    """Return the names that are surely variables of *function* itself, wherever they are read.

    What an inner function or a comprehension binds may be another name there.
    """
    assert isinstance(function, _FUNCTIONS)
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    found = {one.arg for one in (*every, arguments.vararg, arguments.kwarg) if one is not None}
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        waiting.extend(ast.iter_child_nodes(node))
    return found
