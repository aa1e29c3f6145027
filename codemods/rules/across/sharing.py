"""Functions with a tracker of their own, called inside a block: one tracker for both.

What it does    With ``--unsafe``, gives the function an optional parameter
                for a tracker, and passes it wherever the function is called in a block.
Why             Each call builds another tracker, and stores on its own.
Before          def read_lines(text):
                    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
                        ...
                with ai_usage_context("receipt_reading") as tracker:
                    read_lines(text)
After           def read_lines(text, *, tracker=None):
                    with ai_usage_context("line_reading", job_id="lines-1", tracker=tracker) ...
                with ai_usage_context("receipt_reading") as tracker:
                    read_lines(text, tracker=tracker)
Safety          Never safe: the signature is visible, in code that is not part of the run too.
                On our runtime an inner block inherits the same ids with either tracker.
Leaves alone    everything without --unsafe; the original runtime; decorated functions (routes,
                fixtures, tasks, commands), methods, generators; functions that are mentioned
                without a call, or called where the tracker cannot be passed with certainty
Guide           Common Issues, 1
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import ordinal
from codemods.analysis.syntax.effects import changes_environment
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers import contexts as blocks
from codemods.model.edit import AddParameter, PassKeyword
from codemods.model.proposal import Proposal
from codemods.rules.checks.tracker_names import called_function, same_value, tracker_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function
    from codemods.analysis.trackers.contexts import Opening
    from codemods.rules.rule import Mentioning

CODE = "AIU012"
OPENS = "opens a context with a tracker of its own, and is called inside others"
_SIGNATURE = "nothing replaces {0}, reads its signature, or calls it with a tracker of another kind"
_NOT_USED_LATER = "whatever is given a block's tracker does not use it later, while {0} runs"


@dataclass(frozen=True, slots=True)
class _Sharing:
    """A function that opens a block, and all its calls that stand in one."""

    semantic: SemanticModel
    opening: Opening
    calls: tuple[tuple[SemanticModel, ast.Call], ...]

    @property
    def function(self) -> Function:
        return self.opening.function


def decide(
    files: Sequence[SemanticModel], mentioning: Mentioning
) -> list[tuple[SemanticModel, Proposal]]:
    """Return the proposals for all *files* together, each with the file that it is for.

    *mentioning* gives the files of the run that hold a word, None for one that cannot be read.
    """
    opened = {o.function: (f, o) for f in files for o in blocks.openings(f.taint)}
    calls: dict[Function, list[tuple[SemanticModel, ast.Call]]] = {f: [] for f in opened}
    for semantic in files:
        for node in walk(semantic.module.tree):
            if not isinstance(node, ast.Call) or not _in_a_block(semantic, node):
                continue
            callee = called_function(semantic, node)
            if callee is not None and callee.node in opened:
                calls[callee.node].append((semantic, node))
    known = {f: _Sharing(*opened[f], tuple(calls[f])) for f in opened}
    able = {f for f, sharing in known.items() if _is_able(sharing, mentioning)}
    found: list[tuple[SemanticModel, Proposal]] = []
    for function in known:
        ring = _ring(known, function)
        if ring <= able:
            first = min(ring, key=lambda f: (known[f].semantic.module.source.display, f.lineno))
            group = f"{known[first].semantic.module.source.display}:{first.name}"
            found.extend(_proposals(known[function], group))
    return found


def _in_a_block(semantic: SemanticModel, call: ast.Call) -> bool:
    """Whether *call* stands in a block, and its arguments are told one by one."""
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    if starred or any(keyword.arg is None for keyword in call.keywords):
        return False
    around = blocks.in_its_block(semantic.taint, call)
    return around is not None and ordinal(semantic.module, call) is not None


def _is_able(sharing: _Sharing, mentioning: Mentioning) -> bool:
    semantic, opening = sharing.semantic, sharing.opening
    if not sharing.calls or not semantic.ours(semantic.imports.home_of(opening.header)):
        return False
    if any(
        construct.call in set(walk(sharing.function)) for construct in semantic.lifetimes.constructs
    ):
        return False  # not all of it is migrated
    if not blocks.may_take_a_tracker(opening) or _edit(semantic, opening.header, "") is None:
        return False
    passed = all(_passes(one, call, sharing.function) for one, call in sharing.calls)
    return passed and _is_only_called(sharing, mentioning)


def _passes(semantic: SemanticModel, call: ast.Call, function: Function) -> bool:
    """Whether the tracker of the block around *call* may be passed, and is built plainly."""
    around = blocks.in_its_block(semantic.taint, call)
    if around is None:
        return False
    block, header = around
    tracker = tracker_name(block.items[0].optional_vars, header)
    if tracker is None or not blocks.makes_its_own(semantic.taint, block, header):
        return False
    if not semantic.ours(semantic.imports.home_of(header)) or not same_value(
        semantic, tracker, call
    ):
        return False
    alone = blocks.keeps_to_itself(semantic.taint, block, tracker, call)
    return (
        alone
        and blocks.runs_at_once(semantic.taint, call, function, block)
        and changes_environment(block.body) is None
    )


def _is_only_called(sharing: _Sharing, mentioning: Mentioning) -> bool:
    """Whether every mention of the function's name, in all files, is a call of it."""
    for semantic in mentioning(sharing.function.name):
        if semantic is None:
            return False
        for node in blocks.mentions(semantic.module.tree, sharing.function.name):
            call = semantic.module.parents.get(node)
            if isinstance(node, ast.Constant) and _is_operation(semantic, call):
                continue  # operations are called after functions
            if not isinstance(call, ast.Call) or call.func is not node:
                return False
            callee = called_function(semantic, call)
            if callee is None or callee.node is not sharing.function:
                return False
    return True


def _is_operation(semantic: SemanticModel, call: ast.AST | None) -> bool:
    return isinstance(call, ast.Call) and semantic.names.context_manager(call.func) is not None


def _ring(known: dict[Function, _Sharing], function: Function) -> set[Function]:
    """Return *function* and all that it calls and that call it in turn."""
    below = {f: _reached(known, f) for f in known}
    return {function} | {f for f in below[function] if function in below[f]}


def _reached(known: dict[Function, _Sharing], function: Function) -> set[Function]:
    found: set[Function] = set()
    waiting = [function]
    while waiting:
        inside = set(walk(waiting.pop()))
        for other, sharing in known.items():
            if other not in found and any(call in inside for _, call in sharing.calls):
                found.add(other)
                waiting.append(other)
    return found


def _proposals(sharing: _Sharing, group: str) -> Iterator[tuple[SemanticModel, Proposal]]:
    semantic, header, name = sharing.semantic, sharing.opening.header, sharing.function.name
    confirm = (_SIGNATURE.format(name), _NOT_USED_LATER.format(name))
    taken = _edit(semantic, header, words.TRACKER_ARGUMENT)
    assert taken is not None
    added = AddParameter(semantic.module.paths[sharing.function], words.TRACKER_ARGUMENT)
    finding = semantic.finding(CODE, header, f"{name} {OPENS}")
    why = "without the parameter it does what it did"
    edits = (added, taken)
    yield semantic, Proposal(finding, edits, "share", why, confirm=confirm, group=group)
    for one, call in sharing.calls:
        around = blocks.in_its_block(one.taint, call)
        assert around is not None
        tracker = tracker_name(around[0].items[0].optional_vars, around[1])
        edit = _edit(one, call, tracker.id if tracker is not None else "")
        finding = one.finding(CODE, call, f"{name} opens a context with a tracker of its own")
        why = f"the block of {name} is inside this one either way, and inherits the same ids"
        assert edit is not None
        yield one, Proposal(finding, (edit,), "share", why, confirm=confirm, group=group)


def _edit(semantic: SemanticModel, call: ast.Call, value: str) -> PassKeyword | None:
    place = ordinal(semantic.module, call)
    if place is None:
        return None
    written = semantic.module.segment(call.func)
    return PassKeyword(*place, written, words.TRACKER_ARGUMENT, value)
