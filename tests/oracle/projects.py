"""Units that live in several files of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword, set_arguments
from .calls import ai_call, helper_ask
from .pen import Scope
from .source import Stmt, Suite, render
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen

LEGACY = "receipt_label.utils.ai_usage_tracker"
#: How a file gets at the module ``pkg.state``, and what it then calls it.
STYLES = (
    ("from pkg import state", "state"),
    ("import pkg.state", "pkg.state"),
    ("import pkg.state as st", "st"),
    ("from pkg.state import *", ""),
    ("from pkg.state import {names}", ""),
    ("from pkg.again import {names}", ""),
    ("from pkg import {names}", ""),
    ("import pkg", "pkg"),
    ("import pkg.state\nplace = pkg.state", "place"),
    ("from pkg.stars import {names}", ""),
    ("import pkg.stars as st", "st"),
    ("import pkg.held", "pkg.held.st"),
    ("from pkg.held import st as place", "place"),
)
#: Those that find the module while the program runs.
LATE_STYLES = (
    ('import importlib\nstate = importlib.import_module("pkg.state")', "state"),
    ('import sys\nimport pkg.state\nstate = sys.modules["pkg.state"]', "state"),
)


def other_file(pen: Pen) -> Unit:
    """A second file uses the module's tracker, its class, its field, or its import."""
    form = pen.weighted(
        [
            (30, _module_tracker),
            (20, _field),
            (15, _import),
            (10, _patched),
            (10, _subclass),
            (30, _given),
        ]
    )
    return form(pen)


def path_part(pen: Pen) -> Unit:
    """The same, and only the package is named on the command line."""
    unit = other_file(pen)
    pen.part = pen.pick(("pkg", "pkg", "pkg/state.py"))
    return unit


def write(pen: Pen, page: Pen, body: list[Stmt], exports: str) -> None:
    """Write the module ``pkg.state`` and the package around it."""
    provided = f"from llm import {', '.join(sorted(page.provided))}"
    helpers = [statement for definition in page.helpers.values() for statement in definition]
    head: list[Stmt] = [*sorted(page.imports), *([provided] if page.provided else [])]
    head.append(f"from {LEGACY} import AIUsageTracker")
    pen.files["pkg/state.py"] = render([*head, "", *helpers, *body])
    pen.files["pkg/stars.py"] = "from .state import *\n"
    pen.files["pkg/held.py"] = "import pkg.state as st\n"
    pen.files["pkg/again.py"] = f"from .state import {exports}\n"
    pen.files["pkg/__init__.py"] = f"from .state import {exports}\n"


def _reach(pen: Pen, names: str, *, late: bool = False) -> str:
    """Get at the module ``pkg.state`` in one of many ways; return the prefix of its names."""
    line, prefix = pen.pick(LATE_STYLES if late else STYLES + LATE_STYLES)
    pen.imports.add(line.format(names=names))
    return f"{prefix}." if prefix else ""


def _module_tracker(pen: Pen) -> Unit:
    page = pen.page()
    work, tracker = pen.fresh("unit"), pen.fresh("usage")
    scope = Scope(trackers=(tracker,))
    body: list[Stmt] = [f"{tracker}.set_tracking_context({keyword(page, scope, 'job')})"]
    body += ai_call(page, scope, tracker)
    made: list[Stmt] = [f"{tracker} = AIUsageTracker()", Suite(f"def {work}():", body)]
    write(pen, page, made, f"{tracker}, {work}")
    at, use = _reach(pen, f"{tracker}, {work}"), pen.fresh("uses")
    reached = f"{at}{tracker}"
    if at and at != "pkg." and pen.chance(15):
        reached = f'getattr({at[:-1]}, "{tracker}")'
    uses: list[Stmt] = [f"{helper_ask(pen)}({reached}, {pen.model()})"]
    order = [f"{at}{work}()", f"{use}()"]
    if pen.chance(30):
        order.reverse()
        uses.insert(0, f"{reached}.set_tracking_context({keyword(pen, scope, 'batch')})")
    if pen.chance(25):
        uses.insert(0, order.pop(0))
    return Unit([Suite(f"def {use}():", uses)], order)


def _field(pen: Pen) -> Unit:
    """A subclass or a holder in this file uses the field of the other one's class."""
    page = pen.page()
    kind, use = pen.fresh("Service"), pen.fresh("uses")
    scope = Scope(trackers=("self.tracker",))
    body: list[Stmt] = [f"self.tracker.set_tracking_context({keyword(page, scope, 'job')})"]
    body += ai_call(page, scope, "self.tracker")
    init = Suite("def __init__(self):", ["self.tracker = AIUsageTracker()"])
    made: list[Stmt] = [Suite(f"class {kind}:", [init, Suite("def work(self):", body)])]
    write(pen, page, made, kind)
    at = _reach(pen, kind)
    ask = helper_ask(pen)
    if pen.chance(50):
        derived = pen.fresh("Derived")
        again = Suite("def again(self):", [f"{ask}(self.tracker, {pen.model()})"])
        order: list[Stmt] = [f"service = {derived}()", "service.work()", "service.again()"]
        derive = Suite(f"class {derived}({at}{kind}):", [again])
        return Unit([derive, Suite(f"def {use}():", order)], [f"{use}()"])
    order = [f"service = {at}{kind}()", "service.work()"]
    order.append(f"{ask}(service.tracker, {pen.model()})")
    return Unit([Suite(f"def {use}():", order)], [f"{use}()"])


def _import(pen: Pen) -> Unit:
    """This file takes the legacy class from the other one, which uses it itself."""
    page = pen.page()
    work, use = pen.fresh("unit"), pen.fresh("uses")
    write(pen, page, [_local(page, work)], f"{work}, AIUsageTracker")
    at = _reach(pen, f"{work}, AIUsageTracker")
    body: list[Stmt] = [f"taken = {at}AIUsageTracker()"]
    scope = Scope(trackers=("taken",))
    body += [f"taken.set_tracking_context({keyword(pen, scope, 'job')})"]
    body += ai_call(pen, scope, "taken")
    pen.imports.add("import sys")
    return Unit([Suite(f"def {use}():", body)], [f"{at}{work}()", f"{use}()"])


def _local(page: Pen, work: str) -> Suite:
    """Return a function with a tracker of its own."""
    given = tame(page, "tracker")
    body: list[Stmt] = ["tracker = AIUsageTracker()"]
    body.append(f"tracker.set_tracking_context({set_arguments(page, given.scope)})")
    body += ai_call(page, given.scope, "tracker")
    return Suite(f'def {work}(data="d1", items=(), flag=True, job=None):', body)


def _patched(pen: Pen) -> Unit:
    """This file, a test, puts doubles in the place of the other one's names."""
    page = pen.page()
    work, use, tracker = pen.fresh("unit"), pen.fresh("tests"), pen.fresh("usage")
    pen.imports.add("from unittest import mock")
    pen.imports.add("import pkg.state")
    if pen.chance(50):
        write(pen, page, [_local(page, work)], work)
        patch = pen.pick(
            (
                'mock.patch("pkg.state.AIUsageTracker")',
                'mock.patch.object(pkg.state, "AIUsageTracker")',
            )
        )
        body: list[Stmt] = [f"pkg.state.{work}()", "print(double.called)"]
        opened = Suite(f"with {patch} as double:", body)
        return Unit([Suite(f"def {use}():", [opened])], [f"{use}()", f"pkg.state.{work}()"])
    if pen.chance(50):
        return _replaced(pen, page, work, use)
    scope = Scope(trackers=(tracker,))
    sets: list[Stmt] = [f"{tracker}.set_tracking_context({keyword(page, scope, 'job')})"]
    made: list[Stmt] = [f"{tracker} = AIUsageTracker()"]
    made.append(Suite(f"def {work}():", [*sets, *ai_call(page, scope, tracker)]))
    write(pen, page, made, f"{tracker}, {work}")
    patch = f'mock.patch.object(pkg.state.{tracker}, "set_tracking_context")'
    body = [f"pkg.state.{work}()", "print(double.call_count)"]
    opened = Suite(f"with {patch} as double:", body)
    return Unit([Suite(f"def {use}():", [opened])], [f"{use}()"])


def _replaced(pen: Pen, page: Pen, work: str, use: str) -> Unit:
    """The method of the class is replaced, for all trackers of the other file."""
    write(pen, page, [_local(page, work)], work)
    double = f"{pen.tracker_class}.set_tracking_context"
    body: list[Stmt] = [f"pkg.state.{work}()", "print(double.call_count)"]
    patch = f'mock.patch.object({pen.tracker_class}, "set_tracking_context")'
    opened: list[Stmt] = [Suite(f"with {patch} as double:", body)]
    if pen.chance(30):
        back = Suite("finally:", [f"{double} = kept"])
        opened = [
            f"kept = {double}",
            f'setattr({pen.tracker_class}, "set_tracking_context", print)',
        ]
        opened += [Suite("try:", [f"pkg.state.{work}()"]), back]
    return Unit([Suite(f"def {use}():", opened)], [f"{use}()", f"pkg.state.{work}()"])


def faked(pen: Pen) -> Unit:
    """A third file puts another function in the place of one that takes a tracker."""
    page = pen.page()
    work, use, fakes = pen.fresh("step"), pen.fresh("uses"), pen.fresh("fakes")
    scope = Scope(trackers=("outer",))
    flushes = Suite("if tracker is not None:", ["tracker.flush_metrics()"])
    takes = f"def {work}(text, tracker: AIUsageTracker = None):"
    write(pen, page, [Suite(takes, [flushes])], work)
    fake = Suite(f"def {work}(text):", ["print(text)"])
    replace = [f"pkg.state.{work} = {work}"] if pen.chance(70) else []
    pen.files[f"{fakes}.py"] = render(["import pkg.state", fake, *replace])
    pen.imports |= {f"import {fakes}", "import pkg.state"}
    pen.contexts.add("ai_usage_context")
    made = f"tracker={pen.tracker_class}()"
    body: list[Stmt] = [f'pkg.state.{work}("a")', *ai_call(pen, scope, "outer")]
    opened = Suite(f"with ai_usage_context('by_hand', {made}) as outer:", body)
    return Unit([Suite(f"def {use}():", [opened])], [f"{use}()"])


def _subclass(pen: Pen) -> Unit:
    """The class of the tracker stands in the other file."""
    page = pen.page()
    kind, use = pen.fresh("Recorder"), pen.fresh("uses")
    form = pen.pick(("plain", "shared"))
    body: list[Stmt] = ["label = 'own'"]
    if form == "shared":
        first = Suite("if cls.only is None:", ["cls.only = super().__new__(cls)"])
        once = Suite('if not hasattr(self, "ready"):', ["super().__init__()", "self.ready = True"])
        body = ["only = None", Suite("def __new__(cls):", [first, "return cls.only"])]
        body.append(Suite("def __init__(self):", [once]))
    write(pen, page, [Suite(f"class {kind}(AIUsageTracker):", body)], kind)
    at = _reach(pen, kind)
    definitions: list[Stmt] = []
    for which in ("job", "batch"):
        scope = Scope(trackers=("tracker",))
        uses: list[Stmt] = [f"tracker = {at}{kind}()"]
        uses.append(f"tracker.set_tracking_context({keyword(pen, scope, which)})")
        uses += ai_call(pen, scope, "tracker")
        definitions.append(Suite(f"def {use}_{which}():", uses))
    return Unit(definitions, [f"{use}_job()", f"{use}_batch()"])


def _given(pen: Pen) -> Unit:
    """A function of the other file gets the tracker: it asks, keeps it, or sets ids of its own."""
    page = pen.page()
    work, use = pen.fresh("step"), pen.fresh("uses")
    scope = Scope(trackers=("tracker",))
    ask = ai_call(page, scope, "tracker")
    form = pen.pick(("asks", "keeps", "sets", "own"))
    body: list[Stmt] = ask
    if form == "keeps":
        page.provided.add("pending")
        body = [f"pending.append(lambda: {helper_ask(page)}(tracker, {page.model()}))"]
    elif form == "sets":
        body = [f"tracker.set_tracking_context({keyword(page, scope, 'job')})", *ask]
    elif form == "own":
        own = Scope(trackers=("own",))
        body = ["own = AIUsageTracker()", *ai_call(page, own, "own")]
    write(pen, page, [Suite(f"def {work}(tracker):", body)], work)
    at = _reach(pen, work, late=pen.chance(50))
    uses: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    ids = ", ".join(keyword(pen, scope, k) for k in pen.pick((("job",), ("job", "user"))))
    uses += [f"tracker.set_tracking_context({ids})", f"{at}{work}(tracker)"]
    uses += ai_call(pen, scope, "tracker") if pen.chance(50) else []
    return Unit([Suite(f"def {use}():", uses)], [f"{use}()"])


CLASS = '''"""The tracker."""


class AIUsageTracker:
    def __init__(self, dynamo_client=None, user_id=None):
        self.dynamo_client = dynamo_client
        self.user_id = user_id or "default"
        self.current_job_id = None
        self.current_batch_id = None
        self.github_pr = None

    def set_tracking_context(self, job_id=None, batch_id=None, github_pr=None, user_id=None):
        self.current_job_id = job_id or self.current_job_id
        self.current_batch_id = batch_id or self.current_batch_id
        self.github_pr = github_pr or self.github_pr
        self.user_id = user_id or self.user_id

    def flush_metrics(self):
        pass
'''


def no_contexts(pen: Pen) -> Unit:
    """A function with a tracker, in a project that has no module of contexts yet."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    own = pen.chance(60)
    pen.files["receipt_label/__init__.py"] = ""
    pen.files["receipt_label/utils/__init__.py"] = "from .ai_usage_tracker import AIUsageTracker\n"
    export = "from tracker.ai_usage_tracker import AIUsageTracker\n"
    pen.files["receipt_label/utils/ai_usage_tracker.py"] = CLASS if own else export
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, given.scope)})")
    body += ai_call(pen, given.scope, "tracker")
    return Unit([Suite(given.header(name), body)], given.calls(name))
