"""Writes out ids that a call takes from a dictionary, in both programs alike."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.given_ids.unread import drop_unread, gives_a_name
from codemods.validator.terms import last_name
from codemods.validator.walk import every

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)
_LOOKING = frozenset({"get", "keys", "values", "items", "copy"})
_READERS = frozenset({"len", "print", "str", "repr", "sorted", "list", "dict", "bool"})
_TAKERS = frozenset((words.SET_CALL, words.OLDER_SET_CALL, *words.CONTEXT_MANAGERS))


def written_out(tree: ast.Module, *, whole: bool) -> ast.Module:
    """Return *tree*, whose nodes may change, with keywords in the place of each ``**name``.

    Of set calls and contexts, and only where the name is bound once in its function, to a
    literal, and nothing changes that.  A tree that is not *whole* does not show what happens to
    the module's names.  What a set call gives to a name that nothing reads is left out as well.
    """
    if not is_to_write_out(tree):
        return tree
    for scope in [n for n in ast.walk(tree) if isinstance(n, _SCOPES)]:
        if isinstance(scope, ast.Module) and not whole:
            continue
        own = list(_own(scope))
        calls = [n for n in own if isinstance(n, ast.Call) and last_name(n.func) in _TAKERS]
        for call in calls:
            call.keywords = [new for old in call.keywords for new in _expanded(old, own, scope)]
        drop_unread(scope, own)
    return ast.Module(tree.body, tree.type_ignores)


def is_to_write_out(tree: ast.Module) -> bool:
    """Whether a set call or a context of *tree* takes ids from a ``**name``, or is bound to one."""
    return any(map(_unpacks, every(tree, ast.Call))) or any(
        map(gives_a_name, every(tree, ast.Assign))
    )


def _unpacks(call: ast.Call) -> bool:
    unpacked = any(keyword.arg is None for keyword in call.keywords)
    return unpacked and last_name(call.func) in _TAKERS


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Walk what *scope* evaluates itself."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_SCOPES, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def _expanded(keyword: ast.keyword, own: list[ast.AST], scope: ast.AST) -> list[ast.keyword]:
    value: ast.expr | None = keyword.value
    if keyword.arg is not None:
        return [keyword]
    if isinstance(value, ast.Name):
        possible = _possible(value, own, scope)
        if possible is not None:
            return [ast.copy_location(ast.keyword(key, value), value) for key in possible]
        value = _literal(value, own, scope)
    if not isinstance(value, ast.Dict):
        return [keyword]
    keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
    known = {key for key in keys if isinstance(key, str)} & {*words.SET_PARAMETERS}
    if len(known) != len(keys):
        return [keyword]
    pairs = zip(keys, value.values, strict=True)
    return [ast.copy_location(ast.keyword(str(key), one), one) for key, one in pairs]


def _possible(name: ast.Name, own: list[ast.AST], scope: ast.AST) -> list[str] | None:
    """Return the ids that ``**name`` may pass, where it may pass no others and need not pass all.

    That is a literal into which the function stores by texts of ids above, or what its callers
    pass as keywords: who they are shows in no file alone.
    """
    mentions = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name.id]
    bound = [n for n in mentions if not isinstance(n.ctx, ast.Load)]
    arguments = getattr(scope, "args", None)
    read = _readings(scope)
    if arguments is not None and arguments.kwarg and arguments.kwarg.arg == name.id:
        return None if bound or not read.issuperset(mentions) else [*words.SET_PARAMETERS]
    literals = [n for n in own if isinstance(n, ast.Assign) and n.targets == bound]
    made = literals[0].value if len(literals) == 1 and len(bound) == 1 else None
    if not isinstance(made, ast.Dict) or isinstance(scope, ast.Module):
        return None
    stores = _stores(own, name.id)
    others = [n for n in mentions if n not in read and n not in bound and n not in stores]
    late = [n for n in stores if n.lineno >= name.lineno or n.lineno <= literals[0].lineno]
    named = (k.value if isinstance(k, ast.Constant) else None for k in made.keys)
    keys: set[object] = {*named, *stores.values()}
    known = [key for key in words.SET_PARAMETERS if key in keys]
    if not stores or others or late or not {*words.SET_PARAMETERS}.issuperset(keys):
        return None
    return known


def _stores(own: list[ast.AST], name: str) -> dict[ast.Name, object]:
    """Return where something is stored in *name* under a constant, and under which."""
    found: dict[ast.Name, object] = {}
    for node in own:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            if isinstance(target.value, ast.Name) and target.value.id == name:
                found[target.value] = target.slice.value
    return found


def _literal(name: ast.Name, own: list[ast.AST], scope: ast.AST) -> ast.Dict | None:
    """Return the literal that the variable *name* of *scope* is bound to."""
    mentions = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name.id]
    arguments = [n for n in ast.walk(scope) if isinstance(n, ast.arg) and n.arg == name.id]
    bound = [n for n in mentions if not isinstance(n.ctx, ast.Load)]
    declared = [n for n in ast.walk(scope) if isinstance(n, ast.Global | ast.Nonlocal)]
    if len(bound) != 1 or arguments or any(name.id in n.names for n in declared):
        return None
    for statement in own:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.lineno < name.lineno:
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            if targets == bound and isinstance(statement.value, ast.Dict):
                read = _readings(scope)
                unchanged = all(n in read for n in mentions if n is not bound[0])
                return statement.value if unchanged else None
    return None


def _readings(scope: ast.AST) -> set[ast.AST]:
    """Return the names that are only read where they stand: unpacked, indexed or looked at."""
    found: set[ast.AST] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and last_name(node.func) in _READERS:
            found.update(node.args)
        elif isinstance(node, ast.keyword | ast.Subscript | ast.Attribute) and _looks(node):
            found.add(node.value)
    return found


def _looks(node: ast.keyword | ast.Subscript | ast.Attribute) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg is None
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    return node.attr in _LOOKING
