"""Runs the real migration pipeline on texts and projects, and executes what it returns."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import io
import subprocess
import sys
import tempfile
import textwrap
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.model.options import Options, ProjectConfig
from codemods.model.outcome import Applied, Changed, Failed, Linted, Refused, RunReport
from codemods.model.runtime import Runtime
from codemods.project.config import Tables
from codemods.project.discovery import discover
from codemods.runner import pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codemods.model.refusal import Refusal

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Outcome:
    """What the migration made of one file: its text afterwards, and what was said about it."""

    text: str
    changed: bool
    applied: tuple[Applied, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    failed: Failed | None = None

    @property
    def reasons(self) -> list[str]:
        """The reasons of the refusals, in source order."""
        return [str(refusal.reason) for refusal in self.refusals]


def report(
    folder: Path,
    *,
    runtime: str = "tracker",
    config: ProjectConfig | None = None,
    lint: bool = False,
    part: str = "",
    named: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    **flags: Any,
) -> RunReport:
    """Return the report of a run over *folder*, or over a *part* of it; nothing is written.

    *settings* are the project's files that are no source, which count then as on the
    command line: tables of a pyproject.toml, and a .gitignore, for which *folder* becomes
    a repository.  *named* are the PATHs, where there are several.  A *runtime* that is
    empty is the tables' to say.
    """
    paths = [folder / name for name in named or (part,)]
    options = Options(tuple(paths), folder, runtime=Runtime(runtime) if runtime else None, **flags)
    run = pipeline.lint if lint else pipeline.migrate
    if settings is None:
        return run(
            options, config or ProjectConfig(), discover(paths, folder, also=options.endings), None
        )
    _settle(folder, settings)
    tables = Tables(folder)
    found = discover(
        paths, folder, tables.excludes, force=options.force_exclude, also=options.endings
    )
    return run(options, tables, found, None)


def _settle(folder: Path, settings: Mapping[str, str]) -> None:
    for name, text in settings.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if any(name.endswith(".gitignore") for name in settings):
        subprocess.run(["git", "init", "--quiet", folder], check=True)


def migrate_project(
    folder: Path, files: Mapping[str, str | bytes], **flags: Any
) -> dict[str, Outcome]:
    """Write *files* below *folder* and return the outcome of each."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    told = {outcome.path: outcome for outcome in report(folder, **flags).outcomes}
    return {
        name: _outcome(_read(text) if isinstance(text, bytes) else text, told.get(name))
        for name, text in files.items()
    }


def _read(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _outcome(text: str, told: object) -> Outcome:
    if isinstance(told, Changed):
        return Outcome(_read(told.after), True, told.applied, told.refusals)
    if isinstance(told, Refused):
        return Outcome(text, False, (), told.refusals)
    if isinstance(told, Failed):
        return Outcome(text, False, failed=told)
    return Outcome(text, False)


def migrate(folder: Path, text: str, **flags: Any) -> Outcome:
    """Return the outcome for a single module called ``receipts.py``."""
    return migrate_project(folder, {"receipts.py": text}, **flags)["receipts.py"]


def lint(folder: Path, text: str, **flags: Any) -> list[str]:
    """Return the lint codes of a single module, in source order."""
    (folder / "receipts.py").write_bytes(text.encode())
    outcomes = report(folder, lint=True, **flags).outcomes
    return [f.code for o in outcomes if isinstance(o, Linted) for f in o.findings]


def dedent(text: str) -> str:
    """Return *text* without its common indentation and first newline."""
    return textwrap.dedent(text).lstrip("\n")


def migrates(folder: Path, before: str, after: str, **flags: Any) -> Outcome:
    """Assert that *before* becomes *after*, and that a second run finds nothing to do."""
    outcome = migrate(folder, dedent(before), **flags)
    assert outcome.failed is None, outcome.failed
    assert outcome.text == dedent(after), f"{outcome.text}\n{outcome.refusals}"
    again = migrate(folder, outcome.text, **flags)
    assert not again.changed
    assert again.failed is None
    return outcome


def leaves(folder: Path, text: str, **flags: Any) -> None:
    """Assert that there is nothing to do and nothing to say about *text*."""
    outcome = migrate(folder, dedent(text), **flags)
    assert outcome == Outcome(dedent(text), False)


def refuses(folder: Path, text: str, *reasons: str, **flags: Any) -> Outcome:
    """Assert that *text* stays as it is, with exactly these reasons."""
    outcome = migrate(folder, dedent(text), **flags)
    assert outcome.failed is None, outcome.failed
    assert not outcome.changed, outcome.text
    assert outcome.reasons == list(reasons), outcome.refusals
    return outcome


# -- execution ------------------------------------------------------------------


@contextlib.contextmanager
def importable(files: Mapping[str, str]) -> Iterator[None]:
    """Let the block import *files*, each module anew; those that they hide come back."""
    if not files:
        yield
        return
    tops = {name.partition("/")[0].removesuffix(".py") for name in files}

    def forget() -> dict[str, types.ModuleType]:
        names = [name for name in list(sys.modules) if name.partition(".")[0] in tops]
        return {name: sys.modules.pop(name) for name in names}

    with tempfile.TemporaryDirectory(prefix="program-") as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        hidden = forget()
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            forget()
            sys.modules.update(hidden)


@dataclass(frozen=True)
class Execution:
    """What a program did: printed text, result, error, and the metrics it recorded."""

    output: str
    result: str
    error: str
    metrics: tuple[tuple[object, ...], ...]


@contextlib.contextmanager
def legacy_package() -> Iterator[None]:
    """Provide ``receipt_label.utils``, each module a re-export of the runtime's of that name.

    A program that has the package in its own files keeps it.
    """
    if importlib.util.find_spec("receipt_label") is not None:
        yield
        return
    from tracker import ai_usage_context, ai_usage_tracker, environment_config

    del ai_usage_context, ai_usage_tracker, environment_config
    names = ("receipt_label", "receipt_label.utils")
    saved = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []  # type: ignore[attr-defined]
    for module in ("ai_usage_context", "ai_usage_tracker", "environment_config"):
        full = f"receipt_label.utils.{module}"
        saved[full] = sys.modules.get(full)
        sys.modules[full] = sys.modules[f"tracker.{module}"]
    try:
        yield
    finally:
        for name, module_before in saved.items():
            sys.modules.pop(name)
            if module_before is not None:
                sys.modules[name] = module_before


def execute(text: str, names: Mapping[str, object]) -> Execution:
    """Run *text* as a module, then its function ``run`` if it has one, on a store in memory."""
    from tracker.records import recorder
    from tracker.testing import capture

    output = io.StringIO()
    result: object = None
    error = ""
    with legacy_package(), capture() as captured, contextlib.redirect_stdout(output):
        namespace: dict[str, Any] = {"__name__": "receipts", **names}
        try:
            exec(compile(text, "receipts.py", "exec"), namespace)
            if "run" in namespace:
                result = namespace["run"]()
                if inspect.iscoroutine(result):
                    result = asyncio.run(result)
        except Exception as caught:  # noqa: BLE001 - the error is part of what is compared
            error = f"{type(caught).__name__}: {caught}"
        recorder.settle_all()  # what the interpreter does at its exit
        metrics = tuple(
            (m.service, m.model, m.input_tokens, m.output_tokens, m.job_id, m.batch_id, m.user_id)
            for m in captured
        )
    return Execution(output.getvalue(), repr(result), error, metrics)
