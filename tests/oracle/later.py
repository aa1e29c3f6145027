"""Units that hand a tracker to foreign functions, which keep it, or run what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import set_arguments
from .calls import ai_call, helper_ask
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen, Scope

#: Methods and functions of the module ``jobs`` that keep what they get and run it later.
KEEPS = (
    "add_task",
    "register",
    "on_exit",
    "schedule",
    "defer",
    "subscribe",
    "call_later",
    "enqueue",
    "consider",
    "accept",
    "offer",
)
#: Those that speak of later, and get the tracker alone.
KEEPS_ALONE = ("register", "subscribe", "enqueue", "schedule", "defer", "add_task")
#: Those that call what they get, and give back its result.
CALLS = ("call", "retry", "consider_now", "timed")


def handed_over(pen: Pen) -> Unit:
    """A function that hands its tracker over, and perhaps has it run before it ends."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker", kind="async" if pen.chance(20) else "function")
    scope = given.scope
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, scope)})")
    body += ai_call(pen, scope, "tracker") if pen.chance(40) else []
    body += _hand_over(pen, scope)
    body += ai_call(pen, scope, "tracker") if pen.chance(40) else []
    if pen.chance(20):
        body.append(f"{_jobs(pen)}.run_all()")
    body += [f"return {pen.note()}"] if pen.chance(30) else []
    return Unit([Suite(given.header(name), body)], given.calls(name))


def _jobs(pen: Pen) -> str:
    pen.imports.add("import jobs")
    return "jobs"


def _hand_over(pen: Pen, scope: Scope) -> list[Stmt]:
    table = [
        (30, _with_callable),
        (10, _as_closure),
        (12, _as_decorated),
        (10, _decorated_helper),
        (10, _foreign_with),
        (20, _alone),
        (8, _on_receiver),
        (8, _called_now),
        (6, _stack),
        (5, _scheduler),
        (4, _finalizer),
        (4, _partial),
        (4, _bound_method),
        (3, _done_callback),
    ]
    if scope.is_async:
        table.append((25, _loop))
    return pen.weighted(table)(pen)


def _with_callable(pen: Pen) -> list[Stmt]:
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    if pen.chance(25):
        name = pen.pick(KEEPS)
        pen.imports.add(f"from jobs import {name}")
        return [f"{name}({arguments})"]
    if pen.chance(15):
        arguments = f"{helper_ask(pen)}, model={pen.model()}, tracker=tracker"
    return [f"{_jobs(pen)}.{pen.pick(KEEPS)}({arguments})"]


def _as_closure(pen: Pen) -> list[Stmt]:
    ask = f"{helper_ask(pen)}(tracker, {pen.model()})"
    if pen.chance(50):
        return [f"{_jobs(pen)}.{pen.pick(KEEPS)}(lambda: {ask})"]
    inner = pen.fresh("inner")
    return [Suite(f"def {inner}():", [ask]), f"{_jobs(pen)}.{pen.pick(KEEPS)}({inner})"]


def _as_decorated(pen: Pen) -> list[Stmt]:
    ask = f"{helper_ask(pen)}(tracker, {pen.model()})"
    decorator = pen.pick(("@jobs.on_event", '@jobs.on("closed")', "@jobs.subscribe"))
    _jobs(pen)
    return [decorator, Suite(f"def {pen.fresh('inner')}():", [ask])]


def _decorated_helper(pen: Pen) -> list[Stmt]:
    """A function of the program that a foreign decorator has run later, whoever calls it."""
    _jobs(pen)
    work = pen.fresh("work")
    ask = f"{helper_ask(pen)}(tracker, {pen.model()})"
    pen.helper(work, ["@jobs.delayed", Suite(f"def {work}(tracker):", [ask])])
    return [f"{work}(tracker)"]


def _foreign_with(pen: Pen) -> list[Stmt]:
    """What a foreign manager was given is run when the manager is long closed."""
    _jobs(pen)
    session = pen.fresh("session")
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    handed = f"{session}.{pen.pick(('add_task', 'push'))}({arguments})"
    return [Suite(f"with jobs.session() as {session}:", [handed])]


def _alone(pen: Pen) -> list[Stmt]:
    name = pen.pick(KEEPS_ALONE)
    if pen.chance(60):
        pen.imports.add(f"from jobs import {name}")
        return [f"{name}(tracker)"]
    return [f"{_jobs(pen)}.{name}(tracker)"]


def _on_receiver(pen: Pen) -> list[Stmt]:
    queue = pen.fresh("queue")
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    return [
        f"{queue} = {_jobs(pen)}.Queue()",
        f"{queue}.{pen.pick(('add_task', 'put', 'consider', 'submit', 'push'))}({arguments})",
    ]


def _called_now(pen: Pen) -> list[Stmt]:
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    return [f"print({_jobs(pen)}.{pen.pick(CALLS)}({arguments}).model)"]


def _stack(pen: Pen) -> list[Stmt]:
    """An exit stack of the caller's: what it was given is run after the function."""
    _jobs(pen)
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    if pen.chance(50):
        return [f"jobs.stack.callback({arguments})"]
    pen.imports.add("import contextlib")
    stack = pen.fresh("stack")
    return [
        f"{stack} = contextlib.ExitStack()",
        f"{stack}.callback({arguments})",
        f"{stack}.close()",
    ]


def _scheduler(pen: Pen) -> list[Stmt]:
    pen.imports.add("import sched")
    name = pen.fresh("plan")
    arguments = f"0, 1, {helper_ask(pen)}, (tracker, {pen.model()})"
    made: list[Stmt] = [f"{name} = sched.scheduler()", f"{name}.enter({arguments})"]
    if pen.chance(50):
        return [*made, f"{name}.run()"]
    return [*made, f"{_jobs(pen)}.plans.append({name})"]


def _finalizer(pen: Pen) -> list[Stmt]:
    pen.imports.add("import weakref")
    pen.imports.add("import jobs")
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    if pen.chance(50):
        return [f"weakref.finalize(jobs.owner(), {arguments})"]
    pen.imports.add("import atexit")
    return [f"atexit.register({arguments})"]


def _partial(pen: Pen) -> list[Stmt]:
    pen.imports.add("import functools")
    partial = f"functools.partial({helper_ask(pen)}, tracker, {pen.model()})"
    return [f"{_jobs(pen)}.{pen.pick(KEEPS)}({partial})"]


def _bound_method(pen: Pen) -> list[Stmt]:
    pen.use("client")
    call = f"tracker.track_openai_completion(client.chat.completions.create), model={pen.model()}"
    return [f"{_jobs(pen)}.{pen.pick(KEEPS)}({call})"]


def _done_callback(pen: Pen) -> list[Stmt]:
    pen.imports.add("from concurrent.futures import Future")
    name = pen.fresh("future")
    callback = f"lambda done: {helper_ask(pen)}(tracker, {pen.model()})"
    return [
        f"{name} = Future()",
        f"{name}.add_done_callback({callback})",
        f"{_jobs(pen)}.defer({name}.set_result, None)",
    ]


def _loop(pen: Pen) -> list[Stmt]:
    pen.imports.add("import asyncio")
    arguments = f"{helper_ask(pen)}, tracker, {pen.model()}"
    form = pen.pick(("call_soon", "call_later", "callback"))
    if form == "callback":
        task = pen.fresh("task")
        callback = f"lambda done: {helper_ask(pen)}(tracker, {pen.model()})"
        return [
            f"{task} = asyncio.ensure_future(asyncio.sleep(0))",
            f"{task}.add_done_callback({callback})",
        ]
    first = "0, " if form == "call_later" else ""
    return [f"asyncio.get_running_loop().{form}({first}{arguments})"]
