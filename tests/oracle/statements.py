"""Statements that work with trackers which are in scope: plain ones and compound ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import construction, plain_set, text
from .calls import ai_call, async_helper_ask, helper_ask
from .source import Stmt, Suite

if TYPE_CHECKING:
    from .pen import Pen, Scope

MAX_DEPTH = 3


def work(pen: Pen, scope: Scope, low: int = 1, high: int = 3) -> list[Stmt]:
    """Return from *low* to *high* pieces of work with the trackers of *scope*."""
    found: list[Stmt] = []
    for _ in range(pen.number(low, high)):
        found += _piece(pen, scope)
    return found


def gap(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return statements that make no call and touch no tracker; most often none."""
    found: list[Stmt] = []
    while pen.chance(25) and len(found) < 3:
        found += _quiet(pen, scope)
    return found


def _piece(pen: Pen, scope: Scope) -> list[Stmt]:
    tracker = pen.pick(scope.trackers)
    if scope.wild and pen.chance(scope.wild):
        return _nasty(pen, scope, tracker)
    if scope.depth >= MAX_DEPTH or pen.chance(55):
        return ai_call(pen, scope, tracker)
    table = [
        (14, _quiet),
        (10, _for),
        (3, _while),
        (9, _if),
        (2, _match),
        (6, _try),
        (4, _with),
        (4, _closure),
        (3, _lambda),
        (2, _flush),
        (4, _leave),
        (2, _alias),
        (2, _pool),
        (2, _container),
    ]
    if scope.is_async:
        table += [(6, _async_for), (4, _async_with)]
    if scope.yields:
        table.append((30, _yield))
    return pen.weighted(table)(pen, scope)


def _tracker(pen: Pen, scope: Scope) -> str:
    return pen.pick(scope.trackers)


def _quiet(pen: Pen, scope: Scope) -> list[Stmt]:
    form = pen.weighted([(5, "note"), (3, "assign"), (2, "comment"), (1, "import"), (1, "assert")])
    if form == "assign":
        return [f"{pen.fresh('v')} = {text(pen, scope, 'v')}"]
    if form == "comment":
        return ["# what follows belongs together", pen.note()]
    if form == "import":
        return ["import json"]
    if form == "assert":
        return ["assert True"]
    return [pen.note()]


def _iterable(pen: Pen, scope: Scope) -> str:
    forms = ["range(2)", '["a", "b"]', *scope.sized, *scope.sized, *scope.unsized]
    return pen.pick(forms)


def _for(pen: Pen, scope: Scope) -> list[Stmt]:
    item = pen.fresh("item")
    inner = scope.inner(loop=True)
    loops: list[Stmt] = [
        Suite(f"for {item} in {_iterable(pen, scope)}:", work(pen, inner, 1, 2)),
    ]
    if pen.chance(8):
        loops.append(Suite("else:", work(pen, scope.inner(), 1, 1)))
    return loops


def _while(pen: Pen, scope: Scope) -> list[Stmt]:
    count = pen.fresh("count")
    body: list[Stmt] = [f"{count} += 1", *work(pen, scope.inner(loop=True), 1, 2)]
    return [f"{count} = 0", Suite(f"while {count} < 2:", body)]


def _condition(pen: Pen, scope: Scope) -> str:
    return pen.pick([*scope.flags, *scope.flags, *scope.names, "True", "not True"])


def _if(pen: Pen, scope: Scope) -> list[Stmt]:
    inner = scope.inner()
    found: list[Stmt] = [Suite(f"if {_condition(pen, scope)}:", work(pen, inner, 1, 2))]
    if pen.chance(20):
        found.append(Suite(f"elif {_condition(pen, scope)}:", work(pen, inner, 1, 1)))
    if pen.chance(40):
        found.append(Suite("else:", work(pen, inner, 1, 1)))
    return found


def _match(pen: Pen, scope: Scope) -> list[Stmt]:
    inner = scope.inner()
    inner = inner.inner() if inner.depth < MAX_DEPTH else inner
    cases: list[Stmt] = [
        Suite('case "d1":', work(pen, inner, 1, 1)),
        Suite("case _:", work(pen, inner, 1, 1)),
    ]
    return [Suite(f"match {pen.pick([*scope.names, '1'])}:", cases)]


def _try(pen: Pen, scope: Scope) -> list[Stmt]:
    inner = scope.inner()
    body = work(pen, inner, 1, 2)
    if pen.chance(40):
        body.append(f'{pen.use("boom")}("{pen.fresh("b")}")')
    handler: list[Stmt] = ["print(type(error).__name__)"]
    if pen.chance(30):
        handler += work(pen, inner, 1, 1)
    if pen.chance(15):
        handler.append("raise")
    found: list[Stmt] = [Suite("try:", body)]
    ends = pen.weighted([(6, "except"), (3, "finally"), (2, "both"), (1, "else")])
    if ends != "finally":
        found.append(Suite("except ValueError as error:", handler))
    if ends == "else":
        found.append(Suite("else:", work(pen, inner, 1, 1)))
    if ends in ("finally", "both"):
        last: list[Stmt] = [pen.note()] if pen.chance(50) else []
        if pen.chance(70) or not last:
            last.append(f"{_tracker(pen, scope)}.flush_metrics()")
        found.append(Suite("finally:", last))
    return found


def _with(pen: Pen, scope: Scope) -> list[Stmt]:
    manager = f'{pen.use("span")}("{pen.fresh("s")}")'
    target = " as opened" if pen.chance(50) else ""
    return [Suite(f"with {manager}{target}:", work(pen, scope.inner(), 1, 2))]


def _closure(pen: Pen, scope: Scope) -> list[Stmt]:
    name = pen.fresh("inner")
    tracker = _tracker(pen, scope)
    body = ai_call(pen, scope.closure(), tracker)
    call: Stmt = f"{name}()"
    return [Suite(f"def {name}():", body), call] + ([call] if pen.chance(20) else [])


def _lambda(pen: Pen, scope: Scope) -> list[Stmt]:
    name = pen.fresh("later")
    call = f"{helper_ask(pen)}({_tracker(pen, scope)}, {pen.model()})"
    if pen.chance(40):
        pen.imports.add("import functools")
        partial = f"functools.partial({helper_ask(pen)}, {_tracker(pen, scope)})"
        return [f"{name} = {partial}", pen.note(), f"{name}({pen.model()})"]
    return [f"{name} = lambda: {call}", pen.note(), f"print({name}().model)"]


def _flush(pen: Pen, scope: Scope) -> list[Stmt]:
    return [f"{_tracker(pen, scope)}.flush_metrics()"]


def _leave(pen: Pen, scope: Scope) -> list[Stmt]:
    """Leave early under a condition: return, break, continue or raise."""
    forms = [f'raise {pen.use("Boom")}("{pen.fresh("b")}")']
    if scope.loop:
        forms = ["break", "continue", *forms]
    if scope.kind in ("function", "async"):
        forms = ['return "early"', *forms]
    elif scope.yields:
        forms = ["return", *forms]
    body: list[Stmt] = [pen.pick(forms)]
    return [Suite(f"if {_condition(pen, scope)}:", body, tight=pen.chance(10))]


def _alias(pen: Pen, scope: Scope) -> list[Stmt]:
    name = pen.fresh("other")
    return [f"{name} = {_tracker(pen, scope)}", *ai_call(pen, scope, name)]


def _container(pen: Pen, scope: Scope) -> list[Stmt]:
    name = pen.fresh("held")
    ask = helper_ask(pen)
    return [
        f'{name} = {{"tracker": {_tracker(pen, scope)}}}',
        f'print({ask}({name}["tracker"], {pen.model()}).model)',
    ]


def _pool(pen: Pen, scope: Scope) -> list[Stmt]:
    ask, tracker = helper_ask(pen), _tracker(pen, scope)
    if pen.chance(50):
        pen.imports.add("import threading")
        worker = pen.fresh("worker")
        arguments = f"target={ask}, args=({tracker}, {pen.model()})"
        return [
            f"{worker} = threading.Thread({arguments})",
            f"{worker}.start()",
            f"{worker}.join()",
        ]
    pen.imports.add("from concurrent.futures import ThreadPoolExecutor")
    submit = f"pool.submit({ask}, {tracker}, {pen.model()})"
    return [Suite("with ThreadPoolExecutor(1) as pool:", [f"print({submit}.result().model)"])]


def _async_for(pen: Pen, scope: Scope) -> list[Stmt]:
    item = pen.fresh("item")
    body = work(pen, scope.inner(loop=True), 1, 2)
    return [Suite(f"async for {item} in {pen.use('arows')}(2):", body)]


def _async_with(pen: Pen, scope: Scope) -> list[Stmt]:
    manager = f'{pen.use("aspan")}("{pen.fresh("s")}")'
    return [Suite(f"async with {manager}:", work(pen, scope.inner(), 1, 2))]


def _yield(pen: Pen, scope: Scope) -> list[Stmt]:
    return [f'yield "{pen.fresh("y")}"']


def _nasty(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    """Return something that makes a tracker's life hard to follow."""
    form = pen.weighted(
        [
            (20, "set"),
            (4, "again"),
            (3, f"print({tracker}.current_job_id)"),
            (2, f"print({tracker}.user_id)"),
            (2, f"{tracker}.set_batch_mode(True)"),
            (2, f'{tracker}.current_job_id = "by-hand"'),
            (1, f"del {tracker}"),
            (2, "keep"),
            (1, f"state = {tracker}.current_context"),
            (1, f"print(len({tracker}.pending_metrics) >= 0)"),
            (1, f'{tracker}.add_context_metadata({{"stage": "late"}})'),
        ]
    )
    statements: list[Stmt] = [form]
    if form == "set":
        statements = [plain_set(pen, scope, tracker)]
    elif form == "again":
        statements = [f"{tracker} = {construction(pen, scope)}"]
    elif form == "keep":
        statements = [f"{pen.use('registry')}.append({tracker})"]
    if scope.kind == "function" and pen.chance(5):
        statements = [f"return {tracker}"]
    if scope.yields and pen.chance(5):
        statements = [f"yield {tracker}"]
    if scope.is_async and pen.chance(5):
        pen.imports.add("import asyncio")
        task = f"asyncio.create_task({async_helper_ask(pen)}({tracker}, {pen.model()}))"
        statements = [f"background = {task}", "await asyncio.sleep(0)"]
    return statements
