"""The ``with`` line of a block: which arguments it takes over, and under which names."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis import naming
from codemods.analysis.effects import (
    is_plain,
    may_be_none,
    sized_annotation,
    sized_value,
)
from codemods.analysis.lives import SetCall, is_none
from codemods.model import Finding, Reason, Refusal
from codemods.proposal import Header, Taken
from codemods.rules.reasons import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.facts import Facts

BATCH_NOTE = "batch prices are recorded for this block: half of the list price"
PROBLEMS = {
    "unknown-fields": (Reason.UNKNOWN_FIELDS, "the call passes ids through * or **"),
    "invalid-call": (Reason.INVALID_CALL, "the call passes an argument that it does not take"),
    "value-used": (Reason.VALUE_USED, "the call's value is used, so it cannot become a block"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """How the block gets its tracker.

    ``tracker`` is the source text for ``tracker=`` (None: the context builds
    one), ``target`` the name after ``as``; ``fresh`` says that nothing used the
    tracker before; ``ours`` that our runtime may be relied on.
    """

    tracker: str | None
    target: str | None
    fresh: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A header and what the reader of the report must know about it."""

    header: Header
    manager: str
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def check_arguments(
    facts: Facts, finding: Finding, sets: Sequence[SetCall], form: Form
) -> Refusal | None:
    """Refuse what the arguments of *sets* make impossible."""
    for site in sets:
        if site.problem is not None:
            reason, detail = PROBLEMS[site.problem]
            return refuse(facts, finding, reason, detail, site.call)
        for argument in site.arguments:
            doubt = _none_evidence(facts, argument.value)
            if (
                doubt is not None
                and not form.fresh
                and not form.ours
                and not is_none(argument.value)
            ):
                detail = f"{argument.keyword} may be None, and then the earlier id must stay"
                return refuse(facts, finding, Reason.MAY_BE_NONE, detail, doubt)
            if argument.keyword == words.USER and not form.ours and not is_none(argument.value):
                detail = "the original runtime's context does not set the user"
                return refuse(facts, finding, Reason.MIXED, detail, argument.value)
    return _twice(facts, finding, sets)


def _none_evidence(facts: Facts, value: ast.expr) -> ast.AST | None:
    binders: list[ast.AST] = []
    if isinstance(value, ast.Name):
        binders = facts.scopes.of(value).binders
        for binder in binders:
            doubt = _default_none(facts, binder) or _assigned_none(facts, binder)
            if doubt is not None:
                return doubt
    return may_be_none(value, binders)


def _default_none(facts: Facts, binder: ast.AST) -> ast.AST | None:
    arguments = facts.module.parents.get(binder)
    if not isinstance(binder, ast.arg) or not isinstance(arguments, ast.arguments):
        return None
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    defaults.update(
        {k: d for k, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d}
    )
    default = defaults.get(binder)
    return default if default is not None and is_none(default) else None


def _assigned_none(facts: Facts, binder: ast.AST) -> ast.AST | None:
    statement = facts.module.parents.get(binder)
    if isinstance(statement, ast.Assign) and may_be_none(statement.value, []) is not None:
        return statement
    return None


def _twice(facts: Facts, finding: Finding, sets: Sequence[SetCall]) -> Refusal | None:
    seen: dict[str, ast.expr] = {}
    for site in sets:
        for argument in site.arguments:
            if is_none(argument.value):
                continue
            if argument.keyword in seen:
                detail = f"{argument.keyword} is set twice before the first use"
                return refuse(facts, finding, Reason.GIVEN_TWICE, detail, argument.value)
            seen[argument.keyword] = argument.value
    return None


def taken_of(site: SetCall) -> Taken:
    """Return the arguments of *site* for a header: by keyword, without literal None."""
    return Taken(
        site.path,
        tuple((a.position, a.keyword) for a in site.arguments if not is_none(a.value)),
    )


def plan_header(
    facts: Facts,
    sets: Sequence[SetCall],
    body: Sequence[ast.stmt],
    at: ast.stmt,
    form: Form,
    carried: Sequence[str] = (),
) -> Planned:
    """Return the header for a block over *body* that starts at statement *at*.

    *carried* are arguments (source texts) that an earlier block's ids need to be named again.
    """
    batch = next((a for s in sets if (a := s.argument(words.BATCH)) is not None), None)
    loop = next((s for s in body if isinstance(s, ast.For)), None)
    if batch is not None and loop is not None and facts.settings.batch_pricing:
        return _batch_header(facts, sets, loop, form, carried, at)
    operation = f"{facts.quote}{operation_of(facts, at, sets, body)}{facts.quote}"
    leading = [operation, *_tracker_argument(form), *carried]
    header = Header(words.CONTEXT, tuple(leading), tuple(map(taken_of, sets)), (), form.target)
    return Planned(header, words.CONTEXT)


def _batch_header(
    facts: Facts,
    sets: Sequence[SetCall],
    loop: ast.For,
    form: Form,
    carried: Sequence[str],
    at: ast.stmt,
) -> Planned:
    taken = list(map(taken_of, sets))
    leading = [*_tracker_argument(form), *carried]
    first = sets[0].arguments[0] if sets and sets[0].arguments else None
    if first is not None and first.keyword == words.BATCH:
        rest = taken[0].arguments[1:]
        if not leading:
            taken[0] = Taken(taken[0].path, ((first.position, None), *rest))
        elif is_plain(first.value) and first.value.end_lineno == sets[0].call.lineno:
            taken[0] = Taken(taken[0].path, rest)
            leading = [facts.module.segment(first.value), *leading]
    named = _named_operation(facts, at)
    if named is not None:
        leading.append(f"{words.OPERATION_ARGUMENT}={facts.quote}{named}{facts.quote}")
    count, assumptions = _item_count(facts, loop)
    header = Header(words.BATCH_CONTEXT, tuple(leading), tuple(taken), count, form.target)
    return Planned(header, words.BATCH_CONTEXT, (BATCH_NOTE,), assumptions)


def _tracker_argument(form: Form) -> list[str]:
    return [f"{words.TRACKER_ARGUMENT}={form.tracker}"] if form.tracker else []


def _item_count(facts: Facts, loop: ast.For) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ``item_count=`` argument where ``len`` is safe, and what that assumes."""
    items = loop.iter
    if not isinstance(items, ast.Name):
        return (), ()
    binding = facts.scopes.of(items)
    text = f"{words.COUNT_ARGUMENT}=len({items.id})"
    if not binding.binders:
        return (text,), (f"{items.id}, which this file does not define, has a length",)
    if len(binding.binders) != 1 or binding.declared:
        return (), ()
    binder = binding.binders[0]
    if isinstance(binder, ast.arg):
        return ((text,), ()) if sized_annotation(binder.annotation) else ((), ())
    statement = facts.module.parents.get(binder)
    if isinstance(statement, ast.AnnAssign) and sized_annotation(statement.annotation):
        return (text,), ()
    if isinstance(statement, ast.Assign) and sized_value(statement.value):
        return (text,), ()
    return (), ()


def _named_operation(facts: Facts, at: ast.stmt) -> str | None:
    """Return the operation that a comment or the configuration asks for."""
    last = at.lineno if hasattr(at, "body") else (at.end_lineno or at.lineno)
    wanted = naming.override(facts.module.lines, at.lineno, last)
    if wanted is not None:
        return wanted
    enclosing = list(facts.module.ancestors(at))
    function = next(
        (n for n in enclosing if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)), None
    )
    module = ".".join(facts.module.dotted)
    return naming.configured(facts.settings.operations, module, function.name if function else None)


def operation_of(
    facts: Facts, at: ast.stmt, sets: Sequence[SetCall], body: Sequence[ast.stmt]
) -> str:
    """Return the operation type of the block at *at*, unique in its file."""
    wanted = _named_operation(facts, at)
    if wanted is not None:
        facts.operations.add(wanted)
        return wanted
    ids = [a.value for s in sets for a in s.arguments if a.keyword in (words.JOB, words.BATCH)]
    enclosing = list(facts.module.ancestors(at))
    names = naming.candidates(enclosing, ids, body, facts.module.dotted[-1])
    name = naming.unique(names, facts.operations)
    facts.operations.add(name)
    return name
