"""One program through the pipeline, and what its executions before and after say about it."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import migrate

from .execute import COLUMNS, Backend, Observed, run

if TYPE_CHECKING:
    from harness import Outcome

    from .grammar import Program

RUNTIMES = ("tracker", "conservative")
SITE_CODES = frozenset({"AIU001", "AIU002", "AIU004"})
_NAMES = re.compile(r"\b(?:tracker|usage|t|ai_tracker|old|\w*\d+\w*)\b|'[^']*'")
SET_CALLS = frozenset({"set_tracking_context", "set_context"})


@dataclass(frozen=True)
class Problem:
    """Something that must not happen.

    ``kind`` groups problems of one sort (it names what differs, never a value of
    this program); ``fatal`` ones are divergences and crashes.
    """

    kind: str
    detail: str
    before: str
    after: str
    fatal: bool = True


@dataclass
class Result:
    """What became of one program: sites by runtime, refusals by reason, and problems."""

    rewritten: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    executions: int = 0


def check(program: Program, folder: Path) -> Result:
    """Migrate *program* for both runtimes and compare its executions before and after."""
    result = Result()
    befores: dict[Backend, Observed] = {}
    for runtime in RUNTIMES:
        outcome = migrate(folder, program.text, runtime=runtime)
        _count(result, runtime, outcome)
        if outcome.failed is not None:
            detail = f"{outcome.failed.stage}: {outcome.failed.message}"
            sort = _NAMES.sub("_", outcome.failed.message)
            kind = f"crash {outcome.failed.stage}: {sort} ({runtime})"
            _problem(result, kind, detail, program)
        elif outcome.changed:
            _second_run(result, program, outcome, runtime, folder)
            _compare(result, program, outcome, runtime, befores)
        elif not outcome.refusals and _has_set_call(program.text):
            kind = f"neither rewritten nor refused ({runtime})"
            result.problems.append(Problem(kind, "", program.text, program.text, fatal=False))
    return result


def _problem(
    result: Result, kind: str, detail: str, program: Program, after: str | None = None
) -> None:
    shown = program.text if after is None else after
    result.problems.append(Problem(kind, detail, program.text, shown))


def _count(result: Result, runtime: str, outcome: Outcome) -> None:
    applied = [a for a in outcome.applied if a.finding.code in SITE_CODES]
    refused = [r for r in outcome.refusals if r.finding.code in SITE_CODES]
    result.rewritten[runtime] += len(applied)
    result.refused[runtime] += len(refused)
    result.reasons.update(str(r.reason) for r in outcome.refusals)
    result.forms.update(a.form for a in outcome.applied)


def _second_run(
    result: Result, program: Program, outcome: Outcome, runtime: str, folder: Path
) -> None:
    again = migrate(folder, outcome.text, runtime=runtime)
    if again.failed is not None:
        detail = f"{again.failed.stage}: {again.failed.message}"
        _problem(result, f"second run crashes ({runtime})", detail, program, outcome.text)
    elif again.changed:
        kind = f"second run changes {'/'.join(sorted({a.form for a in again.applied}))}"
        _problem(result, f"{kind} ({runtime})", again.text, program, outcome.text)


def _compare(
    result: Result,
    program: Program,
    outcome: Outcome,
    runtime: str,
    befores: dict[Backend, Observed],
) -> None:
    try:
        compile(outcome.text, "receipts.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        _problem(result, f"does not compile ({runtime})", str(error), program, outcome.text)
        return
    backends: list[Backend] = ["tracker"]
    if runtime == "conservative" and program.original:
        backends.append("original")
    for backend in backends:
        if backend not in befores:
            befores[backend] = run(program.text, backend)
            result.executions += 1
        after = run(outcome.text, backend)
        result.executions += 1
        found = difference(befores[backend], after)
        if found is not None:
            what, detail = found
            forms = "/".join(sorted({a.form for a in outcome.applied}))
            kind = f"{what} ({forms}, for {runtime}, on {backend})"
            _problem(result, kind, detail, program, outcome.text)


def difference(before: Observed, after: Observed) -> tuple[str, str] | None:
    """Return what differs and how, or None: what may differ is settled first."""
    if before.error != after.error:
        return "error", f"before: {before.error or 'none'}\nafter:  {after.error or 'none'}"
    if before.output != after.output:
        return "output", f"before:\n{before.output}\nafter:\n{after.output}"
    old, new = list(before.metrics), list(after.metrics)
    if len(old) != len(new):
        lost, added = Counter(r[0] for r in old), Counter(r[0] for r in new)
        services = sorted({*(lost - added), *(added - lost)})
        what = "lost" if len(new) < len(old) else "new"
        return f"{what} metrics of {' and '.join(map(str, services))}", _rows(old, new)
    new = [_at_list_price(one, other, after.in_batch) for one, other in zip(old, new, strict=True)]
    columns = sorted(
        {
            name
            for one, other in zip(old, new, strict=True)
            for name, a, b in zip(COLUMNS, one, other, strict=True)
            if a != b
        }
    )
    return (f"metrics: {' '.join(columns)}", _rows(old, new)) if columns else None


def _at_list_price(
    old: tuple[object, ...], new: tuple[object, ...], in_batch: frozenset[int]
) -> tuple[object, ...]:
    """Return *new* with the old price if it is the batch price of a call in a batch context.

    A call that failed has no number: any batch context will do.
    """
    explained = new[2] in in_batch or (new[2] is None and in_batch)
    return (*new[:-1], old[-1]) if new[-1] == "batch" and explained else new


def _rows(old: list[tuple[object, ...]], new: list[tuple[object, ...]]) -> str:
    lines = [f"columns: {' '.join(COLUMNS)}"]
    lines += [f"- {row}" for row in old if row not in new]
    lines += [f"+ {row}" for row in new if row not in old]
    return "\n".join(lines)


def _has_set_call(text: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in SET_CALLS
        for node in ast.walk(ast.parse(text))
    )
