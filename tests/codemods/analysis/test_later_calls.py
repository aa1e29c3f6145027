"""Which set calls may run after another one is what programs do."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from codemods.analysis.syntax.parsed_module import ParsedModule
from codemods.model.source import SourceFile
from codemods.rules.checks.parts import Later

#: A program: suites of calls and of statements with suites inside.
Suite = list[Any]

_HEADS = {
    "if": ("if pick():", "else:"),
    "elif": ("if pick():", "elif pick():", "else:"),
    "with": ("with held():",),
    "try": ("try:", "finally:"),
}
_SUITES = st.recursive(
    st.lists(st.just("call"), min_size=1, max_size=2),
    lambda inside: st.lists(
        st.one_of(
            st.just("call"),
            st.tuples(st.just("if"), inside, inside),
            st.tuples(st.just("elif"), inside, inside, inside),
            st.tuples(st.just("match"), inside, inside),
            st.tuples(st.just("with"), inside),
            st.tuples(st.just("try"), inside, inside),
        ),
        min_size=1,
        max_size=2,
    ),
    max_leaves=8,
)


def written(suite: Suite, lines: list[str], depth: int = 0) -> list[str]:
    """Put the statements of *suite* behind *lines*; each call notes the number of its line."""
    room = "    " * depth
    for one in suite:
        if one == "call":
            lines.append(f"{room}ran({len(lines) + 1})")
            continue
        kind, *inside = one
        if kind == "match":
            lines.append(f"{room}match pick():")
            for head, body in zip(("case True:", "case _:"), inside, strict=True):
                lines.append(f"{room}    {head}")
                written(body, lines, depth + 2)
            continue
        for head, body in zip(_HEADS[kind], inside, strict=True):
            lines.append(f"{room}{head}")
            written(body, lines, depth + 1)
    return lines


def run(text: str, choices: tuple[bool, ...]) -> list[int]:
    """Return the calls that run, in order, where the questions are answered by *choices*."""
    ran: list[int] = []
    answers = iter(choices)

    class Held:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    exec(text, {"ran": ran.append, "pick": lambda: next(answers), "held": Held})
    return ran


def told(text: str) -> set[tuple[int, int]]:
    """Return the pairs of lines of which the second call may run after the first."""
    source = SourceFile(
        Path("program.py"), "program.py", text.encode(), text, "utf-8", False, "\n", ""
    )
    module = ParsedModule.of(source, ast.parse(text), ("program",))
    calls = [n for n in ast.walk(module.tree) if isinstance(n, ast.Call)]
    sites = [
        SimpleNamespace(call=call, statement=module.statement(call))
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "ran"
    ]
    later = Later(SimpleNamespace(module=module), SimpleNamespace(sets=sites))  # type: ignore[arg-type]
    return {(one.call.lineno, two.call.lineno) for one in sites for two in later.than(one)}  # type: ignore[arg-type]


@settings(max_examples=150)
@given(_SUITES)
@example([("elif", ["call"], ["call", "call"], ["call"]), "call"])
@example([("match", [("if", ["call"], ["call"]), "call"], ["call"])])
def test_calls_come_later_where_a_program_runs_both(suite: Suite) -> None:
    """A call is behind another one exactly where some way through the program runs both."""
    text = "\n".join(written(suite, []))
    questions = text.count("pick()")
    ways = product((True, False), repeat=min(questions, 9))
    pairs: set[tuple[int, int]] = set()
    for way in ways:
        ran = run(text, (*way, *[False] * questions))
        pairs |= {(one, two) for at, one in enumerate(ran) for two in ran[at + 1 :]}
    found = told(text)
    assert pairs <= found
    if questions <= 9:
        assert found == pairs


def test_calls_in_a_loop_come_later() -> None:
    """In another branch of a loop's body a call may run in a later round."""
    lines = ["for one in many:", "    if pick():", "        ran(3)", "    else:", "        ran(5)"]
    assert told("\n".join(lines)) == {(3, 5)}
