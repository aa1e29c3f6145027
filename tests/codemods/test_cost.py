"""What a file costs grows with the file, and not with its square.

Calls are counted, not seconds: the numbers are the same on every machine.
"""

from __future__ import annotations

import ast
from collections import Counter
from cProfile import Profile
from typing import TYPE_CHECKING, Any

import pytest
from harness import lint, migrate, report

from codemods.linking import trees
from codemods.linking.module_graph import ModuleGraph

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.project.discovery import DiscoveredFile

IMPORTS = """\
from llm import ask
from receipt_label.utils.ai_usage_tracker import AIUsageTracker
"""
FUNCTION = """

def work_{0}(x):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j{0}")
    return ask(tracker, x)
"""
METHOD = """
    def work_{0}(self, x):
        self.tracker.set_tracking_context(job_id="j{0}")
        return ask(self.tracker, x)
"""
CLASS = (
    IMPORTS + "\n\nclass Work:\n    def __init__(self):\n        self.tracker = AIUsageTracker()\n"
)
PHASE = """\
    tracker.set_tracking_context(job_id="j{0}")
    ask(tracker, x, {0})
"""
PHASES = IMPORTS + "\n\ndef work(x):\n    tracker = AIUsageTracker()\n"
LIFETIME = """\
    tracker_{0} = AIUsageTracker()
    tracker_{0}.set_tracking_context(job_id="j{0}")
    result_{0} = ask(tracker_{0}, x)
    print(result_{0})
"""
LIFETIMES = IMPORTS + "\n\ndef work(x):\n"
BRANCH = """\
    elif kind == {0}:
        tracker.set_tracking_context(job_id="j{0}")
        ask(tracker, x)
"""
BRANCHES = (
    IMPORTS
    + """

def work(kind, x):
    tracker = AIUsageTracker()
    if kind is None:
        print(x)
"""
)
GIVEN = """

def work_{0}(tracker: AIUsageTracker, x):
    tracker.set_tracking_context(job_id="j{0}")
    return ask(tracker, x)
"""
MODULE_TRACKER = """
tracker_{0} = AIUsageTracker()
tracker_{0}.set_tracking_context(job_id="j{0}")


def work_{0}(x):
    return ask(tracker_{0}, x)
"""
BINDING = """
tracker = AIUsageTracker()
tracker.set_tracking_context(job_id="j{0}")
ask(tracker, {0})
"""
MIGRATED = """\
from receipt_label.utils.ai_usage_context import ai_usage_context


def part_{0}(x):
    with ai_usage_context("part", job_id="j{0}") as tracker:
        return ask(tracker, x)
"""
OWN_CLASS = """

class Work{0}:
    def __init__(self):
        self.tracker = AIUsageTracker()

    def run(self, x):
        self.tracker.set_tracking_context(job_id="j{0}")
        return ask(self.tracker, x)
"""
GETTER = (
    IMPORTS
    + """

_tracker = None


def get_tracker():
    global _tracker
    if _tracker is None:
        _tracker = AIUsageTracker()
    return _tracker
"""
)
GIVEN_BY_GETTER = """

def work_{0}(x):
    tracker = get_tracker()
    tracker.set_tracking_context(job_id="j{0}")
    return ask(tracker, x)
"""
LINK = ".step_{0}(x)"
CHAIN = (
    IMPORTS
    + """

def work(query, x):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j")
    rows = query"""
)
END_OF_CHAIN = "\n    return ask(tracker, rows)\n"


def calls_for(folder: Path, text: str) -> int:
    """Return how many functions are called while *text*, which is rewritten, is migrated."""
    profile = Profile(builtins=False)
    outcome = profile.runcall(migrate, folder, text)
    assert outcome.changed, outcome.refusals
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    ("head", "part", "tail"),
    [
        pytest.param(IMPORTS, FUNCTION, "", id="functions"),
        pytest.param(CLASS, METHOD, "", id="methods on one field"),
        pytest.param(PHASES, PHASE, "", id="phases of one tracker"),
        pytest.param(LIFETIMES, LIFETIME, "", id="trackers in one function"),
        pytest.param(BRANCHES, BRANCH, "", id="branches of one chain"),
        pytest.param(IMPORTS, BINDING, "", id="trackers in one variable"),
        pytest.param(IMPORTS, OWN_CLASS, "", id="classes with a tracker each"),
        pytest.param(GETTER, GIVEN_BY_GETTER, "", id="users of a getter"),
        pytest.param(CHAIN, LINK, END_OF_CHAIN, id="links of one expression"),
    ],
)
def test_twice_the_size_costs_about_twice_as_much(
    tmp_path: Path, head: str, part: str, tail: str
) -> None:
    """Whatever a program has many of, none of them is looked at for each of the others."""
    # The first run loads modules, and what a file costs without any part is in no difference.
    _, small, middle, large = (
        calls_for(tmp_path, head + "".join(map(part.format, range(count))) + tail)
        for count in (2, 8, 16, 32)
    )
    assert large - middle < 2.2 * (middle - small), (small, middle, large)


def test_the_text_of_a_file_is_searched_as_often_however_many_names_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the names of a module are used as fields is found out for all of them together."""
    searched: Counter[int] = Counter()
    content = ModuleGraph.content

    def counted(graph: ModuleGraph, file: DiscoveredFile) -> bytes:
        searched[count] += 1
        return content(graph, file)

    monkeypatch.setattr(ModuleGraph, "content", counted)
    for count in (4, 16):
        text = IMPORTS + "".join(map(MODULE_TRACKER.format, range(count)))
        assert migrate(tmp_path / str(count), text).refusals
    assert 0 < searched[16] == searched[4]


@pytest.mark.parametrize("chained", [False, True])
def test_other_files_are_searched_as_often_however_many_open_contexts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chained: bool
) -> None:
    """One file of a project that is migrated nearly whole: its files are not read for each other.

    Each may be the manager that another one enters; it is asked for all of their names at once.
    """
    searched: Counter[int] = Counter()
    content = ModuleGraph.content

    def counted(graph: ModuleGraph, file: DiscoveredFile) -> bytes:
        searched[count] += 1
        return content(graph, file)

    monkeypatch.setattr(ModuleGraph, "content", counted)
    for count in (8, 32):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            before = f"import part_{number // 4 * 4}\n" if chained and number % 4 else ""
            (folder / f"part_{number}.py").write_text(before + MIGRATED.format(number))
        (folder / "old.py").write_text(IMPORTS + FUNCTION.format(0))
        changed = report(folder, part="old.py").outcomes
        assert [outcome.path for outcome in changed] == ["old.py"]
    # Each of them is read in each search; there are no more searches than before.
    assert 0 < searched[32] <= searched[8] * 33 / 9


@pytest.mark.parametrize(("room", "most"), [(1_000_000, 1), (0, 2)])
def test_the_other_legacy_files_are_parsed_once_for_all_that_is_asked_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, most: int
) -> None:
    """One file of them is named: who imports, hands on and looks up is found out in one reading.

    Where their trees cannot be kept they are read once more, when all functions are known.
    """
    parsed: Counter[str] = Counter()
    parse = ast.parse

    def counted(text: str, *given: Any, **named: Any) -> ast.AST:
        parsed[text] += 1
        return parse(text, *given, **named)

    for number in range(8):
        (tmp_path / f"part_{number}.py").write_text(IMPORTS + FUNCTION.format(number))
    (tmp_path / "main.py").write_text(
        "import part_0\nfrom part_1 import work_1\nHANDLERS = [part_0.work_0, work_1]\n"
        + MIGRATED.format(8)
    )
    monkeypatch.setattr(trees, "_MOST_TEXT", room)
    monkeypatch.setattr(ast, "parse", counted)
    changed = report(tmp_path, part="part_7.py").outcomes
    assert [outcome.path for outcome in changed] == ["part_7.py"]
    others = [path.read_text() for path in tmp_path.glob("part_[0-6].py")]
    assert {parsed[text] for text in others} <= set(range(1, most + 1))


def test_lint_reads_no_other_file_for_a_parameter_that_shows_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls the function matters to its rewrite: a finding does not wait for all files."""
    searched: list[str] = []
    holding = ModuleGraph.holding

    def noted(graph: ModuleGraph, *words: str) -> list[DiscoveredFile]:
        searched.extend(words)
        return holding(graph, *words)

    monkeypatch.setattr(ModuleGraph, "holding", noted)
    text = IMPORTS + "".join(map(GIVEN.format, range(2)))
    assert lint(tmp_path, text).count("AIU002") == 2
    assert searched == []
    migrate(tmp_path, text)
    assert "work_0" in searched
