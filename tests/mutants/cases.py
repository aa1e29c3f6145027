"""The programs that mutants are tried on, and how each is migrated and executed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import openai
from harness import FIXTURES, Execution, execute, importable, report
from loopback import loopback_server
from rows import MODULE, RUNTIMES, execute_on_original, fixtures

from codemods.model.outcome import Changed, Failed, FileOutcome, Refused
from codemods.model.refusal import Reason
from codemods.runner import proving
from tests.oracle import check, grammar
from tests.oracle.execute import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.oracle.program import Program

    from .mutant import Mutant

WITNESSES = Path(__file__).parent / "witnesses.json"
ORACLE_SEED = 1
ORACLE_PROGRAMS = 120
# The only difference between these texts is how they are written down.
SPELLED = """\
{cookie}\"\"\"A file that some other editor wrote.\"\"\"
from __future__ import annotations

from receipt_label.utils.ai_usage_tracker import AIUsageTracker


def run():
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="café")
    reply = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{{"role": "user", "content": "naïve"}}]
    )
    tracker.track_openai_completion(lambda: reply)()
    print(ascii("é"))
"""


@dataclass(frozen=True)
class Case:
    """One program for one runtime.

    ``differs`` executes the text it is given and the original, and returns what is
    different, or None; it is None itself where a program is not to be executed.
    """

    name: str
    runtime: str
    files: Mapping[str, bytes]
    flags: Mapping[str, Any]
    differs: Callable[[str], str | None] | None
    is_generated: bool = False


@dataclass(frozen=True)
class Made:
    """What a run made of a case: the files, what the validator and the compiler said.

    ``crashed`` says that a stage failed: such a run proves nothing.
    """

    files: Mapping[str, bytes]
    complaints: tuple[str, ...]
    uncompiled: bool
    crashed: bool


def migrated(case: Case, files: Mapping[str, bytes] | None = None) -> Made:
    """Migrate *case*, its validator heard but not obeyed."""
    complaints: list[str] = []
    uncompiled: list[str] = []
    compiles = proving.compiles

    def listening(judge: Callable[..., str | None]) -> Callable[..., None]:
        def heard(*given: Any, **named: Any) -> None:
            complaints.extend(filter(None, [judge(*given, **named)]))

        return heard

    def compiled(before: Any, after: Any) -> bool:
        uncompiled.extend([] if compiles(before, after) else [after])
        return True

    given = case.files if files is None else files
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        mock.patch.object(proving, "difference", listening(proving.difference)),
        mock.patch.object(proving, "spelling", listening(proving.spelling)),
        mock.patch.object(proving, "compiles", compiled),
    ):
        for name, content in given.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        flags = {"runtime": case.runtime, **case.flags}
        told = {o.path: o for o in report(Path(folder), **flags).outcomes}
    after = dict(given)
    after.update((path, o.after) for path, o in told.items() if isinstance(o, Changed))
    crashed = any(isinstance(outcome, Failed) or _unedited(outcome) for outcome in told.values())
    return Made(after, tuple(complaints), bool(uncompiled), crashed)


def _unedited(outcome: FileOutcome) -> bool:
    """Whether the edits of some site could not be made."""
    refusals = outcome.refusals if isinstance(outcome, Changed | Refused) else ()
    return any(refusal.reason is Reason.CANNOT_BE_EDITED for refusal in refusals)


@cache
def baseline(case_name: str, runtime: str) -> Made:
    """Return what the real rewriter makes of a case."""
    return migrated(cases()[case_name, runtime])


@cache
def cases() -> dict[tuple[str, str], Case]:
    """Return all cases: the decision table, the guide, spellings of one file, the oracle's."""
    found = [*_of_rows(), *_of_guide(), *_of_bytes(), *_of_oracle()]
    return {(case.name, case.runtime): case for case in found}


def ordered(mutant: Mutant) -> Iterator[Case]:
    """Yield all cases: the one that showed the mutant last, those that it names, the others.

    It names them by their row, or by more of the name.  Most are never come to: the first shows it.
    """
    last = places().get(witnesses().get(mutant.name, ""))
    if last is not None:
        yield last
    named = tuple(row if "_" in row else f"{row}_" for row in mutant.rows)
    rest = [case for case in cases().values() if case is not last]
    yield from sorted(rest, key=lambda case: not f"{case.name}_".startswith(named))


@cache
def places() -> dict[str, Case]:
    """Return all cases by what a verdict calls them."""
    return {f"{case.name} ({case.runtime})": case for case in cases().values()}


@cache
def witnesses() -> dict[str, str]:
    """Return the case that each mutant was last noticed on: where to look first, no more."""
    found: dict[str, str] = json.loads(WITNESSES.read_text())
    return found


def _of_rows() -> Iterator[Case]:
    for fixture in fixtures():
        files = {name: text.encode() for name, text in fixture.files.items()}
        for runtime in RUNTIMES:
            others = {name: text for name, text in fixture.files.items() if name != MODULE}
            text = fixture.files[MODULE] if fixture.execute else ""
            differs = _differs(text, runtime, others) if fixture.execute else None
            yield Case(fixture.name, runtime, files, fixture.options, differs)


def _of_guide() -> Iterator[Case]:
    for folder in sorted((FIXTURES / "guide").iterdir()):
        text = (folder / "before.py").read_text()
        for runtime in RUNTIMES:
            # What the guide shows is executed on our runtime, whichever it is migrated for.
            differs = _differs(text, "tracker") if folder.name.startswith("step") else None
            yield Case(f"guide_{folder.name}", runtime, {MODULE: text.encode()}, {}, differs)


def _of_bytes() -> Iterator[Case]:
    plain = SPELLED.format(cookie="")
    latin = SPELLED.format(cookie="# coding: latin-1\n")
    spellings = {
        "crlf": (plain.replace("\n", "\r\n").encode(), plain),
        "mark": (b"\xef\xbb\xbf" + plain.encode(), plain),
        "latin": (latin.encode("latin-1"), latin),
    }
    for name, (content, text) in spellings.items():
        for runtime in RUNTIMES:
            differs = _differs(text, runtime)
            yield Case(f"bytes_{name}", runtime, {MODULE: content}, {}, differs)


def _of_oracle() -> Iterator[Case]:
    for index in range(ORACLE_PROGRAMS):
        program = grammar.numbered(ORACLE_SEED, index)
        for runtime in RUNTIMES:
            if program.others:
                continue  # one file at a time is executed here
            files = {MODULE: program.text.encode()}
            differs = _oracle_differs(program, runtime)
            yield Case(f"program_{index}", runtime, files, {}, differs, is_generated=True)


# -- execution ------------------------------------------------------------------------------


@contextlib.contextmanager
def clients() -> Iterator[None]:
    """Provide the clients that the rows' programs call, and a clean environment, in the block."""
    database = str(Path(tempfile.gettempdir()) / "mutants-usage.db")
    environment = {"AI_USAGE_DATABASE": database, "ENVIRONMENT": "development"}
    with loopback_server() as server, mock.patch.dict(os.environ, environment):
        arguments = {"api_key": "unused", "base_url": server.base_url, "max_retries": 0}
        with openai.OpenAI(**arguments) as client:
            _NAMES["client"] = client
            _NAMES["async_client"] = lambda: openai.AsyncOpenAI(**arguments)
            yield
        _NAMES.clear()


_NAMES: dict[str, object] = {}


def _differs(
    before: str, runtime: str, others: Mapping[str, str] | None = None
) -> Callable[[str], str | None]:
    known: list[Execution] = []

    def differs(after: str) -> str | None:
        if not known:
            with importable(others or {}):
                known.append(_performed(before, runtime))
        one, other = known[0], _performed(after, runtime)
        if one.error != other.error:
            return "exception"
        if (one.output, one.result) != (other.output, other.result):
            return "output"
        same = sorted(one.metrics, key=repr) == sorted(other.metrics, key=repr)
        return None if same else "metrics"

    return differs


def _performed(text: str, runtime: str) -> Execution:
    with mock.patch.dict(os.environ):
        perform = execute if runtime == "tracker" else execute_on_original
        return perform(text, dict(_NAMES))


def _oracle_differs(program: Program, runtime: str) -> Callable[[str], str | None]:
    def differs(after: str) -> str | None:
        changed = replace(program, text=after)
        backends = ["tracker"]
        if runtime == "conservative" and program.original:
            backends.append("original")
        for backend in backends:
            seen = run(changed, backend)
            billed = check.billed_as_batch(changed, seen)
            found = check.difference(run(program, backend), seen, billed)
            if found is not None:
                kind = found[0].partition(":")[0]
                words = {"error": "exception", "output": "output"}
                return words.get(kind, "metrics")
        return None

    return differs


def decoded(content: bytes) -> str | None:
    """Return the text that the interpreter reads from *content*; None if it reads none."""
    try:
        text = importlib.util.decode_source(content)
        compile(text, MODULE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return text
