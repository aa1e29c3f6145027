"""Which runtime rewrites rely on: looked up in the project, read, judged, and said."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import FIXTURES, dedent, report
from many_cases import each_of

from codemods.model.outcome import Changed, RunReport
from codemods.report import text

SITE = """
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


def scan(client, page):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="job-1")
    return client.responses.create(model="m", input=page)
"""
GUIDE = FIXTURES / "guide"
STEPS = sorted(folder.name for folder in GUIDE.iterdir() if folder.name.startswith("step"))
HOME = "receipt_label/utils/ai_usage_context.py"
LEGACY = "receipt_label/utils/ai_usage_tracker.py"
PACKAGES = {"receipt_label/__init__.py": "", "receipt_label/utils/__init__.py": ""}
OWN = 'with ai_usage_context("scan", job_id="job-1")'
ADOPTED = 'with ai_usage_context("scan", tracker=AIUsageTracker(), job_id="job-1")'
#: A module of contexts that does all that the guide says, line by line.
GUIDED = """
from contextlib import contextmanager
from .ai_usage_tracker import AIUsageTracker
from .stores import client

@contextmanager
def ai_usage_context(operation_type, tracker=None, user_id=None, job_id=None, **fields):
    tracker = tracker or AIUsageTracker(dynamo_client=client())
    before = tracker.current_job_id, tracker.user_id
    tracker.set_tracking_context(job_id=job_id, user_id=user_id)
    try:
        yield tracker
    finally:
        tracker.flush_metrics()
        tracker.current_job_id, tracker.user_id = before
"""
CLASS = """
class AIUsageTracker:
    def __init__(self, dynamo_client=None):
        self.dynamo_client = dynamo_client
"""


def run(folder: Path, files: dict[str, str], part: str = "", **flags: object) -> RunReport:
    """Write *files* and the legacy site app.py; return the report of a run over *part*."""
    for name, content in {"pyproject.toml": "", "app.py": SITE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(content))
    settings = {"pyproject.toml": files.get("pyproject.toml", "")}
    return report(folder, runtime="", part=part, settings=settings, **flags)  # type: ignore[arg-type]


def rewritten(told: RunReport, name: str = "app.py") -> str:
    """Return the text that the file *name* gets."""
    return next(
        o.after.decode() for o in told.outcomes if isinstance(o, Changed) and o.path == name
    )


def evidence(told: RunReport) -> tuple[str, str]:
    """Return the name of the one runtime that *told* names, and why it is taken for that."""
    (found,) = told.runtimes
    return str(found.runtime), found.why


def test_no_module_of_the_project(tmp_path: Path) -> None:
    """Where no folder has the module, the guide's contract holds; the report says so, and how
    to say otherwise."""
    told = run(tmp_path, {})
    assert OWN in rewritten(told)
    why = "receipt_label.utils.ai_usage_context is in no folder of the project"
    assert evidence(told) == ("guide", why)
    assert 'say runtime = "guide" in [tool.ai-usage]' in text.render(told)
    assert "safe:" not in text.render(told)


@pytest.mark.parametrize("step", STEPS)
def test_the_guide_s_own_examples(tmp_path: Path, step: str) -> None:
    """Alone in a folder, without any configuration, each comes out in the guide's form."""
    before = (GUIDE / step / "before.py").read_text()
    told = run(tmp_path, {"app.py": before})
    assert rewritten(told) == (GUIDE / step / "after_tracker.py").read_text()
    assert evidence(told)[0] == "guide"
    assert "tracker=AIUsageTracker()" not in rewritten(told)


def test_strict_takes_no_guide_for_granted(tmp_path: Path) -> None:
    """--strict relies on what both runtimes do, and the rewrite is proven then."""
    told = run(tmp_path, {}, strict=True)
    assert ADOPTED in rewritten(told)
    assert evidence(told)[0] == "conservative"
    assert "safe:" in text.render(told)


@pytest.mark.parametrize(
    ("said", "header"), [("guide", OWN), ("tracker", OWN), ("conservative", ADOPTED)]
)
def test_the_configuration_has_the_last_word(tmp_path: Path, said: str, header: str) -> None:
    """What pyproject.toml says counts, whatever the project's module does; nothing is assumed."""
    table = f'[tool.ai-usage]\nruntime = "{said}"\n'
    told = run(tmp_path, {"pyproject.toml": table, HOME: GUIDED, LEGACY: CLASS, **PACKAGES})
    assert header in rewritten(told)
    assert evidence(told) == (said, "")
    assert "safe:" in text.render(told)


@pytest.mark.parametrize(
    "content",
    [
        "from tracker.ai_usage_context import *\n",
        "from tracker.ai_usage_context import *; from tracker.reexport import reexport; "
        "reexport(__name__)\n",
        "from tracker.ai_usage_context import ai_usage_context, batch_ai_usage_context\n",
        "from tracker import ai_usage_context as ai_usage_context\n",
        "try:\n    from tracker.ai_usage_context import *\nexcept ImportError:\n    raise\n",
        "from ._real import ai_usage_context, batch_ai_usage_context\n",
        "from receipt_label.utils._real import *\n",
    ],
)
@pytest.mark.parametrize("root", ["", "src/"])
def test_a_module_that_hands_ours_on(tmp_path: Path, content: str, root: str) -> None:
    """A re-export of `tracker`, also through a further module, is our runtime: named, and safe."""
    real = {"receipt_label/utils/_real.py": "\n\nfrom tracker.ai_usage_context import *\n"}
    files = {f"{root}{name}": body for name, body in {**PACKAGES, **real, HOME: content}.items()}
    told = run(tmp_path, files)
    assert OWN in rewritten(told)
    runtime, why = evidence(told)
    assert runtime == "tracker"
    assert why.endswith(": it hands on the contexts of tracker")
    assert "safe:" in text.render(told)


def test_the_original(tmp_path: Path) -> None:
    """The stand-in of the original in the project is judged by its code, with file and line."""
    original = (FIXTURES.parent / "oracle" / "original.py").read_text()
    star = "from .ai_usage_context import *\n"
    told = run(tmp_path, {HOME: original, LEGACY: star, **PACKAGES})
    assert ADOPTED in rewritten(told)
    runtime, why = evidence(told)
    assert runtime == "conservative"
    line = int(why.removeprefix(f"{HOME}:").partition(":")[0])
    assert "AIUsageTracker(stores=False)" in original.splitlines()[line - 1]
    assert f"rely on the conservative runtime: {HOME}:{line}: " in text.render(told)


def test_contexts_that_do_as_the_guide_says(tmp_path: Path) -> None:
    """A context of the project's own that stores, sets the user and gives ids back is trusted."""
    told = run(tmp_path, {HOME: GUIDED, LEGACY: CLASS, **PACKAGES})
    assert OWN in rewritten(told)
    assert evidence(told) == (
        "tracker",
        f"{HOME}:6: contexts store, set the user, and give the ids back",
    )


@pytest.mark.parametrize(
    ("taken", "put", "why"),
    [
        ("dynamo_client=client()", "", "no store"),
        ("dynamo_client=client()", "dynamo_client=None", "no store"),
        ("dynamo_client=client()", "track_to_file=False", "no store"),
        (", user_id=user_id)", ")", "user"),
        ("        tracker.current_job_id, tracker.user_id = before\n", "", "earlier ids"),
    ],
)
def test_contexts_that_do_less(tmp_path: Path, taken: str, put: str, why: str) -> None:
    """Each of the three that cannot be read makes it conservative, and is the reason told."""
    assert taken in GUIDED
    told = run(tmp_path, {HOME: GUIDED.replace(taken, put), LEGACY: CLASS, **PACKAGES})
    assert ADOPTED in rewritten(told)
    assert evidence(told)[0] == "conservative"
    assert why in evidence(told)[1]


def test_a_class_that_makes_its_own_store(tmp_path: Path) -> None:
    """A tracker that is given no client and makes one itself has a store."""
    bare = GUIDED.replace("dynamo_client=client()", "")
    makes = CLASS.replace("= dynamo_client", "= dynamo_client or make_client()")
    assert evidence(run(tmp_path, {HOME: bare, LEGACY: makes, **PACKAGES}))[0] == "tracker"


def test_a_class_in_place_of_a_function(tmp_path: Path) -> None:
    """A context that is a class is read as one: its exit has to give the ids back."""
    written = """
    from .ai_usage_tracker import AIUsageTracker

    class ai_usage_context:
        def __enter__(self):
            self.tracker = AIUsageTracker(dynamo_client=self.client)
            self.tracker.set_tracking_context(**self.ids)
            return self.tracker

        def __exit__(self, *exception):
            restore(self.tracker)
    """
    assert evidence(run(tmp_path, {HOME: written, LEGACY: CLASS, **PACKAGES}))[0] == "tracker"
    less = written.replace("restore(self.tracker)", "pass")
    assert evidence(run(tmp_path, {HOME: less, LEGACY: CLASS, **PACKAGES}))[0] == "conservative"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("from .ai_usage_context import *\n", "its imports lead in a circle"),
        ("from somewhere.unknown import *\n", "where its contexts come from is not known"),
        ("ai_usage_context = make()\n", "nothing here defines"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: str, why: str) -> None:
    """A module that is there and tells nothing is relied on for nothing."""
    told = run(tmp_path, {HOME: content, LEGACY: CLASS, **PACKAGES})
    assert ADOPTED in rewritten(told)
    assert evidence(told)[0] == "conservative"
    assert why in evidence(told)[1]


@pytest.mark.parametrize("content", ["", "def other_context():\n    pass\n"])
def test_a_module_without_contexts(tmp_path: Path, content: str) -> None:
    """Where the module has no context, nothing is rewritten at all."""
    told = run(tmp_path, {HOME: content, LEGACY: CLASS, **PACKAGES})
    assert told.runtimes == ()
    assert "no-context-module" in text.render(told)


def test_however_small_the_named_part(tmp_path: Path) -> None:
    """A run over one file looks the runtime up from the project's root."""
    hands_on = {f"src/{HOME}": "from tracker.ai_usage_context import *\n"}
    inside = {f"src/{name}": body for name, body in PACKAGES.items()}
    told = run(tmp_path, {**hands_on, **inside, "src/jobs/night.py": SITE}, "src/jobs/night.py")
    assert OWN in rewritten(told, "src/jobs/night.py")
    assert evidence(told)[0] == "tracker"


def test_members_of_a_repository(tmp_path: Path) -> None:
    """Each member is judged by the module that lies nearest to it, and both are named."""
    no_user = GUIDED.replace(", user_id=user_id)", ")")
    a = {HOME: "from tracker.ai_usage_context import *\n", **PACKAGES, "app.py": SITE}
    b = {HOME: no_user, LEGACY: CLASS, **PACKAGES, "app.py": SITE}
    members = {f"a/{name}": body for name, body in a.items()}
    members |= {f"b/{name}": body for name, body in b.items()}
    told = run(tmp_path, members)
    assert OWN in rewritten(told, "a/app.py")
    assert ADOPTED in rewritten(told, "b/app.py")
    assert {str(one.runtime) for one in told.runtimes} == {"tracker", "conservative"}


@each_of("count", range(4))
def test_all_three_or_less(count: int) -> None:
    """Only a context that does all three is taken for one of the guide's."""
    import ast

    from codemods.analysis.external.runtimes import Judged, judged

    without = {
        "store": ("dynamo_client=client()", ""),
        "user": (", user_id=user_id)", ")"),
        "ids": ("        tracker.current_job_id, tracker.user_id = before\n", ""),
    }
    for done in combinations(without, count):
        source = GUIDED
        for part in without.keys() - set(done):
            source = source.replace(*without[part])
        found = judged(ast.parse(source), ast.parse(CLASS))
        assert isinstance(found, Judged)
        assert found.as_guided is (count == 3), done
