"""Parameter tracker: a function configures the tracker that it is given.

What it does    Adopts the parameter inside the function, where no caller can rely on the ids
                afterwards: all callers are in sight, and each passes a tracker that nothing
                else holds, or none at all.
Why             On a tracker that callers share, the ids last into their next calls.
Before          def _read(text, tracker):
                    tracker.set_tracking_context(job_id="read-1")
                    return ask(text, tracker)
After           def _read(text, tracker):
                    with ai_usage_context("read", tracker=tracker, job_id="read-1"):
                        return ask(text, tracker)
Safety          Safe while every call of the function is in sight and passes a new tracker; what
                another caller would no longer find on its tracker is named with --unsafe.
Leaves alone    caller-relies, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.results import deferred_call
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.syntax import fallback, tested_for_none
from codemods.analysis.trackers.last_use import LastUse
from codemods.analysis.trackers.lifetimes import is_none
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.callers import is_same, mentions_of
from codemods.rules.checks.lifetime import trusted
from codemods.rules.checks.shared_trackers.leaking_ids import Conditions, conditions
from codemods.rules.checks.shared_trackers.method_callers import calls_of
from codemods.rules.checks.shared_trackers.object_makers import is_fresh
from codemods.rules.checks.shared_trackers.sole_use import gives_only, sets_first
from codemods.rules.planning.adoption import Part, PlannedBlock, adopted, block_of
from codemods.rules.planning.branches import exclusive
from codemods.rules.planning.headers import Form
from codemods.rules.planning.shared_blocks import parts_of
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall
    from codemods.model.finding import Finding

TAKES = Sites.SHARED
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker that was passed in"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Given:
    """A parameter of a function, and all set calls on it.

    ``making`` are the statements that give it a tracker where it is given none.  It ``shows``
    what it is by these or by its annotation, whoever calls the function.
    """

    function: _Function
    parameter: ast.arg
    binding: Binding
    sets: tuple[SetCall, ...]
    making: frozenset[ast.AST]
    shows: bool


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for the set calls on each parameter whose callers are all known, or that is annotated.

    What is built where a caller gives none belongs to the parameter, if that is answered for, or
    is used with a context already.
    """
    answered: set[Binding] = set()
    for binding, sets in _by_parameter(semantic, open_sites.set_calls).items():
        answer = _answer(semantic, binding, sets)
        if answer is not None:
            answered.add(binding)
            yield answer
    built = (construct.call for construct in open_sites.constructs)
    yield Answer(frozenset(call for call in built if _is_stand_in(semantic, call, answered)))


def _by_parameter(
    semantic: SemanticModel, set_calls: Iterable[SetCall]
) -> dict[Binding, list[SetCall]]:
    found: dict[Binding, list[SetCall]] = {}
    for site in set_calls:
        binding = semantic.lifetimes.receiver(site)
        if binding is not None and binding.parameter is not None:
            found.setdefault(binding, []).append(site)
    return found


def _answer(semantic: SemanticModel, binding: Binding, sets: list[SetCall]) -> Answer | None:
    """Return the answer for the set calls on a parameter; None if nothing can be told of it."""
    function = binding.scope.node
    parameter = binding.parameter
    if not isinstance(function, _Function) or parameter is None:
        return None
    making = _making(semantic, function, binding)
    if making is None or any(site.problem is not None for site in sets):
        return None
    shows = bool(making) or _is_annotated(semantic, parameter)
    # The callers are in all files: who wants the finding alone need not read these.
    if not shows:
        # The original's blocks leave their ids behind, and what it wraps takes those around it.
        ours = semantic.ours(semantic.imports.default_home)
        first = ours and sets_first(semantic, binding, sets, set())
        if _remembering(semantic, function, parameter, sets_first=first) is not None:
            return None
    finding = semantic.finding(CODE, sets[0].call, MESSAGE)
    calls = frozenset(site.call for site in sets)
    given = _Given(function, parameter, binding, tuple(sets), making, shows)
    return Answer(calls, finding, partial(_decided, semantic, finding, given))


def _decided(semantic: SemanticModel, finding: Finding, given: _Given) -> Decided:
    parts = _parts(semantic, finding, given)
    if isinstance(parts, Refusal):
        return Decided(parts)
    default = bool(given.making)
    caller = None
    if given.shows:
        known = {node for made in given.making for node in walk(made)}
        first = sets_first(semantic, given.binding, given.sets, known)
        caller = _remembering(semantic, given.function, given.parameter, default, first)
    asked = Conditions() if caller is None else _asked(semantic, given, parts, caller)
    decided = _adopted(semantic, finding, given, parts, asked)
    if asked.first is None or semantic.settings.unsafe:
        return decided
    refused = decided.verdict if isinstance(decided.verdict, Refusal) else None
    # What nobody can confirm is told first.
    stands = refused is not None and refused.reason != Reason.STICKY_BATCH_MODE
    return decided if stands else Decided(asked.refusal(semantic, finding))


def _asked(semantic: SemanticModel, given: _Given, parts: list[Part], caller: str) -> Conditions:
    """Return what must be confirmed where *caller* may look at its tracker again."""
    keys = " or ".join(sorted({key for part in parts for key in part.setter.keys}))
    name = given.function.name
    text = f"a caller of {name} ({caller}) would no longer find its {keys} there"
    waiting = [part.function.name for part in parts if part.waits]
    more = conditions(semantic, [part.setter for part in parts], (), waiting)
    return Conditions(((text, given.parameter, Reason.CALLER_RELIES), *more.found))


def _is_stand_in(semantic: SemanticModel, call: ast.Call, answered: Collection[Binding]) -> bool:
    """Whether *call* is built for a parameter that got none, and whose ids are decided on."""
    statement = semantic.module.statement(call)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(target, ast.Name) or target not in semantic.scopes.scope_of:
        return False
    binding = semantic.scopes.of(target)
    function = binding.scope.node
    if not isinstance(function, _Function) or not _making(semantic, function, binding):
        return False
    return binding in answered or any(map(semantic.lifetimes.migrated_use, binding.loads))


def _is_annotated(semantic: SemanticModel, parameter: ast.arg) -> bool:
    annotation = parameter.annotation
    return annotation is not None and semantic.names.is_annotated(annotation)


def _making(
    semantic: SemanticModel, function: _Function, binding: Binding
) -> frozenset[ast.AST] | None:
    """Return the statements that give the parameter a tracker where it is given none.

    That is ``tracker = tracker or AIUsageTracker()`` or ``if tracker is None: tracker = ...``
    at the top of the function; None where it is bound in another way.
    """
    if binding.declared or binding.deletes:
        return None
    stores = [b for b in binding.binders if not isinstance(b, ast.arg)]
    if not stores:
        return frozenset()
    statement = semantic.module.parents.get(stores[0])
    if len(stores) > 1 or not isinstance(statement, ast.Assign) or statement.targets != stores:
        return None
    built = semantic.lifetimes.by_call
    outer = semantic.module.parents[statement]
    parts = fallback(statement.value)
    if statement in function.body and parts is not None and parts[1] in built:
        return frozenset({statement}) if semantic.scopes.of(parts[0]) is binding else None
    if not isinstance(outer, ast.If) or outer not in function.body or statement.value not in built:
        return None
    tested = tested_for_none(outer.test)
    if not isinstance(tested, ast.Name) or semantic.scopes.of(tested) is not binding:
        return None
    return frozenset({outer}) if outer.body == [statement] and not outer.orelse else None


def _remembering(
    semantic: SemanticModel,
    function: _Function,
    parameter: ast.arg,
    has_default: bool = False,
    sets_first: bool = False,
) -> str | None:
    """Return the caller that may look at its tracker again, None if there is surely none.

    A further call of the function does not look at it, if that *sets_first* what it uses.
    """
    around = semantic.module.parents[function]
    if function.decorator_list or not isinstance(around, ast.Module | ast.ClassDef):
        return "which not every file shows"
    calls = 0
    called = _Called(semantic, function, parameter, has_default, sets_first)
    if isinstance(around, ast.ClassDef):
        every = calls_of(semantic, around, function)
        for one in every:
            if one.node is None or not called.forgets(one.semantic, one.node, bound=one.bound):
                return one.where
        return None if every else "nobody in sight is one"
    for mention in mentions_of(semantic, function):
        if mention is None:
            return "in a file that does not parse"
        calls += 1
        if not mention.certain or not called.forgets(mention.semantic, mention.name):
            return mention.place
    return None if calls else "nobody in sight is one"


@dataclass(frozen=True, slots=True)
class _Called:
    """The function whose calls are looked at, and what it does where it is given a tracker."""

    semantic: SemanticModel
    function: _Function
    parameter: ast.arg
    has_default: bool
    sets_first: bool

    def forgets(self, semantic: SemanticModel, node: ast.AST, *, bound: bool = False) -> bool:
        """Whether *node*, of the file of *semantic*, is called with a tracker that is forgotten.

        Nothing else holds it, or it is made for such calls alone; or there is none.  The first
        parameter of a method that is *bound* is no argument.
        """
        call = semantic.module.parents[node]
        if not isinstance(call, ast.Call) or call.func is not node:
            return self._is_run_without(semantic, node)
        if any(isinstance(a, ast.Starred) for a in call.args):
            return False
        if any(keyword.arg is None for keyword in call.keywords):
            return False
        given = self._given(call, bound=bound)
        if given is None:
            return self._has_own
        if is_none(given):
            return self.has_default
        if is_fresh(semantic, given, call):
            return True
        return self.sets_first and gives_only(semantic, given, partial(self._takes, semantic))

    @property
    def _has_own(self) -> bool:
        """Whether it builds a tracker where a call gives none."""
        return self.has_default and default_of(self.function.args, self.parameter) is not None

    def _is_run_without(self, semantic: SemanticModel, node: ast.AST) -> bool:
        """Whether *node* is handed to a pool, a thread or ``map``, which gives it no tracker."""
        around: ast.AST | None = semantic.module.parents[node]
        if isinstance(around, ast.keyword):
            around = semantic.module.parents[around]
        made = deferred_call(around) if isinstance(around, ast.Call) else None
        if made is None or not isinstance(around, ast.Call) or made.func is not node:
            return False
        known = semantic.taint.known(around.func) is None and last_name(around.func) != "partial"
        values = [*made.args, *(keyword.value for keyword in made.keywords)]
        plain = not any(isinstance(v, ast.Starred) for v in values)
        named = all(keyword.arg is not None for keyword in made.keywords)
        return known and plain and named and self._has_own and self._given(made) is None

    def _given(self, call: ast.Call, *, bound: bool = False) -> ast.expr | None:
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        resolved = Resolved(self.semantic.taint, self.function, bound)
        return next((v for v in values if resolved.parameter(call, v) == self.parameter.arg), None)

    def _takes(self, semantic: SemanticModel, call: ast.Call, name: ast.Name) -> bool:
        found = semantic.taint.definition(call.func)
        is_called = found is not None and is_same(found, self.semantic, self.function)
        is_bound = found is not None and found.bound
        return is_called and self._given(call, bound=is_bound) is name


def _parts(semantic: SemanticModel, finding: Finding, given: _Given) -> list[Part] | Refusal:
    function, binding, sets = given.function, given.binding, given.sets
    flow = semantic.taint.follow(binding, function.body, binding.scope)
    last = LastUse(semantic.taint, flow, function.body)
    own = {site.call.func for site in sets}
    for made in given.making:
        first = min(site.call.lineno for site in sets)
        if made.lineno > first:  # type: ignore[attr-defined]
            detail = f"{binding.name} gets another value behind the set call"
            return refuse(semantic, finding, Reason.REBOUND, detail, made)
    place = next((p for p in flow.sets if p not in own), None)
    if place is not None:
        detail = f"{ast.unparse(place)} may set ids of the same tracker"
        return refuse(semantic, finding, Reason.CALLER_RELIES, detail, place)
    known = frozenset(node for made in given.making for node in walk(made))
    return parts_of(semantic, finding, function, sets, flow, last, binding.name, known)


def _adopted(
    semantic: SemanticModel,
    finding: Finding,
    given: _Given,
    parts: list[Part],
    asked: Conditions,
) -> Decided:
    binding = given.binding
    home = semantic.imports.default_home
    plain = Form(binding.name, None, fresh=len(parts) == 1, ours=semantic.ours(home))
    blocks: list[PlannedBlock] = []
    for part in parts:
        # A caller that has the tracker still, or the next block, would find it in batch mode.
        outlived = asked.first is not None or _is_followed(semantic, part, parts)
        block = block_of(semantic, finding, part, replace(plain, outlived=outlived))
        if isinstance(block, Refusal):
            return Decided(block)
        blocks.append(block)
    name = given.function.name
    why = f"every caller of {name} passes a tracker that nothing else uses"
    if asked.first is not None:
        why = f"{name} uses {binding.name} in the block only"
    taken = trusted(semantic, parts[0].flow)
    verdict = adopted(finding, why, home, blocks, taken, asked.texts)
    return Decided(verdict, frozenset(parts[0].flow.tainted))


def _is_followed(semantic: SemanticModel, part: Part, parts: list[Part]) -> bool:
    """Whether another of the blocks *parts* may come behind *part*."""
    first, module = part.sets[0], semantic.module
    for other in (one.sets[0] for one in parts if one is not part):
        if module.loops_around(first.statement) & module.loops_around(other.statement):
            return True
        receiver = other.call.func.value  # type: ignore[attr-defined]
        later = other.call.lineno > first.call.lineno and not _returns(semantic, part, other)
        if later and not exclusive(semantic, first, receiver):
            return True
    return False


def _returns(semantic: SemanticModel, part: Part, other: SetCall) -> bool:
    """Whether the function ends with the suite of *part*, in which *other* is not."""
    *above, (name, _) = part.sets[0].path
    depth = len(above)
    beside = other.path[:depth] == tuple(above) and other.path[depth][0] == name
    if beside or not isinstance(part.statements[-1], ast.Return):
        return False
    around = semantic.module.ancestors(part.statements[-1])
    inside = itertools.takewhile(lambda node: node is not part.function, around)
    return all(isinstance(node, ast.If | ast.Match | ast.match_case) for node in inside)
