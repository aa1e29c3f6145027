"""The decision table, row by row: what each fixture becomes, and that it still does the same.

A fixture is one test, in which all that is said of it is looked at: its migrations are made once.
"""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch
from zlib import crc32

import openai
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import Execution, execute, importable, report
from loopback import loopback_server
from many_cases import all_cases
from relayout import VARIANTS, WITH_TABS, same_lines
from rows import (
    MODULE,
    RUNTIMES,
    Fixture,
    execute_on_original,
    fixtures,
    outcome_of,
    reasons_of,
    run_fixture,
    sites_of,
    texts_of,
)

from codemods.model.outcome import Linted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

EVERY = [pytest.param(number, f, id=f.name) for number, f in enumerate(fixtures())]


def turn(name: str) -> tuple[str, ...]:
    """Return the runtime that a program is executed on: on the next version of Python the other."""
    if os.environ.get("HYPOTHESIS_SEARCH"):
        return RUNTIMES
    return (RUNTIMES[(crc32(name.encode()) // 7 + sys.version_info.minor) % len(RUNTIMES)],)


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, object]]:
    """The real clients, connected to a server on the loopback interface."""
    with loopback_server() as server:
        arguments = {"api_key": "unused", "base_url": server.base_url, "max_retries": 0}

        def async_client() -> openai.AsyncOpenAI:
            return openai.AsyncOpenAI(**arguments)

        with openai.OpenAI(**arguments) as client:
            yield {"client": client, "async_client": async_client}


def performed(text: str, runtime: str, names: dict[str, object], folder: Path) -> Execution:
    """Execute *text* in an environment of its own, on the runtime that it is written for."""
    folder.mkdir(exist_ok=True)
    database = str(folder / "usage.db")
    with patch.dict(os.environ, {"AI_USAGE_DATABASE": database, "ENVIRONMENT": "development"}):
        return execute(text, names) if runtime == "tracker" else execute_on_original(text, names)


def shown(done: Execution) -> tuple[object, ...]:
    """Return what must be equal: metrics without their order, for a block stores at its end."""
    return done.output, done.result, done.error, sorted(done.metrics, key=repr)


@pytest.mark.parametrize(("number", "fixture"), EVERY)
def test_a_fixture_is_what_the_table_says(
    number: int, fixture: Fixture, clients: dict[str, object], tmp_path: Path
) -> None:
    """Each fixture becomes what is expected, however it is written, and does what it did before.

    Its rewrites say why they are safe, and what is only reported has a lint finding at its line.
    What costs more is looked at on every other one: there are hundreds.
    """
    with all_cases() as cases:
        for runtime in RUNTIMES:
            with cases.trying(f"outcome, {runtime}"):
                outcome_is_what_the_table_says(fixture, runtime)
        for runtime in turn(fixture.name) if fixture.execute else ():
            with cases.trying(f"program, {runtime}"):
                program_does_the_same(fixture, runtime, clients, tmp_path / runtime)
        with cases.trying("layout" if number % 2 == 0 else "proof"):
            (bytes_do_not_matter, rewrites_say_why_and_rest_on_proof)[number % 2](fixture)
        if fixture.lint is not None:
            with cases.trying("lint"):
                lint_names_the_line(fixture, tmp_path / "lint")


def outcome_is_what_the_table_says(fixture: Fixture, runtime: str) -> None:
    """Texts, sites, outcome and reasons are as expected; a second run changes nothing."""
    expected = fixture.expected[runtime]
    outcomes = run_fixture(fixture, runtime)
    assert [o.failed for o in outcomes.values() if o.failed is not None] == []
    assert texts_of(outcomes) == expected.texts
    assert outcome_of(outcomes) == expected.outcome
    assert tuple(reasons_of(outcomes)) == expected.reasons
    assert sites_of(outcomes) == expected.labels
    texts = {name: outcome.text for name, outcome in outcomes.items()}
    again = run_fixture(fixture, runtime, texts)
    assert texts_of(again) == {}
    assert [o.failed for o in again.values() if o.failed is not None] == []
    assert len(reasons_of(again)) == len(expected.reasons)


def program_does_the_same(
    fixture: Fixture, runtime: str, clients: dict[str, object], tmp_path: Path
) -> None:
    """Before and after print, return and raise the same, and record the same metrics.

    Each program is executed on one runtime; ``HYPOTHESIS_SEARCH=1`` does so on both.
    """
    with importable(without_main(fixture.files)):
        before = performed(fixture.files[MODULE], runtime, clients, tmp_path)
    changed = fixture.expected[runtime].texts
    if not changed:
        assert before.error == ""
        return
    after = {**fixture.files, **changed}
    # On the original runtime a context without ``tracker=`` stores nothing, whatever the form.
    # What goes to a client of the program's own is shown by what the program reads of it.
    elsewhere = (
        "dynamo_client=" in fixture.files[MODULE] and before.output + before.result != "None"
    )
    recorded = before.metrics or elsewhere
    assert recorded or runtime == "conservative", "nothing recorded: an empty comparison"
    with importable(without_main(after)):
        assert shown(performed(after[MODULE], runtime, clients, tmp_path)) == shown(before)


def without_main(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that a program may import."""
    return {name: text for name, text in files.items() if name != MODULE}


def bytes_do_not_matter(fixture: Fixture) -> None:
    """With CRLF, tabs, a byte order mark, and all of them, the same program comes out.

    Every other program is migrated for one runtime, and written in one way: there are hundreds.
    """
    runtime = some(RUNTIMES, fixture.name)
    expected = fixture.expected[runtime]
    shown = [v for v in VARIANTS if not (fixture.shows_indentation and v in WITH_TABS)]
    variant = some(shown, f"{fixture.name} {runtime}")
    vary = VARIANTS[variant]
    given = {name: vary(text) if text else text for name, text in fixture.files.items()}
    outcomes = run_fixture(fixture, runtime, given)
    made = texts_of(outcomes)
    assert made.keys() == expected.texts.keys()
    assert tuple(reasons_of(outcomes)) == expected.reasons, variant
    for name, text in expected.texts.items():
        assert tree(made[name]) == tree(text), variant
        assert same_lines(made[name], vary(text)), (variant, made[name])
    texts = {name: outcome.text for name, outcome in outcomes.items()}
    assert texts_of(run_fixture(fixture, runtime, texts)) == {}


def some(choices: Sequence[str], name: str) -> str:
    """Return the one of *choices* that falls to *name*, the same each time."""
    return choices[crc32(name.encode()) // 7 % len(choices)]


def tree(text: str) -> str:
    """Return the syntax tree of *text*."""
    return ast.dump(ast.parse(text.removeprefix("\ufeff")))


def rewrites_say_why_and_rest_on_proof(fixture: Fixture) -> None:
    """Each rewrite says why it is safe; only --unsafe makes others, and --strict assumes nothing.

    Whatever --strict leaves is refused: no site gets lost.  The other half of the programs is
    migrated for one runtime.
    """
    runtime = some(RUNTIMES, fixture.name)
    sites = {}
    for strict in (False, True):
        # Where nothing asks for --strict it is the run of the other tests.
        asked = {"strict": strict} if strict or "strict" in fixture.options else {}
        options = {**fixture.options, **asked}
        outcomes = run_fixture(fixture, runtime, **asked).values()
        applied = [a for outcome in outcomes for a in outcome.applied]
        assert all(a.why for a in applied)
        assert options.get("unsafe") or not any(a.confirm for a in applied)
        assert not strict or not any(a.assumptions for a in applied)
        told = [*applied, *(r for outcome in outcomes for r in outcome.refusals)]
        sites[strict] = {item.finding.span for item in told}
    assert sites[False] <= sites[True]


def lint_names_the_line(fixture: Fixture, tmp_path: Path) -> None:
    """What is only reported has a lint finding at its line, and its near miss has none."""
    for name, text in fixture.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    outcomes = report(tmp_path, lint=True, **fixture.options).outcomes
    lines = {f.span.line for o in outcomes if isinstance(o, Linted) for f in o.findings}
    assert sorted(lines) == list(fixture.lint or ())
