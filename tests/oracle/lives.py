"""The life of a tracker inside one suite: built, configured, used, and flushed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .arguments import construction, plain_set, set_arguments
from .calls import ai_call
from .source import Stmt, Suite
from .statements import gap, work

if TYPE_CHECKING:
    from .pen import Pen, Scope

NAMES = ("tracker", "usage", "t", "ai_tracker")


def birth(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """Return the statement that builds the tracker *name*."""
    made = construction(pen, scope)
    form = pen.weighted(
        [
            (91, "plain"),
            (4, "annotated"),
            (1, "chained"),
            (1, "tuple"),
            (1, "conditional"),
            (1, "walrus"),
            (1, "or"),
            (1, "branch"),
        ]
    )
    if form == "annotated":
        return [f"{name}: {pen.tracker_class} = {made}"]
    if form == "chained":
        return [f"{name} = {pen.fresh('same')} = {made}"]
    if form == "tuple":
        return [f"{name}, {pen.fresh('v')} = {made}, {pen.note()}"]
    if form == "conditional" and scope.flags:
        return [f"{name} = {made} if {pen.pick(scope.flags)} else None"]
    if form == "walrus":
        return [f"print(({name} := {made}) is None)"]
    if form == "or":
        return [f"{name} = None", f"{name} = {name} or {made}"]
    if form == "branch" and scope.flags:
        body: list[Stmt] = [f"{name} = {made}"]
        return [
            Suite(f"if {pen.pick(scope.flags)}:", body),
            Suite("else:", [f"{name} = {construction(pen, scope)}"]),
        ]
    return [f"{name} = {made}"]


def configured(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """Return the statements that set the ids; most often one."""
    form = pen.weighted([(91, 1), (3, 2), (6, 0)])
    if form == 0:
        return []
    first = plain_set(pen, scope, name)
    if form == 1:
        return [first]
    return [first, *gap(pen, scope), plain_set(pen, scope, name)]


def started(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """Return a tracker's birth and configuration, with what happens in between."""
    found = birth(pen, scope, name) + gap(pen, scope)
    if pen.chance(5):
        found += ai_call(pen, scope, name)
    return found + configured(pen, scope, name)


def ended(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """Return how a function ends: a flush, a result, both or neither."""
    found: list[Stmt] = [f"{name}.flush_metrics()"] if pen.chance(15) else []
    found += gap(pen, scope)
    return found + returned(pen, scope)


def returned(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return the last statement of a function, if it gives something back."""
    if scope.kind not in ("function", "async"):
        return []
    if scope.collects:
        return ["return results"]
    tracker = pen.pick(scope.trackers)
    form = pen.weighted([(50, "nothing"), (30, "value"), (18, "call"), (2, "tracker")])
    if form == "value":
        return [f"return {pen.note()}"]
    if form == "tracker":
        return [f"return {tracker}"]
    if form == "call":
        *before, last = ai_call(pen, scope, tracker)
        name, equals, call = last.partition(" = ") if isinstance(last, str) else ("", "", "")
        return [*before, f"return {call}"] if equals and name.isidentifier() else [*before, last]
    return []


def life(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return the whole life of one new tracker in the suite of *scope*."""
    name = next((n for n in NAMES if n not in scope.trackers), pen.fresh("tracker"))
    scope = replace(scope, trackers=(*scope.trackers, name))
    mine = replace(scope, trackers=(name,))
    form = pen.weighted(
        [
            (54, _straight),
            (14, _guarded),
            (10, _phases),
            (8, _batch),
            (4, _branches),
            (3, _per_iteration),
            (3, _each_iteration_sets),
            (3, _inside_with),
            (2, _again),
        ]
    )
    found: list[Stmt] = ["results = []"] if scope.collects and scope.depth == 0 else []
    if form is _per_iteration:
        return [*found, *_per_iteration(pen, mine, name), *_last(pen, scope)]
    return [*found, *form(pen, mine, name)]


def _last(pen: Pen, scope: Scope) -> list[Stmt]:
    return ["return results"] if scope.collects and scope.kind in ("function", "async") else []


def _straight(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    return started(pen, scope, name) + work(pen, scope, 1, 4) + ended(pen, scope, name)


def _guarded(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """The tracker's work stands in a ``try``, which often flushes at its end."""
    before = birth(pen, scope, name) + gap(pen, scope)
    body: list[Stmt] = []
    (body if pen.chance(25) else before).extend(configured(pen, scope, name))
    inner = scope.inner()
    body += work(pen, inner, 1, 3)
    if pen.chance(25):
        body.append(f'{pen.use("flaky")}("{pen.fresh("f")}")')
    if pen.chance(35):
        body += returned(pen, inner)
    found: list[Stmt] = [*before, Suite("try:", body)]
    form = pen.weighted([(10, "finally"), (6, "except"), (4, "both")])
    if form != "finally":
        handler: list[Stmt] = [pen.pick(("raise", "print(error)"))]
        if pen.chance(20):
            handler = [*work(pen, inner, 1, 1), *handler]
        found.append(Suite("except ValueError as error:", handler))
    if form != "except":
        last: list[Stmt] = [f"{name}.flush_metrics()"]
        if pen.chance(30):
            last.insert(pen.number(0, 1), pen.note())
        found.append(Suite("finally:", last))
    return found + (gap(pen, scope) if pen.chance(20) else [])


def _phases(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    found = started(pen, scope, name) + work(pen, scope, 1, 2)
    for _ in range(pen.number(1, 2)):
        found += [*gap(pen, scope), plain_set(pen, scope, name), *work(pen, scope, 1, 2)]
    return found + ended(pen, scope, name)


def _batch(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    found = birth(pen, scope, name)
    ids = 'batch_id="{}"'.format(pen.fresh("batch"))
    if pen.chance(30):
        ids = f'{ids}, job_id="{pen.fresh("job")}"'
    elif pen.chance(20):
        ids = f"batch_id={pen.note()}"
    items = pen.pick(["items0", *scope.sized, *scope.unsized])
    bound: list[Stmt] = []
    if items == "items0":
        made = pen.pick(('["a", "b"]', "rows(2)", '("a",)'))
        bound = [f"items0 = {made}"]
        pen.use("rows")
    late = pen.chance(30)
    found += [] if late else bound
    found += [*gap(pen, scope), f"{name}.set_tracking_context({ids})"]
    found += bound if late else []
    body = work(pen, scope.inner(loop=True), 1, 2)
    found.append(Suite(f"for {pen.fresh('item')} in {items}:", body))
    return found + ended(pen, scope, name)


def _branches(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """Each branch sets ids; the uses are in the branches, or after them."""
    inner = scope.inner()
    inside = pen.chance(80)
    flag = pen.pick([*scope.flags, "True"])
    found = birth(pen, scope, name)
    for header in (f"if {flag}:", "else:"):
        body: list[Stmt] = [plain_set(pen, inner, name)]
        found.append(Suite(header, body + (work(pen, inner, 1, 2) if inside else [])))
    if not inside or pen.chance(10):
        found += work(pen, scope, 1, 2)
    return found + ended(pen, scope, name)


def _per_iteration(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """A tracker for each iteration."""
    inner = scope.inner(loop=True)
    body = started(pen, inner, name) + work(pen, inner, 1, 3)
    if pen.chance(15):
        body.append(f"{name}.flush_metrics()")
    found: list[Stmt] = [Suite(f"for {pen.fresh('item')} in range(2):", body)]
    return found + (work(pen, scope, 1, 1) if pen.chance(8) else [])


def _each_iteration_sets(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """One tracker, whose ids each iteration sets."""
    item = pen.fresh("item")
    inner = scope.inner(loop=True)
    body: list[Stmt] = ai_call(pen, inner, name) if pen.chance(10) else []
    ids = f"job_id=f'job-{{{item}}}'" if pen.chance(70) else set_arguments(pen, inner)
    body += [f"{name}.set_tracking_context({ids})", *work(pen, inner, 1, 3)]
    found = [*birth(pen, scope, name), Suite(f"for {item} in range(2):", body)]
    return found + (work(pen, scope, 1, 1) if pen.chance(15) else []) + ended(pen, scope, name)


def _inside_with(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """The ids are set inside another manager's block."""
    before, body = birth(pen, scope, name), []
    if pen.chance(30):
        before, body = [], before
    ids = "job_id=opened" if pen.chance(40) else set_arguments(pen, scope)
    inner = scope.inner()
    body += [f"{name}.set_tracking_context({ids})", *work(pen, inner, 1, 2)]
    manager = f'{pen.use("span")}("{pen.fresh("s")}") as opened'
    found = [*before, Suite(f"with {manager}:", body)]
    return found + (work(pen, scope, 1, 1) if pen.chance(20) else []) + ended(pen, scope, name)


def _again(pen: Pen, scope: Scope, name: str) -> list[Stmt]:
    """The same variable holds one tracker after another."""
    found = started(pen, scope, name) + work(pen, scope, 1, 2)
    held: list[Stmt] = [f"old = {name}"] if pen.chance(15) else []
    found += [*held, *started(pen, scope, name), *work(pen, scope, 1, 2)]
    if held:
        found += ai_call(pen, scope, "old")
    return found + ended(pen, scope, name)
