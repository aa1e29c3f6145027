"""The ``with`` line of a block: which arguments it takes over, and under which names."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.none_evidence import none_evidence, parameter_evidence
from codemods.analysis.syntax.effects import (
    is_plain,
    sized_annotation,
    sized_value,
    walk_here,
)
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.lifetimes import UNBOUND, SetCall, is_none
from codemods.model.edit import UNPACKED, Header, Taken
from codemods.model.proposal import Assumption
from codemods.model.refusal import Reason, Refusal
from codemods.rules.planning import operation_types
from codemods.rules.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.batches import Batch, Sending
    from codemods.analysis.trackers.ids.arguments import Argument
    from codemods.model.finding import Finding

_RESIZING = frozenset(
    "append appendleft extend insert add update setdefault pop popleft remove discard clear".split()
)
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Assert)
#: To be confirmed where a batch context of the original runtime would outlast its block.
FULL_PRICE = (
    "the batch of line {} may keep its full price, as today:"
    " the original runtime would leave the tracker in batch mode"
)
BATCH_NOTE = "batch prices are recorded for this block: half of the list price"
#: To be confirmed where a tracker is shared by coroutines.
TASKS_APART = "no two tasks run {} at the same time"
INVALID, VALUE_USED = "invalid-call", "value-used"
INSIDE_EXPRESSION = "the call stands inside of an expression, so it cannot become a block"
PROBLEMS = {
    "unknown-fields": (Reason.UNKNOWN_FIELDS, "the call passes ids through * or **"),
    INVALID: (Reason.INVALID_CALL, "the call passes an argument that it does not take"),
    UNBOUND: (Reason.UNKNOWN_RECEIVER, "the ids are set through the class, not on the tracker"),
    VALUE_USED: (Reason.VALUE_USED, "the call's value is used, so it cannot become a block"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """How the block gets its tracker.

    ``tracker`` is the source text for ``tracker=`` (None: the context builds
    one), ``target`` the name after ``as``; ``fresh`` says that nothing used the
    tracker before; ``ours`` that our runtime may be relied on; ``sticky`` that an
    id which was set earlier would last if this one is None; ``leaves_user`` that the
    user is set in another way than by the header; ``outlived`` that the tracker may record
    behind the block, where the original runtime would go on with the prices of a batch.
    """

    tracker: str | None
    target: str | None
    fresh: bool
    ours: bool
    sticky: bool = False
    leaves_user: bool = False
    outlived: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A header and what the reader of the report must know about it."""

    header: Header
    manager: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    confirm: tuple[str, ...] = ()


def check_arguments(
    semantic: SemanticModel,
    finding: Finding,
    sets: Sequence[SetCall],
    form: Form,
    tainted: Collection[Binding] = (),
) -> Refusal | None:
    """Refuse what the arguments of *sets* make impossible; *tainted* variables hold the tracker."""
    for number, site in enumerate(sets):
        if site.problem is not None:
            return problem_refusal(semantic, finding, site)
        for argument in site.arguments:
            refusal = argument_refusal(semantic, finding, argument, form)
            if refusal is not None:
                return refusal
            if number and _mentions(semantic, argument.value, tainted):
                detail = "an id is computed with the tracker itself, under the ids set before"
                return refuse(semantic, finding, Reason.READS_STATE, detail, argument.value)
    return _twice(semantic, finding, sets)


def problem_refusal(semantic: SemanticModel, finding: Finding, site: SetCall) -> Refusal:
    """Refuse a set call for what is wrong with it."""
    reason, detail = PROBLEMS[str(site.problem)]
    if reason is Reason.VALUE_USED and _is_dropped_as_part(semantic, site.call):
        detail = INSIDE_EXPRESSION
    refusal = refuse(semantic, finding, reason, detail, site.call)
    if site.problem != UNBOUND:
        return refusal
    tracker = ast.unparse(site.call.args[0]) if site.call.args else "the tracker"
    method = last_name(site.call.func)
    return replace(refusal, advice=f"make the call on the tracker: {tracker}.{method}(...)")


def _is_dropped_as_part(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether *call* is a part of a statement that nobody has the value of: an arm of a choice."""
    part: ast.AST = call
    while isinstance(semantic.module.parents[part], ast.IfExp | ast.BoolOp | ast.Tuple):
        part = semantic.module.parents[part]
    return part is not call and isinstance(semantic.module.parents[part], ast.Expr)


def argument_refusal(
    semantic: SemanticModel, finding: Finding, argument: Argument, form: Form
) -> Refusal | None:
    """Refuse a value that may be None where an earlier id would have to stay, and a user."""
    if is_none(argument.value):
        return None
    doubt = none_evidence(semantic.taint, argument.value)
    if doubt is not None and (form.sticky or not (form.fresh or form.ours)):
        detail = f"{argument.keyword} may be None, and then the earlier id must stay"
        refusal = refuse(semantic, finding, Reason.MAY_BE_NONE, detail, doubt)
        # Where the runtime alone stands in the way, and is not chosen yet, it is a way out.
        other = "" if form.sticky or form.ours else ", or set runtime = 'tracker'"
        return replace(refusal, advice=refusal.advice + other)
    if argument.keyword == words.USER and not form.ours and not form.leaves_user:
        detail = "the original runtime's context does not set the user"
        refusal = refuse(semantic, finding, Reason.MIXED, detail, argument.value)
        advice = "give the user to the constructor, or, if it is not the original, set runtime"
        return replace(refusal, advice=f"{advice} = 'tracker'")
    return None


def _mentions(semantic: SemanticModel, value: ast.expr, tainted: Collection[Binding]) -> bool:
    names = (n for n in walk(value) if isinstance(n, ast.Name) and n in semantic.scopes.scope_of)
    return any(semantic.scopes.of(name) in tainted for name in names)


def _twice(semantic: SemanticModel, finding: Finding, sets: Sequence[SetCall]) -> Refusal | None:
    seen: dict[str, ast.expr] = {}
    for site in sets:
        for argument in site.arguments:
            if is_none(argument.value):
                continue
            if argument.keyword in seen:
                detail = f"{argument.keyword} is set twice before the first use"
                return refuse(semantic, finding, Reason.GIVEN_TWICE, detail, argument.value)
            seen[argument.keyword] = argument.value
    return None


def taken_of(site: SetCall, *, leaves_user: bool = False) -> Taken:
    """Return the arguments of *site* for a header: by keyword, without literal None."""
    passed_on = [a for a in site.arguments if not is_none(a.value)]
    if leaves_user:
        passed_on = [a for a in passed_on if a.keyword != words.USER]
    named = ((a.position, f"{UNPACKED * a.is_spread}{a.keyword}") for a in passed_on)
    return Taken(site.path, tuple(named))


def _taken(sets: Sequence[SetCall], form: Form) -> tuple[Taken, ...]:
    return tuple(taken_of(site, leaves_user=form.leaves_user) for site in sets)


def plan_header(
    semantic: SemanticModel,
    finding: Finding,
    sets: Sequence[SetCall],
    body: Sequence[ast.stmt],
    at: ast.stmt,
    form: Form,
    sending: Sending,
    carried: Sequence[str] = (),
) -> Planned | Refusal:
    """Return the header for a block over *body* that starts at statement *at*.

    *sending* finds the tracker's calls.  *carried* are arguments (source texts) that an
    earlier block's ids need to be named again.  A batch whose tracker would go on in batch mode
    is refused, or, with ``--unsafe``, keeps its price.
    """
    given = any(a is not None and not a.may_lack for a in (s.argument(words.BATCH) for s in sets))
    batch = sending.batch(body) if given and semantic.settings.batch_pricing else None
    sticks = batch is not None and form.outlived and not form.ours
    if sticks and not semantic.settings.unsafe:
        return sticky_refusal(semantic, finding, sets[0].call)
    if batch is not None and not sticks:
        return _batch_header(semantic, sets, batch, body, form, carried, at)
    wanted = _named_operation(semantic, at)
    names = () if wanted is not None else operations_of(semantic, at, sets, body)
    operation = operation_types.literal(wanted or names[0], semantic.quote)
    leading = [operation, *_tracker_argument(form), *carried]
    header = Header(words.CONTEXT, tuple(leading), _taken(sets, form), (), form.target, names)
    asked = (FULL_PRICE.format(sets[0].call.lineno),) if sticks else ()
    return Planned(header, words.CONTEXT, confirm=asked)


def sticky_refusal(semantic: SemanticModel, finding: Finding, place: ast.AST) -> Refusal:
    """Refuse a batch behind which the original runtime would go on in batch mode."""
    detail = "the original runtime leaves the tracker in batch mode after the block"
    refusal = refuse(semantic, finding, Reason.STICKY_BATCH_MODE, detail, place)
    advice = "or run with --unsafe if it may keep its full price"
    return replace(refusal, advice=f"{refusal.advice}, {advice}")


def _batch_header(
    semantic: SemanticModel,
    sets: Sequence[SetCall],
    batch: Batch,
    body: Sequence[ast.stmt],
    form: Form,
    carried: Sequence[str],
    at: ast.stmt,
) -> Planned:
    taken = list(_taken(sets, form))
    leading = [*_tracker_argument(form), *carried]
    named = _named_operation(semantic, at)
    if named is not None:
        text = operation_types.literal(named, semantic.quote)
        leading.append(f"{words.OPERATION_ARGUMENT}={text}")
    first = sets[0].arguments[0] if sets and sets[0].arguments else None
    told = first is not None and not is_none(first.value)  # a literal None sets nothing
    if first is not None and told and first.keyword == words.BATCH and not first.is_spread:
        rest = taken[0].arguments[1:]
        if not leading:
            taken[0] = Taken(taken[0].path, ((first.position, None), *rest))
        elif is_plain(first.value) and first.value.end_lineno == sets[0].call.lineno:
            taken[0] = Taken(taken[0].path, rest)
            leading = [semantic.module.segment(first.value), *leading]
    count, assumptions = _item_count(semantic, batch, body, at)
    header = Header(words.BATCH_CONTEXT, tuple(leading), tuple(taken), count, form.target)
    return Planned(header, words.BATCH_CONTEXT, (BATCH_NOTE,), assumptions)


def _tracker_argument(form: Form) -> list[str]:
    return [f"{words.TRACKER_ARGUMENT}={form.tracker}"] if form.tracker else []


def _item_count(
    semantic: SemanticModel, batch: Batch, body: Sequence[ast.stmt], at: ast.stmt
) -> tuple[tuple[str, ...], tuple[Assumption, ...]]:
    """Return the ``item_count=`` argument where ``len`` is safe, and what that assumes."""
    items = batch.items
    if not isinstance(items, ast.Name) or _len_is_taken(semantic):
        return (), ()
    before: list[ast.AST] = list(body[: body.index(batch.statement)])
    if not isinstance(batch.statement, ast.For):
        before.extend(n for n in walk(batch.statement) if isinstance(n, ast.Name))
        before.remove(items)
    leaves = any(isinstance(n, _LEAVING) for n in walk_here(before))
    if leaves or _touched(items.id, before) or _resized(items.id, batch.statement):
        return (), ()
    binding = semantic.scopes.of(items)
    text = f"{words.COUNT_ARGUMENT}=len({items.id})"
    if not binding.binders:
        assumed = f"{items.id}, which this file does not define, has a length"
        return (text,), (Assumption(assumed, semantic.module.span(items)),)
    if len(binding.binders) != 1 or binding.declared or binding.deletes:
        return (), ()
    return ((text,), ()) if _is_sized(semantic, binding.binders[0], at) else ((), ())


def _is_sized(semantic: SemanticModel, binder: ast.AST, at: ast.stmt) -> bool:
    """Whether *binder* binds something with a length, and surely has done so before *at*."""
    statement = semantic.module.parents.get(binder)
    if isinstance(binder, ast.arg):
        annotation = binder.annotation
        return (
            bool(sized_annotation(annotation))
            and parameter_evidence(semantic.taint, binder) is None
        )
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    path, here = semantic.module.paths[statement], semantic.module.paths[at]
    if len(path) > len(here):
        return False
    straight = path[:-1] == here[: len(path) - 1] and path[-1][0] == here[len(path) - 1][0]
    outer = len(path) == 1 and semantic.scopes.scope_of[binder].is_module and len(here) > 1
    if not (straight and path[-1][1] < here[len(path) - 1][1]) and not outer:
        return False
    if isinstance(statement, ast.AnnAssign) and sized_annotation(statement.annotation):
        return True
    return sized_value(statement.value)


def _len_is_taken(semantic: SemanticModel) -> bool:
    return any(name == "len" and b.binders for (_, name), b in semantic.scopes.bindings.items())


def _touched(name: str, statements: Sequence[ast.AST]) -> bool:
    """Whether *statements* mention *name*: then its length may change before the loop."""
    return any(isinstance(n, ast.Name) and n.id == name for s in statements for n in walk(s))


def _resized(name: str, loop: ast.stmt) -> bool:
    """Whether *loop* calls a method of its items that puts something in, or takes it out."""
    attributes = (n for n in walk(loop) if isinstance(n, ast.Attribute))
    return any(
        isinstance(n.value, ast.Name) and n.value.id == name and n.attr in _RESIZING
        for n in attributes
    )


def _named_operation(semantic: SemanticModel, at: ast.stmt) -> str | None:
    """Return the operation that a comment or the configuration asks for."""
    last = at.lineno if hasattr(at, "body") else (at.end_lineno or at.lineno)
    wanted = operation_types.override(semantic.module.lines, at.lineno, last)
    if wanted is not None:
        return wanted
    function = semantic.module.function_around(at)
    module = ".".join(semantic.module.dotted)
    return operation_types.configured(
        semantic.settings.operations, module, function.name if function else None
    )


def operations_of(
    semantic: SemanticModel, at: ast.stmt, sets: Sequence[SetCall], body: Sequence[ast.stmt]
) -> tuple[str, ...]:
    """Return the operation types that the block at *at* may have, best first."""
    ids = [a.value for s in sets for a in s.arguments if a.keyword in (words.JOB, words.BATCH)]
    enclosing = list(semantic.module.ancestors(at))
    named = sets[0].call.func.value if sets else getattr(at, "targets", [None])[0]  # type: ignore[attr-defined]
    tracker = ast.unparse(named) if named is not None else ""
    return tuple(
        operation_types.candidates(enclosing, ids, body, semantic.module.dotted[-1], tracker)
    )
