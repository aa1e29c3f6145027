"""Checks each rewritten file against the original, without knowing how it was rewritten.

It undoes the permitted edits on plain trees and must arrive at the same program;
beside that the result compiles, keeps every comment, and reads no tracker
outside of the blocks it was given.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from codemods import interpreter
from codemods import vocabulary as words
from codemods.validator.comments import same_comments
from codemods.validator.fingerprint import note_texts
from codemods.validator.given_ids.leaving import are_apart, is_never_reached
from codemods.validator.given_ids.unpacked import is_to_write_out, written_out
from codemods.validator.matching import Matcher
from codemods.validator.parameters import same_signatures
from codemods.validator.pieces import Program, programs
from codemods.validator.scopes import binds, half_imported, visible
from codemods.validator.terms import Difference, dotted, managed
from codemods.validator.walk import children, every, nodes, parents
from codemods.validator.yields.fixtures import fixture_blocks
from codemods.validator.yields.generators import waiting_blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.validator.walk import Parents

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
#: Reads of a tracker outside of its blocks, by scope and tracker.
ReadsElsewhere = dict[tuple[ast.AST, str], set[ast.AST]]
_BY_NAME = ("locals", "vars", "eval", "exec", "dir", "globals")
_NAMES = frozenset((*words.CONTEXT_MANAGERS, words.TRACKER_CLASS))
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)


def difference(
    before: str,
    after: str,
    *,
    unsafe: bool = False,
    asked: Collection[str] = (),
    tree: ast.Module | None = None,
) -> str | None:
    """Return what makes *after* another program than *before*, None if nothing does.

    With *unsafe* the block of a pytest fixture may hold its ``yield``, any generator may wait in
    a block, a function may gain a parameter for a tracker, and a tracker that others have may be
    used behind its block; a tracker that is there before its block may get out of it by the
    statements *asked*, which a person was told of.  *tree* is what the interpreter made of
    *before*, where that was asked already; it stays as it is.
    """
    if not compiles(before, after):
        return "the result does not compile"
    apart = programs(tree or ast.parse(before), before, after)
    if tree is not None and apart is not None and is_to_write_out(apart[0].tree):
        # That changes the tree.
        apart = programs(ast.parse(before), before, after)
    if apart is not None and _difference(*apart, unsafe=unsafe, asked=asked, whole=False) is None:
        return None
    both = (Program(text, ast.parse(text)) for text in (before, after))
    return _difference(*both, unsafe=unsafe, asked=asked, whole=True)


def _difference(
    before: Program, after: Program, *, unsafe: bool, asked: Collection[str], whole: bool
) -> str | None:
    try:
        old, new = written_out(before.tree, whole=whole), written_out(after.tree, whole=whole)
        if not whole and old is before.tree and new is after.tree:
            note_texts(old, before.text)
            note_texts(new, after.text)
        held = fixture_blocks(new) if unsafe else frozenset()
        if not unsafe:
            same_signatures(old, new)
        # Who goes through a generator stands in all of the file.
        waiting = waiting_blocks(new, unsafe=unsafe) if whole else frozenset()
        matcher = Matcher(managed(old), managed(new), held | waiting)
        matcher.replaces_ids = unsafe
        matcher.learn(new)
        matcher.module(old, new, whole=whole)
        around = parents(new)
        elsewhere = _reads_elsewhere(around, matcher.blocks)
        made = {block for block, _ in matcher.blocks}
        for block, name in matcher.blocks:
            if unsafe and _outlives(around, block, name):
                continue  # others have it, whatever the block does
            told = asked if block.items[0].optional_vars is None else ()
            _no_use_elsewhere(around, block, name, elsewhere, told, made)
            _nothing_escapes(around, block, name, told, yields=block not in held)
        for block, name in matcher.unnamed:
            _nobody_asks_for(around, block, name)
        _newly_unbound(old, new)
        _newly_taken(old, new, [block for block, _ in matcher.blocks])
        blocks = [block for block, _ in matcher.blocks]
        same_comments(before.text, after.text, blocks, matcher.removed)
    except Difference as found:
        place = f" (line {found.line})" if found.line else ""
        return f"{found}{place}"
    return None


def compiles(before: str, after: str) -> bool:
    """Whether *after* compiles wherever *before* does.

    A notebook's top-level await is no error where the file had one before, and
    neither are more blocks inside each other than older versions take.
    """
    if interpreter.compiles(after):
        return True  # under the strictest of the conditions below, as nearly every file does
    awaits = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for everywhere, flags in ((True, 0), (True, awaits), (False, 0), (False, awaits)):
        if interpreter.compiles(before, flags=flags, everywhere=everywhere):
            return interpreter.compiles(after, flags=flags, everywhere=everywhere)
    return False


def _reads_elsewhere(parents: Parents, blocks: list[tuple[ast.With, str]]) -> ReadsElsewhere:
    """Return the reads of the blocks' trackers outside of their blocks, by the scopes around."""
    owners: dict[str, set[ast.AST]] = {}
    for block, name in blocks:
        owners.setdefault(name, set()).add(block)
    found: ReadsElsewhere = {}
    for node in parents:
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
            continue
        name = dotted(node)
        if name in owners and _is_flushed(parents, node):
            continue  # nothing is recorded by it
        around = _ancestors(parents, node) if name in owners else []
        if owners.get(name, set()).isdisjoint(around):
            for scope in around:
                if isinstance(scope, _SCOPES):
                    found.setdefault((scope, name), set()).add(node)
    return found


def _is_flushed(parents: Parents, node: ast.AST) -> bool:
    """Whether *node* is a tracker of which a statement only calls the flush."""
    method = parents[node]
    call = parents.get(method)
    flushes = isinstance(method, ast.Attribute) and method.attr == words.FLUSH_CALL
    called = isinstance(call, ast.Call) and call.func is method and not call.args
    return flushes and called and isinstance(parents.get(call), ast.Expr)  # type: ignore[arg-type]


def _ancestors(parents: Parents, node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    while node in parents:
        node = parents[node]
        found.append(node)
    return found


def _no_use_elsewhere(
    parents: Parents,
    block: ast.With,
    name: str,
    elsewhere: ReadsElsewhere,
    asked: Collection[str],
    made: Collection[ast.AST],
) -> None:
    """Raise if the block's tracker is used where the block's ids would have lasted.

    A person was *asked* about some statements that do, or that get the tracker out.
    """
    scope, loop = _around(parents, block)
    uses = elsewhere.get((scope, name), set())
    for node in _of_variable(scope, name) if uses else ():
        if node not in uses or not isinstance(node, ast.Name | ast.Attribute):
            continue
        again = loop is not None and any(n is node for n in ast.walk(loop))
        later = node.lineno > (block.end_lineno or block.lineno)
        later = later and not are_apart(parents, block, node)
        later = later and not _rebuilt(scope, name, block, node)
        left = is_never_reached(parents, block, name, node, made) if again or later else True
        if not left and not _is_told(parents, node, asked):
            raise Difference(f"{name} is used outside of its block", node)


def _is_told(parents: Parents, node: ast.AST, asked: Collection[str]) -> bool:
    """Whether the statement of *node* is one that a person was *asked* about."""
    while asked and not isinstance(node, ast.stmt):
        node = parents[node]
    return bool(asked) and ast.unparse(node) in asked


def _outlives(parents: Parents, block: ast.With, name: str) -> bool:
    """Whether the block's tracker is a field, or a variable that its function does not bind."""
    scope, _ = _around(parents, block)
    bound = (
        isinstance(n, ast.arg) or (isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        for n in _of_variable(scope, name)
    )
    return "." in name or not any(bound)


def _rebuilt(scope: ast.AST, name: str, block: ast.With, use: ast.Name | ast.Attribute) -> bool:
    """Whether *name* is bound anew between the block and *use*."""
    end = block.end_lineno or block.lineno
    return any(
        isinstance(n, ast.Name)
        and n.id == name
        and isinstance(n.ctx, ast.Store)
        and end < n.lineno <= use.lineno
        for n in _of_variable(scope, name)
    )


def _of_variable(scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """Yield what is below *scope* where *name* is the variable of *scope*."""
    for part in ast.iter_child_nodes(scope):
        yield from visible(part, name.partition(".")[0])


def _around(parents: Parents, block: ast.With) -> tuple[ast.AST, ast.AST | None]:
    """Return the scope of *block* and the outermost loop around it in that scope."""
    here, passed = parents[block], list[ast.AST]()
    while not isinstance(here, _SCOPES) and here not in parents.within:
        passed.append(here)
        here = parents[here]
    scope, loop = parents.within.get(here, (here, None))
    for node in reversed(passed):
        loop = node if loop is None and isinstance(node, _LOOPS) else loop
        parents.within[node] = scope, loop
    name = block.items[0].optional_vars
    if loop is not None and (name is not None or _built_in(loop, block)):
        loop = None  # the tracker is built anew in each iteration
    return scope, loop


def _built_in(loop: ast.AST, block: ast.With) -> bool:
    """Whether the block's tracker is bound in *loop* before the block."""
    header = block.items[0].context_expr
    keywords = header.keywords if isinstance(header, ast.Call) else []
    given = next((dotted(k.value) for k in keywords if k.arg == words.TRACKER_ARGUMENT), "")
    return any(
        isinstance(n, ast.Name)
        and n.id == given
        and isinstance(n.ctx, ast.Store)
        and n.lineno < block.lineno
        for n in ast.walk(loop)
    )


def _nothing_escapes(
    parents: Parents, block: ast.With, name: str, asked: Collection[str], *, yields: bool
) -> None:
    """Raise if the tracker itself is returned or stored by the block's statements.

    Those that a person was *asked* about may do so.
    """
    waiting: list[ast.AST] = list(block.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and binds(node, name):
            continue  # a variable of its own
        given = (ast.Return, ast.Yield) if yields else ast.Return
        stored = isinstance(node, ast.Assign) and not isinstance(
            node.targets[0], ast.Name | ast.Tuple
        )
        value = node.value if stored or isinstance(node, given) else None  # type: ignore[attr-defined]
        if isinstance(value, ast.Name) and value.id == name:
            targets: list[ast.expr] = node.targets if stored else []  # type: ignore[attr-defined]
            made_here = stored and all(_ends_with(parents, block, one) for one in targets)
            if not made_here and ast.unparse(node) not in asked:
                raise Difference(f"{name} outlives its block", node)
        waiting.extend(children(node))


def _ends_with(parents: Parents, block: ast.With, target: ast.expr) -> bool:
    """Whether *target* is part of an object of this function that nothing behind *block* names."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    scope = _around(parents, block)[0]
    if not isinstance(target, ast.Name) or isinstance(scope, ast.Module | ast.ClassDef):
        return False
    end = block.end_lineno or block.lineno
    named = [n for n in _of_variable(scope, target.id) if getattr(n, "id", "") == target.id]
    bound = [parents[n] for n in named if not isinstance(n.ctx, ast.Load)]  # type: ignore[attr-defined]
    made = bound[0] if len(bound) == 1 else None
    if not isinstance(made, ast.Assign) or len(made.targets) != 1:
        return False
    return _is_fresh(made.value) and all(
        n.lineno <= end and not isinstance(parents[n], ast.Return | ast.Yield)  # type: ignore[attr-defined]
        for n in named
    )


def _is_fresh(value: ast.expr) -> bool:
    """Whether *value* is an object that nothing else has."""
    if isinstance(value, ast.Call):
        called = dotted(value.func).rpartition(".")[2]
        return called[:1].isupper() or called in ("dict", "list", "set")
    return isinstance(value, ast.Dict | ast.List | ast.Set)


def _nobody_asks_for(parents: Parents, block: ast.With, name: str) -> None:
    """Raise if the tracker *name*, to which *block* gives no name, may be asked for by it."""
    scope, _ = _around(parents, block)
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        raise Difference(f"{name} is not bound any more", block)
    for node in ast.walk(scope):
        declares = isinstance(node, ast.Global | ast.Nonlocal) and name in node.names
        if declares or getattr(node, "id", "") in _BY_NAME:
            raise Difference(f"{name} may be asked for, and is not bound any more", node)
    if any(getattr(node, "id", "") == name for node in _of_variable(scope, name)):
        raise Difference(f"{name} is used, and not bound any more", block)


def _newly_unbound(old: ast.Module, new: ast.Module) -> None:
    """Raise if an API name that the file uses lost its binding."""
    lost = _unbound(new) - _unbound(old)
    if lost:
        raise Difference(f"{sorted(lost)[0]} is not imported")
    for name in sorted(_imported(old) - _imported(new)):
        if any(n.id == name and isinstance(n.ctx, ast.Load) for n in every(new, ast.Name)):
            raise Difference(f"{name} is not imported")
        texts = [n.value for n in every(new, ast.Constant) if isinstance(n.value, str)]
        # An annotation, ``__all__`` or a patch may look the name up by its text.
        if any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts):
            raise Difference(f"{name} is named in a text, and is not imported any more")


def _imported(tree: ast.Module) -> set[str]:
    return {n.asname or n.name for n in every(tree, ast.alias)}


def _newly_taken(old: ast.Module, new: ast.Module, blocks: list[ast.With]) -> None:
    """Raise if a context manager is imported whose name a scope around a block gives away."""
    fresh = (_imported(new) - _imported(old)).intersection(words.CONTEXT_MANAGERS)
    half = half_imported(new, fresh, words.TRACKER_CLASS) if fresh else None
    if half is not None:
        raise Difference(f"{min(fresh)} is imported by one way through this only", half)
    for scope in nodes(new) if fresh else ():
        if not isinstance(scope, _SCOPES):
            continue
        taken = fresh & _own_names(scope)
        if not taken:
            continue
        # What a class binds is an attribute: its methods do not see it as a name.
        seen = _own_nodes(scope) if isinstance(scope, ast.ClassDef) else ast.walk(scope)
        inside = {id(node) for node in seen}
        if any(id(block) in inside for block in blocks):
            raise Difference(f"{min(taken)} means something else here", scope)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Walk *scope* without entering the scopes in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.comprehension):
            waiting.extend((node.iter, *node.ifs))  # its variable is no name of the scope
        elif not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _own_names(scope: ast.AST) -> set[str]:
    """Return what *scope* binds itself, imports left out."""
    found: set[str] = set()
    for node in _own_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return found


def _unbound(tree: ast.Module) -> set[str]:
    """Return the API names that *tree* uses and binds nowhere."""
    bound = _imported(tree)
    named = [n for n in every(tree, ast.Name) if n.id in _NAMES]
    if "*" in bound or bound.issuperset(n.id for n in named):
        return set()
    bound.update(n.id for n in named if not isinstance(n.ctx, ast.Load))
    bound.update(n.arg for n in every(tree, ast.arg))
    bound.update(one.name for one in every(tree, ast.FunctionDef))
    bound.update(one.name for one in every(tree, ast.AsyncFunctionDef))
    bound.update(one.name for one in every(tree, ast.ClassDef))
    return {n.id for n in named if isinstance(n.ctx, ast.Load)} - bound
