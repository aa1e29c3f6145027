"""One program through the pipeline, and what its executions before and after say about it."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import lint, migrate_project

from codemods.model.refusal import Reason

from .comments import displaced
from .execute import COLUMNS, Backend, Observed, run
from .named import is_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness import Outcome

    from codemods.model.refusal import Refusal

    from .program import Program

RUNTIMES = ("tracker", "conservative")
SITE_CODES = frozenset({"AIU001", "AIU002", "AIU004"})
_NAMES = re.compile(r"\b(?:tracker|usage|t|ai_tracker|old|\w*\d+\w*)\b|'[^']*'")


@dataclass(frozen=True)
class Problem:
    """Something that must not happen.

    ``kind`` groups problems of one sort (it names what differs, never a value of
    this program).
    """

    kind: str
    detail: str
    before: Program
    after: Program


@dataclass
class Result:
    """What became of one program: sites by runtime, refusals by reason, and problems.

    ``confirmed`` and ``left`` are the sites that ``--unsafe`` rewrites and refuses.
    """

    rewritten: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    confirmed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    executions: int = 0


def check(program: Program, folder: Path) -> Result:
    """Migrate *program* for both runtimes and compare its executions before and after."""
    result = Result()
    befores: dict[Backend, Observed] = {}
    with in_home(program, folder) as home:
        for runtime in RUNTIMES:
            _check_for(runtime, program, home, result, befores)
            _check_unsafe(runtime, program, home, result, befores)
        if program.silent and (found := lint(home, program.text)):
            problem(result, "lint speaks of what is no fault", " ".join(found), program)
    return result


@contextlib.contextmanager
def in_home(program: Program, folder: Path) -> Iterator[Path]:
    """Give the folder of *program*: one of its own, if it has files beside the main one."""
    if not program.others:
        yield folder
        return
    with tempfile.TemporaryDirectory(dir=folder) as home:
        yield Path(home)


def _check_for(
    runtime: str,
    program: Program,
    home: Path,
    result: Result,
    befores: dict[Backend, Observed],
) -> None:
    outcomes = migrated(program, home, runtime)
    told = list(outcomes.values())
    _count(result, runtime, told)
    failed = next((o.failed for o in told if o.failed is not None), None)
    if failed is not None:
        sort = _NAMES.sub("_", failed.message)
        kind = f"crash {failed.stage}: {sort} ({runtime})"
        problem(result, kind, f"{failed.stage}: {failed.message}", program)
    elif (unproven := _unproven(told)) is not None:
        # A rule proposed what it should have refused: the validator must not have to say so.
        kind = f"crash {unproven.reason}: {_NAMES.sub('_', unproven.detail)} ({runtime})"
        problem(result, kind, unproven.detail, program)
    elif program.silent and any(o.changed or o.refusals for o in told):
        said = [f"{r.reason}: {r.detail}" for o in told for r in o.refusals]
        said += [a.form for o in told for a in o.applied]
        problem(result, f"speaks of what is no fault ({runtime})", "\n".join(said), program)
    elif any(o.changed for o in told):
        after = program.with_files({name: o.text for name, o in outcomes.items()})
        _second_run(result, program, after, runtime, home)
        forms = "/".join(sorted({a.form for o in told for a in o.applied}))
        _compare(result, program, after, forms, runtime, befores)
    elif not any(o.refusals for o in told) and _must_be_told(program):
        problem(result, f"neither rewritten nor refused ({runtime})", "", program)


def _check_unsafe(
    runtime: str,
    program: Program,
    home: Path,
    result: Result,
    befores: dict[Backend, Observed],
) -> None:
    """Count what ``--unsafe`` makes of the sites of *program*, and see that it says so.

    It must compile, no rule may propose what the validator refuses, and what it does otherwise than
    before must be what a condition names.
    """
    if not result.refused[runtime]:
        result.confirmed[runtime] = result.rewritten[runtime]
        return
    outcomes = migrated(program, home, runtime, unsafe=True)
    result.confirmed[runtime], result.left[runtime] = _sites(outcomes.values())
    failed = next((o.failed for o in outcomes.values() if o.failed is not None), None)
    unproven = _unproven(outcomes.values())
    if failed is not None or unproven is not None:
        said = failed.message if failed is not None else unproven.detail if unproven else ""
        kind = f"crash with --unsafe: {_NAMES.sub('_', said)} ({runtime})"
        problem(result, kind, said, program)
        return
    conditions = [c for o in outcomes.values() for a in o.applied for c in a.confirm]
    after = program.with_files({name: o.text for name, o in outcomes.items()})
    error = _compile_error(after)
    if error is not None:
        problem(result, f"does not compile with --unsafe ({runtime})", error, program, after)
    elif conditions:
        _compare_unsafe(result, program, after, conditions, runtime, befores)


def _compile_error(program: Program) -> str | None:
    try:
        for name, text in program.files.items():
            compile(text, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return str(error)
    return None


def _compare_unsafe(
    result: Result,
    program: Program,
    after: Program,
    conditions: list[str],
    runtime: str,
    befores: dict[Backend, Observed],
) -> None:
    for backend, _, found in _differences(result, program, after, runtime, befores):
        if found is None or is_named(found[0], conditions):
            continue
        kind = f"{found[0]} with --unsafe, which no condition names ({runtime}, on {backend})"
        detail = "\n".join([found[1], "conditions:", *conditions])
        problem(result, kind, detail, program, after)


def _differences(
    result: Result,
    program: Program,
    after: Program,
    runtime: str,
    befores: dict[Backend, Observed],
) -> Iterator[tuple[Backend, Observed, tuple[str, str] | None]]:
    """Execute both on each backend; yield what is seen of *after*, and what differs."""
    backends: list[Backend] = ["tracker"]
    if runtime == "conservative" and program.original:
        backends.append("original")
    for backend in backends:
        if backend not in befores:
            befores[backend] = run(program, backend)
            result.executions += 1
        seen = run(after, backend)
        result.executions += 1
        yield backend, seen, difference(befores[backend], seen, billed_as_batch(after, seen))


def migrated(program: Program, home: Path, runtime: str, **flags: Any) -> dict[str, Outcome]:
    """Return what becomes of each file of *program* for *runtime*."""
    return migrate_project(home, program.files, runtime=runtime, **_options(program, **flags))


def _unproven(told: Iterable[Outcome]) -> Refusal | None:
    """Return a site that was only refused when its rewrite was made.

    What the parser that edits cannot read is no fault of a rule.
    """
    refusals = (refusal for outcome in told for refusal in outcome.refusals)
    return next((r for r in refusals if r.reason == Reason.NOT_PROVEN), None)


def _options(program: Program, **flags: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"part": program.part, **flags} if program.part else flags
    strict = program.strict and not flags.get("rollback")
    return {**options, "strict": True} if strict else options


def problem(
    result: Result, kind: str, detail: str, program: Program, after: Program | None = None
) -> None:
    """Add a problem of *program*, which came to be *after*, to *result*."""
    result.problems.append(Problem(kind, detail, program, program if after is None else after))


def _count(result: Result, runtime: str, outcomes: list[Outcome]) -> None:
    rewritten, refused = _sites(outcomes)
    result.rewritten[runtime] += rewritten
    result.refused[runtime] += refused
    for outcome in outcomes:
        result.reasons.update(str(r.reason) for r in outcome.refusals)
        result.forms.update(a.form for a in outcome.applied)


def _sites(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Return how many legacy sites were rewritten, and how many refused."""
    told = list(outcomes)
    applied = [a for o in told for a in o.applied if a.finding.code in SITE_CODES]
    refused = [r for o in told for r in o.refusals if r.finding.code in SITE_CODES]
    return len(applied), len(refused)


def _second_run(result: Result, program: Program, after: Program, runtime: str, home: Path) -> None:
    again = migrated(after, home, runtime)
    for name, outcome in again.items():
        if outcome.failed is not None:
            detail = f"{outcome.failed.stage}: {outcome.failed.message}"
            problem(result, f"second run crashes ({runtime})", detail, program, after)
        elif outcome.changed:
            kind = f"second run changes {'/'.join(sorted({a.form for a in outcome.applied}))}"
            detail = f"{name}\n{outcome.text}"
            problem(result, f"{kind} ({runtime})", detail, program, after)


def _compare(
    result: Result,
    program: Program,
    after: Program,
    forms: str,
    runtime: str,
    befores: dict[Backend, Observed],
) -> None:
    error = _compile_error(after)
    if error is not None:
        problem(result, f"does not compile ({runtime})", error, program, after)
        return
    moved = displaced(program, after)
    if moved is not None:
        problem(result, f"comments ({forms}, for {runtime})", moved, program, after)
    for backend, seen, found in _differences(result, program, after, runtime, befores):
        if found is None and (wrong := seen.batches.miscounted(after)) is not None:
            found = "item count", wrong
        if found is not None:
            what, detail = found
            kind = f"{what} ({forms}, for {runtime}, on {backend})"
            problem(result, kind, detail, program, after)


def billed_as_batch(after: Program, seen: Observed) -> frozenset[int]:
    """Return the calls that may have the price of a batch; a call's input tokens are its number."""
    number, batch = COLUMNS.index("input"), COLUMNS.index("batch")
    booked = {row[number]: row[batch] for row in seen.metrics if isinstance(row[number], int)}
    return seen.batches.explained(after, booked)


def difference(
    before: Observed, after: Observed, batch: frozenset[int] = frozenset()
) -> tuple[str, str] | None:
    """Return what differs and how, or None: what may differ is settled first.

    *batch* are the calls that may have the price of a batch.
    """
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
    new = [_at_list_price(one, other, batch) for one, other in zip(old, new, strict=True)]
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
    old: tuple[object, ...], new: tuple[object, ...], batch: frozenset[int]
) -> tuple[object, ...]:
    """Return *new* with the old price if it is the batch price of a call in a batch context.

    A call that failed has no number: any batch context will do.
    """
    explained = new[2] in batch or (new[2] is None and batch)
    return (*new[:-1], old[-1]) if new[-1] == "batch" and explained else new


def _rows(old: list[tuple[object, ...]], new: list[tuple[object, ...]]) -> str:
    lines = [f"columns: {' '.join(COLUMNS)}"]
    lines += [f"- {row}" for row in old if row not in new]
    lines += [f"+ {row}" for row in new if row not in old]
    return "\n".join(lines)


def _must_be_told(program: Program) -> bool:
    """Whether something sets ids in the legacy way: one file of them at least is then reported."""
    if program.silent or program.part or "not-ours" in program.kinds:
        return False
    tree = ast.parse(program.text)
    kept = {call for node in ast.walk(tree) for call in _users_kept(node)}
    return any(_is_set_call(node) for node in ast.walk(tree) if node not in kept)


def _users_kept(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the set calls of a user that begin a context: the original runtime needs them."""
    for statement in node.body if isinstance(node, ast.With) else ():
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or _ids_set(call) != ["user_id"]:
            return
        yield call


def _ids_set(call: ast.Call) -> list[str | None]:
    """Return the ids that *call* sets: None sets nothing."""
    nothing = ast.dump(ast.Constant(None))
    return [k.arg for k in call.keywords if ast.dump(k.value) != nothing]


def _is_set_call(node: ast.AST) -> bool:
    """Whether *node* sets ids; a context given as a dict is today's way."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            node.func.attr == "set_tracking_context"
            or bool(node.func.attr == "set_context" and node.keywords)
        )
    )
