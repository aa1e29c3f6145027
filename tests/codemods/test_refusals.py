"""What is not rewritten: refused with its reason, or left alone because it is something else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import dedent, leaves, migrate, migrate_project, refuses

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
REFUSED = {
    "returned": ("escapes", "tracker.set_tracking_context(job_id='j')\n    return tracker"),
    "stored": ("escapes", "tracker.set_tracking_context(job_id='j')\n    self.tracker = tracker"),
    "kept by a list": (
        "escapes",
        "tracker.set_tracking_context(job_id='j')\n    ALL.append(tracker)",
    ),
    "closure returned": (
        "escapes",
        "tracker.set_tracking_context(job_id='j')\n    return lambda: use(tracker)",
    ),
    "task": (
        "escapes",
        "tracker.set_tracking_context(job_id='j')\n    create_task(go(tracker))\n    use(tracker)",
    ),
    "yield": ("yields-inside", "tracker.set_tracking_context(job_id='j')\n    yield use(tracker)"),
    "star arguments": ("unknown-fields", "tracker.set_tracking_context(**ids)\n    use(tracker)"),
    "unknown keyword": ("invalid-call", "tracker.set_tracking_context(jobs=1)\n    use(tracker)"),
    "value used": (
        "value-used",
        "x = tracker.set_tracking_context(job_id='j')\n    use(tracker)\n    return x",
    ),
    "reads the ids": (
        "reads-state",
        "tracker.set_tracking_context(job_id='j')\n    use(tracker)\n"
        "    tracker.set_tracking_context(batch_id=tracker.current_job_id)\n    use(tracker)",
    ),
    "rebound": (
        "rebound",
        "tracker.set_tracking_context(job_id='j')\n    use(tracker)\n    tracker = None",
    ),
    "no work": ("no-work", "tracker.set_tracking_context(job_id='j')"),
    "loop carried": (
        "loop-carried-context",
        "for item in items:\n        use(tracker)\n"
        "        tracker.set_tracking_context(job_id=item)\n        use(tracker)",
    ),
    "set in a branch": (
        "conditional-context",
        "if flag:\n        tracker.set_tracking_context(job_id='j', github_pr=4)\n"
        "        use(tracker)\n    tracker.set_tracking_context(job_id='k')\n    use(tracker)",
    ),
}
LEFT = {
    "another class of the same name": """
        from elsewhere import AIUsageTracker

        def f():
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="j")
            use(tracker)
        """,
    "a class of this file": """
        class AIUsageTracker:
            def set_tracking_context(self, job_id):
                self.job_id = job_id

        def f():
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="j")
            use(tracker)
        """,
    "migrated code": """
        from tracker.ai_usage_context import ai_usage_context

        def f():
            with ai_usage_context("reading", job_id="j") as tracker:
                use(tracker)
        """,
    "adopted code": """
        from tracker.ai_usage_context import ai_usage_context
        from tracker.ai_usage_tracker import AIUsageTracker

        def f():
            tracker = AIUsageTracker(user_id="u")
            with ai_usage_context("reading", tracker=tracker, job_id="j"):
                use(tracker)
        """,
    "only an import": """
        from tracker.ai_usage_tracker import AIUsageTracker

        def f(tracker: AIUsageTracker) -> None:
            use(tracker)
        """,
    "names in a string": """
        TEXT = "tracker = AIUsageTracker(); tracker.set_tracking_context(job_id='j')"
        """,
    "a callback inside a context": """
        from tracker.ai_usage_context import ai_usage_context

        def f(inner):
            with ai_usage_context("reading"):
                inner()
        """,
    "a parameter that only has the name": """
        from tracker.ai_usage_context import ai_usage_context

        def f():
            with ai_usage_context("reading") as tracker:
                inner()

        def inner(tracker=None):
            print(tracker)
        """,
}


@pytest.mark.parametrize("shape", REFUSED)
@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
def test_refused_with_its_reason(shape: str, runtime: str, tmp_path: Path) -> None:
    """A life that a block cannot hold stays as it is, and the report names the reason."""
    reason, body = REFUSED[shape]
    text = (
        f"{IMPORT}\n\ndef f(self, items, flag, ids):\n    tracker = AIUsageTracker()\n    {body}\n"
    )
    outcome = refuses(tmp_path, text, reason, runtime=runtime)
    assert outcome.refusals[0].detail
    assert outcome.refusals[0].advice


@pytest.mark.parametrize("shape", LEFT)
def test_left_alone(shape: str, tmp_path: Path) -> None:
    """What is not legacy code is neither changed nor mentioned."""
    leaves(tmp_path, LEFT[shape])


def test_refusal_leaves_the_other_sites(tmp_path: Path) -> None:
    """A refused site keeps its import, and the other sites of the file are still rewritten."""
    text = dedent("""
        from tracker.ai_usage_tracker import AIUsageTracker

        def make():
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="j")
            return tracker

        def read():
            tracker = AIUsageTracker()
            tracker.set_tracking_context(job_id="j")
            return use(tracker)
        """)
    outcome = migrate(tmp_path, text)
    assert outcome.reasons == ["escapes"]
    assert "import AIUsageTracker" in outcome.text
    assert 'with ai_usage_context("read", job_id="j") as tracker:' in outcome.text


def test_the_import_stays_while_another_file_needs_it(tmp_path: Path) -> None:
    """The legacy import is kept where another file imports the name from this module."""
    before = dedent("""
        from tracker.ai_usage_tracker import AIUsageTracker

        def read():
            tracker = AIUsageTracker()
            return use(tracker)
        """)
    other = "from receipts import AIUsageTracker\n"
    outcomes = migrate_project(tmp_path, {"receipts.py": before, "other.py": other})
    assert "import AIUsageTracker" in outcomes["receipts.py"].text
    assert outcomes["receipts.py"].changed
