"""Reads the fixtures of the decision table, migrates them, and executes what comes out."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import io
import json
import sys
import tempfile
import tomllib
import types
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixture_code import shared_code, spelled_out
from harness import FIXTURES, Execution, Outcome, migrate_project

from codemods.project.discovery import SUFFIXES
from tests.oracle import original

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROWS = FIXTURES / "rows"
RUNTIMES = ("tracker", "conservative")
MODULE = "receipts.py"
SAID = "expect.toml"
_FORM = "docs/how-to-extend.md shows its form under Fixtures"


class FixtureError(Exception):
    """A fixture does not say what it must; the message says where, and what to write."""


@dataclass(frozen=True)
class Expected:
    """What a run in one runtime must make of a fixture.

    ``outcome`` is rewritten, partly (some sites refused), refused or left; ``reasons``
    are those of the refusals, in source order; ``texts`` the files that change;
    ``labels`` how many sites each rule ought to rewrite.
    """

    outcome: str
    reasons: tuple[str, ...]
    texts: Mapping[str, str]
    labels: Mapping[str, int]


@dataclass(frozen=True)
class Fixture:
    """One folder of ``tests/fixtures/rows``: a program, and what is expected of it.

    ``shows_indentation`` says that a text of the program holds its own indentation, so
    that the program with tabs is another one.  ``fault`` is the entry of the list of faults
    seen on real use that the program is of.  The ``options`` are those of ``harness.report``.
    """

    name: str
    row: str
    kind: str
    execute: bool
    lint: tuple[int, ...] | None
    options: Mapping[str, Any]
    files: Mapping[str, str]
    expected: Mapping[str, Expected]
    shows_indentation: bool
    fault: str


@cache
def fixtures() -> tuple[Fixture, ...]:
    """Return every fixture, ordered by name."""
    return tuple(_fixture(folder) for folder in sorted(ROWS.iterdir()) if folder.is_dir())


def _fixture(folder: Path) -> Fixture:
    said = _said(folder)
    lint = said.get("lint")
    return Fixture(
        folder.name,
        required(said, "row", folder),
        required(said, "kind", folder),
        required(said, "execute", folder),
        None if lint is None else tuple(lint),
        _options(said),
        _texts(folder, "before.py", "project"),
        {runtime: _expected(folder, said, runtime) for runtime in RUNTIMES},
        said.get("shows_indentation", False),
        said.get("fault", ""),
    )


def _said(folder: Path) -> dict[str, Any]:
    """Return what a person says of the fixture in *folder*; raises FixtureError."""
    try:
        return tomllib.loads((folder / SAID).read_text())
    except FileNotFoundError:
        raise FixtureError(f"{folder.name} has no {SAID}: write one; {_FORM}") from None
    except tomllib.TOMLDecodeError as error:
        raise FixtureError(f"{folder.name}/{SAID} is not valid TOML: {error}") from None


def required(said: Mapping[str, Any], key: str, folder: Path, section: str = "") -> Any:
    """Return what *said* has for *key*, in the table *section* if one is named.

    Raises FixtureError where it has nothing.
    """
    table = said.get(section) if section else said
    if not isinstance(table, dict) or key not in table:
        where = f"`{key}` in [{section}]" if section else f"`{key}`"
        raise FixtureError(f"{folder.name}/{SAID} has no {where}: write it; {_FORM}")
    return table[key]


def _options(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run, among them the files of the project that are no source."""
    options: dict[str, Any] = dict(said.get("options", {}))
    if "settings" in said:
        options["settings"] = said["settings"]
    return options


def _expected(folder: Path, said: Mapping[str, Any], runtime: str) -> Expected:
    return Expected(
        required(said, "outcome", folder, runtime),
        tuple(required(said, "reasons", folder, runtime)),
        _texts(folder, f"after_{runtime}.py", f"after_{runtime}"),
        said.get("labels", {}).get(runtime, {}),
    )


def _texts(folder: Path, single: str, several: str) -> dict[str, str]:
    """Return the text of the file *single*, or of all files below *several*, by their names."""
    if (folder / single).is_file():
        return {MODULE: _text(folder / single)}
    paths = sorted(p for p in (folder / several).rglob("*") if p.suffix in SUFFIXES)
    return {p.relative_to(folder / several).as_posix(): _text(p) for p in paths}


def _text(file: Path) -> str:
    return spelled_out(file.read_bytes(), shared_code(FIXTURES)).decode()


def run_fixture(
    fixture: Fixture, runtime: str, files: Mapping[str, str] | None = None, **options: Any
) -> Mapping[str, Outcome]:
    """Migrate the files of *fixture* (or *files* in their place); *options* beside its own.

    What comes out depends on nothing else: the same question is answered from memory, where it was
    asked lately, for the tests of a fixture are one.
    """
    given = fixture.files if files is None else files
    asked = json.dumps({**fixture.options, **options}, sort_keys=True)
    return _migrated(runtime, asked, tuple(given.items()))


@lru_cache(64)
def _migrated(
    runtime: str, options: str, files: tuple[tuple[str, str], ...]
) -> Mapping[str, Outcome]:
    with tempfile.TemporaryDirectory(prefix="rows-") as folder:
        flags = {"runtime": runtime, **json.loads(options)}
        return migrate_project(Path(folder), dict(files), **flags)


def outcome_of(outcomes: Mapping[str, Outcome]) -> str:
    """Return the word for what a run made of all files together."""
    changed = any(outcome.changed for outcome in outcomes.values())
    if any(outcome.refusals for outcome in outcomes.values()):
        return "partly" if changed else "refused"
    return "rewritten" if changed else "left"


def reasons_of(outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return the reasons of all refusals, file by file in source order."""
    return [reason for outcome in outcomes.values() for reason in outcome.reasons]


def sites_of(outcomes: Mapping[str, Outcome]) -> Counter[str]:
    """Return how many sites were rewritten, by the code of their rule."""
    return Counter(a.finding.code for outcome in outcomes.values() for a in outcome.applied)


def texts_of(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """Return the texts of the files that changed."""
    return {name: outcome.text for name, outcome in outcomes.items() if outcome.changed}


def execute_on_original(text: str, names: Mapping[str, object]) -> Execution:
    """Run *text* as ``harness.execute`` does, on the stand-in for the original runtime."""
    output = io.StringIO()
    result: object = None
    error = ""
    original.taken()
    with _original_package(), contextlib.redirect_stdout(output):
        namespace: dict[str, Any] = {"__name__": "receipts", **names}
        try:
            exec(compile(text, MODULE, "exec"), namespace)
            if "run" in namespace:
                result = namespace["run"]()
                if inspect.iscoroutine(result):
                    result = asyncio.run(result)
        except Exception as caught:  # noqa: BLE001 - the error is part of what is compared
            error = f"{type(caught).__name__}: {caught}"
    metrics = tuple(
        (m.model, m.input_tokens, m.output_tokens, m.job_id, m.batch_id, m.user_id, m.github_pr)
        for m in original.taken()
    )
    return Execution(output.getvalue(), repr(result), error, metrics)


@contextlib.contextmanager
def _original_package() -> Iterator[None]:
    """Provide ``receipt_label.utils`` with the stand-in's names in each of its modules."""
    if importlib.util.find_spec("receipt_label") is not None:
        yield  # the program has the package in its own files
        return
    package = "receipt_label.utils"
    loaded: dict[str, types.ModuleType] = {}
    for name in ("receipt_label", package):
        loaded[name] = types.ModuleType(name)
        loaded[name].__path__ = []  # type: ignore[attr-defined]
    for module in ("ai_usage_context", "ai_usage_tracker"):
        loaded[f"{package}.{module}"] = original
        setattr(loaded[package], module, original)
    saved = {name: sys.modules.get(name) for name in loaded}
    sys.modules.update(loaded)
    try:
        yield
    finally:
        for name, before in saved.items():
            del sys.modules[name]
            if before is not None:
                sys.modules[name] = before
