"""The older name of the set call may become today's, on a tracker, and nothing else with it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import BOTH, OLD, objects, same

BUILT = "tracker = AIUsageTracker()\n"
CALL = "tracker.set_context(job_id=job(), user_id='u')\n"
HOLDER = (
    f"class A:\n    def __init__(self):\n        self.{BUILT}    def f(self):\n        self.{CALL}"
)
OTHER = "class B:\n    def f(self, x):\n        self.tracker = x\n"


def todays(text: str) -> str:
    """Return *text* with today's name."""
    return text.replace(".set_context(", ".set_tracking_context(")


@each_of(
    "text",
    [
        f"{OLD}{BUILT}{CALL}",
        f"{OLD}{BUILT}tracker.set_context(job_id='a')\n{CALL}",
        f"{OLD}tracker: AIUsageTracker = AIUsageTracker(user_id='u')\n{CALL}",
        f"{OLD}tracker = AIUsageTracker.create_for_environment()\nif x:\n    {CALL}",
        f"{OLD}{BUILT}def f():\n    {CALL}",
        f"{OLD}def f(tracker):\n    pass\ndef g():\n    {BUILT}    {CALL}",
        f"{BOTH}with ai_usage_context('scan') as tracker:\n    {CALL}",
        f"{OLD}class A:\n    def __init__(self):\n        self.{BUILT}"
        f"    def f(self):\n        self.{CALL}",
        f"{OLD}class B:\n    tracker = None\n    def f(self, x):\n        self.tracker = x\n"
        f"{HOLDER}B().f(1)",
        f"{OLD}{HOLDER}def f():\n    class B:\n        tracker = 2\n",
        f"{OLD}class B(Base):\n    def f(self, x):\n        self.tracker = x\n{HOLDER}B().f(1)",
        f"{OLD}{OTHER}class C(B):\n    pass\n{HOLDER}C().f(1)",
        f"{OLD}{OTHER}class C(B):\n    pass\nclass D(C):\n    pass\n{HOLDER}B().f(D())",
        f"{OLD}{OTHER}def g(b: list[B] | None, a: A) -> B:\n    isinstance(b, (A, B))\n{HOLDER}",
        f"{OLD}{OTHER}try:\n    B.LIMIT\nexcept (B, E):\n    pass\n{HOLDER}cast(B, 1)\n",
        f"{OLD}{HOLDER.replace('A:', 'A:{}    tracker: AIUsageTracker')}".replace("{}", chr(10)),
        f"{OLD}class B:\n    def tracker(self):\n        pass\n{HOLDER}show(B)\n",
    ],
)
def test_a_tracker_hears_either_name(text: str) -> None:
    """A variable, a field of its class or a block's own that nothing else binds; arguments stay."""
    same(text, todays(text))
    for old, new in (("job()", "other()"), ("job_id=job(), ", ""), ("user_id", "batch_id")):
        objects(text, todays(text).replace(old, new))
    objects(todays(text), text)


@each_of(
    "text",
    [
        f"{OLD}{CALL}",
        f"{OLD}tracker = Other()\n{CALL}",
        f"{OLD}{BUILT}if x:\n    tracker = Other()\n{CALL}",
        f"{OLD}{BUILT}def f(tracker):\n    {CALL}",
        f"{OLD}{BUILT}for tracker in x:\n    {CALL}",
        f"{OLD}{BUILT}def f():\n    global tracker\n    {CALL}",
        f"{OLD}{BUILT}import tracker\n{CALL}",
        f"{BOTH}with ai_usage_context('scan', tracker=x) as tracker:\n    {CALL}",
        f"{OLD}class A:\n    def __init__(self):\n        self.{BUILT}"
        f"    def f(self, x):\n        self.tracker = x\n        self.{CALL}",
        f"{OLD}class B:\n    tracker = None\n{HOLDER}class C(A, B):\n    pass\n",
        f"{OLD}class B(A):\n    tracker = None\n{HOLDER}",
        f"{OLD}class B:\n    def f(self, x):\n        x.tracker = self\n{HOLDER}",
        f"{OLD}class B:\n    @classmethod\n    def f(self, x):\n        self.tracker = x\n{HOLDER}",
        f"{OLD}class B:\n    def f(self, x):\n        self = x\n        self.tracker = 1\n{HOLDER}",
        f"{OLD}class B:\n    def f(self, x):\n        self.tracker = x\n{HOLDER}B.f(A(), 1)\n",
        f"{OLD}class B(Base):\n    def f(self, x):\n        self.tracker = x\n{HOLDER}B.f(A())\n",
        f"{OLD}class B(A):\n    def f(self, x):\n        self.tracker = x\n{HOLDER}B().f(1)\n",
        f"{OLD}class B:\n    tracker = None\n{HOLDER}C = type('C', (B, A), {{}})\n",
        f"{OLD}class B:\n    tracker = None\n{HOLDER}def f(it):\n    it.{CALL}",
        f"{OLD}{OTHER}class C(B):\n    pass\n{HOLDER}C.f(A(), 1)",
        f"{OLD}{OTHER}class C(B):\n    pass\nclass D(C, A):\n    pass\n{HOLDER}D().f(1)",
        f"{OLD}{OTHER}@registered\nclass C(B):\n    pass\n{HOLDER}C().f(1)",
        f"{OLD}{OTHER}class C(B, metaclass=M):\n    pass\n{HOLDER}C().f(1)",
        f"{OLD}{OTHER}class C(B):\n    pass\nclass D(C):\n    pass\n{HOLDER}show(D)",
        f"{OLD}{OTHER}{HOLDER}isinstance(B.f(A(), 1), B)\n",
        f"{OLD}{OTHER}{HOLDER}def g(x: Annotated[A, show(B)]):\n    pass\n",
        f"{OLD}{OTHER}{HOLDER}B.__dict__['f'](A())\n",
        f"{OLD}{OTHER}{HOLDER}def g(it=B):\n    return it\n",
        f"{OLD}class B:\n    def f(self, x):\n        self.tracker, x = x\n{HOLDER}B.f(A(), 1)",
        f"{OLD}class B:\n    def f(self, x):\n        del self.tracker\n{HOLDER}B.f(A(), 1)",
        f"{OLD}class B:\n    def tracker(self):\n        pass\n{HOLDER}show(A, B)\n",
        f"{OLD}{HOLDER}for A().tracker in x:\n    pass\n",
        f"{OLD}import own\n{OTHER}class C(own.A, B):\n    pass\n{HOLDER}C().f(1)",
        f"{OLD}{BUILT}tracker.set_context({{'job_id': 'a'}})\n",
        f"{OLD}{BUILT}tracker.set_context(job_id='a', stage='b')\n",
        f"{OLD}{BUILT}tracker.set_context(**ids)\n",
        f"{OLD}{BUILT}tracker.set_context()\n",
    ],
)
def test_anything_else_may_have_one_name_only(text: str) -> None:
    """Parameters, what is bound in another way too, and calls that are given no ids by keyword."""
    same(text, text)
    objects(text, todays(text))
