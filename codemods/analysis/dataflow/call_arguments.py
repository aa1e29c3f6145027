"""What becomes of a tracker that a call is given: who is called, and what is known of them.

A function in sight is looked into.  Of others the table of well-known functions
tells.  What is in neither is trusted with the tracker alone, which is an
assumption; it is not trusted with something that it can call, nor where a name
says that it works later.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.callees.passing import Passing, named
from codemods.analysis.dataflow.callees.unnamed import handler, keeper
from codemods.analysis.dataflow.decorators import Decorating, short
from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.deferred.awaiting import Awaiting
from codemods.analysis.dataflow.deferred.generators import Unfinished
from codemods.analysis.dataflow.deferred.lent import lends
from codemods.analysis.dataflow.deferred.results import call_at_once, call_by_key, deferred_call
from codemods.analysis.dataflow.holders import family, making
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.dataflow.taint_records import Escape
from codemods.analysis.dataflow.tainted_values import made_by
from codemods.analysis.syntax.calls import arguments_of, last_name, spelled_name, unpacked
from codemods.analysis.syntax.definitions import ResolvedClass

if TYPE_CHECKING:
    from codemods.analysis.dataflow.holders import Family, Making
    from codemods.analysis.dataflow.library_models.rows import Model
    from codemods.analysis.dataflow.protocols import Pass

_LOOKUPS = frozenset({"getattr", "vars", "hasattr", "dir"})
_ENTERED = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_INTO_FIRST = ("operator.setitem", "operator.iconcat", "heapq.heappush", "bisect.insort")
_ENTERING = ("enter_context", "enter_async_context")
_PASSED_ON = ("partial", "to_thread", "run_in_executor")
# Methods by which an object that a ``with`` binds is taken for a pool, a group or a stack.
_POOL_METHODS = frozenset("submit map create_task start_soon callback apply_async spawn".split())


class Handing:
    """Takes in what the calls of one pass do with what they are given."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._taint = run.taint
        self._flow = run.flow
        self._scoped = run.scopes.scope_of
        self._foreign = run.taint.foreign
        self._callables = run.taint.callables
        self.decorating = Decorating(run)
        self._awaiting = Awaiting(run)
        self._unfinished = Unfinished(run)
        self._passing = Passing(run)

    def call(self, call: ast.Call) -> None:
        """Take in one call of the statements."""
        self._of_receiver(call)
        self._unfinished.call(call)
        ordering = call_by_key(call)
        if ordering is not None:
            self._given_by(call, ordering)
        if self._taint.class_of(call.func) is not None and self._run.tainted(call.func):
            # The class itself was written around the tracker, whatever its objects are given.
            made = made_by(self._taint, call, [])
            if made is not None:
                self._object(call, made)
        if not any(self._run.mentions(value) for value in arguments_of(call)):
            return
        if self._taint.known(call.func) or self._taint.class_of(call.func):
            self._given(call)
        else:
            self._given_to_foreign(call)

    def _given_to_foreign(self, call: ast.Call) -> None:
        """Take in a call of a function that is not of the project."""
        model = self._foreign.model(call.func)
        if model is not None and model.effect is Effect.LATER:
            # What is handed over may be a coroutine that has yet to run: a mention is enough.
            self._handed_off(call)
        else:
            if model is not None and model.effect is Effect.AWAIT:
                self._awaiting.call(call)
            later = deferred_call(call) if last_name(call.func) in _PASSED_ON else None
            if model is not None and last_name(call.func) in _ENTERING:
                self._put_on_stack(call)
            self._given_by(call, later or call)
            once = call_at_once(call) if model is not None else None
            # A tracker cannot be unpacked: ``stage.apply(receipt, tracker)`` is no pool's.
            if once is not None and not any(map(self._is_root, unpacked(once))):
                self._given_by(call, once)

    def _given_by(self, call: ast.Call, made: ast.Call) -> None:
        """Take in *made*, which *call* calls; what is found of it stands where *call* does."""
        if isinstance(made.func, ast.Lambda):
            self._passing.possible(made, [v for v in arguments_of(made) if self._run.tainted(v)])
        else:
            self._given(made)
        self._flow.stands_at(call, made)

    def _put_on_stack(self, call: ast.Call) -> None:
        """Take in that the ``with`` of a stack will leave what *call* enters: it holds that."""
        if not self._run.closings.closes(call):
            self._escape(call, f"given to {short(call.func)}, which may leave it later")
        self._flow.tainted.update(self._run.closings.receivers(call))

    def _handed_off(self, call: ast.Call) -> None:
        """Take in a call that sets something going, with the tracker."""
        if not self._run.closings.closes(call):
            self._escape(call, f"handed to {short(call.func)}, which may use it later")
        else:
            self._flow.tainted.update(self._run.closings.receivers(call))
            self._closed_by_others(call)
            self._awaiting.begun(call)
        later = deferred_call(call)
        if later is not None:
            self._given_by(call, later)

    def _closed_by_others(self, call: ast.Call) -> None:
        """Take in whose ``with`` ends what *call* began: of unknown ones only pools are trusted.

        A class of the table that does not wait (a pool of threads of multiprocessing) is known.
        """
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        binders = self._run.scopes.of(owner).binders if isinstance(owner, ast.Name) else []
        items = [self._run.module.parents.get(binder) for binder in binders]
        if owner is None or not any(isinstance(item, ast.withitem) for item in items):
            return
        path = self._foreign.class_path(owner)
        if path is not None and library.waits(path):
            return
        if last_name(call.func) in _POOL_METHODS and not (path and library.by_path(path)):
            self._trust(call)
        else:
            self._escape(call, f"handed to {short(call.func)}, which may use it later")

    def _given(self, call: ast.Call) -> None:
        """Take in what becomes of the tracker as an argument of *call*."""
        name = last_name(call.func)
        given = [value for value in arguments_of(call) if self._run.tainted(value)]
        if not given:
            return
        if name in _LOOKUPS and isinstance(call.func, ast.Name):
            self._flow.reads.append(call)
            return
        if self._of_super(call, given):
            return
        known = self._taint.known(call.func)
        if known is not None:
            self.decorating.through(call, known)
            self._passing.passed(call, known, given)
            self._passing.in_place_of(call, known, given)
            return
        made = made_by(self._taint, call, given)
        if made is not None:
            self._object(call, made)
            return
        if isinstance(call.func, ast.Attribute) and self._is_tracker(call.func):
            return
        if self._of_object(call, given):
            return
        model = self._foreign.model(call.func)
        if model is not None:
            self._of_model(call, model, given)
        elif name not in words.CLIENT_WRAPPERS and name not in words.CONTEXT_MANAGERS:
            self._unknown(call, given)

    def _of_object(self, call: ast.Call, given: list[ast.expr]) -> bool:
        """Take in a call of an object of a class in sight, or of what ``__getattr__`` finds."""
        owner = self._taint.object_class(call.func)
        method = family(owner).method("__call__") if owner is not None else None
        if method is not None:
            self._passing.passed(call, method, given)
            return True
        of = self._family_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
        if of is None or of.method(last_name(call.func)) is not None:
            return False
        if of.method("__getattr__") is None and of.method("__getattribute__") is None:
            return False
        self._escape(call, f"given to {short(call.func)}, which code of its class finds")
        return True

    def _is_tracker(self, method: ast.Attribute) -> bool:
        """Whether *method* is one of the tracker's own, and not of an object that holds it."""
        value = method.value
        if method.attr in (*words.TRACKER_METHODS, "wrap", "with_options"):
            return self._run.tainted(value)
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            owner = self._run.scopes.of(value.value) if value.value in self._scoped else None
            return (owner, value.attr) in self._flow.attributes
        if not isinstance(value, ast.Name) or not self._is_root(value):
            return False
        return self._taint.definition(method) is None

    def _is_root(self, name: ast.Name) -> bool:
        return name in self._scoped and self._run.scopes.of(name) in self._flow.roots

    def _of_model(self, call: ast.Call, model: Model, given: list[ast.expr]) -> None:
        """Take in a call of which the table tells; a mere name is taken at its word, and said."""
        if model.effect is Effect.KEEP:
            self._held_by_model(call, given, by_name=model.by_name)
        elif model.effect is Effect.LATER:
            self._escape(call, f"handed to {short(call.func)}, which may use it later")
        elif model.by_name:
            definition = self._taint.definition(call.func)
            if definition is not None:
                self._passing.passed(call, definition, given)
            self._trust(call)
        elif (method := handler(self._taint, call.func)) is not None:
            name, line = method.node.name, method.node.lineno
            self._escape(call, f"given to a log, whose {name} (line {line}) keeps its records")

    def _unknown(self, call: ast.Call, given: list[ast.expr]) -> None:
        """Take in a call of a function that nothing is known about for sure."""
        definition = self._taint.definition(call.func)
        if definition is not None:
            # The only method of that name: whose object it is was not seen.
            self._passing.passed(call, definition, given)
        self._possible(call, given)
        self._untold(call)
        self._trust(call)

    def _possible(self, call: ast.Call, given: list[ast.expr]) -> None:
        """Take in what functions and classes in sight do that *call* may be a call of."""
        made = self._taint.followed(call.func)
        if isinstance(made, ast.Call) and last_name(made.func) == "partial" and made.args:
            whole = [*made.args[1:], *call.args], [*made.keywords, *call.keywords]
            self._given_by(call, ast.copy_location(ast.Call(made.args[0], *whole), call))
            return
        for owner in self._passing.possible(call, given):
            self._object(call, making(owner, call, given))

    def _untold(self, call: ast.Call) -> None:
        """Refuse to trust a function with something that it can call, or that tells of later."""
        if not self._together(call) and self._foreign.tells_of_later(call.func):
            self._escape(call, f"given to {short(call.func)}, whose name speaks of later")

    def _together(self, call: ast.Call) -> bool:
        """Refuse to trust a function with something that it can call; whether there is one."""
        handed = self._callables.among(call)
        if handed is not None:
            given = f"{short(call.func)} together with {short(handed)}"
            self._escape(call, f"given to {given}, which may be called later")
        return handed is not None

    def _of_receiver(self, call: ast.Call) -> None:
        """Take in a method of an object that holds the tracker: it may let it out."""
        function = call.func
        if isinstance(function, ast.Name):
            if self._run.tainted(function):
                self._methods(call, function, ("__call__",))
            return
        if not isinstance(function, ast.Attribute) or not self._run.tainted(function.value):
            return
        if self._is_tracker(function) or self._methods(call, function.value, (function.attr,)):
            return
        if not telling_names.starts(function.attr):
            return
        owner = self._family_of(function.value)
        path = self._made_elsewhere(function.value)
        sets_going = path is not None and self._foreign.model(path) is None
        if owner is not None:
            sets_going = bool(owner.working) and not self._is_joined(function.value)
        if sets_going:
            self._escape(call, f"in an object that {short(function)} sets going")

    def entered(self, value: ast.expr) -> None:
        """Take in that a ``with`` enters and leaves the object *value*."""
        if self._run.tainted(value) and isinstance(value, ast.Name | ast.Call):
            call = ast.copy_location(ast.Call(value, [], []), value)
            self._methods(call, value, _ENTERED)
            self._flow.stands_at(value, call)

    def _methods(self, call: ast.Call, value: ast.expr, names: tuple[str, ...]) -> bool:
        """Take in what methods of the object *value* do with it; whether one is in sight."""
        owner = self._family_of(value)
        found = [m for name in names if owner is not None and (m := owner.method(name))]
        if owner is None and isinstance(call.func, ast.Attribute):
            only = self._taint.definition(call.func)
            found = [only] if only is not None else []
        plain = self._run.tainted_values.plain_fields(value)
        for method in found:
            if method.receiver is not None:
                self._passing.summarised(call, method, method.receiver, plain)
        return bool(found)

    def _family_of(self, value: ast.expr) -> Family | None:
        if isinstance(value, ast.Call) and last_name(value.func) == "super":
            method = self._taint.method_around(value)
            home = self._run.module.parents.get(method.node) if method is not None else None
            if not isinstance(home, ast.ClassDef):
                return None
            return family(ResolvedClass(self._taint, home)).behind(ResolvedClass(self._taint, home))
        owner = self._taint.object_class(value)
        return family(owner) if owner is not None else None

    def _is_joined(self, value: ast.expr) -> bool:
        """Whether the object was constructed here, and is over when the statements are."""
        made = self._taint.followed(value)
        if not isinstance(made, ast.Call):
            return not isinstance(value, ast.Call) and self._taint.made_by(value) is None
        return self._run.closings.closes(made)

    def _of_super(self, call: ast.Call, given: list[ast.expr]) -> bool:
        """Take in a method of a base, if *call* is one; of bases not in sight the class tells."""
        above = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(above, ast.Call) or last_name(above.func) != "super":
            return False
        related = self._family_of(above)
        method = related.method(last_name(call.func)) if related is not None else None
        if method is not None:
            plain = frozenset(field for _, field in self._flow.plain)
            for parameter in dict.fromkeys(p for v in given for p in method.receivers(call, v)):
                self._passing.summarised(call, method, parameter, plain)
        self._passing.in_place_of_none(call, method, given)
        return True

    def _object(self, call: ast.Call, made: Making) -> None:
        """Take in the construction of an object in sight that is given the tracker."""
        name = last_name(call.func)
        if made.family.doubt is not None:
            self._escape(call, f"given to {name}, which may hand out an object that it keeps")
        elif made.family.method("__del__") is not None:
            self._escape(call, f"kept by an object of {name} that acts when it goes")
        elif made.family.working and not self._run.closings.closes(call):
            working = f"a {made.family.working}, which goes on by itself once it is started"
            self._escape(call, f"kept by an object of {name}, {working}")
        elif (unnamed := keeper(made)) is not None:
            self._escape(call, f"in an object of {name}, which is kept by {unnamed}")
        for parameter in made.parameters:
            if made.init is not None:
                self._passing.summarised(call, made.init, parameter, made.plain)
        later = made.family.method("__post_init__")
        if later is not None and later.receiver is not None and made.init is None:
            self._passing.summarised(call, later, later.receiver, made.plain)
        if not made.family.working:
            for base in made.family.unknown:
                self._flow.trusted.append(named(base, call))

    def _made_elsewhere(self, value: ast.expr) -> ast.expr | None:
        """Return the class or function, not in sight, whose call made the object *value*."""
        if isinstance(value, ast.Name) and value in self._scoped:
            binders = self._run.scopes.of(value).binders
            made = self._run.module.parents.get(binders[0]) if len(binders) == 1 else None
            if not isinstance(made, ast.Assign) or made.value is value:
                return None
            value = made.value
        if not isinstance(value, ast.Call) or isinstance(value.func, ast.Call):
            return None
        if self._taint.names.tracker_class(value.func) is not None:
            return None
        in_sight = self._taint.class_of(value.func) is not None
        return value.func if not in_sight and self._run.mentions(value) else None

    def _held_by_model(self, call: ast.Call, given: list[ast.expr], *, by_name: bool) -> None:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if receiver is None and by_name:
            self._untold(call)
            self._trust(call)
            return
        if (receiver is None and call.args) or self._foreign.path(call.func) in _INTO_FIRST:
            receiver = call.args[0]  # setattr(receiver, name, value)
        definition = self._taint.definition(call.func) if by_name else None
        if definition is not None:
            self._passing.passed(call, definition, given)
        if lends(self._run, call) or self._run.tainted_values.drained.takes_elements(call):
            return
        if receiver is None or not self._run.taint_receiver(receiver):
            where = ast.unparse(receiver) if receiver is not None else spelled_name(call.func)
            self._escape(call, f"put into {where}")
        elif by_name and self._made_by_others(receiver):
            self._together(call)
            self._trust(call)

    def _made_by_others(self, receiver: ast.expr) -> bool:
        """Whether the object *receiver* is of a class that is neither in sight nor in the table."""
        path = self._foreign.class_path(receiver)
        known = ("builtins", "collections", "queue", "contextlib", "asyncio")
        return (path or "").partition(".")[0] not in known and self._is_made(receiver)

    def _is_made(self, receiver: ast.expr) -> bool:
        if not isinstance(receiver, ast.Name) or receiver not in self._scoped:
            return False
        binders = self._run.scopes.of(receiver).binders
        made = [self._run.module.parents.get(binder) for binder in binders]
        values = [m.value for m in made if isinstance(m, ast.Assign)]
        return any(isinstance(v, ast.Call) and self._taint.class_of(v.func) is None for v in values)

    def _trust(self, call: ast.Call) -> None:
        if not isinstance(getattr(call.func, "value", None), ast.Constant | ast.JoinedStr):
            self._flow.trusted.append(named(call.func, call))  # a text is known to keep nothing

    def _escape(self, node: ast.AST, how: str) -> None:
        self._flow.escapes.append(Escape(node, how))
