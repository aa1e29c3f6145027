"""Units about objects that forward ids, that are not the API's, or that are only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword
from .calls import ai_call, helper_ask
from .pen import Scope
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen


def manager(pen: Pen) -> Unit:
    """A class that owns a tracker and forwards ids to it, under either spelling."""
    kind, shared, name = pen.fresh("Manager"), pen.fresh("manager"), pen.fresh("unit")
    field = pen.pick(("tracker", "usage_tracker"))
    made = f"{pen.tracker_class}()"
    methods: list[Stmt] = [Suite("def __init__(self):", [f"self.{field} = {made}"])]
    if pen.chance(30):
        held = f"self._{field}"
        build = Suite(f"if {held} is None:", [f"{held} = {made}"])
        lazy: list[Stmt] = ["@property", Suite(f"def {field}(self):", [build, f"return {held}"])]
        methods = [Suite("def __init__(self):", [f"{held} = None"]), *lazy]
    spelling = pen.pick(("set_tracking_context", "set_context"))
    forwarded = f"self.{field}.{spelling}(job_id=job_id, user_id=user_id)"
    forward = pen.pick(("set_tracking_context", "set_tracking_context", "set_context"))
    methods.append(Suite(f"def {forward}(self, job_id=None, user_id=None):", [forwarded]))
    ask = f"return {helper_ask(pen)}(self.{field}, model)"
    methods.append(Suite("def ask(self, model):", [ask]))
    scope = tame(pen).scope
    ids = ", ".join(keyword(pen, scope, k) for k in pen.pick((("job",), ("job", "user"))))
    body: list[Stmt] = [f"{shared}.{forward}({ids})", f"{shared}.ask({pen.model()})"]
    if pen.chance(40):
        inner = Scope(trackers=(f"{shared}.{field}",))
        body += ai_call(pen, inner, f"{shared}.{field}")
    local = pen.chance(50)
    body = [f"{shared} = {kind}()", *body] if local else body
    definitions: list[Stmt] = [Suite(f"class {kind}:", methods)]
    definitions += [] if local else [f"{shared} = {kind}()"]
    parameters = "data='d1', job=None, flag=True, items=()"
    definitions.append(Suite(f"def {name}({parameters}):", body))
    return Unit(definitions, [f"{name}()"])


def not_ours(pen: Pen) -> Unit:
    """A class whose method has the name of the API's, other parameters, and no tracker."""
    pen.silent = True
    kind, name, desk = pen.fresh("Audit"), pen.fresh("unit"), pen.fresh("audit")
    method = pen.pick(("set_tracking_context", "set_context"))
    parameters = pen.pick(
        ("who, user_id, organization_id=None", "*args, **fields", "page, user_id")
    )
    define = Suite(f"def {method}(self, {parameters}):", ["print('audit', user_id)"])
    if parameters.startswith("*"):
        define.body = ["print('audit', sorted(fields))"]
    call = f"{desk}.{method}('x', user_id='u')"
    if "organization" in parameters and pen.chance(60):
        call = f"{desk}.{method}('x', user_id='u', organization_id=3)"
    # A parameter could be a tracker, unless the call says otherwise.
    homes = ("local", "foreign", "parameter") if "organization" in call else ("local", "foreign")
    home = pen.pick(homes)
    if home == "foreign":
        call = f"{desk}.{method}({desk}, user_id='u', organization_id=3)"
        made, extra = f"{pen.use('Auditing')}()", []
    else:
        made, extra = f"{kind}()", [Suite(f"class {kind}:", [define])]
    body: list[Stmt] = [call, pen.note()]
    if home == "parameter":
        return Unit([*extra, Suite(f"def {name}({desk}):", body)], [f"{name}({made})"])
    return Unit([*extra, Suite(f"def {name}():", [f"{desk} = {made}", *body])], [f"{name}()"])


def only_looked_at(pen: Pen) -> Unit:
    """A function that builds a tracker and makes no call: to look at it, or for an error."""
    pen.silent = True
    name = pen.fresh("unit")
    made = pen.tracker_class
    form = pen.pick(("field", "raises", "private", "compared", "kind"))
    body: list[Stmt] = [f'tracker = {made}(table_name="T-development")']
    if form == "field":
        body += ["assert tracker.table_name", "print(tracker.user_id)"]
    elif form == "raises":
        wrong = f'{made}(environment="nowhere")'
        body = [
            Suite("try:", [pen.pick((wrong, f"tracker = {wrong}"))]),
            Suite("except ValueError:", ["print('refused')"]),
        ]
        if pen.chance(50):
            pen.imports.add("import contextlib")
            body = [Suite("with contextlib.suppress(ValueError):", [wrong]), pen.note()]
    elif form == "private":
        body.append("print(sorted(tracker._create_base_metadata()) is None)")
    elif form == "compared":
        body += [f"other = {made}()", "print(tracker is other)"]
    else:
        body.append(f"print(isinstance(tracker, {made}))")
    return Unit([Suite(f"def {name}():", body)], [f"{name}()"])
