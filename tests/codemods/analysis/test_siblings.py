"""Lifetimes of one variable beside each other: the index says what a look at each pair says."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch

from harness import migrate

from codemods.analysis.trackers.lifetimes import within
from codemods.linking.links import Project
from codemods.rules.checks.siblings import siblings_of

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Lifetime
    from codemods.model.source import SourceFile

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
PROGRAMS = 60


def semantic_of(folder: Path, text: str) -> SemanticModel:
    """Return what rules are given to ask about *text*."""
    given: list[SemanticModel] = []
    semantic = Project.semantic

    def noted(self: Project, source: SourceFile) -> SemanticModel:
        given.append(semantic(self, source))
        return given[-1]

    folder.mkdir()
    with patch.object(Project, "semantic", noted):
        migrate(folder, text)
    return given[0]


def program(random: Random, depth: int = 1) -> list[str]:
    """Return statements of one suite, in which a tracker is built and used at any depth."""
    lines = []
    for _ in range(random.randrange(1, 5)):
        kind = random.choice(("build", "build", "use", "other", "if", "for", "try"))
        if kind in ("if", "for", "try") and depth < 4:
            head = {"if": "if x:", "for": "for x in y:", "try": "try:"}[kind]
            lines += [head, *(f"    {line}" for line in program(random, depth + 1))]
            if kind != "for" and random.random() < 0.5:
                tail = "else:" if kind == "if" else "except ValueError:"
                lines += [tail, *(f"    {line}" for line in program(random, depth + 1))]
            elif kind == "try":
                lines += ["finally:", "    pass"]
        else:
            made = {"build": "tracker = AIUsageTracker()", "use": "ask(tracker)"}
            lines.append(made.get(kind, "print(x)"))
    return lines


def crossing(semantic: SemanticModel, lifetime: Lifetime) -> Lifetime | None:
    """Return the first other lifetime that begins inside of *lifetime*, or has its begin inside."""
    path = semantic.module.paths
    for other in lifetime.siblings:
        if other is not lifetime and (
            within(lifetime, path[other.binding_statement])
            or within(other, path[lifetime.binding_statement])
        ):
            return other
    return None


def test_the_first_lifetime_that_crosses_another_is_found(tmp_path: Path) -> None:
    """However suites lie in each other, the index names the lifetime that all pairs would name."""
    random = Random("suites")
    text = IMPORT
    for number in range(PROGRAMS):
        body = "".join(f"    {line}\n" for line in program(random))
        text += f"\n\ndef run_{number}(x, y, ask):\n    tracker = AIUsageTracker()\n{body}"
    semantic = semantic_of(tmp_path / "suites", text)
    answers = set()
    for lifetime in semantic.tracker_lifetimes:
        expected = crossing(semantic, lifetime)
        answers.add(expected is None)
        assert siblings_of(semantic, lifetime).crossing(lifetime) is expected
    assert answers == {True, False}


def test_a_use_of_no_lifetime_is_the_first_stray(tmp_path: Path) -> None:
    """What is read before any construction belongs to none of the lifetimes."""
    text = f"{IMPORT}\n\ndef run(x, ask):\n    ask(tracker)\n    tracker = AIUsageTracker()\n"
    semantic = semantic_of(tmp_path / "stray", f"{text}    ask(tracker)\n")
    [lifetime] = semantic.tracker_lifetimes
    stray = siblings_of(semantic, lifetime).stray_load(lifetime.scope)
    assert stray is not None
    assert stray.lineno == 5  # the first line of the function


def test_a_second_binder_is_foreign(tmp_path: Path) -> None:
    """A variable that something else binds too is named by that place, and by no construction."""
    text = f"{IMPORT}\n\ndef run(x, ask):\n    tracker = AIUsageTracker()\n    ask(tracker)\n"
    for more, expected in (("", None), ("    tracker = x\n", 7)):
        semantic = semantic_of(tmp_path / f"binders-{len(more)}", text + more)
        [lifetime] = semantic.tracker_lifetimes
        binder = siblings_of(semantic, lifetime).foreign_binder
        assert getattr(binder, "lineno", None) == expected
