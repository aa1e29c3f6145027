"""Manual recording that a block makes needless: ``tracker.track_openai_completion(lambda: r)()``.

Removed only on evidence: the recorded result was made inside the block, by a
call that the runtime captures, and the statement does nothing else.  The comments that described
what is removed, a flush as well, go with it.  Of one that stays a note says why.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.cells import begins_cell
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.wrapped_clients import may_be_other_client
from codemods.analysis.trackers.mocks.classes import Mocks
from codemods.model.edit import Delete, Unwrap
from codemods.rules.planning.newly_captured import bare_call_notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.edit import Path

# The last two attributes of the client calls that the runtime sees.
_CAPTURED = frozenset(
    {
        ("completions", "create"),
        ("completions", "parse"),
        ("embeddings", "create"),
        ("responses", "create"),
        ("responses", "parse"),
    }
)

# A comment of these words right above a recording or a flush is about that.
_ABOUT = re.compile(r"\b(?:metrics?|track\w*|record\w*|usage|flush\w*|manual\w*)\b", re.I)
# These may be about the next statement as well, if one follows at once.
_PERHAPS = re.compile(r"\b(?:stor\w+|sav\w+|log\w*|persist\w*|costs?|tokens?|bill\w*)\b", re.I)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# What lies between a client and the method of it that is called.
_RESOURCES = frozenset(("chat", "completions", "embeddings", "responses", "beta"))
RECORDING_REMOVED = "the manual recording is removed"
_CAPTURED_IN_BLOCK = "the client's call is captured in the block"
_UNSEEN = "it does not show that the block takes the call that made it"
_BY_HAND = "contexts of this runtime take no calls by themselves"

_FOR_TOOLS = re.compile(r"#\s*(?:ai-usage:|fmt:|type:|noqa|pragma|pylint:|region|endregion|!|-\*-)")


def taken_calls(
    semantic: SemanticModel, tracker: str, body: Sequence[ast.stmt], *, ours: bool
) -> tuple[list[Delete], tuple[str, ...]]:
    """Return the removal of what in the block over *body* only records on *tracker* again.

    And notes on that, on the recordings that stay, and on calls that are recorded newly.
    """
    newly = bare_call_notes(semantic, body, ours=ours)
    if not semantic.once(_records_by_hand):
        return [], newly
    paths, staying = needless_replays(semantic, tracker, body, ours=ours)
    removed = [deleted(semantic, path) for path in paths]
    if not removed:
        return [], (*staying, *newly)
    described = " with its comment" if any(edit.above for edit in removed) else ""
    note = f"{RECORDING_REMOVED}{described}: {_CAPTURED_IN_BLOCK}"
    return removed, (note, *staying, *newly)


def _records_by_hand(semantic: SemanticModel) -> bool:
    return any(node.attr in words.REPLAYS for node in semantic.module.every(ast.Attribute))


def needless_replays(
    semantic: SemanticModel, tracker: str, body: Sequence[ast.stmt], *, ours: bool
) -> tuple[list[Path], tuple[str, ...]]:
    """Return the paths of the statements in *body* that only record a captured call again.

    And notes on those recordings on *tracker* that stay.
    """
    needless: list[Path] = []
    staying: list[str] = []
    asked = semantic.once(Mocks).asked_recording
    for inner in bodies(semantic, body):
        for statement in inner:
            if isinstance(statement, _DEFINITION):
                staying += [result.id for result in _recorded(tracker, walk(statement))]
            for result in _recorded(tracker, [statement]):
                if ours and asked is None and _is_needless(semantic, inner, statement, result):
                    needless.append(semantic.module.paths[statement])
                else:
                    staying.append(result.id)
    why = _UNSEEN if ours else _BY_HAND
    why = why if asked is None else f"{asked} asks for it"
    notes = (f"the recording of {one} by hand stays: {why}" for one in dict.fromkeys(staying))
    return needless, tuple(notes)


def bodies(semantic: SemanticModel, body: Sequence[ast.stmt]) -> Iterator[Sequence[ast.stmt]]:
    """Yield *body* and the bodies in its statements, but for definitions and other contexts."""
    yield body
    for statement in body:
        if isinstance(statement, _DEFINITION) or statement in semantic.contexts_of:
            continue
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if inner:
                yield from bodies(semantic, inner)
        for clause in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from bodies(semantic, clause.body)


def _recorded(tracker: str, nodes: Iterable[ast.AST]) -> Iterator[ast.Name]:
    found = (replayed(node) for node in nodes if isinstance(node, ast.Expr))
    return (one[1] for one in found if one is not None and ast.unparse(one[0]) == tracker)


def _is_needless(
    semantic: SemanticModel, body: Sequence[ast.stmt], statement: ast.stmt, result: ast.Name
) -> bool:
    if not is_made_by_a_captured_call(semantic, result, body, statement):
        return False
    made = semantic.module.statement(semantic.scopes.of(result).binders[0])
    # The call is taken with the ids of its time, and recorded with those of a later one.
    set_at = (site.statement.lineno for site in semantic.lifetimes.set_calls)
    return not any(made.lineno < line < statement.lineno for line in set_at)


def is_made_by_a_captured_call(
    semantic: SemanticModel, result: ast.Name, body: Sequence[ast.stmt], before: ast.stmt
) -> bool:
    """Whether a call that the runtime takes, above *before* in *body*, makes *result* as it is.

    In the same body: in each run that comes to *before* it was made, and once.
    """
    binders = semantic.scopes.of(result).binders
    if len(binders) != 1:
        return False
    made = semantic.module.parents.get(binders[0])
    if not isinstance(made, ast.Assign) or made not in body:
        return False
    if not body.index(made) < body.index(before):
        return False
    value = made.value.value if isinstance(made.value, ast.Await) else made.value
    if not isinstance(value, ast.Call) or not _is_captured(value.func):
        return False
    return not _is_modified(semantic, result) and not _is_uncaptured(semantic, value.func)


def _is_modified(semantic: SemanticModel, result: ast.Name) -> bool:
    """Whether something is stored in the result, so that recording it again may differ."""
    for load in semantic.scopes.of(result).loads:
        node: ast.AST = load
        while isinstance(semantic.module.parents[node], ast.Attribute | ast.Subscript):
            node = semantic.module.parents[node]
        if not isinstance(getattr(node, "ctx", None), ast.Load | None):
            return True
    return False


def _is_uncaptured(semantic: SemanticModel, function: ast.expr) -> bool:
    """Whether the client is visibly not one of those that the runtime captures."""
    client = function.value if isinstance(function, ast.Attribute) else function
    while isinstance(client, ast.Attribute) and client.attr in _RESOURCES:
        client = client.value
    if may_be_other_client(semantic.taint, client):
        return True
    root = client
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Call):
        return False
    if not isinstance(root, ast.Name) or root not in semantic.scopes.scope_of:
        return True
    return any(_is_local_object(semantic, b) for b in semantic.scopes.of(root).binders)


def _is_local_object(semantic: SemanticModel, binder: ast.AST) -> bool:
    """Whether *binder* binds an object of this file's own classes, or a wrapped client."""
    if isinstance(binder, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    parent = semantic.module.parents.get(binder)
    value: ast.AST | None = None
    if isinstance(binder, ast.arg) and isinstance(parent, ast.arguments):
        value = default_of(parent, binder)
    elif isinstance(parent, ast.Assign | ast.AnnAssign):
        value = parent.value
    if not isinstance(value, ast.Call):
        return False
    if last_name(value.func) in words.CLIENT_WRAPPERS:
        return True
    if not isinstance(value.func, ast.Name):
        return False
    makers = semantic.scopes.of(value.func).binders
    return any(isinstance(m, ast.ClassDef) for m in makers)


def replayed(statement: ast.stmt) -> tuple[ast.expr, ast.Name] | None:
    """Return the tracker and the name in ``tracker.track_x(lambda: name)()``, if it is that."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    outer = statement.value
    if outer.args or outer.keywords or not isinstance(outer.func, ast.Call):
        return None
    inner = outer.func
    function = inner.func
    if not isinstance(function, ast.Attribute) or function.attr not in words.REPLAYS:
        return None
    receiver = function.value
    if not isinstance(receiver, ast.Name | ast.Attribute):
        return None
    if len(inner.args) != 1 or inner.keywords or not isinstance(inner.args[0], ast.Lambda):
        return None
    body = inner.args[0].body
    takes_nothing = not ast.unparse(inner.args[0].args)
    return (receiver, body) if takes_nothing and isinstance(body, ast.Name) else None


def _is_captured(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Attribute):
        return False
    return (function.value.attr, function.attr) in _CAPTURED


def deleted(semantic: SemanticModel, path: Path) -> Delete:
    """Return the removal of the statement at *path*, with the comments that described it."""
    statement = semantic.statement_at(path)
    assert isinstance(statement, ast.stmt)
    return Delete(path, _described_by(semantic, statement))


def unwrapped(semantic: SemanticModel, path: Path) -> Unwrap:
    """Return the removal of the ``finally`` of the ``try`` at *path*, which only flushes."""
    statement = semantic.statement_at(path)
    assert isinstance(statement, ast.Try)
    above = _comments_above(semantic, statement.finalbody[0])
    return Unwrap(path, bool(_ABOUT.search(" ".join(above))))


def _described_by(semantic: SemanticModel, statement: ast.stmt) -> int:
    """Return how many lines of comments right above *statement* say what it does."""
    above = _comments_above(semantic, statement)
    text = " ".join(above)
    about = _ABOUT.search(text) or (
        _PERHAPS.search(text) and _ends_a_paragraph(semantic, statement)
    )
    return len(above) if about else 0


def _comments_above(semantic: SemanticModel, statement: ast.stmt) -> list[str]:
    """Return the comments right above *statement*, as deep as it is, none that tools read."""
    found: list[str] = []
    for number in range(statement.lineno - 1, 0, -1):
        line = semantic.module.lines[number - 1]
        text = line.strip()
        if not text.startswith("#") or len(line) - len(line.lstrip()) != statement.col_offset:
            break
        if _FOR_TOOLS.match(text) or begins_cell(line):
            return []
        found.append(text)
    return found


def _ends_a_paragraph(semantic: SemanticModel, statement: ast.stmt) -> bool:
    """Whether no statement follows *statement* in the next line."""
    end = statement.end_lineno or statement.lineno
    beside = semantic.module.statements_around(statement)
    index = beside.index(statement) + 1
    following = beside[index] if index < len(beside) else None
    return following is None or following.lineno > end + 1 or isinstance(following, ast.Return)
