"""Classes of the project whose objects are given a tracker: which of their fields hold it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.effects import first_yield
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.analysis.syntax.definitions import Function, Resolved, ResolvedClass

_FIELD_CLASSES = frozenset(
    "dataclass define frozen mutable attrs attr s NamedTuple BaseModel".split()
)
_PLAIN_DECORATORS = _FIELD_CLASSES | frozenset("total_ordering final runtime_checkable".split())
_PLAIN_METACLASSES = frozenset("ABCMeta type EnumMeta EnumType".split())
_PLAIN_BASES = frozenset(
    "object Exception BaseException ValueError RuntimeError dict list tuple set str int ABC "
    "Protocol Generic NamedTuple TypedDict Enum StrEnum IntEnum BaseModel TestCase UserDict "
    "UserList "
    "SimpleNamespace AbstractContextManager AbstractAsyncContextManager ContextDecorator Mapping "
    "Sequence Iterator Iterable Callable Hashable Sized Container".split()
)
_PUTS = frozenset("append add insert extend update setdefault put appendleft push".split())
_VIEWS = frozenset(
    (*words.RECORDING_DECORATORS, *words.CLIENT_WRAPPERS, "wrap", "with_options", "get", "pop")
)
_READ = frozenset((*words.STATE_ATTRIBUTES, *words.INERT_ATTRIBUTES))
_DEEPEST = 20


@dataclass(frozen=True)
class Family:
    """A class with the classes that it inherits from.

    ``classes`` are those in sight, itself first; ``others`` the bases that are not, with
    the class in sight that names each.
    """

    classes: tuple[ResolvedClass, ...]
    others: tuple[tuple[ResolvedClass, ast.expr], ...]

    def method(self, name: str) -> Resolved | None:
        """Return the method that objects have under *name*, where it is in sight."""
        return next((m for c in self.classes if (m := c.method(name)) is not None), None)

    def behind(self, owner: ResolvedClass) -> Family:
        """Return the classes that ``super()`` in a method of *owner* looks into."""
        later = [i + 1 for i, c in enumerate(self.classes) if c.node is owner.node]
        return Family(self.classes[later[0] if later else 1 :], self.others)

    def shares(self, field: str) -> bool:
        """Whether *field* is one of a class in sight, and never bound in an object's own method."""
        binding = (ast.Assign, ast.AnnAssign)
        of_class = any(
            isinstance(n, ast.Name) and n.id == field
            for c in self.classes
            for s in c.node.body
            if isinstance(s, binding) and s.value is not None
            for n in (s.targets if isinstance(s, ast.Assign) else [s.target])
        )
        own = (m for c in self.classes for m in c.methods() if m.node.name == "__init__")
        return of_class and not any(
            _field(n, m.receiver or "") == field and not isinstance(n.ctx, ast.Load)  # type: ignore[attr-defined]
            for m in own
            for n in walk(m.node)
        )

    def borrows(self, field: str) -> bool:
        """Whether an object's own method gives *field* something that is of a wider scope."""
        return any(
            isinstance(node, ast.Assign)
            and any(_field(target, method.receiver or "") == field for target in node.targets)
            and _is_of_a_wider_scope(method, node.value)
            for owner in self.classes
            for method in owner.methods()
            for node in walk(method.node)
        )

    def hands_out(self, field: str) -> bool:
        """Whether code of a class in sight says what *field* is: it may be somebody else's."""
        if self.borrows(field) or self.method(field) or self.method("__getattribute__"):
            return True
        return self.method("__getattr__") is not None and not self._binds(field)

    def _binds(self, field: str) -> bool:
        return any(
            _field(node, method.receiver or "") == field and isinstance(node.ctx, ast.Store)  # type: ignore[attr-defined]
            for owner in self.classes
            for method in owner.methods()
            for node in walk(method.node)
        )

    @property
    def doubt(self) -> ast.AST | None:
        """What may make the class give out an object that was there before."""
        for owner in self.classes:
            making = owner.method("__new__")
            if making is not None and not _makes_new(making):
                return making.node
            for keyword in owner.node.keywords:
                if keyword.arg == "metaclass" and _may_remember(owner, keyword.value):
                    return keyword.value
            for decorator in owner.node.decorator_list:
                if not _gives_back(owner, decorator):
                    return decorator
        return None

    @property
    def keeps_itself(self) -> bool:
        """Whether what builds an object puts it where others find it."""
        init = self.method("__init__")
        if init is None or init.receiver is None:
            return False
        return init.summary(init.receiver).escape is not None

    @property
    def working(self) -> str:
        """The base whose objects work by themselves once they are started, as it is written."""
        for owner, base in self.others:
            model = owner.taint.foreign.model(base)
            named = telling_names.works_as_base(last_name(base))
            if named or (model is not None and model.effect is Effect.LATER):
                return ast.unparse(base)
        return ""

    @property
    def is_thread(self) -> bool:
        """Whether the objects are threads of the standard library."""
        paths = [owner.taint.foreign.path(base) for owner, base in self.others]
        return "threading.Thread" in paths

    @property
    def unknown(self) -> list[ast.expr]:
        """The bases of which nothing is known."""
        return [base for _, base in self.others if last_name(base) not in _PLAIN_BASES]


def _makes_new(method: Resolved) -> bool:
    """Whether a ``__new__`` only ever returns what ``super().__new__`` makes."""
    node = method.node
    own = node.args.args[0].arg if node.args.args else ""
    for inner in walk(node):
        of_class = isinstance(inner, ast.Attribute) and getattr(inner.value, "id", "") == own
        shared = isinstance(inner, ast.Global | ast.Subscript) or of_class
        if shared or (isinstance(inner, ast.Attribute) and inner.attr == "__dict__"):
            return False
    made = [n for n in walk(node) if isinstance(n, ast.Call) and last_name(n.func) == "__new__"]
    names = {
        target.id
        for n in walk(node)
        if isinstance(n, ast.Assign) and n.value in made
        for target in n.targets
        if isinstance(target, ast.Name)
    }
    returned = [n.value for n in walk(node) if isinstance(n, ast.Return)]
    return not node.decorator_list and all(
        value in made or (isinstance(value, ast.Name) and value.id in names) for value in returned
    )


def _may_remember(owner: ResolvedClass, metaclass: ast.expr) -> bool:
    """Whether a call of a class with this metaclass may be no construction."""
    found = owner.taint.class_of(metaclass)
    if found is None:
        return last_name(metaclass) not in _PLAIN_METACLASSES
    related = family(found)
    strange = [base for base in related.unknown if last_name(base) not in _PLAIN_METACLASSES]
    return related.method("__call__") is not None or bool(strange)


def _gives_back(owner: ResolvedClass, decorator: ast.expr) -> bool:
    """Whether a decorator of a class surely leaves it what it is."""
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    known = owner.taint.known(made)
    if known is None or made is not decorator:
        return last_name(made) in _PLAIN_DECORATORS
    first = [a.arg for a in known.node.args.args[:1]]
    returned = [n.value for n in walk(known.node) if isinstance(n, ast.Return)]
    return bool(returned) and all(isinstance(v, ast.Name) and [v.id] == first for v in returned)


def family(owner: ResolvedClass) -> Family:
    """Return *owner* with all that it inherits from."""
    classes: list[ResolvedClass] = []
    others: list[tuple[ResolvedClass, ast.expr]] = []
    waiting = [owner]
    while waiting and len(classes) < _DEEPEST:
        one = waiting.pop(0)
        if any(known.node is one.node for known in classes):
            continue
        classes.append(one)
        for base in one.node.bases:
            named = base.value if isinstance(base, ast.Subscript) else base
            inner = one.taint.class_of(named)
            if inner is not None:
                waiting.append(inner)
            elif one.taint.names.tracker_class(named) is None:
                others.append((one, named))
    return Family(tuple(classes), tuple(others))


@dataclass(frozen=True)
class Making:
    """One construction that is given a tracker.

    ``init`` is the constructor in sight, ``parameters`` those of its parameters that
    receive it; ``plain`` are the fields that surely do not hold it, ``holds`` says
    whether some may.
    """

    family: Family
    init: Resolved | None
    parameters: tuple[str, ...]
    plain: frozenset[str]
    holds: bool


def making(owner: ResolvedClass, call: ast.Call, given: Iterable[ast.expr]) -> Making:
    """Return what the construction *call* of *owner* does with the values *given*."""
    related = family(owner)
    init = related.method("__init__")
    listed = list(given)
    if init is None:
        fields = declared(related)
        direct = _field_names(fields, call, listed)
        found = _Fields(related, {}, direct)
        return Making(related, None, (), found.plain(fields), True)
    parameters = tuple(dict.fromkeys(p for v in listed for p in init.receivers(call, v)))
    found = _Fields(related, {init.node: set(parameters)}, set())
    foreign = bool(related.unknown)
    return Making(related, init, parameters, found.plain([]), foreign or bool(found.holding))


def declared(related: Family) -> list[str]:
    """Return the annotated names of the class bodies, the bases' first: fields of a dataclass."""
    return [
        statement.target.id
        for owner in reversed(related.classes)
        for statement in owner.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]


def _field_names(fields: list[str], call: ast.Call, given: list[ast.expr]) -> set[str]:
    """Return the fields of a dataclass that receive one of the values *given*."""
    named = {k.arg for k in call.keywords if k.arg and k.value in given}
    by_position = {
        fields[i] if i < len(fields) else "*" for i, value in enumerate(call.args) if value in given
    }
    unclear = any(isinstance(a, ast.Starred) for a in call.args)
    return set(fields) if unclear else named | by_position


class _Fields:
    """Finds the fields that may hold what some parameters of a constructor hold."""

    def __init__(
        self, related: Family, tainted: dict[Function, set[str]], holding: set[str]
    ) -> None:
        self._family = related
        self._tainted = tainted
        self.holding = holding
        self._assigned: set[str] = set()
        self._unclear = False
        before = -1
        while before != self._size():
            before = self._size()
            for owner in related.classes:
                for method in owner.methods():
                    if method.receiver is not None:
                        self._method(owner, method)

    def plain(self, declared: Iterable[str]) -> frozenset[str]:
        """Return the fields that surely hold nothing of it."""
        if self._unclear:
            return frozenset()
        return frozenset((self._assigned | set(declared)) - self.holding)

    def _size(self) -> int:
        return len(self.holding) + sum(len(names) for names in self._tainted.values())

    def _method(self, owner: ResolvedClass, method: Resolved) -> None:
        names = self._tainted.setdefault(method.node, set())
        own = method.receiver or ""
        for node in walk(method.node):
            if isinstance(node, ast.Assign):
                self._bound(node.targets, self._holds(node.value, names, own), names, own)
            elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
                value = node.value
                held = value is not None and self._holds(value, names, own)
                self._bound([node.target], held, names, own)
            elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                self._bound([node.target], self._holds(node.iter, names, own), names, own)
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                held = self._holds(node.context_expr, names, own)
                self._bound([node.optional_vars], held, names, own)
            elif isinstance(node, ast.Call):
                self._called(owner, node, names, own)

    def _bound(self, targets: Iterable[ast.expr], held: bool, names: set[str], own: str) -> None:
        for target in targets:
            for node in walk(target):
                field = _field(node, own)
                if field is not None:
                    self._assigned.add(field)
                    if held:
                        self.holding.add(field)
                elif held and isinstance(node, ast.Name) and node.id != own:
                    names.add(node.id)

    def _called(self, owner: ResolvedClass, call: ast.Call, names: set[str], own: str) -> None:
        name = last_name(call.func)
        if name in ("setattr", "__setattr__", "vars") or name == "update":
            about = [*arguments_of(call), call.func]
            self._unclear |= any(isinstance(n, ast.Name) and n.id == own for n in about)
            self._unclear |= "__dict__" in ast.unparse(call.func)
        given = [value for value in arguments_of(call) if self._holds(value, names, own)]
        if not given or not isinstance(call.func, ast.Attribute):
            return
        if name == "__init__":
            base = self._family.behind(owner).method("__init__")
            if base is not None and isinstance(call.func.value, ast.Call):
                received = (p for value in given for p in base.receivers(call, value))
                self._tainted.setdefault(base.node, set()).update(received)
            elif base is not None:
                self._tainted.setdefault(base.node, set()).update(
                    a.arg for a in base.node.args.args[1:]
                )
        field = _field(call.func.value, own)
        if field is not None and name in _PUTS:
            self.holding.add(field)

    def _holds(self, value: ast.AST, names: set[str], own: str) -> bool:
        """Whether *value* is, or contains, what holds it: a name, the object itself, a field."""
        if isinstance(value, ast.Name):
            return value.id in names or value.id == own
        field = _field(value, own)
        if field is not None:
            return field in self.holding or self._family.method(field) is not None
        if isinstance(value, ast.Call):
            return self._gives(value, names, own)
        if isinstance(value, ast.Compare | ast.Constant | ast.JoinedStr):
            return False
        if isinstance(value, ast.Attribute) and value.attr in _READ:
            return False
        return any(self._holds(child, names, own) for child in children(value))

    def _gives(self, call: ast.Call, names: set[str], own: str) -> bool:
        """Whether the result of *call* may hold what its arguments, or its object, hold."""
        function, name = call.func, last_name(call.func)
        if isinstance(function, ast.Attribute) and self._holds(function.value, names, own):
            return name in _VIEWS
        if not any(self._holds(value, names, own) for value in arguments_of(call)):
            return False
        taint = self._family.classes[0].taint
        model = taint.foreign.model(function)
        if name[:1].isupper() or (model is not None and model.effect in library.HOLDING):
            return True
        definition = taint.definition(function)
        if definition is None:
            return not isinstance(function, ast.Name | ast.Attribute)
        lazy = isinstance(definition.node, ast.AsyncFunctionDef) or bool(
            first_yield(definition.node.body)
        )
        listed = (a.arg for a in parameters(definition.node.args))
        return lazy or any(definition.summary(name).returns_it for name in listed)


def _is_of_a_wider_scope(method: Resolved, value: ast.expr) -> bool:
    """Whether *value*, in *method*, is a variable of the module or of a function around it."""
    while isinstance(value, ast.Attribute | ast.Subscript):
        value = value.value
    scopes = method.taint.scopes
    if not isinstance(value, ast.Name) or value not in scopes.scope_of:
        return False
    return scopes.of(value).scope is not scopes.inner[method.node]


def _field(node: ast.AST, own: str) -> str | None:
    """Return the name of the field if *node* is one of the object *own*."""
    value = node.value if isinstance(node, ast.Attribute) else None
    named = isinstance(value, ast.Name) and value.id == own
    return node.attr if named and isinstance(node, ast.Attribute) else None
