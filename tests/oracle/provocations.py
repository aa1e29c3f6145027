"""For each reason of a refusal a program that provokes it; the flags are those of the run.

``files`` are further files of the project.
"""

from __future__ import annotations

import textwrap
from typing import Any

HEAD = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
CONTEXT = "from receipt_label.utils.ai_usage_context import ai_usage_context\n"


def _program(body: str, head: str = HEAD) -> str:
    return head + textwrap.dedent(body).lstrip("\n")


def _function(body: str, head: str = HEAD) -> str:
    return _program("def review(flag, data, job=None):\n" + textwrap.indent(body, "    "), head)


BORN = "tracker = AIUsageTracker()\n"
SET = 'tracker.set_tracking_context(job_id="job")\n'
SET_FIRST = "tracker.set_tracking_context(job_id=data[0])\n"
USE = "ask(tracker)\n"


def _deep(levels: int) -> str:
    lines = [f"{'    ' * level}for item in data:" for level in range(levels)]
    return "\n".join(lines) + "\n" + textwrap.indent(BORN + SET + USE, "    " * levels)


PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "ambiguous-import": (
        _program(
            """
            try:
                from receipt_label.utils.ai_usage_tracker import AIUsageTracker
            except ImportError:
                AIUsageTracker = None
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="job")
            ask(tracker)
            """,
            "",
        ),
        {},
    ),
    "assumption": (_function(BORN + SET + USE), {"strict": True}),
    "caller-relies": (
        _program(
            """
            def review(tracker: AIUsageTracker):
                tracker.set_tracking_context(job_id="job")
                ask(tracker)


            def work():
                tracker = AIUsageTracker()
                review(tracker)
                ask(tracker)
            """
        ),
        {},
    ),
    "cannot-be-edited": (_function(BORN + SET + "(count): int = 3\n" + USE), {}),
    "carried-ids": (
        _function(BORN + "tracker.set_tracking_context(job_id=make())\n" + USE)
        + '    tracker.set_tracking_context(batch_id="batch")\n    ask(tracker)\n',
        {"runtime": "conservative"},
    ),
    "conditional-construct": (
        _function("tracker = AIUsageTracker() if flag else None\n" + SET + USE),
        {},
    ),
    "conditional-context": (
        _function(
            f"{BORN}if data:\n"
            f'    tracker.set_tracking_context(job_id="other", user_id="ada")\n    {USE}{SET}{USE}'
        ),
        {},
    ),
    "crosses-cells": (_program("# %%\n" + BORN + SET + "# %%\n" + USE), {}),
    "directive": (
        _function("tracker = AIUsageTracker()  # pylint: disable=invalid-name\n" + SET + USE),
        {},
    ),
    "does-not-compile": (_program(_deep(20)), {}),
    "does-not-round-trip": (_function(BORN + SET + USE).replace("def ", "\fdef "), {}),
    "ends-the-process": (_program("import os\n" + BORN + SET + USE + "os._exit(0)\n" + USE), {}),
    "escapes": (_function(BORN + SET + USE + "return tracker\n"), {}),
    "escapes-loop": (
        _function("for item in data:\n" + textwrap.indent(BORN + SET + USE, "    ") + USE),
        {},
    ),
    "given-twice": (_function(BORN + SET.replace('"job"', "next(data)") + SET + USE), {}),
    "invalid-call": (
        _function(BORN + 'tracker.set_tracking_context(workflow="w")\n' + USE),
        {},
    ),
    "loop-carried-context": (
        _function(BORN + "for item in data:\n" + textwrap.indent(USE + SET, "    ")),
        {},
    ),
    "manager": (
        _program(
            """
            class Manager:
                def __init__(self):
                    self.usage_tracker = AIUsageTracker()

                def set_tracking_context(self, **ids):
                    print(ids)
                    self.usage_tracker.set_tracking_context(**ids)


            def review():
                manager = Manager()
                manager.set_tracking_context(job_id="job")
                ask(manager)
            """
        ),
        {},
    ),
    "may-be-none": (
        _function(BORN + USE + "tracker.set_tracking_context(job_id=job)\n" + USE),
        {"runtime": "conservative"},
    ),
    "mixed": (
        _function(
            BORN + SET + "with ai_usage_context('op', tracker=tracker):\n    ask(tracker)\n",
            HEAD + CONTEXT,
        ),
        {},
    ),
    "name-taken": (_program("ai_usage_context = 1\n" + BORN + SET + USE), {}),
    "never-ends": (_program(BORN + SET + "while True:\n" + textwrap.indent(USE, "    ")), {}),
    "no-context-module": (
        _function(BORN + SET + USE),
        {"files": {"receipt_label/utils/ai_usage_tracker.py": "class AIUsageTracker:\n    pass\n"}},
    ),
    "no-work": (_function(BORN + SET), {}),
    "not-first": (
        _function(
            "with ai_usage_context('op') as tracker:\n    ask(tracker)\n    " + SET + "    " + USE,
            HEAD + CONTEXT,
        ),
        {},
    ),
    "reads-state": (
        _function(
            f"{BORN}{SET}{USE}tracker.set_tracking_context(batch_id=tracker.current_job_id)\n{USE}"
        ),
        {},
    ),
    "reads-store": (
        _program(
            """
            from unittest.mock import MagicMock


            def test_review():
                store = MagicMock()
                tracker = AIUsageTracker(dynamo_client=store)
                tracker.set_tracking_context(job_id="job")
                ask(tracker)
                store.put_ai_usage_metric.assert_called_once()
                ask(tracker)
            """
        ),
        {"runtime": "tracker"},
    ),
    "rebound": (
        _function(BORN + SET + USE + "def inner():\n    nonlocal tracker\n    tracker = 1\n"),
        {},
    ),
    "shared-state": (
        _program(
            """
            tracker = AIUsageTracker()


            def review():
                tracker.set_tracking_context(job_id="job")
                ask(tracker)


            def other():
                ask(tracker)
            """
        ),
        {},
    ),
    "sticky-batch-mode": (
        _function(BORN + SET + "tracker.set_batch_mode(True)\n" + USE),
        {"runtime": "conservative"},
    ),
    "tests-the-tracker": (_function(BORN + SET + "tracker._store_metric(None)\n" + USE), {}),
    "two-trackers": (
        _function(BORN + SET + "other = AIUsageTracker()\nask(other)\n" + USE),
        {"runtime": "tracker"},
    ),
    "unknown-fields": (_function(BORN + "tracker.set_tracking_context(**data)\n" + USE), {}),
    "unknown-receiver": (_function("tracker = make()\n" + SET), {}),
    "value-used": (
        _function(
            BORN + 'said = tracker.set_tracking_context(job_id="job")\n' + USE + "print(said)\n"
        ),
        {},
    ),
    "yields-inside": (_function(BORN + SET + USE + "yield 1\n" + USE), {}),
}
