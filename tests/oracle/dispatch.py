"""Units that call, in a tracker's extent, handlers which have trackers of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword
from .calls import ai_call, helper_ask
from .pen import Scope
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen

IDS = ("job", "user", "batch", "pr")


def dispatched(pen: Pen) -> Unit:
    """A function with a tracker, which calls a handler that nobody sees by its name."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    scope = given.scope
    handler = _handler(pen)
    setup, call, extra = pen.weighted(
        [
            (20, _by_table),
            (12, _by_attribute),
            (14, _by_parameter),
            (10, _by_property),
            (10, _by_protocol),
            (8, _by_inner_function),
            (8, _by_builtin),
            (10, _by_operator),
        ]
    )(pen, handler)
    ids = ", ".join(keyword(pen, scope, kind) for kind in _some(pen, 1))
    body: list[Stmt] = [*extra, f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({ids})")
    body += ai_call(pen, scope, "tracker") if pen.chance(60) else []
    body += [call] if isinstance(call, str) else call
    body += ai_call(pen, scope, "tracker") if pen.chance(60) else []
    definitions = [*setup, Suite(given.header(name), body)]
    return Unit(definitions, given.calls(name))


def _some(pen: Pen, least: int) -> list[str]:
    found = [kind for kind in IDS if pen.chance(55)]
    return found or list(IDS[:least])


def _handler(pen: Pen) -> str:
    """Define a function with a tracker of its own, that sets few ids or none."""
    name = pen.fresh("greet")
    scope = Scope(trackers=("own",))
    own: list[Stmt] = [f"own = {pen.tracker_class}()"]
    outside: list[Stmt] = []
    if pen.chance(20):
        shared = pen.fresh("own")
        own, outside, scope = [], [f"{shared} = {pen.tracker_class}()"], Scope(trackers=(shared,))
    tracker = scope.trackers[0]
    ids = ", ".join(keyword(pen, scope, kind) for kind in IDS if pen.chance(30))
    form = "set_context" if ids and "user" not in ids and pen.chance(10) else "set_tracking_context"
    sets: list[Stmt] = [f"{tracker}.{form}({ids})"] if ids and pen.chance(85) else []
    body = [*own, *sets, *ai_call(pen, scope, tracker)]
    pen.helper(name, [*outside, Suite(f"def {name}(*given):", [*body, "return 1"])])
    return name


Way = tuple[list[Stmt], "str | list[Stmt]", list[Stmt]]


def _by_table(pen: Pen, handler: str) -> Way:
    table = pen.fresh("HANDLERS")
    form = pen.pick(("dict", "list", "get", "loop", "comprehension"))
    if form in ("list", "loop", "comprehension"):
        setup: list[Stmt] = [f"{table} = [{handler}]"]
        if form == "loop":
            return setup, [Suite(f"for handle in {table}:", ["handle()"])], []
        if form == "comprehension":
            return setup, f"print([handle() for handle in {table}])", []
        return setup, f"{table}[0]()", []
    found = f'{table}["greet"]' if form == "dict" else f'{table}.get("greet")'
    return [f'{table} = {{"greet": {handler}}}'], f"{found}()", []


def _by_attribute(pen: Pen, handler: str) -> Way:
    box = pen.fresh("box")
    pen.imports.add("import types")
    made: list[Stmt] = [f"{box} = types.SimpleNamespace(handle={handler})"]
    if pen.chance(40):
        return made, f'getattr({box}, "handle")()', []
    return (made, f"{box}.handle()", []) if pen.chance(60) else ([], f"{box}.handle()", made)


def _by_parameter(pen: Pen, handler: str) -> Way:
    """The handler comes in as an argument of a function of the program."""
    form = pen.pick(("variable", "default", "helper"))
    if form == "variable":
        name = pen.fresh("handle")
        return [], f"{name}()", [f"{name} = {pen.use('note_of')}({handler})"]
    runs = pen.fresh("runs")
    if form == "default":
        pen.helper(runs, [Suite(f"def {runs}(handle={handler}):", ["return handle()"])])
        return [], f"{runs}()", []
    pen.helper(runs, [Suite(f"def {runs}(handle):", ["return handle()"])])
    return [], f"{runs}({handler})", []


def _by_property(pen: Pen, handler: str) -> Way:
    kind, box = pen.fresh("Lazy"), pen.fresh("lazy")
    body: list[Stmt] = ["@property", Suite("def value(self):", [f"return {handler}()"])]
    setup: list[Stmt] = [Suite(f"class {kind}:", body), f"{box} = {kind}()"]
    return setup, f"print({box}.value)", []


def _by_protocol(pen: Pen, handler: str) -> Way:
    """A method that is known by its name only, of an object that came in."""
    kind, serve = pen.fresh("Greeter"), pen.fresh("serves")
    pen.imports.add("from typing import Protocol")
    protocol = pen.fresh("Handles")
    setup: list[Stmt] = [
        Suite(f"class {protocol}(Protocol):", [Suite("def handle(self):", ["..."])]),
        Suite(f"class {kind}:", [Suite("def handle(self):", [f"return {handler}()"])]),
        Suite(f"def {serve}(service: {protocol}):", ["return service.handle()"]),
    ]
    return setup, f"{serve}({kind}())", []


def _by_inner_function(pen: Pen, handler: str) -> Way:
    inner = pen.fresh("inner")
    scope = Scope(trackers=("mine",), depth=1)
    ids = ", ".join(keyword(pen, scope, kind) for kind in IDS if pen.chance(30))
    body: list[Stmt] = [f"mine = {pen.tracker_class}()"]
    body += [f"mine.set_tracking_context({ids})"] if ids else []
    body += ai_call(pen, scope, "mine")
    definition = Suite(f"def {inner}():", body)
    call: list[Stmt] = [definition, f"{inner}()"]
    if pen.chance(30):
        call = [definition, f"{inner}_s = [{inner}]", f"{inner}_s[0]()"]
    return [], call, []


def _by_builtin(pen: Pen, handler: str) -> Way:
    """Something else calls it: a built-in, a partial, a foreign function."""
    pen.imports.add("import functools")
    calls = (
        f'print(list(map({handler}, "a")))',
        f'print(sorted(["b", "a"], key={handler}))',
        f"functools.partial({handler}, 1)()",
        f'print(functools.reduce({handler}, ["a", "b"]))',
        f"{pen.use('call_it')}({handler})",
        f"print(max([{handler}], key=lambda handle: handle()) is None)",
    )
    return [], pen.pick(calls), []


def _by_operator(pen: Pen, handler: str) -> Way:
    """The program's own operator, conversion or iterator calls it."""
    kind, box = pen.fresh("Box"), pen.fresh("box")
    method, call = pen.pick(
        (
            ("__add__(self, other)", f"{box} + 1"),
            ("__getitem__(self, key)", f'print({box}["k"])'),
            ("__len__(self)", f"print(len({box}))"),
            ("__contains__(self, item)", f"print(1 in {box})"),
            ("__eq__(self, other)", f"print({box} == 1)"),
            ("__bool__(self)", f"assert {box}"),
            ("__call__(self)", f"{box}()"),
            ("__getattr__(self, name)", f"print({box}.anything)"),
        )
    )
    result = f"{handler}() == 1" if method.startswith("__bool__") else f"{handler}()"
    body: list[Stmt] = [Suite(f"def {method}:", [f"return {result}"])]
    return [Suite(f"class {kind}:", body), f"{box} = {kind}()"], call, []


def recursive(pen: Pen) -> Unit:
    """A function with an own tracker that runs itself, and sets fewer ids each time."""
    name = pen.fresh("walk")
    scope = Scope(trackers=("tracker",), names=("data",))
    built = "user_id=user" if pen.chance(10) else ""
    body: list[Stmt] = [f"tracker = {pen.tracker_class}({built})"]
    kinds = [pen.pick(IDS), pen.pick(IDS)]
    first = "user_id=user" if pen.chance(25) else keyword(pen, scope, kinds[0])
    second = keyword(pen, scope, kinds[1])
    sets: list[Stmt] = [f"tracker.set_tracking_context({first})"]
    if pen.chance(50):
        found = [Suite("if level:", [f"tracker.set_tracking_context({second})"])]
        sets = [*sets, *found] if pen.chance(50) else [*found, *sets]
    ask = f"{helper_ask(pen)}(tracker, {pen.model()})"
    later = [f"tracker.set_tracking_context({second})"] if pen.chance(20) else []
    setup, again = _again(pen, name)
    body += [*sets, ask, *later, Suite("if level:", [again])]
    body += ai_call(pen, scope, "tracker") if pen.chance(50) else []
    user = pen.pick(("", ", user=None", ", user=None"))
    if "user_id=user" in (first, built):
        user = ", user=None"
    given = ', user="anna"' if user and pen.chance(80) else ""
    function = Suite(f"def {name}(data, level=1{user}):", body)
    return Unit([function, *setup], [f'{name}("d1"{given})'])


def _again(pen: Pen, name: str) -> tuple[list[Stmt], str]:
    """Return a way for the function *name* to run itself once more, and what that needs."""
    other = pen.fresh("further")
    call = f"{name}(data, level - 1)"
    through: list[Stmt] = [Suite(f"def {other}(data, level):", [f"return {name}(data, level)"])]
    table: list[Stmt] = [f'{other} = {{"again": {name}}}']
    setup, again = pen.weighted(
        [
            (50, (list[Stmt](), call)),
            (15, (through, f"{other}(data, level - 1)")),
            (10, ([], f"print(list(map({name}, [data], [level - 1])))")),
            (10, (table, f'{other}["again"](data, level - 1)')),
            (5, ([], f"functools.partial({name}, data, level - 1)()")),
            (5, ([], f"(lambda: {call})()")),
            (5, ([], f"{name}(data, level - 1, **{{}})")),
        ]
    )
    if again.startswith("functools"):
        pen.imports.add("import functools")
    return setup, again
