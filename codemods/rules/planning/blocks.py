"""The parts of a block: its extent, how it gets its tracker, what it makes needless."""

from __future__ import annotations

import ast
from bisect import bisect_right
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.effects import changes_environment, first_yield, walk_here
from codemods.analysis.syntax.mentions import Mentions
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.block_extent import Block, closing_flush, is_method_call
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.mocks.classes import Mocks
from codemods.model.edit import Delete, Edit, Unwrap
from codemods.rules.checks.lifetime import other_set
from codemods.rules.checks.siblings import flushed_behind
from codemods.rules.planning.headers import Form
from codemods.rules.planning.replays import deleted, taken_calls, unwrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.edit import Path


def last_use(semantic: SemanticModel, lifetime: Lifetime, flow: Flow) -> LastUse:
    """Return what answers for the statements of *lifetime*, whose tracker went as *flow*."""
    statements = lifetime.body[lifetime.index + 1 : lifetime.end]
    return LastUse(semantic.taint, flow, statements, looks=semantic.looks(lifetime.construct))


def block_from(
    semantic: SemanticModel,
    lifetime: Lifetime,
    flow: Flow,
    start: int,
    end: int | None = None,
    last: LastUse | None = None,
) -> Block:
    """Return the block that begins with statement *start* of the lifetime's suite.

    It ends behind the last use (before *end*, if there is a next block), and before another
    tracker's construction or the first ``yield``, if nothing uses this one from there on.
    *last* is the lifetime's ``last_use``, where more than one block asks it.
    """
    last = last or last_use(semantic, lifetime, flow)
    stop = last.stop(lifetime.body, start, lifetime.end if end is None else end)
    bindings = semantic.lifetimes.bindings_in.get((lifetime.prefix, lifetime.field_name), [])
    for index in bindings[bisect_right(bindings, start) :]:
        if index >= stop:
            break
        if not _used_from(semantic, lifetime, flow, index):
            stop = index
    for index in range(start + 1, stop):
        if first_yield([lifetime.body[index]]) is not None:
            if not _used_from(semantic, lifetime, flow, index):
                stop = index
            break
    return Block(lifetime.prefix, lifetime.field_name, start, stop)


def _used_from(semantic: SemanticModel, lifetime: Lifetime, flow: Flow, index: int) -> bool:
    mentions = semantic.taint.once(Mentions)
    return mentions.are_read(flow.tainted, lifetime.body[index : lifetime.end])


def form_of(
    semantic: SemanticModel, lifetime: Lifetime, flow: Flow, first: int, ours: bool
) -> tuple[Form, bool]:
    """Return the form of the block, and whether it takes the construction in."""
    name = lifetime.binding.name
    own = {site.statement for site in lifetime.sets}
    waiting = [s for s in lifetime.body[lifetime.index + 1 : first] if s not in own]
    used_before = any(
        uses(semantic, binding, semantic.module.paths[statement])
        for statement in waiting
        for binding in flow.tainted
    )
    values = [a.value for site in lifetime.sets for a in site.arguments]
    in_arguments = any(
        isinstance(n, ast.Name) and semantic.scopes.of(n) in flow.tainted
        for value in values
        for n in walk(value)
        if n in semantic.scopes.scope_of
    )
    pinned = (
        bool(lifetime.owned)
        or lifetime.escapes
        or lifetime.construct.kind != "plain"
        or not _is_spelled(semantic, lifetime.construct.call.func)
        or not lifetime.is_alone
        or used_before
        or flushed_behind(semantic, lifetime)
        or in_arguments
        or _environment_changes(semantic, [*waiting, *values])
        or (isinstance(lifetime.binding_statement, ast.AnnAssign) and lifetime.scope.is_module)
    )
    if pinned:
        # Nobody can have set an id before, where nobody but the lifetime's own calls sets any, and
        # no function that is not in sight was given the tracker.
        built = lifetime.construct.kind in ("plain", "arguments") and not lifetime.owned
        alone = not flow.trusted and other_set(lifetime, flow) is None
        fresh = not used_before or (built and alone)
        return Form(lifetime.tracker, None, fresh=fresh, ours=ours), False
    built_by = lifetime.construct.call.func
    replaced = not ours or semantic.may_be_replaced(built_by)
    replaced = replaced or bool(semantic.once(Mocks).put_for(built_by))
    text = semantic.module.segment(lifetime.construct.call) if replaced else None
    return Form(text, name, fresh=True, ours=ours), True


def _is_spelled(semantic: SemanticModel, built_by: ast.expr) -> bool:
    """Whether the file shows by itself that *built_by* is the class: it has that for its name.

    A module of the project may have it by another name, which who reads the file alone cannot tell.
    """
    if last_name(built_by) == words.TRACKER_CLASS:
        return True
    if not isinstance(built_by, ast.Name) or built_by not in semantic.scopes.scope_of:
        return False
    binders = semantic.scopes.of(built_by).binders
    return any(isinstance(b, ast.alias) and b.name == words.TRACKER_CLASS for b in binders)


def lifted_try(semantic: SemanticModel, lifetime: Lifetime) -> int | None:
    """Return the index of a ``try`` that begins with the set calls and must lie in the block.

    That is where handlers, ``finally`` or later statements use the tracker too, and the ids
    cannot raise: they are names and constants.  Or nobody can tell, since nothing is recorded
    yet and all that the ``try`` does is to flush.
    """
    if not lifetime.sets or len(lifetime.sets[0].path) != len(lifetime.prefix) + 2:
        return None
    index = lifetime.sets[0].path[len(lifetime.prefix)][1]
    prefix = lifetime.path(index)
    node = lifetime.body[index] if index < len(lifetime.body) else None
    if not isinstance(node, ast.Try) or len(node.body) <= len(lifetime.sets):
        return None
    only_flushes = _only_flushes(semantic, lifetime, node, index)
    for position, site in enumerate(lifetime.sets):
        if site.path != (*prefix, ("body", position)):
            return None
        if not only_flushes and not all(_cannot_raise(semantic, a.value) for a in site.arguments):
            return None
    body = (*prefix, "body")
    inside = (semantic.module.paths[semantic.module.statement(load)] for load in lifetime.loads)
    depth = len(prefix)
    only_body = all((*p[:depth], p[depth][0]) == body for p in inside if len(p) > depth)
    beyond = any(
        len(semantic.module.paths[semantic.module.statement(load)]) <= depth
        for load in lifetime.loads
    )
    return None if only_body and not beyond else index


def _only_flushes(
    semantic: SemanticModel, lifetime: Lifetime, statement: ast.Try, index: int
) -> bool:
    """Whether *statement*, at *index*, only flushes at its end a tracker that is new there."""
    if lifetime.owned or lifetime.construct.kind not in ("plain", "arguments"):
        return False
    if statement.handlers or statement.orelse or len(statement.finalbody) != 1:
        return False
    ends = statement.finalbody[0]
    if not is_method_call(ends, lifetime.binding, semantic.scopes, words.FLUSH_CALL):
        return False
    before = lifetime.body[lifetime.index + 1 : index]
    return not semantic.taint.once(Mentions).are_read((lifetime.binding, *lifetime.aliases), before)


def _cannot_raise(semantic: SemanticModel, value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if not isinstance(value, ast.Name):
        return False
    binders = semantic.scopes.of(value).binders
    return len(binders) == 1 and isinstance(binders[0], ast.arg)


def _environment_changes(semantic: SemanticModel, nodes: Sequence[ast.AST]) -> bool:
    """Whether *nodes*, or the functions of the project that they call, change the environment."""
    if changes_environment(nodes) is not None:
        return True
    for node in walk_here(nodes):
        if isinstance(node, ast.Call):
            definition = semantic.taint.definition(node.func)
            if definition is not None and changes_environment(definition.node.body) is not None:
                return True
    return False


def uses(semantic: SemanticModel, binding: Binding, path: Path) -> bool:
    """Whether the statement at *path* mentions the tracker."""
    return any(
        semantic.module.paths[semantic.module.statement(load)][: len(path)] == path
        for load in binding.loads
    )


def closing_edits(
    semantic: SemanticModel, lifetime: Lifetime, block: Block, ours: bool
) -> tuple[list[Edit], tuple[str, ...]]:
    """Return the edits for what the block's end makes needless, and notes about them."""
    body = lifetime.body[block.start : block.stop]
    edits: list[Edit] = []
    flush = closing_flush(lifetime.body, block.start, block.stop, lifetime.binding, semantic.scopes)
    if flush is not None and not lifetime.owned:
        index, in_finally = flush
        place = block.path(index)
        edits.append(unwrapped(semantic, place) if in_finally else deleted(semantic, place))
    again, notes = taken_calls(semantic, lifetime.tracker, body, ours=ours)
    return [*edits, *again], notes


def needs_name(semantic: SemanticModel, lifetime: Lifetime, edits: Sequence[Edit]) -> bool:
    """Whether anything may ask for the tracker by its name once *edits* are made.

    What a module or a class binds may be asked for from elsewhere.
    """
    binding = lifetime.binding
    if not lifetime.scope.is_function or binding.declared or binding.deletes:
        return True
    if len(binding.binders) != 1 or _is_looked_up(semantic, lifetime):
        return True
    gone = {e.path for e in edits if isinstance(e, Delete)}
    for edit in edits:
        if isinstance(edit, Unwrap):
            gone.add((*edit.path, ("finalbody", 0)))
    paths = (semantic.module.paths[semantic.module.statement(load)] for load in binding.loads)
    return any(gone.isdisjoint(p[:end] for end in range(1, len(p) + 1)) for p in paths)


def _is_looked_up(semantic: SemanticModel, lifetime: Lifetime) -> bool:
    """Whether the function, or one in it, may look a variable up by a text."""
    function = lifetime.scope.node
    return any(function in semantic.module.ancestors(call) for call in semantic.calls_by_name)


def remains_work(block: Block, closing: Sequence[Edit]) -> bool:
    """Whether the block keeps a statement once *closing* is applied."""
    gone = {e.path[-1][1] for e in closing if isinstance(e, Delete) and e.path[:-1] == block.prefix}
    return len(gone) < block.stop - block.start
