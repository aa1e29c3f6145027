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
            (15, _entering),
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
    if pen.chance(40):
        thread = pen.fresh("worker")
        return [f"{thread} = {kind}(tracker)", f"{thread}.start()", f"{thread}.join()"]
    # It waits for the end of the unit, where all threads are joined: no run is like another else.
    _, run = _suites(pen, kind)
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
    if pen.chance(35):
        first = f"{pen.use('pending')}.append(self.work)"
        return [f"{_keeping(pen, 'Step', '', 'work', first)}(tracker)"]
    kind = _keeping(pen, "Step", "", "work")
    init, *_ = _suites(pen, kind)
    init.body += _kept_in(pen, kind, "self")
    return [f"{kind}(tracker)"]


def _entering(pen: Pen) -> list[Stmt]:
    """A method of the object, called by its name or by syntax, puts it where others find it."""
    kind, name = _keeping(pen, "Step", "", "work"), pen.fresh("step")
    method, uses = pen.pick(
        (
            ("plan(self)", [f"{name}.plan()"]),
            ("plan(self)", [f"{name}.plan()"]),
            ("__call__(self)", [f"{name}()"]),
            ("__enter__(self)", [Suite(f"with {name}:", [pen.note()])]),
            ("__exit__(self, *raised)", [Suite(f"with {name}:", [pen.note()])]),
        )
    )
    body = _kept_in(pen, kind, pen.pick(("self", "self", "self.work")))
    steps: list[Stmt] = [Suite(f"def {method}:", body)]
    if method.startswith("__e"):
        other = "__exit__(self, *raised)" if "enter" in method else "__enter__(self)"
        steps.append(Suite(f"def {other}:", ["print('passes')"]))
    _class(pen, kind).body += steps
    return [f"{name} = {kind}(tracker)", *uses]


def _kept_in(pen: Pen, kind: str, value: str) -> list[Stmt]:
    """Return statements of a method that puts *value* where somebody finds it after the unit.

    The place is a collection of the class (by whatever way to it), or of the module.
    """
    known, later = pen.fresh("known"), pen.fresh("works")
    where = pen.pick(("self.{}", "self.{}", "type(self).{}", kind + ".{}", "{}")).format(known)
    put, empty, take = pen.pick(
        (
            (f"{where}.append({value})", "[]", ".pop()"),
            (f"{where}['last'] = {value}", "{}", ".popitem()[1]"),
            (f"{where}[len({where}):] = [{value}]", "[]", ".pop()"),
            (f"{where}.update(last={value})", "{}", ".popitem()[1]"),
        )
    )
    outside = known if where == known else f"{kind}.{known}"
    if where == known:
        pen.helper(known, [f"{known} = {empty}"])
    else:
        _class(pen, kind).body.insert(0, f"{known} = {empty}")
    call = ".work()" if value == "self" else "()"
    pen.helper(later, [Suite(f"def {later}():", [f"{outside}{take}{call}"])])
    return [f"{pen.use('pending')}.append({later})", put]


def _class(pen: Pen, kind: str) -> Suite:
    """Return the definition of a helper class."""
    found = pen.helpers[kind][-1]
    assert isinstance(found, Suite)
    return found


def _suites(pen: Pen, kind: str) -> list[Suite]:
    """Return the methods of a helper class."""
    return [part for part in _class(pen, kind).body if isinstance(part, Suite)]


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
