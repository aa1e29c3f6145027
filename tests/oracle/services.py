"""Units about objects that keep a tracker, however it comes there, and whoever else may have it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .arguments import plain_set
from .calls import ai_call, helper_ask
from .pen import Scope
from .source import Stmt, Suite
from .statements import work
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen

_FALLBACKS = (
    "tracker or {0}",
    "tracker if tracker is not None else {0}",
    "{0} if tracker is None else tracker",
)


def service(pen: Pen) -> Unit:
    """A class that keeps a tracker, methods that set ids in all places, and somebody who calls."""
    kind, driver, desk = pen.fresh("Desk"), pen.fresh("drive"), "desk"
    making = pen.weighted(
        [
            (30, _built),
            (25, _handed_in),
            (15, _lazy),
            (8, _of_class),
            (8, _cached),
            (14, _wrapped),
        ]
    )
    made, given, fields = making(pen)
    same = f'job_id="{pen.fresh("job")}"' if pen.chance(70) else ""
    methods: list[Stmt] = [*made]
    calls = [_method(pen, methods, fields, same) for _ in range(pen.number(1, 3))]
    if pen.chance(25):
        methods.append(Suite("def close(self):", [f"self.{fields[0]}.flush_metrics()"]))
    body = _caller(pen, kind, given, desk, fields, [*calls, *calls[: pen.number(0, 2)]])
    if pen.chance(6):
        heir = pen.fresh("Desk")
        override = Suite(f"def {fields[0]}(self):", ["return SHARED"])
        definitions: list[Stmt] = [
            f"SHARED = {pen.tracker_class}()",
            Suite(f"class {kind}:", methods),
            Suite(f"class {heir}({kind}):", ["@property", override]),
        ]
    else:
        definitions = [Suite(f"class {kind}:", methods)]
    return Unit([*definitions, Suite(f"def {driver}():", body)], [f"{driver}()"])


def _construction(pen: Pen) -> str:
    return f"{pen.tracker_class}({pen.pick(('', '', 'table_name=chr(84)'))})"


def _built(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    field = pen.pick(("tracker", "_usage"))
    body: list[Stmt] = [f"self.{field} = {_construction(pen)}"]
    if pen.chance(15):
        body.append(f"self.{field}.set_tracking_context(github_pr={pen.number(1, 9)})")
    made: list[Stmt] = [Suite("def __init__(self):", body)]
    if field != "tracker" and pen.chance(60):
        made += ["@property", Suite("def tracker(self):", [f"return self.{field}"])]
        return made, False, (field, "tracker")
    return made, False, (field,)


def _handed_in(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    if pen.chance(30):
        default = Suite("if tracker is None:", [f"tracker = {_construction(pen)}"])
        body: list[Stmt] = [default, "self.tracker = tracker"]
    else:
        body = [f"self.tracker = {pen.pick(_FALLBACKS).format(_construction(pen))}"]
    if pen.chance(8):
        body.append("self.other = tracker")
    return [Suite("def __init__(self, tracker=None):", body)], True, ("tracker",)


def _lazy(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    given = pen.chance(30)
    start = "tracker" if given else "None"
    test = pen.pick(("self._kept is None", "not self._kept"))
    build = Suite(f"if {test}:", [f"self._kept = {_construction(pen)}"])
    made: list[Stmt] = [
        Suite(f"def __init__(self{', tracker=None' if given else ''}):", [f"self._kept = {start}"]),
        "@property",
        Suite("def tracker(self):", [build, "return self._kept"]),
    ]
    if pen.chance(12):
        made.append(Suite("def forget(self):", ["self._kept = None"]))
    return made, given, ("tracker",)


def _cached(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    pen.imports.add("import functools")
    decorator = pen.pick(("@functools.cached_property", "@functools.cached_property", "@property"))
    getter = Suite("def tracker(self):", [f"return {_construction(pen)}"])
    return [decorator, getter], False, ("tracker",)


def _of_class(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    return [f"tracker = {_construction(pen)}"], False, ("tracker",)


def _wrapped(pen: Pen) -> tuple[list[Stmt], bool, tuple[str, ...]]:
    wrap = f"{pen.tracker_class}.create_wrapped_openai_client({pen.use('client')}, self.tracker)"
    body: list[Stmt] = [f"self.tracker = {_construction(pen)}", f"self.client = {wrap}"]
    return [Suite("def __init__(self):", body)], False, ("tracker", "client")


def _method(pen: Pen, methods: list[Stmt], fields: tuple[str, ...], same: str) -> str:
    """Add a method that mostly sets ids before its work; return how it is called."""
    given, name = tame(pen, *(f"self.{f}" for f in fields if f != "client")), pen.fresh("review")
    scope = given.scope
    tracker = pen.pick(scope.trackers)
    set_call = f"{tracker}.set_tracking_context({same})"
    if not same or pen.chance(20):
        set_call = plain_set(pen, scope, tracker)
    asked = work(pen, scope, 1, 2)
    if "client" in fields and pen.chance(70):
        asked = [f"self.client.chat.completions.create(model={pen.model()})"]
    elif pen.chance(25):
        step = pen.fresh("_step")
        methods.append(Suite(f"def {step}(self):", ai_call(pen, scope, tracker)))
        asked.append(f"self.{step}()")
    if pen.chance(12):
        asked.append(f"{_clerk(pen)}().note_down()")
    shape = pen.weighted([(50, "plain"), (14, "loop"), (10, "try"), (10, "branch"), (10, "none")])
    body: list[Stmt] = [set_call, *asked]
    if shape == "loop":
        body = [Suite('for one in ["a", "b"]:', body)]
        body += work(pen, scope, 1, 1) if pen.chance(15) else []
    elif shape == "try":
        flush: list[Stmt] = [f"{tracker}.flush_metrics()"]
        body = [Suite("try:", body), Suite("finally:", flush)]
    elif shape == "branch":
        other: list[Stmt] = [set_call, *ai_call(pen, scope, tracker)]
        body = [Suite("if len(chr(9)) == 1:", body), Suite("else:", other)]
        body += work(pen, scope, 1, 1) if pen.chance(20) else []
    elif shape == "none":
        body = body[1:]
    if pen.chance(8):
        body = [*work(pen, scope, 1, 1), *body]
    if pen.chance(15):
        body += [set_call, *ai_call(pen, scope, tracker)]
    words = given.parameters
    methods.append(Suite(f"def {name}(self{', ' if words else ''}{words}):", body))
    return f"{name}({given.arguments[0]})"


def _clerk(pen: Pen) -> str:
    """Return a class of the program that keeps a tracker of its own under the same name."""
    made: list[Stmt] = [f"self.tracker = {pen.tracker_class}()"]
    ids = "self.tracker.set_tracking_context(github_pr=8)"
    body: list[Stmt] = [ids, f"{helper_ask(pen)}(self.tracker, 'clerk')"]
    methods: list[Stmt] = [Suite("def __init__(self):", made), Suite("def note_down(self):", body)]
    return pen.helper("Clerk", [Suite("class Clerk:", methods)])


def _caller(
    pen: Pen, kind: str, given: bool, desk: str, fields: tuple[str, ...], calls: list[str]
) -> list[Stmt]:
    """Return the body of a function that makes an object, calls it, and may use its tracker."""
    tell, outer = pen.use("tell"), Scope(trackers=("outer",))
    body: list[Stmt] = [f"{desk} = {kind}()"]
    hands_in = given and pen.chance(45)
    if hands_in:
        body = [f"outer = {pen.tracker_class}()", f"{desk} = {kind}(outer)"]
        if pen.chance(30):
            body.insert(1, 'outer.set_tracking_context(user_id="anna")')
    elif given and pen.chance(40):
        body = [f"{desk} = {kind}({pen.tracker_class}())"]
    for call in calls:
        body.append(f"{tell}({desk}.{call})")
        if hands_in and pen.chance(25):
            body += ai_call(pen, replace(outer), "outer")
    if pen.chance(8):
        body.append(f"{helper_ask(pen)}({desk}.{fields[0]}, {pen.model()})")
    return body
