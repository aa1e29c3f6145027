"""Objects that own a tracker: each has one of its own from the start, and passes ids on to it.

``ClientManager()`` with ``self.usage_tracker = AIUsageTracker()`` in ``__init__`` and
a ``set_tracking_context`` that calls the one of ``self.usage_tracker``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.effects import walk_here
from codemods.analysis.syntax.signatures import default_of, parameters
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.makings import Made, Makings
from codemods.analysis.trackers.lifetimes import Lifetimes, is_none

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
    from codemods.analysis.trackers.lifetimes import Construct, SetCall

# With these, reading or building an object is not what it looks like.
_MAGIC = frozenset(
    "__new__ __init_subclass__ __getattr__ __getattribute__ __setattr__ __delattr__ __del__".split()
)
_BY_NAME = frozenset({"setattr", "delattr", "vars"})


@dataclass(frozen=True, slots=True)
class Owned:
    """A class whose objects keep a tracker in the field ``name``, and the call that builds it.

    ``backing`` is the field behind ``name``, where that is a property which builds it once.
    ``order`` are the ids that its set call takes by position, ``keywords`` by
    name; ``trusted`` are the calls in its methods that are given the tracker and
    are not known, ``assumed`` is what else is taken for granted in them.
    """

    owner: ResolvedClass
    name: str
    construct: Construct
    order: tuple[str, ...]
    keywords: frozenset[str]
    trusted: tuple[ast.Call, ...]
    assumed: tuple[str, ...]
    backing: str = ""

    def takes(self, site: SetCall) -> bool:
        """Whether the class passes each argument of *site* on as the id that it looks like."""
        return all(
            self.order[a.position : a.position + 1] == (a.keyword,)
            if a.is_positional
            else a.keyword in self.keywords
            for a in site.arguments
        )


def forwarder(owner: ResolvedClass, name: str = words.SET_CALL) -> Resolved | None:
    """Return the method *name* of *owner* if it passes ids on to a field, under either spelling."""
    method = owner.method(name)
    return method if method is not None and passes_on(method.node) else None


def passes_on(method: ast.AST) -> bool:
    """Whether *method* has a set call, under either of its names, on a field of something."""
    return passed_to(method) is not None


def passed_to(method: ast.AST) -> str | None:
    """Return the field of something on which *method* has a set call, under either of its names."""
    for node in walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Attribute) and _is_set_call(node):
                return node.func.value.attr
    return None


def _is_set_call(call: ast.Call) -> bool:
    """Whether *call* sets ids: the older name does so with keywords, with a dict it is another."""
    name = last_name(call.func)
    return name == words.SET_CALL or (name == words.OLDER_SET_CALL and not call.args)


def owned(
    owner: ResolvedClass, vocabulary: words.Vocabulary, name: str = words.SET_CALL
) -> Owned | str:
    """Return what each object of *owner* keeps its tracker in, or why that is not certain.

    *name* is the method that is told the ids.
    """
    node = owner.node
    magic = sorted(m.node.name for m in owner.methods() if m.node.name in _MAGIC)
    if node.bases or node.keywords or node.decorator_list or magic:
        return f"{node.name} is derived, decorated, or has a special method: {', '.join(magic)}"
    init, setter = owner.method("__init__"), forwarder(owner, name)
    if init is None or setter is None:
        return f"{node.name} has no __init__ that builds its tracker"
    field = _forwarded_field(setter)
    if field is None:
        return f"{node.name}.{name} does more than to pass its ids on"
    getter = owner.method(field)
    made = _built_at_first_use(owner, getter, vocabulary) if getter is not None else None
    construct = made.construct if made else _built_at_once(init, field, vocabulary)
    if construct is None:
        return f"{node.name} does not build self.{field} in any case, or from something else"
    doubt = _other_access(owner, field, construct) if made is None else _beside(owner, field, made)
    if doubt is not None:
        return f"{ast.unparse(doubt)} may put another tracker in the place of self.{field}"
    trusted: list[ast.Call] = []
    assumed: list[str] = []
    for method in owner.methods():
        if method.node is setter.node or method.receiver is None:
            continue
        if made is not None and getter is not None and method.node is getter.node:
            continue
        flow = _field_flow(method, method.receiver, field)
        if flow.sets or flow.reads or _sets_ids(method):
            return f"{node.name}.{method.node.name} sets or reads the ids of the tracker"
        escape = method.summary(method.receiver).escape
        if escape is not None:
            return f"{node.name}.{method.node.name} lets the object out: {ast.unparse(escape)}"
        trusted.extend(flow.trusted)
        assumed.extend(one.text for one in flow.assumed)
    order, keywords = _parameters(setter)
    backing = made.backing if made is not None else ""
    given = (tuple(trusted), tuple(assumed), backing)
    return Owned(owner, field, construct, order, keywords, *given)


def _built_at_first_use(
    owner: ResolvedClass, getter: Resolved, vocabulary: words.Vocabulary
) -> Made | None:
    """Return how the property *getter* builds a tracker, if it does so once, and for each object.

    The field behind it begins with None, and nothing else has to do with it.
    """
    taint = owner.taint
    if [last_name(d) for d in getter.node.decorator_list] != ["property"]:
        return None
    if not isinstance(getter.node, ast.FunctionDef):
        return None
    lifetimes = Lifetimes(taint.module, taint.scopes, taint, vocabulary)
    makings = Makings(taint.module, taint.scopes, taint.names, lifetimes)
    stores: dict[str, list[ast.Attribute]] = {}
    for node in taint.module.every(ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            stores.setdefault(node.attr, []).append(node)
    made = makings.of_property(owner.node, getter.node, stores)
    if made is None or made.construct is None or made.given or not made.backing:
        return None
    return made if made.construct.certain and not made.construct.shared else None


def _beside(owner: ResolvedClass, name: str, made: Made) -> ast.AST | None:
    """Return what has to do with the field behind the property *name*, beside that property."""
    for node in walk(owner.taint.module.tree):
        own = node in made.making or owner.taint.module.parents.get(node) in made.making
        if isinstance(node, ast.Attribute) and node.attr == made.backing and not own:
            return node
        if not isinstance(node, ast.FunctionDef) and rebinding([node], name) is not None:
            return node
    return None


def _forwarded_field(setter: Resolved) -> str | None:
    """Return the field whose set call is given just what *setter* was given."""
    statements = [s for s in setter.node.body if not _is_docstring(s)]
    if setter.node.decorator_list or isinstance(setter.node, ast.AsyncFunctionDef):
        return None
    guard = statement = statements[0] if len(statements) == 1 else None
    tested = None
    if isinstance(guard, ast.If) and not guard.orelse and len(guard.body) == 1:
        tested, statement = _tested(guard.test), guard.body[0]
    call = getattr(statement, "value", None)
    if not isinstance(statement, ast.Expr | ast.Return) or not isinstance(call, ast.Call):
        return None
    field = getattr(call.func, "value", None)
    if not _is_set_call(call) or not isinstance(field, ast.Attribute):
        return None
    if tested is not None and ast.dump(tested) != ast.dump(field):
        return None
    if isinstance(guard, ast.If) and tested is None:
        return None
    own = isinstance(field.value, ast.Name) and field.value.id == setter.receiver
    return field.attr if own and _passes_all(setter, call) else None


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _tested(test: ast.expr) -> ast.expr | None:
    """Return what ``if x:`` or ``if x is not None:`` asks for."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
        return test.left if is_none(test.comparators[0]) and len(test.ops) == 1 else None
    return test if isinstance(test, ast.Attribute) else None


def _passes_all(setter: Resolved, call: ast.Call) -> bool:
    """Whether *call* is given every parameter of *setter* as the id of the same name."""
    arguments = setter.node.args
    wanted = {p.arg for p in parameters(arguments)} - {setter.receiver}
    passed: set[str] = set()
    given: list[tuple[str | None, ast.expr]] = []
    for position, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            star = arguments.vararg.arg if arguments.vararg and not position else None
            given.append((star, value.value))
        else:
            given.append((next(iter(words.SET_PARAMETERS[position:]), None), value))
    rest = arguments.kwarg.arg if arguments.kwarg else None
    given.extend((keyword.arg or rest, keyword.value) for keyword in call.keywords)
    for name, value in given:
        if not isinstance(value, ast.Name) or value.id != name:
            return False
        passed.add(value.id)
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    defaults = (default_of(arguments, parameter) for parameter in named)
    return passed == wanted and all(d is None or is_none(d) for d in defaults)


def _parameters(setter: Resolved) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the ids that *setter* takes by position, and those that it takes by keyword."""
    arguments = setter.node.args
    positional = [p.arg for p in (*arguments.posonlyargs, *arguments.args)][1:]
    order = words.SET_PARAMETERS if arguments.vararg else tuple(positional)
    if arguments.kwarg:
        return order, frozenset(words.SET_PARAMETERS)
    return order, frozenset((*positional, *(p.arg for p in arguments.kwonlyargs)))


def _built_at_once(init: Resolved, name: str, vocabulary: words.Vocabulary) -> Construct | None:
    """Return the construction that ``__init__`` surely binds ``self.name`` to."""
    taint = init.taint
    leaving = (ast.Return, ast.Yield, ast.YieldFrom)
    if any(isinstance(n, leaving) for n in walk_here(init.node.body)):
        return None
    lifetimes = Lifetimes(taint.module, taint.scopes, taint, vocabulary)
    for construct in lifetimes.constructs:
        statement = taint.module.parents[construct.call]
        if statement not in init.node.body or not construct.certain or construct.shared:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else ()
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if len(targets) == 1 and _is_own(targets[0], name, init.receiver):
            return construct
    return None


def _is_own(node: ast.expr, name: str, receiver: str | None) -> bool:
    named = isinstance(node, ast.Attribute) and node.attr == name
    value = node.value if isinstance(node, ast.Attribute) else None
    return named and isinstance(value, ast.Name) and value.id == receiver


def _other_access(owner: ResolvedClass, name: str, construct: Construct) -> ast.AST | None:
    """Return what binds the field beside ``__init__``, or can do so by its name."""
    module = owner.taint.module
    built = module.parents[construct.call]
    return rebinding((n for n in walk(module.tree) if module.parents.get(n) is not built), name)


def rebinding(nodes: Iterable[ast.AST], name: str) -> ast.AST | None:
    """Return one of *nodes* that binds the field *name* of something, or can by its name."""
    for node in nodes:
        if isinstance(node, ast.Attribute):
            if node.attr == "__dict__":
                return node
            if node.attr == name and not isinstance(node.ctx, ast.Load):
                return node
        if isinstance(node, ast.Call) and last_name(node.func) in _BY_NAME:
            return node
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    return None


def _sets_ids(method: Resolved) -> bool:
    """Whether *method* sets ids, or the batch mode, of anything: it may be of its own object."""
    setters = (words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL)
    return any(isinstance(n, ast.Attribute) and n.attr in setters for n in walk(method.node))


def _field_flow(method: Resolved, receiver: str, name: str) -> Flow:
    """Follow the field *name* of the object *receiver* through *method*."""
    scope = method.taint.scopes.inner[method.node]
    root = (method.taint.scopes.binding(receiver, scope), name)
    return method.taint.follow(root, method.node.body, scope)
