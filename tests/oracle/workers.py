"""Units that give a tracker to a class of the program: threads, jobs, registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import set_arguments
from .calls import ai_call, helper_ask
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen


def worker(pen: Pen) -> Unit:
    """A function that builds workers with its tracker, and runs them now or leaves them."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    scope = given.scope
    form = pen.weighted(
        [
            (30, _thread),
            (20, _job),
            (15, _registered),
            (10, _target),
            (10, _dataclass),
            (8, _derived),
            (7, _hidden),
        ]
    )
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, scope)})")
    body += ai_call(pen, scope, "tracker") if pen.chance(40) else []
    body += form(pen)
    body += ai_call(pen, scope, "tracker") if pen.chance(40) else []
    body += [f"return {pen.note()}"] if pen.chance(20) else []
    return Unit([Suite(given.header(name), body)], given.calls(name))


def _keeping(pen: Pen, kind: str, base: str, method: str, *first: Stmt) -> str:
    """Define a class that keeps its tracker and asks with it in *method*; return its name."""
    ask = f"{helper_ask(pen)}(self.tracker, {pen.model()})"
    name = pen.fresh(kind)
    init = Suite("def __init__(self, tracker):", [*first, "self.tracker = tracker"])
    body: list[Stmt] = [init, Suite(f"def {method}(self):", [ask])]
    pen.helper(name, [Suite(f"class {name}{base}:", body)])
    return name


def _thread(pen: Pen) -> list[Stmt]:
    pen.imports.add("import threading")
    kind = _keeping(pen, "Worker", "(threading.Thread)", "run", "super().__init__()")
    body = pen.helpers[kind][0]
    assert isinstance(body, Suite)
    if pen.chance(40):
        thread = pen.fresh("worker")
        return [f"{thread} = {kind}(tracker)", f"{thread}.start()", f"{thread}.join()"]
    # It waits for the end of the unit, where all threads are joined: no run is like another else.
    run = body.body[1]
    assert isinstance(run, Suite)
    run.body.insert(0, f"{pen.use('gate')}.wait()")
    return [f"{kind}(tracker).start()"]


def _target(pen: Pen) -> list[Stmt]:
    pen.imports.add("import threading")
    kind = _keeping(pen, "Job", "", "work")
    if pen.chance(40):
        thread = pen.fresh("thread")
        made = f"threading.Thread(target={kind}(tracker).work)"
        return [f"{thread} = {made}", f"{thread}.start()", f"{thread}.join()"]
    timed = f"threading.Timer(0, {kind}(tracker).work)"
    late = pen.fresh("timer")
    return [f"{late} = {timed}", f"{pen.use('started')}.append({late})"]


def _job(pen: Pen) -> list[Stmt]:
    kind = _keeping(pen, "Job", "", "__call__")
    name = pen.fresh("job")
    form = pen.pick(("now", "foreign", "list", "attribute", "variable"))
    if form == "foreign":
        pen.imports.add("import jobs")
        return [f"jobs.{pen.pick(('defer', 'consider', 'add_task'))}({kind}(tracker))"]
    if form == "list":
        return [f"{pen.use('pending')}.append({kind}(tracker))"]
    if form == "attribute":
        pen.imports.add("import jobs")
        return [f"jobs.closing = {kind}(tracker)"]
    if form == "variable":
        return [f"{name} = {kind}(tracker)", pen.note(), f"{name}()"]
    return [f"{kind}(tracker)()"]


def _registered(pen: Pen) -> list[Stmt]:
    """The constructor puts the object where others find it."""
    keep = pen.pick(("own", "module", "foreign"))
    known = pen.fresh("known")
    first = f"{known}.append(self)"
    if keep == "module":
        pen.helper(known, [f"{known} = []"])
    elif keep == "foreign":
        first = f"{pen.use('pending')}.append(self.work)"
    kind = _keeping(pen, "Step", "", "work", *([] if keep == "own" else [first]))
    body = pen.helpers[kind][0]
    assert isinstance(body, Suite)
    if keep == "own":
        init = body.body[0]
        assert isinstance(init, Suite)
        init.body.append(f"{kind}.known.append(self)")
        body.body.insert(0, "known = []")
    if keep == "foreign":
        return [f"{kind}(tracker)"]
    where = f"{kind}.known" if keep == "own" else known
    # Somebody else finds the object and works with it, when the unit is over.
    later = pen.fresh("works")
    pen.helper(later, [Suite(f"def {later}():", [f"{where}.pop().work()"])])
    return [f"{pen.use('pending')}.append({later})", f"{kind}(tracker)"]


def _dataclass(pen: Pen) -> list[Stmt]:
    pen.imports.add("from dataclasses import dataclass")
    pen.imports.add("from typing import Any")
    kind = pen.fresh("Step")
    ask = f"{helper_ask(pen)}(self.tracker, {pen.model()})"
    body: list[Stmt] = ["tracker: Any", Suite("def work(self):", [ask])]
    pen.helper(kind, ["@dataclass", Suite(f"class {kind}:", body)])
    made = f"{kind}(tracker)"
    if pen.chance(50):
        return [f"{made}.work()"]
    return [f"{pen.use('pending')}.append({made}.work)"]


def _derived(pen: Pen) -> list[Stmt]:
    """The base class keeps the tracker, and puts itself on a list."""
    base = _keeping(pen, "Base", "", "work", f"{pen.use('pending')}.append(self.work)")
    kind = pen.fresh("Derived")
    pen.helper(kind, [Suite(f"class {kind}({base}):", ["label = 'derived'"])])
    return [f"{kind}(tracker)"]


def _hidden(pen: Pen) -> list[Stmt]:
    """A method, not the constructor, takes the tracker and keeps it."""
    kind, name = pen.fresh("Desk"), pen.fresh("desk")
    take = Suite("def take(self, tracker):", ["self.tracker = tracker", "return self"])
    work = Suite("def work(self):", [f"{helper_ask(pen)}(self.tracker, {pen.model()})"])
    pen.helper(kind, [Suite(f"class {kind}:", [take, work])])
    if pen.chance(40):
        return [f"{kind}().take(tracker).work()"]
    pen.helper(name, [f"{name} = {kind}()"])
    return [f"{name}.take(tracker)", f"{pen.use('pending')}.append({name}.work)"]
