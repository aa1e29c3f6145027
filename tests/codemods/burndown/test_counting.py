"""What counts as a legacy call and as a context, by the text of a file alone."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of

from codemods.burndown.counting import counts, has_work, of_content
from codemods.burndown.records import NOTHING, Counts

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
CONTEXT = "from tracker.ai_usage_context import ai_usage_context\n"


@each_of(
    ("text", "legacy", "contexts"),
    [
        ("tracker.set_tracking_context(job_id='a')", 1, 0),
        ("self.tracker.set_tracking_context()\nx.set_tracking_context()", 2, 0),
        ("with ai_usage_context('a'):\n    pass", 0, 1),
        ("with ai_usage_context('a'), batch_ai_usage_context('b', 3):\n    pass", 0, 2),
        ("stack.enter_context(context.partial_failure_context('a'))", 0, 1),
        ("from x import ai_usage_context as usage\nwith usage('a'):\n    pass", 0, 1),
        ("@ai_usage_tracked\ndef f():\n    pass", 0, 1),
        ("@ai_usage_tracked('a')\nasync def f():\n    pass", 0, 1),
        ("t = AIUsageTracker()\nt.set_context(job_id='a')", 1, 0),
        ("def f(t: AIUsageTracker):\n    t.set_context(job_id='a')", 1, 0),
        ("def f(t: 'AIUsageTracker'):\n    t.set_context(job_id='a')", 1, 0),
        ("def f(t: AIUsageTracker | None):\n    t.set_context(job_id='a')", 1, 0),
        ("class C:\n    t: AIUsageTracker = AIUsageTracker()\n    t.set_context()", 1, 0),
        ("self.t = AIUsageTracker.create_for_environment()\nself.t.set_context()", 1, 0),
    ],
)
def test_what_counts(text: str, legacy: int, contexts: int) -> None:
    """Calls that set ids, and calls and decorators that make contexts, by any of their names."""
    assert counts(text) == Counts(legacy, contexts)


@each_of(
    "text",
    [
        IMPORT + "tracker = AIUsageTracker()",
        "# tracker.set_tracking_context()",
        "'tracker.set_tracking_context()'",
        "set_tracking_context()",
        "tracker.set_tracking_context",
        "canvas.set_context(job_id='a')",
        IMPORT + "t = AIUsageTracker()\ncanvas.set_context(job_id='a')",
        IMPORT + "t = canvas()\nt.set_context(job_id='a')",
        CONTEXT + "make = ai_usage_context",
        CONTEXT,
        "with my_ai_usage_context('a'):\n    pass",
        "@my.tracked\ndef f():\n    pass",
    ],
)
def test_what_does_not_count(text: str) -> None:
    """A tracker without ids, a name that is not called, texts, and methods of other objects."""
    assert counts(text) == NOTHING


def test_what_does_not_parse_is_told() -> None:
    """It is neither clean nor counted."""
    assert counts("def f(:\n  set_tracking_context") == Counts(unread=1)
    assert of_content(b"\xff\xfe AIUsageTracker", "a.py") == Counts(unread=1)


def test_a_notebook_s_cells_count() -> None:
    """Code cells do, and texts and outputs do not."""
    call = "t.set_tracking_context(job_id='a')"
    cells = [
        {"cell_type": "code", "source": call, "metadata": {}, "outputs": [], "execution_count": 1},
        {"cell_type": "markdown", "source": call, "metadata": {}},
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    assert of_content(json.dumps(book).encode(), "a.ipynb") == Counts(1)


@given(st.lists(st.sampled_from(["legacy", "context", "other"]), max_size=12))
def test_files_add_up(kinds: list[str]) -> None:
    """Whatever stands together counts as much as its parts alone."""
    texts = {
        "legacy": "t.set_tracking_context(job_id='a')\n",
        "context": "with ai_usage_context('a'):\n    ask()\n",
        "other": "def f():\n    return t\n",
    }
    parts = [texts[kind] for kind in kinds]
    whole = counts("".join(parts))
    assert whole == sum((counts(part) for part in parts), NOTHING)
    assert (whole.legacy, whole.contexts) == (kinds.count("legacy"), kinds.count("context"))
    assert has_work("".join(parts).encode()) == (whole != NOTHING)


def test_shares() -> None:
    """Contexts among all there is; nothing of nothing is no share."""
    assert Counts(1, 3).share == 0.75
    assert NOTHING.share is None
    assert Counts(3, 2, 1) - Counts(1, 2, 1) == Counts(2)
