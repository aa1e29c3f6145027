"""Units whose tracker outlives a statement that seems to be over when the next one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import set_arguments
from .calls import ai_call, helper_ask
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen

#: Methods by which syntax hands an object over: the method, and how ``{0}`` is given ``{1}``.
OPERATORS = (
    ("__lshift__", "{0} << {1}"),
    ("__add__", "{0} + {1}"),
    ("__radd__", "{1} + {0}"),
    ("__ior__", "{0} |= {1}"),
    ("__eq__", "{0} == {1}"),
    ("__contains__", "{1} in {0}"),
    ("__getitem__", "{0}[{1}]"),
    ("__delitem__", "del {0}[{1}]"),
    ("__call__", "{0}({1})"),
)


def lingering(pen: Pen) -> Unit:
    """A function with an operator, a container or a generator that keeps its tracker."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    form = pen.weighted([(30, _operator), (20, _inside), (30, _unfinished)])
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, given.scope)})")
    body += ai_call(pen, given.scope, "tracker") if pen.chance(40) else []
    body += form(pen)
    body += [pen.note()] if pen.chance(40) else []
    return Unit([Suite(given.header(name), body)], given.calls(name))


def waited_for(pen: Pen) -> Unit:
    """A coroutine that gathers calls, or waits for them with a limit; the caller goes on."""
    pen.imports.add("import asyncio")
    name, caller = pen.fresh("unit"), pen.fresh("caller")
    given = tame(pen, "tracker", kind="async")
    form = pen.weighted([(30, _failing_apart), (30, _not_awaited), (20, _limited), (20, _together)])
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, given.scope)})")
    waited, behind = form(pen)
    body += waited
    called = [Suite("try:", [f"await {call}"]) for call in given.calls(name)[:1]]
    failed = Suite("except (ValueError, TimeoutError) as error:", ["print(type(error).__name__)"])
    rounds = Suite("for _ in range(9):", ["await asyncio.sleep(0)"])
    outer = Suite(f"async def {caller}():", [*called, failed, *behind, rounds])
    return Unit([Suite(given.header(name), body), outer], [f"{caller}()"])


def _later(pen: Pen, tracker: str) -> str:
    """Return a statement that has *tracker* used when the program is about to end."""
    return f"{pen.use('pending')}.append(lambda: {helper_ask(pen)}({tracker}, {pen.model()}))"


def _operator(pen: Pen) -> list[Stmt]:
    method, use = pen.pick(OPERATORS)
    kind, bag = pen.fresh("Bag"), pen.fresh("bag")
    keeps = [_later(pen, "other")] if pen.chance(70) else []
    result = "self" if method == "__ior__" else "True"
    operation = Suite(f"def {method}(self, other):", [*keeps, f"return {result}"])
    pen.helper(kind, [Suite(f"class {kind}:", [operation])])
    used = use.format(bag, "tracker")
    alone = "|=" in used or used.startswith("del ")
    return [f"{bag} = {kind}()", used if alone else f"print(({used}) is None)"]


def _inside(pen: Pen) -> list[Stmt]:
    """A new object of the program's own, or a table, holds a list that is older, or a new one."""
    kind, box = pen.fresh("Box"), pen.fresh("box")
    held = pen.use("pending") if pen.chance(70) else "[]"
    ask = f"lambda: {helper_ask(pen)}(tracker, {pen.model()})"
    if pen.chance(30):
        gives = Suite("def __getattr__(self, name):", [f"return {held}.append"])
        pen.helper(kind, [Suite(f"class {kind}:", [gives])])
        return [f"{box} = {kind}()", f"{box}.push({ask})"]
    if pen.chance(50):
        return [f'{box} = {{"all": {held}}}', f'{box}["all"] += [{ask}]']
    init = Suite("def __init__(self):", [f"self.found = {held}"])
    pen.helper(kind, [Suite(f"class {kind}:", [init])])
    return [f"{box} = {kind}()", f"{box}.found.append({ask})"]


def _unfinished(pen: Pen) -> list[Stmt]:
    """A generator with work to do at its end, which comes when the last reference goes."""
    steps, waiting = pen.fresh("steps"), pen.fresh("waiting")
    at_end = Suite("finally:", [f"{helper_ask(pen)}(tracker, {pen.model()})"])
    parts: list[Stmt] = [Suite("try:", ['yield "a"', 'yield "b"']), at_end]
    pen.helper(steps, [Suite(f"def {steps}(tracker):", parts)])
    made = f"{waiting} = {steps}(tracker)"
    form = pen.pick(("next", "loop", "closed", "whole"))
    if form == "next":
        return [made, f"print(next({waiting}))"]
    if form == "closed":
        return [made, f"print(next({waiting}))", f"{waiting}.close()"]
    over = Suite(f"for step in {waiting}:", ["print(step)", "break"])
    if form == "whole":
        over.body.pop()
    return [made, over]


def _asking(pen: Pen) -> str:
    """Return a call that is made with the tracker: it has the ids of that moment."""
    pen.use("client")
    return "tracker.track_openai_completion(client.chat.completions.create)(model=model)"


def _failing(pen: Pen) -> str:
    body: list[Stmt] = ["await asyncio.sleep(0)", 'raise ValueError("failed")']
    return pen.helper("fail", [Suite("async def fail():", body)])


def _slow(pen: Pen) -> str:
    """Return the call of a helper that takes its time before it asks with the tracker."""
    turns: list[Stmt] = [Suite("for _ in range(3):", ["await asyncio.sleep(0)"])]
    pen.helper("slow", [Suite("async def slow(tracker, model):", [*turns, _asking(pen)])])
    return f"slow(tracker, {pen.model()})"


def _failing_apart(pen: Pen) -> tuple[list[Stmt], list[Stmt]]:
    pen.strict = True  # that they do not is assumed, and said
    return [f"await asyncio.gather({_failing(pen)}(), {_slow(pen)})"], []


def _together(pen: Pen) -> tuple[list[Stmt], list[Stmt]]:
    calls = f"asyncio.gather({_slow(pen)}, {_slow(pen)}, return_exceptions=True)"
    return [f"await {pen.pick(('{}', 'asyncio.wait_for({}, 60)')).format(calls)}"], []


def _not_awaited(pen: Pen) -> tuple[list[Stmt], list[Stmt]]:
    gathered = f"asyncio.gather({_slow(pen)}, {_slow(pen)})"
    return [f"{pen.fresh('tasks')} = {gathered}" if pen.chance(50) else gathered], []


def _limited(pen: Pen) -> tuple[list[Stmt], list[Stmt]]:
    """A thread that goes on when its time is over: it waits until the caller lets it."""
    pen.imports.add("import threading")
    for event in ("may_go", "is_done"):
        pen.helper(event, [f"{event} = threading.Event()"])
    asked: list[Stmt] = ["may_go.wait()", _asking(pen), "is_done.set()"]
    pen.helper("held_up", [Suite("def held_up(tracker, model):", asked)])
    thread = f"await asyncio.to_thread(held_up, tracker, {pen.model()})"
    body: list[Stmt] = [Suite("async with asyncio.timeout(0):", [thread])]
    return body, ["may_go.set()", "await asyncio.to_thread(is_done.wait)"]
