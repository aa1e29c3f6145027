"""The units of a program: functions, methods, generators, shared trackers, scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .arguments import plain_set, set_arguments
from .calls import ai_call
from .choices import chosen
from .dispatch import dispatched, recursive
from .ends import end_in_sight, match_arms
from .held import held
from .later import handed_over
from .lingering import lingering, waited_for
from .lives import NAMES, birth, ended, life, started
from .loops import idle_loop
from .objects import manager, not_ours, only_looked_at
from .oddities import oddity
from .pen import Scope
from .projects import faked, no_contexts, other_file, path_part
from .services import service
from .sharing import shared_instance
from .source import Stmt, Suite
from .statements import gap, work
from .stores import read_back
from .surroundings import surrounded
from .unit import Unit, define, signature
from .workers import worker

if TYPE_CHECKING:
    from .pen import Pen


def function(pen: Pen) -> Unit:
    """A function with a tracker of its own."""
    return _function(pen, "function")


def coroutine(pen: Pen) -> Unit:
    """A coroutine with a tracker of its own."""
    return _function(pen, "async")


def generator(pen: Pen) -> Unit:
    """A generator, sync or async, with a tracker of its own."""
    return _function(pen, "asyncgen" if pen.chance(40) else "generator")


def _function(pen: Pen, kind: str) -> Unit:
    name = pen.fresh("unit")
    given = signature(pen, kind)
    scope = replace(given.scope, collects=False) if given.scope.yields else given.scope
    body = gap(pen, scope) + life(pen, scope)
    if scope.yields:
        body = ["yield 0", *body] if pen.chance(50) else [*body, "yield 1"]
    definition = Suite(define(kind, name, given.parameters), body)
    return Unit([definition], [f"{name}({arguments})" for arguments in given.arguments])


def two_trackers(pen: Pen) -> Unit:
    """A function in which two trackers live at the same time."""
    name = pen.fresh("unit")
    given = signature(pen, "async" if pen.chance(20) else "function")
    first, second = NAMES[:2]
    one = replace(given.scope, trackers=(first,))
    both = replace(given.scope, trackers=(first, second))
    body: list[Stmt] = ["results = []"] if both.collects else []
    body += started(pen, one, first)
    body += work(pen, one, 0, 1) if pen.chance(50) else []
    before, within = _wrapped(pen, first) if pen.chance(40) else ([], [])
    body += [*before, *started(pen, both, second)]
    body += [*work(pen, both, 1, 2), *within, *work(pen, both, 1, 2)]
    if pen.chance(60):
        body += work(pen, one, 1, 1)
    body += ended(pen, one, first)
    definition = Suite(define(both.kind, name, given.parameters), body)
    return Unit([definition], [f"{name}({arguments})" for arguments in given.arguments])


def _wrapped(pen: Pen, tracker: str) -> tuple[list[Stmt], list[Stmt]]:
    """Return how a client is wrapped for *tracker*, and a call through it."""
    name = pen.fresh("wrapped")
    made = (
        f"{name} = {pen.tracker_class}.create_wrapped_openai_client({pen.use('client')}, {tracker})"
    )
    return [made], [f"{name}.chat.completions.create(model={pen.model()})"]


def local_in_method(pen: Pen) -> Unit:
    """A method with a tracker of its own."""
    name, method = pen.fresh("Service"), pen.fresh("review")
    given = signature(pen, "async" if pen.chance(20) else "function", "self")
    body = life(pen, given.scope)
    definition = Suite(define(given.scope.kind, method, given.parameters), body)
    calls = [f"{name}().{method}({arguments})" for arguments in given.arguments]
    return Unit([Suite(f"class {name}:", [definition])], calls)


def attribute(pen: Pen) -> Unit:
    """A class that keeps a tracker, and methods that configure and use it."""
    name = pen.fresh("Service")
    init = Suite("def __init__(self):", [f"self.tracker = {pen.tracker_class}()"])
    methods: list[Stmt] = [init]
    calls = []
    for _ in range(pen.number(1, 2)):
        given = signature(pen, "function", "self")
        scope = replace(given.scope, trackers=("self.tracker",), wild=0)
        method = pen.fresh("review")
        body: list[Stmt] = ["results = []"] if scope.collects else []
        if pen.chance(85):
            body.append(plain_set(pen, scope, "self.tracker"))
        body += [*work(pen, scope), *ended(pen, scope, "self.tracker")]
        methods.append(Suite(f"def {method}({given.parameters}):", body))
        calls += [f".{method}({arguments})" for arguments in given.arguments]
    shared = pen.fresh("service")
    definitions: list[Stmt] = [Suite(f"class {name}:", methods), f"{shared} = {name}()"]
    return Unit(definitions, [f"{shared}{call}" for call in calls])


def parameter(pen: Pen) -> Unit:
    """A function that configures the tracker which it was given."""
    name, driver = pen.fresh("unit"), pen.fresh("drive")
    given = signature(pen, "function", "tracker")
    scope = replace(given.scope, trackers=("tracker",))
    body: list[Stmt] = ["results = []"] if scope.collects else []
    values = ["outer", "outer", f"{pen.tracker_class}()"]
    if pen.chance(40):
        built = f"tracker = {pen.tracker_class}()"
        default = f"tracker = tracker or {pen.tracker_class}()"
        body.append(default if pen.chance(50) else Suite("if tracker is None:", [built]))
        values.append("None")
    body += [plain_set(pen, scope, "tracker"), *work(pen, scope), *ended(pen, scope, "tracker")]
    caller: list[Stmt] = [f"outer = {pen.tracker_class}()"]
    outer = Scope(trackers=("outer",))
    if pen.chance(60):
        caller.append(f'outer.set_tracking_context(job_id="{pen.fresh("job")}")')
    tell = pen.use("tell")
    for a in (*given.arguments, *given.arguments[:1]):
        value = values[-1] if pen.chance(50) else pen.pick(values)
        caller.append(f"{tell}({name}({', '.join(filter(None, (value, a)))}))")
    if pen.chance(50):
        caller += ai_call(pen, outer, "outer")
    definitions: list[Stmt] = [
        Suite(f"def {name}({given.parameters}):", body),
        Suite(f"def {driver}():", caller),
    ]
    return Unit(definitions, [f"{driver}()"])


def module_level(pen: Pen) -> Unit:
    """A tracker at module level that one function or several configure and use."""
    tracker = pen.fresh("shared_tracker")
    definitions: list[Stmt] = birth(pen, Scope(), tracker) + gap(pen, Scope())
    calls = []
    ids = f'job_id="{pen.fresh("job")}"'
    for _ in range(pen.weighted([(60, 1), (40, 2)])):
        given = signature(pen, "async" if pen.chance(10) else "function")
        scope = replace(given.scope, trackers=(tracker,), wild=0)
        name = pen.fresh("unit")
        body: list[Stmt] = ["results = []"] if scope.collects else []
        body += gap(pen, scope)
        if pen.chance(90):
            same = pen.chance(60)
            body.append(
                f"{tracker}.set_tracking_context({ids if same else set_arguments(pen, scope)})"
            )
        body += [*work(pen, scope), *ended(pen, scope, tracker)]
        definitions.append(Suite(define(scope.kind, name, given.parameters), body))
        calls += [f"{name}({arguments})" for arguments in given.arguments]
    return Unit(definitions, calls * 2 if pen.chance(30) else calls)


def script(pen: Pen) -> Unit:
    """Statements at module level that build, configure and use a tracker."""
    scope = Scope("module", names=("data0",), sized=("items0",), flags=("flag0",))
    scope = replace(scope, wild=40 if pen.chance(4) else 0)
    setup: list[Stmt] = ['data0 = "d0"', 'items0 = ["a", "b"]', "flag0 = True"]
    return Unit([*setup, *life(pen, scope)])


def nested(pen: Pen) -> Unit:
    """A function inside a function; the tracker is the outer or the inner one's."""
    name, inner = pen.fresh("unit"), pen.fresh("inner")
    given = signature(pen, "function")
    body: list[Stmt] = ["results = []"] if given.scope.collects else []
    if pen.chance(40):
        body.append(Suite(f"def {inner}():", life(pen, given.scope.closure())))
        body += [f"{pen.use('tell')}({inner}())", *gap(pen, given.scope)]
    else:
        scope = replace(given.scope, trackers=("tracker",))
        body += started(pen, scope, "tracker")
        configure = [plain_set(pen, scope, "tracker")] if pen.chance(15) else []
        closure = [*configure, *ai_call(pen, scope.closure(), "tracker")]
        body.append(Suite(f"def {inner}():", closure))
        body += work(pen, scope, 0, 2)
        body.append(f"{inner}()" if pen.chance(75) else f"return {inner}")
    if given.scope.collects:
        body.append("return results")
    definition = Suite(f"def {name}({given.parameters}):", body)
    return Unit([definition], [f"{name}({arguments})" for arguments in given.arguments])


def _free(body: list[Stmt], index: int) -> bool:
    """Whether a statement may be put before *index*: not into the middle of a compound one."""
    after = body[index] if index < len(body) else ""
    before = body[index - 1] if index else ""
    continues = isinstance(after, Suite) and after.header.startswith(("el", "exc", "fin"))
    return not continues and not (isinstance(before, str) and before.startswith("@"))


def mixed(pen: Pen) -> Unit:
    """A context manager that was written by hand, with old-style calls around or inside it."""
    pen.contexts.add("ai_usage_context")
    name = pen.fresh("unit")
    given = signature(pen, "function")
    scope = replace(given.scope, trackers=("tracker",), collects=False)
    call = plain_set(pen, scope, "tracker")
    header = pen.pick(("'by_hand'", "'by_hand', job_id='hand'"))
    opened = Suite(f"with ai_usage_context({header}) as tracker:")
    first = [call] if pen.chance(70) else [*work(pen, scope, 1, 1), call]
    opened.body = [*first, *work(pen, scope, 1, 2)]
    body: list[Stmt] = [opened]
    if pen.chance(30):
        body = life(pen, replace(given.scope, collects=False))
        position = pen.pick([i for i in range(len(body) + 1) if _free(body, i)])
        other = f"with ai_usage_context('inner_work', job_id='{pen.fresh('job')}') as own:"
        body.insert(position, Suite(other, ai_call(pen, scope, "own")))
    elif pen.chance(15):
        body += ai_call(pen, scope, "tracker")
    definition = Suite(f"def {name}({given.parameters}):", body)
    return Unit([definition], [f"{name}({arguments})" for arguments in given.arguments])


UNITS = (
    (52, "", function),
    (12, "", coroutine),
    (10, "", local_in_method),
    (8, "", script),
    (7, "", module_level),
    (5, "", nested),
    (3, "", generator),
    (2, "", two_trackers),
    (3, "", attribute),
    (4, "parameter", parameter),
    (1, "", mixed),
    (6, "choices", chosen),
    (6, "store", read_back),
    (6, "later", handed_over),
    (7, "worker", worker),
    (5, "dispatch", dispatched),
    (2, "dispatch", recursive),
    (4, "idle-loop", idle_loop),
    (4, "shared-instance", shared_instance),
    (4, "end-in-sight", end_in_sight),
    (4, "other-file", other_file),
    (2, "other-file", held),
    (2, "other-file", faked),
    (4, "path-part", path_part),
    (5, "no-contexts", no_contexts),
    (3, "manager", manager),
    (9, "service", service),
    (4, "not-ours", not_ours),
    (4, "only-looked-at", only_looked_at),
    (5, "match-arms", match_arms),
    (6, "oddity", oddity),
    (4, "surrounded", surrounded),
    (4, "lingering", lingering),
    (3, "lingering", waited_for),
)
