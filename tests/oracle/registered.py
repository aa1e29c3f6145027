"""Projects in which a block runs a function that neither its file nor the function's puts there.

The block stands in ``flow.py``, the function that may take over its ids in ``work.py`` (or beside
the block), and ``wiring.py`` brings them together: it registers the function, or finds it by a
name that it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .program import Program

LEGACY = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker"
CONTEXT = "from receipt_label.utils.ai_usage_context import ai_usage_context"
ASKING = """\
answer = client.chat.completions.create(model="{0}")
{1}.track_openai_completion(lambda: answer)()
"""
#: A registry for any number of functions, and what runs them.
BUS = """\
HOOKS = []
TABLE = {}


class Bus:
    on = None

    def run(self, text):
        return self.on(text)


BUS = Bus()


def register(function):
    HOOKS.append(function)
    return function


def named(name):
    def keep(function):
        TABLE[name] = function
        return function

    return keep


def fire(text):
    for hook in HOOKS:
        hook(text)


def notify(text):
    return text
"""


@dataclass(frozen=True)
class Way:
    """How a function of ``work`` gets into a block of ``flow``.

    ``wiring`` is the third file, ``call`` what the block does, ``needs`` what its file imports
    for that.  ``given`` is a further argument of the flow; ``bus`` is what the registry has in
    addition.  ``makes`` is how ``work`` has the function: as one, as a method, or otherwise.
    """

    wiring: str
    call: str
    needs: str = "import bus"
    given: str = ""
    bus: str = ""
    makes: str = "function"


_CLASS = "class Worker:\n    def {0}(self, *given):\n{{body}}\n"
MAKES = {
    "function": "def on_text(text=None, *more):\n{body}\n",
    "method": _CLASS.format("act_now"),
    "call": _CLASS.format("__call__"),
    "init": _CLASS.format("__init__"),
    "enter": _CLASS.format("__enter__") + "\n    def __exit__(self, *error):\n        pass\n",
    "add": _CLASS.format("__add__"),
    "emit": "class Worker(logging.Handler):\n    def emit(self, record):\n{body}\n",
    "registered": "@bus.handle.register\ndef on_text(text: str):\n{body}\n",
    "named": "@bus.named('x')\ndef on_text(text: str):\n{body}\n",
}
_WORK = "import work\n"
_FROM = "from work import on_text\n"
_DISPATCH = "import functools\n\n\n@functools.singledispatch\ndef handle(text):\n    pass\n"

#: The third file registers the function.
REGISTERED = (
    Way(f"{_FROM}from bus import register\nregister(on_text)", "bus.fire(text)"),
    Way(f"import bus\n{_WORK}bus.register(work.on_text)", "fire(text)", "from bus import fire"),
    Way(f"{_FROM}import bus\nbus.HOOKS.append(on_text)", "bus.fire(text)"),
    Way(f"{_FROM}import bus\nbus.HOOKS += [on_text]", "[hook(text) for hook in bus.HOOKS]"),
    Way(f"{_FROM}from bus import BUS\nBUS.on = on_text", "bus.BUS.on(text)"),
    Way(f"{_FROM}from bus import BUS\nBUS.on = on_text", "bus.BUS.run(text)"),
    Way(f"{_FROM}from bus import BUS\nsetattr(BUS, 'on', on_text)", "bus.BUS.run(text)"),
    Way(f"{_FROM}from bus import TABLE\nTABLE['x'] = on_text", "bus.TABLE['x'](text)"),
    Way(f"{_WORK}from bus import TABLE\nTABLE.update(x=work.on_text)", "bus.TABLE['x'](text)"),
    Way(f"{_FROM}import bus\nbus.named('x')(on_text)", "bus.TABLE['x'](text)"),
    Way(f"{_FROM}import bus\nbus.register(lambda text: on_text(text))", "bus.fire(text)"),
    Way(
        f"{_FROM}import bus\n\n\n@bus.register\ndef hook(text):\n    on_text(text)",
        "bus.fire(text)",
    ),
    Way(
        f"{_FROM}import bus\n\n\n@bus.named('x')\ndef hook(text):\n    on_text(text)",
        "bus.TABLE['x'](text)",
    ),
    Way(
        f"{_FROM}import bus\nfrom functools import partial\nbus.register(partial(on_text, 1))",
        "bus.fire(text)",
    ),
    Way(f"{_FROM}import bus\nbus.notify = on_text", "bus.notify(text)"),
    Way(f"{_WORK}import bus\nsetattr(bus, 'notify', work.on_text)", "bus.notify(text)"),
    Way(
        f"{_WORK}import bus\nbus.register(work.Worker().act_now)", "bus.fire(text)", makes="method"
    ),
    Way(
        f"{_WORK}import bus\nbus.TABLE['x'] = work.Worker",
        "bus.TABLE['x']().act_now(text)",
        makes="method",
    ),
    Way(f"{_WORK}import bus\nbus.TABLE['x'] = work.Worker", "bus.TABLE['x'](text)", makes="init"),
    Way(f"{_WORK}import bus\nbus.register(work.Worker())", "bus.fire(text)", makes="call"),
    Way(_WORK, "then(text)", "", "work.Worker()", makes="call"),
    Way(_WORK, "then(text)", "", "work.on_text"),
    Way(_WORK, "list(map(then, [text]))", "", "work.on_text"),
    Way(_WORK, "with then: pass", "", "work.Worker()", makes="enter"),
    Way(_WORK, "then + 1", "", "work.Worker()", makes="add"),
    Way(
        f"{_FROM}import bus\nbus.handle.register(str, on_text)",
        "bus.handle(text)",
        bus=_DISPATCH,
    ),
    Way(_WORK, "bus.handle(text)", bus=_DISPATCH, makes="registered"),
    Way(_WORK, "bus.TABLE['x'](text)", makes="named"),
    Way(
        f"import logging\n{_WORK}logging.getLogger('flow').handlers = [work.Worker()]",
        "LOG.warning(text)",
        "import logging\nLOG = logging.getLogger('flow')",
        makes="emit",
    ),
    Way(
        f"import signal\n{_FROM}signal.signal(signal.SIGUSR1, on_text)",
        "signal.raise_signal(signal.SIGUSR1)",
        "import signal",
    ),
    Way(
        f"import warnings\n{_FROM}warnings.showwarning = on_text",
        "warnings.warn(text)",
        "import warnings\nwarnings.filterwarnings('always', 'a$')",
    ),
    Way(
        "HOOKS = []\n\n\ndef fill():\n    from work import on_text\n    HOOKS.append(on_text)\n\n\n"
        "def fire(text):\n    fill()\n    for hook in HOOKS:\n        hook(text)",
        "wiring.fire(text)",
        "import wiring",
    ),
)
_GO = "\n\n\ndef go(text):\n    return {}"


def _found(head: str, how: str) -> Way:
    return Way(head + _GO.format(how), "wiring.go(text)", "import wiring")


_IMPORTLIB = "import importlib\nMODULE = 'wo' + 'rk'\nNAME = 'on_' + 'text'"
_LAZY = "\n\n\nclass Lazy:\n    def __getattr__(self, name):\n        return {}\n\n\nlazy = Lazy()"
#: The third file finds the function by a name that it computes, or has as a text.
FOUND = (
    _found("import work\nNAME = 'on_' + 'text'", "getattr(work, NAME)(text)"),
    _found("import work\nNAME = 'on_' + 'text'", "vars(work)[NAME](text)"),
    _found("import work\nNAME = 'on_' + 'text'", "work.__dict__[NAME](text)"),
    _found(_IMPORTLIB, "importlib.import_module('work').on_text(text)"),
    _found(_IMPORTLIB, "importlib.import_module(MODULE).on_text(text)"),
    _found(_IMPORTLIB, "getattr(importlib.import_module('work'), NAME)(text)"),
    _found(_IMPORTLIB, "getattr(importlib.import_module(MODULE), NAME)(text)"),
    _found(_IMPORTLIB, "__import__(MODULE).on_text(text)"),
    _found("import pkgutil", "pkgutil.resolve_name('work:on_text')(text)"),
    _found("import pkgutil\nSTEP = 'work:' + 'on_text'", "pkgutil.resolve_name(STEP)(text)"),
    _found("import work", "eval('work.on_text(text)')"),
    _found("from work import *", "eval('on_' + 'text')(text)"),
    _found("from work import *", "globals()['on_text'](text)"),
    _found("import operator\nimport work", "operator.attrgetter('on_text')(work)(text)"),
    _found("import sys\nimport work", "sys.modules['work'].on_text(text)"),
    _found("import sys\nimport work\nM = 'wo' + 'rk'", "sys.modules[M].on_text(text)"),
    Way(
        _IMPORTLIB + _LAZY.format("getattr(importlib.import_module('work'), name)"),
        "wiring.lazy.on_text(text)",
        "import wiring",
    ),
    Way(
        "import work" + _LAZY.format("getattr(work, name)"),
        "wiring.lazy.on_text(text)",
        "import wiring",
    ),
    Way(
        "import work" + _LAZY.format("getattr(work, name)"),
        "lazy.on_text(text)",
        "from wiring import lazy",
    ),
    Way(
        "import importlib\n\n\ndef __getattr__(name):\n"
        "    return getattr(importlib.import_module('work'), name)",
        "wiring.on_text(text)",
        "import wiring",
    ),
    Way(
        "import importlib\nSTEPS = {'one': 'work.on_text'}\n\n\ndef go(name, text):\n"
        "    module, _, function = STEPS[name].rpartition('.')\n"
        "    return getattr(importlib.import_module(module), function)(text)",
        "wiring.go('one', text)",
        "import wiring",
    ),
)
WAYS = {"registered": REGISTERED, "found": FOUND}


def _indented(text: str, depth: int) -> str:
    return "".join(f"{'    ' * depth}{line}\n" for line in text.splitlines())


def _handler(chance: Random) -> tuple[str, str]:
    """Return what ``work`` has before the function, and how the function records."""
    form = chance.choice(("legacy", "legacy", "context", "shared"))
    asked = ASKING.format("of-work", "own")
    ids = chance.choice(("", 'user_id="u1"', 'batch_id="b1"'))
    if form == "context":
        return "", f"with ai_usage_context('by_hand') as own:\n{_indented(asked, 1)}"
    if form == "shared":
        set_call = f"own.set_tracking_context({ids})\n" if ids else ""
        return "own = AIUsageTracker()\n", set_call + asked
    set_call = f"own.set_tracking_context({ids})\n" if ids else ""
    return "", f"own = AIUsageTracker()\n{set_call}{asked}"


def _flow(chance: Random, way: Way) -> str:
    """Return the function that has the block, or will have it."""
    call = ASKING.format("of-flow", "tracker")
    first = chance.random() < 0.5
    work = call + way.call + "\n" if first else way.call + "\n" + call
    ids = chance.choice(('job_id="j1"', 'job_id="j1", user_id="u2"', 'github_pr=7, job_id="j1"'))
    if chance.random() < 0.3:
        body = f"with ai_usage_context('around', {ids}) as tracker:\n{_indented(work, 1)}"
    else:
        body = f"tracker = AIUsageTracker()\ntracker.set_tracking_context({ids})\n{work}"
    return f"def flow(text, then=None):\n{_indented(body, 1)}"


def registered(seed: int, index: int, sort: str = "registered") -> Program:
    """Return program *index* of *seed*, of one *sort* of ways."""
    ways = WAYS[sort]
    return build(Random(f"{sort}/{seed}/{index}"), ways[index % len(ways)], sort)


def build(chance: Random, way: Way, sort: str) -> Program:
    """Return a program in which the function gets into the block by *way*."""
    before, body = _handler(chance)
    depth = 1 if way.makes in ("function", "registered", "named") else 2
    result = "" if way.makes == "init" else "return True"
    made = MAKES[way.makes].format(body=_indented(body + result, depth))
    flow = _flow(chance, way)
    head = f"from llm import client\n{LEGACY}\n{CONTEXT}\n"
    helps = "".join(f"import {m}\n" for m in ("bus", "logging") if f"{m}." in made)
    files = {"bus.py": way.bus + BUS, "wiring.py": way.wiring + "\n"}
    if chance.random() < 0.3:
        # The block and the function stand in one file, and know nothing of each other.
        needs = way.needs + "\n"
        files["work.py"] = f"{head}{helps}{needs}{before}\n\n{made}\n\n{flow}"
        home = "work"
    else:
        files["work.py"] = f"{head}{helps}{before}\n\n{made}"
        files["flow.py"] = f"{head}{way.needs}\n\n\n{flow}"
        home = "flow"
    given = f", {way.given}" if way.given else ""
    main = f"import wiring\nimport {home}\nfrom llm import show\n"
    main += "import work\n" if way.given and home != "work" else ""
    main += f"\n\ndef run():\n    show(lambda: {home}.flow('a'{given}))\n"
    return Program(main, True, tuple(sorted(files.items())), kinds=frozenset({sort}))
