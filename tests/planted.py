"""Legacy calls planted into code that nobody wrote for us: modules of the standard library.

Generated programs have the shapes that somebody thought of.  Functions of the library have those
that people need, and a tracker that is built, configured and used somewhere in one of them must be
rewritten or refused: no file may fail, nothing that is written may be broken, and a second run must
find nothing to do.

``python -m tests.planted 400 --seed 7`` (or ``make planted N=400 SEED=7``) takes so many modules,
prints what was found, and ends with 1 if there was anything.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import sysconfig
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import migrate_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness import Outcome

LIBRARY = Path(sysconfig.get_path("stdlib"))
TOGETHER = 20
_LARGEST = 60_000
_IMPORTS = (
    "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
    "from asking import Keeper, ask, held, lines, parts\n"
)
_ASKING = """\
from contextlib import contextmanager


def ask(text, tracker):
    return text


@contextmanager
def held(tracker):
    yield tracker


def lines(texts, tracker):
    for text in texts:
        yield ask(text, tracker)


async def parts(texts, tracker):
    for text in texts:
        yield ask(text, tracker)


class Keeper:
    def __init__(self, tracker):
        self.tracker = tracker

    def ask(self, text):
        self.tracker.set_tracking_context(user_id="keeper")
        return ask(text, self.tracker)
"""
_LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "lib2to3", "__phello__"}
_NAMES = ("usage_tracker", "ai_tracker", "meter")
_KEYS = ("job_id", "job_id", "batch_id", "user_id")
_USES = (
    "ask('x', {name})",
    "print(ask('x', {name}))",
    "{name}.track_openai_completion(ask)('x', {name})",
    "answers = [ask(one, {name}) for one in 'ab']",
    "later = lambda: ask('x', {name})\n{indent}later()",
)
#: Uses over several lines, and ids that are set once more in the middle of a life.
_SUITES = (
    "for one in 'ab':\n{indent}    {name}.set_tracking_context({key}=one)\n"
    "{indent}    ask(one, {name})",
    "try:\n{indent}    {name}.set_tracking_context({key}='again')\n"
    "{indent}    ask('x', {name})\n{indent}finally:\n{indent}    {name}.flush_metrics()",
    "with held({name}) as holder:\n{indent}    ask('x', holder)",
    "for answer in lines('ab', {name}):\n{indent}    print(answer)",
    "kept = Keeper({name})\n{indent}kept.ask('x')",
    "if {name}.current_job_id is None:\n{indent}    {name}.set_tracking_context({key}='late')",
    "print([part async for part in parts('ab', {name})])",
)


@dataclass
class Found:
    """What a session saw: places planted, and what became of them; ``faults`` must be empty."""

    planted: int = 0
    rewritten: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def modules(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield names and texts of modules of the library in a random order."""
    paths = sorted(p for p in LIBRARY.rglob("*.py") if not _LEFT_OUT & {*p.parts})
    rng.shuffle(paths)
    for path in paths:
        if path.stat().st_size > _LARGEST:
            continue
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
        except (UnicodeDecodeError, SyntaxError):
            continue
        yield "_".join(path.relative_to(LIBRARY).with_suffix("").parts), text


def planted(text: str, rng: random.Random) -> tuple[str, int]:
    """Return *text* with a tracker's life in some of its functions, and in how many."""
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    rng.shuffle(functions)
    above: dict[int, str] = {}
    count = 0
    for function in functions[: rng.randint(1, 4)]:
        found = _life(function, lines, rng, _own(tree))
        if found and not found.keys() & above.keys():
            above |= found
            count += 1
    if not count:
        return text, 0
    head = _behind_head(tree)
    above[head] = above.get(head, "") + _IMPORTS
    put = [above.get(number, "") + line for number, line in enumerate(lines)]
    return "".join(put), count


def _life(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: list[str],
    rng: random.Random,
    own: list[str],
) -> dict[int, str]:
    """Return what to put above which lines: a tracker, its ids, and uses of it behind them.

    *own* are uses by functions and classes of the module itself.
    """
    suites = [suite for suite in _suites(function) if len(suite) > 1]
    if not suites:
        return {}
    suite = rng.choice(suites)
    at = rng.randrange(len(suite) - 1)
    places = _places([suite[at]], lines)[:1]
    places += [place for place in _places(suite[at:], lines) if place not in places]
    if len(places) < 2:
        return {}
    name, key = rng.choice(_NAMES), rng.choice(_KEYS)
    given = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
    value = rng.choice([*given, "'one'", "str(1)"])
    made = ["{name} = AIUsageTracker()", f"{{name}}.set_tracking_context({key}={value})"]
    if rng.random() < 0.2:
        made.insert(1, "# ai-usage: operation=planted_work")
    put = {places[0]: made}
    for place in rng.sample(places[1:], min(rng.randint(1, 3), len(places) - 1)):
        some = rng.choice((_USES, _SUITES, own or _USES, _callees(function) or _USES))
        put[place] = [rng.choice(some).replace("{key}", key)]
    if rng.random() < 0.3:
        put[max(put)] = [*put[max(put)], "{name}.flush_metrics()"]
    return {place: _written(put[place], name, lines[place]) for place in put}


def _own(tree: ast.Module) -> list[str]:
    """Return uses by what the module defines: a tracker is given to it alone, or among others."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = [node.name for node in tree.body if isinstance(node, kinds)]
    return [f"{name}({given})" for name in named for given in ("{name}", "'x', one={name}")][:12]


def _callees(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return uses by what *function* itself calls: nobody knows what that does with a tracker."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    named = [ast.unparse(one) for one in calls if isinstance(one, ast.Name | ast.Attribute)]
    plain = [text for text in named if all(part.isidentifier() for part in text.split("."))]
    return [f"{text}({{name}})" for text in dict.fromkeys(plain)][:6]


def _written(statements: Sequence[str], name: str, line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return "".join(f"{indent}{one.format(name=name, indent=indent)}\n" for one in statements)


def _suites(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the suites of *node* and of the statements in it, those of definitions left out."""
    for name in ("body", "orelse", "finalbody"):
        suite = getattr(node, name, None)
        if isinstance(suite, list) and suite:
            yield suite
            for statement in suite:
                if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    yield from _suites(statement)


def _places(suite: Sequence[ast.stmt], lines: list[str]) -> list[int]:
    """Return the lines (from 0) above which a statement may be put, in order: *suite*'s and inner.

    Nothing is put above a docstring, between the arms of an ``elif``, or into a line.
    """
    found = set()
    for statement in suite:
        first = min([statement.lineno, *_decorators(statement)]) - 1
        says = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        starts = lines[first][: statement.col_offset].isspace()
        if starts and not says and not lines[first].lstrip().startswith("elif"):
            found.add(first)
        for inner in _suites(statement):
            found.update(_places(inner, lines))
    return sorted(found)


def _decorators(statement: ast.stmt) -> list[int]:
    return [one.lineno for one in getattr(statement, "decorator_list", ())]


def _behind_head(tree: ast.Module) -> int:
    """Return the line (from 0) behind the docstring and imports from the future."""
    line = 0
    for statement in tree.body:
        says = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if not says and not future:
            break
        line = statement.end_lineno or line
    return line


def session(count: int, seed: int, **flags: bool) -> Found:
    """Plant into *count* modules, migrate them, and return what was seen."""
    rng = random.Random(seed)
    found = Found()
    texts: dict[str, str] = {}
    for name, text in modules(rng):
        changed, places = planted(text, rng)
        if not places or not _compiles(changed):
            continue
        found.planted += places
        texts[f"taken/{name}.py"] = changed
        count -= 1
        if len(texts) == TOGETHER or not count:
            _check(texts, found, flags)
            texts = {}
        if not count:
            break
    return found


def _check(texts: dict[str, str], found: Found, flags: dict[str, bool]) -> None:
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        files = {**texts, "asking.py": _ASKING}
        outcomes = migrate_project(Path(folder), files, **flags)
        for name, outcome in outcomes.items():
            found.rewritten += len(outcome.applied)
            found.reasons.update(str(refusal.reason) for refusal in outcome.refusals)
            found.faults += _faults(name, outcome)
        again = migrate_project(
            Path(folder), {name: outcome.text for name, outcome in outcomes.items()}, **flags
        )
        found.faults += [
            f"{name}: a second run changes it" for name, o in again.items() if o.changed
        ]


def _faults(name: str, outcome: Outcome) -> Iterator[str]:
    if outcome.failed is not None:
        yield f"{name}: {outcome.failed.stage}: {outcome.failed.message}"
    if not _compiles(outcome.text):
        yield f"{name}: what is written does not compile"
    yield from (
        f"{name}:{refusal.finding.span.line}: {refusal.detail}"
        for refusal in outcome.refusals
        if refusal.reason == "not-proven"
    )


def _compiles(text: str) -> bool:
    try:
        compile(text, "taken.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sessions that the command line asks for, plain and with ``--unsafe``."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("modules", type=int, nargs="?", default=400, help="how many (default 400)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (default 0)")
    options = parser.parse_args(arguments)
    faults: list[str] = []
    for unsafe in (False, True):
        found = session(options.modules, options.seed, unsafe=unsafe)
        refused = ", ".join(f"{reason} {n}" for reason, n in found.reasons.most_common())
        print(f"{'unsafe' if unsafe else 'plain'}: {found.planted} planted,", end=" ")
        print(f"{found.rewritten} rewritten; refused: {refused}")
        faults += found.faults
    print(*faults, f"faults {len(faults)}", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
