"""Counting legacy calls and contexts in the text of a file, without a look at any other.

It is quick enough for every version of every file: no scopes, no other modules.  What is called
like a function of the API, by its own name or by the one that an import gives it, counts.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as api
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk
from codemods.burndown.records import NOTHING, Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTEXTS = frozenset(api.CONTEXT_MANAGERS)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OLDER = api.OLDER_SET_CALL.encode()


def has_work(content: bytes) -> bool:
    """Whether *content* may have anything that is counted."""
    return any(needle in content for needle in api.NEEDLES) or api.SET_CALL.encode() in content


def counts(text: str) -> Counts:
    """Return what the Python source *text* has."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Counts(unread=1)
    return _counted(list(walk(tree)))


def counts_of_part(statements: Sequence[ast.stmt]) -> Counts | None:
    """Return what *statements* have, of a file that does not say the older name.

    None where they import what is counted under another name: the rest may say that.
    """
    nodes = [node for statement in statements for node in walk(statement)]
    wanted = _CONTEXTS | {api.TRACKED_DECORATOR}
    return _counted(nodes) if _imported(nodes, wanted) == wanted else None


def _counted(nodes: list[ast.AST]) -> Counts:
    contexts = sum(1 for _ in _contexts(nodes))
    return Counts(sum(1 for _ in set_calls(nodes)), contexts)


def set_calls(nodes: list[ast.AST]) -> Iterator[ast.Call]:
    """Yield the calls among *nodes* that set ids by hand.

    The older name is one that other libraries have: it counts on what the file makes a tracker.
    """
    trackers = _trackers(nodes) if any(_is_older(node) for node in nodes) else frozenset()
    for node in nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if name == api.SET_CALL or (
            name == api.OLDER_SET_CALL and last_name(node.func.value) in trackers
        ):
            yield node


def _is_older(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == api.OLDER_SET_CALL


def _contexts(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the calls that make contexts, and the decorators that do."""
    names = _imported(nodes, _CONTEXTS)
    decorators = _imported(nodes, frozenset({api.TRACKED_DECORATOR}))
    for node in nodes:
        if isinstance(node, ast.Call) and last_name(node.func) in names:
            yield node
        elif isinstance(node, _DEFINITIONS):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if last_name(called) in decorators:
                    yield decorator


def _imported(nodes: list[ast.AST], wanted: frozenset[str]) -> frozenset[str]:
    """Return *wanted* with the names that the file imports them under."""
    aliases = (
        alias
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in wanted and alias.asname
    )
    return wanted | {alias.asname for alias in aliases if alias.asname}


def _trackers(nodes: list[ast.AST]) -> frozenset[str]:
    """Return the last names of what the file builds as a tracker, or annotates as one."""
    classes = _imported(nodes, frozenset({api.TRACKER_CLASS}))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and _builds(node.value, classes):
            found.update(last_name(target) for target in node.targets)
        elif isinstance(node, ast.AnnAssign) and (
            _speaks_of(node.annotation, classes) or _builds(node.value, classes)
        ):
            found.add(last_name(node.target))
        elif isinstance(node, ast.arg) and _speaks_of(node.annotation, classes):
            found.add(node.arg)
    return frozenset(found - {""})


def _builds(value: ast.expr | None, classes: frozenset[str]) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr == api.FACTORY:
        called = called.value
    return last_name(called) in classes


def _speaks_of(annotation: ast.expr | None, classes: frozenset[str]) -> bool:
    if annotation is None:
        return False
    return any(
        (isinstance(node, ast.Name | ast.Attribute) and last_name(node) in classes)
        or (isinstance(node, ast.Constant) and node.value in classes)
        for node in walk(annotation)
    )


def of_content(content: bytes, path: str) -> Counts:
    """Return what the file *path* has, whose bytes are *content*: a module, or a notebook."""
    if not has_work(content):
        return NOTHING
    from pathlib import Path

    from codemods.model.outcome import Failed
    from codemods.project.embedded.files import load  # only now: most files have no work

    source = load(Path(path), path, content)
    return Counts(unread=1) if isinstance(source, Failed) else counts(source.text)
