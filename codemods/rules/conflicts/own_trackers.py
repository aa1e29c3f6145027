"""What functions have that may inherit from a block around them, each looked at once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.external.api_aliases import api_name
from codemods.analysis.none_evidence import none_evidence
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.getters.getter import GetterCalls, getter_of
from codemods.analysis.trackers.ids.standing import ALL_IDS, MODE, set_ids
from codemods.rules.conflicts.default_trackers import defaults_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from codemods.analysis.syntax.definitions import DataFlow, Resolved

#: What a batch context sets, whatever it is given.
BY_BATCH = frozenset({words.BATCH, MODE})
_BUILDERS = (words.TRACKER_CLASS, words.FACTORY)
#: What is done with a tracker that gets a block for it.
_WORKING = frozenset((words.SET_CALL, words.OLDER_SET_CALL, *words.RECORDING_DECORATORS))
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def given_tracker(call: ast.Call) -> ast.expr | None:
    """Return the tracker that a context is opened with, if it is given one."""
    return next((k.value for k in call.keywords if k.arg == words.TRACKER_ARGUMENT), None)


def context_ids(call: ast.Call, name: str) -> frozenset[str]:
    """Return the ids that a context may give to what is inside it."""
    named = {keyword.arg for keyword in call.keywords}
    by_name = BY_BATCH if name == words.BATCH_CONTEXT else frozenset()
    return by_name | (ALL_IDS if None in named else ALL_IDS & named)


@dataclass(frozen=True, slots=True)
class OwnTrackers:
    """The trackers of a function: ids that its blocks name, and whether it has one of its own.

    ``is_given`` says that it gives a context a tracker, which may be another one, ``defaults``
    are the parameters that it builds one for where it is given none.  ``of_module`` says that it
    works with one that its module has built.
    """

    named: frozenset[str]
    has_one: bool
    is_given: bool
    defaults: frozenset[str]
    of_module: bool = False

    def inherit(
        self,
        ids: Collection[str],
        *,
        beside_others: bool,
        given: Collection[str] = (),
        built: bool = True,
    ) -> bool:
        """Whether one of them would take over some of *ids* from a block around the function.

        *beside_others*: there are uses of other trackers in that block, whose own one the
        parameters *given* have.  Where that is *built* by its own file, it is of no other module.
        """
        has_own = self.has_one or not self.defaults.issubset(given)
        has_own = has_own or (self.of_module and (built or beside_others))
        has_own = has_own or (self.is_given and beside_others)
        return has_own and not self.named.issuperset(ids)


class _Known:
    """The functions of a module that were looked at, for all files that reach them."""

    def __init__(self, taint: DataFlow) -> None:
        del taint
        self.of: dict[ast.AST, OwnTrackers] = {}


def own_trackers(function: Resolved) -> OwnTrackers:
    """Return the trackers that *function* has, or gets in this run."""
    known = function.taint.once(_Known).of
    if function.node not in known:
        known[function.node] = _own_trackers(function)
    return known[function.node]


def context_around(function: Resolved) -> OwnTrackers | None:
    """Return the trackers of the context that a decorator opens around each call of *function*.

    Its parameter for one has the context's, unless the caller gives another.
    """
    for decorator in function.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        made = decorator if call is None else call.func
        if api_name(function.taint, made) != words.TRACKED_DECORATOR:
            continue
        named = frozenset() if call is None else context_ids(call, words.TRACKED_DECORATOR)
        named -= frozenset() if call is None else _doubtful(function.taint, call)
        is_given = call is not None and given_tracker(call) is not None
        taken = {one.arg for one in parameters(function.node.args)} & {words.TRACKER_ARGUMENT}
        has_one = not is_given and not taken
        return OwnTrackers(named, has_one, is_given, frozenset(() if is_given else taken))
    return None


def _own_trackers(function: Resolved) -> OwnTrackers:
    around = context_around(function)
    own = _of_body(function)
    if around is None:
        return own
    has_own = own.has_one or own.of_module or own.is_given
    return OwnTrackers(
        own.named & around.named if has_own else around.named,
        own.has_one or around.has_one,
        own.is_given or around.is_given,
        own.defaults | around.defaults,
        own.of_module,
    )


def _of_body(function: Resolved) -> OwnTrackers:
    """Return the trackers that *function* has by what its header and its statements say."""
    if getter_of(function) is not None:
        return OwnTrackers(frozenset(), False, False, frozenset())  # who calls it may have one
    named: set[str] = set()
    defaults: set[str] = set()
    by_default = defaults_of(function)
    has_one = is_given = False
    calls = (n for n in walk(function.node) if isinstance(n, ast.Call))
    given = function.taint.once(GetterCalls).of
    if any(call in given for call in calls):
        called = [n.func for n in walk(function.node) if isinstance(n, ast.Call)]
        names = {api_name(function.taint, one) for one in called}
        has_one = not names.isdisjoint((words.SET_CALL, *words.CONTEXT_MANAGERS))
    makers = (words.TRACKER_CLASS, words.FACTORY, *words.CLIENT_WRAPPERS)
    for call in (n for n in walk(function.node) if isinstance(n, ast.Call)):
        name = api_name(function.taint, call.func)
        if name in words.CONTEXT_MANAGERS:
            named |= context_ids(call, name) - _doubtful(function.taint, call)
            has_one = has_one or given_tracker(call) is None
            is_given = is_given or given_tracker(call) is not None
        if name == words.SET_CALL:
            named |= set_ids(call) - _doubtful(function.taint, call)
        if name in makers and call in by_default:
            defaults.add(by_default[call])
        else:
            has_one = has_one or name in makers
    of_module = not has_one and _works_with_module_s(function)
    return OwnTrackers(frozenset(named), has_one, is_given, frozenset(defaults), of_module)


def _works_with_module_s(function: Resolved) -> bool:
    """Whether *function* sets ids on, or records with, a tracker that its module builds."""
    taint = function.taint
    parents = taint.module.parents
    for name in (n for n in walk(function.node) if isinstance(n, ast.Name)):
        if name not in taint.scopes.scope_of or not taint.scopes.of(name).scope.is_module:
            continue
        makers = (getattr(parents.get(b), "value", None) for b in taint.scopes.of(name).binders)
        calls = (m for m in makers if isinstance(m, ast.Call))
        made = any(api_name(taint, call.func) in _BUILDERS for call in calls)
        if made and _is_worked_with(parents[name], name):
            return True
    return False


def _is_worked_with(around: ast.AST, name: ast.Name) -> bool:
    """Whether *name*, a tracker, is recorded with there, or handed to what may do so."""
    if isinstance(around, ast.Attribute):
        return around.attr in _WORKING
    return isinstance(around, ast.Call) and name in around.args


def _doubtful(taint: DataFlow, call: ast.Call) -> set[str]:
    """Return the ids that *call* names, and whose values visibly may be None."""
    named = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
    if api_name(taint, call.func) not in words.CONTEXT_MANAGERS:
        named += zip(words.SET_PARAMETERS, call.args, strict=False)
    return {key for key, value in named if none_evidence(taint, value) is not None}


class Functions:
    """The functions of a module in order, and the methods of its classes by name.

    ``special`` are those that an operator, a test for truth, a loop or other syntax may run,
    ``called`` has all by the names of the definitions around them and their own.
    """

    def __init__(self, taint: DataFlow) -> None:
        every = (f for kind in _FUNCTIONS for f in taint.module.every(kind))
        self.order: dict[ast.AST, int] = {f: number for number, f in enumerate(every)}
        self.called: dict[tuple[str, ...], list[_Function]] = {}
        for function in taint.module.functions:
            self.called.setdefault(taint.module.qualified_name(function), []).append(function)
        self.methods: dict[str, list[ast.AST]] = {}
        self.special: list[ast.AST] = []
        for definition in taint.module.every(ast.ClassDef):
            for one in definition.body:
                if isinstance(one, _FUNCTIONS):
                    self.methods.setdefault(one.name, []).append(one)
                    if _is_special(one.name):
                        self.special.append(one)

    def named_in(self, *roots: ast.AST) -> list[ast.AST]:
        """Return the methods that may be called in *roots*, by their names."""
        nodes = (n for root in roots for n in walk(root))
        names = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        return [method for name in sorted(names) for method in self.methods.get(name, ())]


def _is_special(name: str) -> bool:
    built = name in ("__init__", "__new__", "__post_init__")  # only where the class is named
    return name.startswith("__") and name.endswith("__") and not built
