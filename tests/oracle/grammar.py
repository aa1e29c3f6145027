"""Legacy programs: units, helpers and imports put together, and the strategy that makes them."""

from __future__ import annotations

import functools
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from .pen import Pen
from .program import Program
from .source import Stmt, Suite, render
from .syntax import strewn
from .units import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .unit import Unit

LEGACY = "receipt_label.utils.ai_usage_tracker"
CONTEXTS = "receipt_label.utils.ai_usage_context"


def _class_import(pen: Pen) -> tuple[list[Stmt], bool]:
    """Choose how the program imports the legacy class; the flag says: from the old package."""
    form = pen.weighted(
        [
            (70, "plain"),
            (6, "alias"),
            (4, "module"),
            (4, "package"),
            (4, "submodule"),
            (6, "ours"),
            (1, "guarded"),
            (1, "fallback"),
            (2, "star"),
        ]
    )
    if form == "alias":
        pen.tracker_class = "Tracker"
        return [f"from {LEGACY} import AIUsageTracker as Tracker"], True
    if form == "module":
        pen.tracker_class = "aut.AIUsageTracker"
        return [f"import {LEGACY} as aut"], True
    if form == "package":
        return ["from receipt_label.utils import AIUsageTracker"], True
    if form == "submodule":
        pen.tracker_class = "ai_usage_tracker.AIUsageTracker"
        return ["from receipt_label.utils import ai_usage_tracker"], True
    if form == "ours":
        return ["from tracker.ai_usage_tracker import AIUsageTracker"], False
    plain = f"from {LEGACY} import AIUsageTracker"
    if form == "guarded":
        guard: list[Stmt] = ["raise"]
        return [Suite("try:", [plain]), Suite("except ImportError:", guard)], True
    if form == "fallback":
        other: list[Stmt] = ["from tracker.ai_usage_tracker import AIUsageTracker"]
        return [Suite("try:", [plain]), Suite("except ImportError:", other)], True
    if form == "star":
        return [f"from {LEGACY} import *"], True
    return [plain], True


def _driver(pen: Pen, units: list[Unit]) -> Suite:
    show = pen.use("show")
    return Suite("def run():", [f"{show}(lambda: {call})" for unit in units for call in unit.calls])


def _text(pen: Pen) -> Program:
    imported, original = _class_import(pen)
    units = [pen.table(*UNITS)(pen) for _ in range(pen.weighted([(75, 1), (25, 2)]))]
    driver = _driver(pen, units)
    home = CONTEXTS if original else "tracker.ai_usage_context"
    names = ", ".join(sorted(pen.contexts))
    helpers = [statement for definition in pen.helpers.values() for statement in definition]
    defined = [statement for unit in units for statement in unit.definitions]
    # A helper that the module itself uses must stand before its use; in functions it need not.
    late = helpers and all(isinstance(s, Suite) for s in defined) and pen.chance(25)
    statements: list[Stmt] = [
        *sorted(pen.imports),
        *([f"from llm import {', '.join(sorted(pen.provided))}"] if pen.provided else []),
        *imported,
        *([f"from {home} import {names}"] if names else []),
        "",
        *([] if late else helpers),
        *defined,
        *(helpers if late else []),
        driver,
    ]
    indent = pen.weighted([(90, "    "), (6, "  "), (4, "\t")])
    return Program(
        render(strewn(pen, statements), indent),
        original,
        tuple(sorted(pen.files.items())),
        pen.part,
        pen.silent and len(units) == 1,
        pen.strict,
        frozenset(pen.kinds),
    )


@functools.cache
def _numbers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


@st.composite
def programs(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Program:
    """Return a legacy program with one unit or two, and its driver ``run``.

    Hypothesis makes the choices, and shrinks them.
    """
    return _text(Pen(lambda low, high: draw(_numbers(low, high))))


def numbered(seed: int, index: int) -> Program:
    """Return program *index* of *seed*: the same grammar with evenly spread choices.

    Hypothesis varies what it made before, which is good for finding an error and
    bad for counting how often something happens.
    """
    return _text(Pen(Random(f"{seed}/{index}").randint))
