"""Projects in which another file gets at the tracker of an object whose class it does not name.

``service.py`` has a class whose objects build a tracker; ``users.py`` records with it outside of
the methods that set ids, and relies on those; ``parts.py`` hides the class from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .program import Program
from .registered import LEGACY

ASK = """\
def ask(tracker, model):
    answer = client.chat.completions.create(model=model)
    tracker.track_openai_completion(lambda: answer)()
"""


@dataclass(frozen=True)
class Hiding:
    """How ``users`` comes to the tracker: what it defines, and what it does with a service.

    ``parts`` is the file between.  ``makes`` is how the program gets the object.
    """

    defines: str
    uses: str
    parts: str = "from service import Service\n"
    makes: str = "Service()"
    needs: str = "from parts import Service"


_TABLE = """\
from service import Service
T = {'k': Service}
Base = T['k']


def base():
    return Service
"""
_AGAIN = "    def again(self):\n        ask(self.tracker, 'again')\n"


def _heir(bases: str, needs: str, parts: str = _TABLE, more: str = "") -> Hiding:
    return Hiding(
        f"{more}class Heir({bases}):\n{_AGAIN}", "service.again()", parts, "Heir()", needs
    )


_MIXIN = f"class Extra:\n{_AGAIN}\n\n"
HIDINGS = (
    Hiding("", "ask(getattr(service, 'track' + 'er'), 'again')"),
    Hiding("NAME = 'track' + 'er'\n", "ask(vars(service)[NAME], 'again')"),
    Hiding("NAME = 'track' + 'er'\n", "ask(service.__dict__[NAME], 'again')"),
    Hiding("import operator\n", "ask(operator.attrgetter('tracker')(service), 'again')"),
    Hiding("import operator\n", "ask(operator.attrgetter('track' + 'er')(service), 'again')"),
    Hiding("", "[ask(v, 'again') for v in vars(service).values()]"),
    Hiding("", "[ask(v, 'again') for k, v in service.__dict__.items()]"),
    Hiding(
        "import inspect\n",
        "[ask(v, 'again') for k, v in inspect.getmembers(service) if k == 'track' + 'er']",
    ),
    Hiding(
        "", "[ask(getattr(service, k), 'again') for k in dir(service) if k.startswith('track')]"
    ),
    Hiding("", "match service:\n    case Service(tracker=found):\n        ask(found, 'again')"),
    Hiding("", "match service:\n    case object(tracker=found):\n        ask(found, 'again')"),
    Hiding(
        "from typing import Protocol\n\n\nclass Holder(Protocol):\n    tracker: object\n\n\n"
        "def use(holder: Holder):\n    ask(holder.tracker, 'again')\n",
        "use(service)",
    ),
    Hiding("def use(holder):\n    ask(holder.tracker, 'again')\n", "use(service)"),
    Hiding("def use(self):\n    ask(self.tracker, 'again')\n", "use(service)"),
    Hiding(
        "def use(self):\n    ask(self.tracker, 'again')\n", "Service.again = use\nservice.again()"
    ),
    Hiding(
        "def use(self):\n    ask(self.tracker, 'again')\n",
        "setattr(type(service), 'again', use)\nservice.again()",
    ),
    Hiding(
        "import types\n\n\ndef use(self):\n    ask(self.tracker, 'again')\n",
        "types.MethodType(use, service)()",
    ),
    _heir("T['k']", "from parts import T"),
    _heir("parts.T['k']", "import parts"),
    _heir("Base", "from parts import Base"),
    _heir("parts.Base", "import parts"),
    _heir("base()", "from parts import base"),
    _heir("parts.base()", "import parts"),
    _heir("Kind", "from parts import T", more="Kind = T['k']\n\n\n"),
    _heir("Kind", "import parts", more="Kind = getattr(parts, 'Ba' + 'se')\n\n\n"),
    _heir("*Kinds", "from parts import T", more="Kinds = tuple(T.values())\n\n\n"),
    Hiding(
        f"{_MIXIN}class Heir(Extra, T['k']):\n    pass\n",
        "service.again()",
        _TABLE,
        "Heir()",
        "from parts import T",
    ),
    Hiding(
        f"{_MIXIN}class Heir(Extra, Base):\n    pass\n",
        "service.again()",
        _TABLE,
        "Heir()",
        "from parts import Base",
    ),
    Hiding(
        _MIXIN,
        "service.again()",
        _TABLE,
        "type('Heir', (Extra, T['k']), {})()",
        "from parts import T",
    ),
    Hiding(
        "import parts\n",
        "service.again()",
        "import users\nfrom service import Service\n\n\nclass Extra:\n    def again(self):\n"
        "        users.ask(self.tracker, 'again')\n\n\nclass Heir(Extra, Service):\n    pass\n",
        "parts.Heir()",
        "",
    ),
    Hiding(
        f"{_MIXIN}",
        "service.again()",
        "import users\nfrom service import Service\n\n\ndef heir():\n"
        "    class Heir(users.Extra, Service):\n        pass\n\n    return Heir\n",
        "parts.heir()()",
        "import parts",
    ),
    Hiding(
        "class Heir(parts.make()):\n" + _AGAIN,
        "service.again()",
        "from service import Service\n\n\ndef make():\n    return type('Kind', (Service,), {})\n",
        "Heir()",
        "import parts",
    ),
    Hiding("", "setattr(service, 'track' + 'er', AIUsageTracker())\nservice.work()"),
    Hiding("", "service.tracker = AIUsageTracker()\nservice.work()"),
    Hiding("", "vars(service).update(tracker=AIUsageTracker())\nservice.work()"),
)


def hidden(seed: int, index: int) -> Program:
    """Return program *index* of *seed*."""
    return build(Random(f"hidden/{seed}/{index}"), HIDINGS[index % len(HIDINGS)])


def build(chance: Random, way: Hiding) -> Program:
    """Return a program in which ``users`` gets at the tracker in one *way*."""
    ids = chance.choice(("job_id='j1'", "batch_id='b1'", "job_id='j1', user_id='u1'"))
    given = chance.choice(("AIUsageTracker()", "AIUsageTracker()", "tracker or AIUsageTracker()"))
    service = (
        f"from llm import client\n{LEGACY}\n\n\nclass Service:\n"
        f"    def __init__(self, tracker=None):\n        self.tracker = {given}\n\n"
        f"    def work(self):\n        self.tracker.set_tracking_context({ids})\n"
        "        answer = client.chat.completions.create(model='work')\n"
        "        self.tracker.track_openai_completion(lambda: answer)()\n"
    )
    body = "".join(f"    {line}\n" for line in way.uses.splitlines())
    users = (
        f"from llm import client\n{LEGACY}\n{way.needs}\n\n\n{ASK}\n\n{way.defines}\n\n"
        f"def make():\n    return {way.makes}\n\n\ndef after(service):\n{body}"
    )
    files = {"service.py": service, "users.py": users, "parts.py": way.parts}
    main = (
        "import users\nfrom llm import show\n\n\ndef flow():\n    service = users.make()\n"
        "    service.work()\n    users.after(service)\n\n\ndef run():\n    show(flow)\n"
    )
    return Program(main, True, tuple(sorted(files.items())), kinds=frozenset({"hidden-field"}))
