"""Who notices a mutant: the validator, or what is seen when the result is compiled and executed."""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import decisions, edits, imports, questions
from .cases import MODULE, Case, Made, baseline, clients, decoded, importable, migrated, ordered
from .mutant import REGISTERED, Mutant, applied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mutant import Exam

for _module in pkgutil.iter_modules([str(Path(__file__).parent)], f"{__package__}."):
    if _module.name.rpartition(".")[2].startswith(("exams_", "faults_")):
        importlib.import_module(_module.name)

MUTANTS: tuple[Mutant, ...] = tuple(REGISTERED)
del decisions, edits, imports, questions


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: who noticed it, on which case, by what; all None if nobody did.

    ``changed`` is the first case whose result the mutant changes, None if there is none.
    """

    name: str
    breaks: str
    changed: str | None
    validator: str | None
    executed: str | None
    examined: str | None = None

    @property
    def noticed(self) -> bool:
        """Whether somebody noticed."""
        return any(who is not None for who in (self.validator, self.executed, self.examined))


def tried(name: str) -> Verdict:
    """Judge the mutant of that name thoroughly, in an environment of its own."""
    os.environ.pop("USER_ID", None)
    with clients():
        return judged(next(m for m in MUTANTS if m.name == name), thorough=True)


def first(name: str) -> tuple[str, str]:
    """Return the name, and the first case that shows the mutant; an empty text if none does."""
    os.environ.pop("USER_ID", None)
    with clients():
        verdict = judged(next(m for m in MUTANTS if m.name == name), thorough=False)
    return name, (verdict.validator or verdict.executed or "").partition(": ")[0]


def judged(mutant: Mutant, *, thorough: bool) -> Verdict:
    """Try *mutant* until it is noticed; if *thorough*, until both judges have noticed it.

    The generated programs are for mutants that nobody has noticed on the written ones.
    """
    if mutant.exam is not None:
        return _examined(mutant, mutant.exam)
    changed = validator = executed = None
    for case, made, sign in _results(mutant, thorough):
        if case.is_generated and (validator or executed):
            break
        place = f"{case.name} ({case.runtime})"
        changed = changed or place
        if validator is None and made.complaints:
            validator = f"{place}: {made.complaints[0]}"
        if executed is None and sign is not None:
            executed = f"{place}: {sign}"
        if _is_settled(validator, executed, thorough):
            break
    return Verdict(mutant.name, mutant.breaks, changed, validator, executed)


def _examined(mutant: Mutant, exam: Exam) -> Verdict:
    """Sit *exam* twice: it passes, and fails with *mutant*, or the verdict is that nobody noticed.

    Raises what the exam raises where nothing is broken.
    """
    exam_name = exam.__name__.replace("_", " ")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        exam(Path(folder))
    failed = None
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, applied(mutant):
        try:
            exam(Path(folder))
        except Exception:  # noqa: BLE001 - a crash fails a test as a wrong value does
            failed = exam_name
    return Verdict(mutant.name, mutant.breaks, exam_name, None, None, failed)


def _is_settled(validator: str | None, executed: str | None, thorough: bool) -> bool:
    return bool(validator and executed if thorough else validator or executed)


def _results(mutant: Mutant, thorough: bool) -> Iterator[tuple[Case, Made, str | None]]:
    """Yield each case that the mutant makes something else of, and what shows when it is run."""
    for case in ordered(mutant):
        real = baseline(case.name, case.runtime)
        if real.uncompiled:
            continue  # the real rewriter refuses this one at the end: no complaint would be new
        with applied(mutant):
            made = migrated(case)
        # What is said of the real rewriter too is not said of the mutant.
        made = replace(
            made, complaints=tuple(c for c in made.complaints if c not in real.complaints)
        )
        idle = made.crashed or made.files in (real.files, case.files)
        if idle and not made.complaints:
            continue
        # The quick form asks the validator first, and executes only what it lets pass.
        ask = not idle and (thorough or not made.complaints)
        yield case, made, _sign(mutant, case, made) if ask else None


def _sign(mutant: Mutant, case: Case, made: Made) -> str | None:
    """Return by what the result is seen to be wrong, without the validator."""
    texts = {name: decoded(content) for name, content in made.files.items()}
    if made.uncompiled or any(text is None for text in texts.values()):
        return "compile"
    text = texts.pop(MODULE, None)
    with importable({name: other for name, other in texts.items() if other is not None}):
        found = case.differs(text) if case.differs is not None and text is not None else None
    if found is not None:
        return found
    with applied(mutant):
        again = migrated(case, made.files)
    return "second run" if again.files != made.files and not again.crashed else None
