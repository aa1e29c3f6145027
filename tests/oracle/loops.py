"""Units with a batch id and loops, of which some make no call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls import ai_call, helper_ask
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen, Scope


def idle_loop(pen: Pen) -> Unit:
    """A function that sets a batch id, calls, and loops over something else."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker", kind="async" if pen.chance(15) else "function")
    scope = given.scope
    ids = f'batch_id="{pen.fresh("batch")}"'
    if pen.chance(30):
        ids += f', job_id="{pen.fresh("job")}"'
    body: list[Stmt] = ['lines = ["x", "y"]'] if pen.chance(80) else ["lines = list('xyz')"]
    body += [f"tracker = {pen.tracker_class}()", f"tracker.set_tracking_context({ids})"]
    loop = pen.weighted(
        [
            (30, _prints),
            (20, _prepares),
            (20, _nested),
            (10, _comprehends),
            (10, _defines),
            (10, _once),
            (15, _filtered),
        ]
    )
    behind = loop is _prints or pen.chance(50)
    call = ai_call(pen, scope, "tracker")
    body += [*call, *loop(pen, scope)] if behind else [*loop(pen, scope), *call]
    body += ai_call(pen, scope, "tracker") if pen.chance(50) else []
    return Unit([Suite(given.header(name), body)], given.calls(name))


def _prints(pen: Pen, scope: Scope) -> list[Stmt]:
    item = pen.fresh("item")
    return [Suite(f"for {item} in lines:", [f"print({item})"])]


def _prepares(pen: Pen, scope: Scope) -> list[Stmt]:
    item, made = pen.fresh("item"), pen.fresh("prepared")
    return [f"{made} = []", Suite(f"for {item} in lines:", [f"{made}.append({item} * 2)"])]


def _nested(pen: Pen, scope: Scope) -> list[Stmt]:
    """The inner loop makes the calls, or the outer one, or both of them nothing."""
    page, item = pen.fresh("page"), pen.fresh("item")
    inner = scope.inner(loop=True)
    call = ai_call(pen, inner, "tracker")
    form = pen.pick(("inner", "outer", "after"))
    pages = pen.pick(('["p", "q", "r"]', "pages"))
    found: list[Stmt] = ['pages = ["p", "q", "r"]'] if pages == "pages" else []
    deep = Suite(f"for {item} in lines:", call if form == "inner" else [f"print({item})"])
    body: list[Stmt] = [deep, *call] if form == "outer" else [deep]
    return [*found, Suite(f"for {page} in {pages}:", body)]


def _comprehends(pen: Pen, scope: Scope) -> list[Stmt]:
    return ["print([line.upper() for line in lines])"]


def _defines(pen: Pen, scope: Scope) -> list[Stmt]:
    """The loop makes closures over the tracker; the calls come when it is over."""
    made = pen.fresh("made")
    ask = f"{helper_ask(pen)}(tracker, {pen.model()})"
    return [
        f"{made} = []",
        Suite("for line in lines:", [f"{made}.append(lambda: {ask})"]),
        f"{made}[0]()",
    ]


def _filtered(pen: Pen, scope: Scope) -> list[Stmt]:
    """A loop that leaves some of its items out: they are no items of the batch."""
    label = pen.fresh("m")
    ask = f'{helper_ask(pen)}(tracker, f"{label}-{{line}}")'
    if pen.chance(60):
        return [f"print([{ask}.model for line in lines if line != 'x'])"]
    return [Suite("for line in lines:", [Suite('if line != "x":', [ask])])]


def _once(pen: Pen, scope: Scope) -> list[Stmt]:
    """One call in a loop that ends with it: nothing that is worth a batch, and none is needed."""
    inner = scope.inner(loop=True)
    call = ai_call(pen, inner, "tracker")
    found = Suite('if line == "x":', [*call, "break"])
    return [Suite("for line in lines:", [found])]
