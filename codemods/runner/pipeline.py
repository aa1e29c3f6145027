"""The middle of a run: from files to outcomes; nothing here writes, no file stops the others."""

from __future__ import annotations

import ast
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.syntax.parsed_module import on_deep_stack
from codemods.linking.links import Project, UnparsableError
from codemods.model.outcome import (
    Applied,
    Changed,
    Failed,
    FileOutcome,
    Linted,
    Refused,
    RunReport,
    Untouched,
)
from codemods.model.refusal import ADVICE, Reason, Refusal
from codemods.project import notebooks
from codemods.project.discovery import DiscoveredFile
from codemods.project.sources import decode, read
from codemods.rules.engine import Decision, decide
from codemods.rules.engine import lint as lint_module
from codemods.runner.cross_file import together
from codemods.runner.proving import rewritten
from codemods.runner.run import Run
from codemods.vocabulary import NEEDLES

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.options import Configuration, Options
    from codemods.model.source import SourceFile

# A round may uncover work for the next one; more than this would be a circle.
_MOST_ROUNDS = 5
# What a migration does something about: trackers and their ids.
_LEGACY_CODES = frozenset({"AIU001", "AIU002", "AIU004"})
#: Files that are worth a process of their own; fewer are done before one has started.
_FILES_A_PROCESS = 4
Progress = Callable[[int], None]


def migrate(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
) -> RunReport:
    """Return what a migration of *files* changes, refuses and fails at; nothing is written."""
    with warnings.catch_warnings():
        # What the interpreter thinks of the user's escapes is not this tool's to tell.
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, migrate_file)


def lint(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None = None,
) -> RunReport:
    """Return the lint findings of *files*."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _run(options, config, files, progress, lint_file)


def _run(
    options: Options,
    config: Configuration,
    files: Iterable[DiscoveredFile | Failed],
    progress: Progress | None,
    work: Callable[[Project, SourceFile], FileOutcome],
) -> RunReport:
    outcomes: list[FileOutcome] = []
    candidates: list[SourceFile] = []
    others: list[DiscoveredFile] = []
    scanned = 0
    for file in files:
        scanned += 1
        if progress is not None:
            progress(scanned)
        if isinstance(file, Failed):
            outcomes.append(file)
            continue
        loaded = _candidate(file)
        if isinstance(loaded, Failed):
            outcomes.append(loaded)
        elif loaded is not None:
            candidates.append(loaded)
        else:
            others.append(file)
    outcomes.extend(_unreadable_neighbours(candidates, others))
    named = [DiscoveredFile(source.path, source.display) for source in candidates]
    run = Run(options, config, (*named, *others), tuple(candidates))
    done = _done(partial(_worker, run, work), candidates, options.jobs)
    if options.unsafe and work is migrate_file:
        pairs = zip(candidates, done, strict=True)
        left = [_as_left(*p) for p in pairs if not notebooks.is_notebook(p[0].path)]
        # What one file needs a deep stack for must not stop all of them here.
        joined = partial(together, done, left, run.project_with, _guarded_rewrite)
        done = on_deep_stack(joined)
    outcomes.extend(done)
    told = [o for o in outcomes if not isinstance(o, Untouched)]
    told.sort(key=lambda outcome: outcome.path)
    said = _unused_keys(run.project, config, candidates)
    return RunReport(tuple(told), scanned, _runtimes(told), written=False, warnings=said)


def _done(
    make: Callable[[], Callable[[SourceFile], FileOutcome]],
    sources: Sequence[SourceFile],
    asked: int | None,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, in this process where others are not worth it."""
    jobs = processes(asked, len(sources))
    if jobs == 1:
        work = make() if sources else None
        return [work(source) for source in sources] if work is not None else []
    from codemods.runner import parallel

    return parallel.outcomes(make, sources, jobs)


def processors() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processes(asked: int | None, files: int) -> int:
    """Return how many processes work on *files* files: as *asked*, else by processors and work."""
    if asked is not None:
        return max(1, min(asked, files))
    return max(1, min(processors(), files // _FILES_A_PROCESS))


def _worker(
    run: Run, work: Callable[[Project, SourceFile], FileOutcome]
) -> Callable[[SourceFile], FileOutcome]:
    """Return what works on one file, with all ready that every file needs."""
    run.project.look_over()
    return partial(_guarded, partial(work, run.project))


def _unused_keys(
    project: Project, config: Configuration, candidates: Sequence[SourceFile]
) -> tuple[str, ...]:
    """Return what the configuration of files with work in them says in vain."""
    tables = {table.source: table for table in (config.of(source.path) for source in candidates)}
    return tuple(
        f"{table.source}: [tool.ai-usage] {text}"
        for table in tables.values()
        for text in project.unused_keys(table)
    )


def _runtimes(outcomes: Sequence[FileOutcome]) -> str:
    """Return the runtimes that the rewrites rely on, as the report names them."""
    used = {a.runtime for o in outcomes if isinstance(o, Changed) for a in o.applied if a.runtime}
    return " and ".join(sorted(used))


def _as_left(source: SourceFile, outcome: FileOutcome) -> SourceFile:
    """Return *source* as *outcome* leaves it."""
    if not isinstance(outcome, Changed):
        return source
    return replace(source, text=_decoded(source, outcome.after), content=outcome.after)


def _candidate(file: DiscoveredFile) -> SourceFile | Failed | None:
    """Return the file if there may be work in it: bytes first, decoding only on a hit."""
    content = read(file)
    if isinstance(content, Failed):
        return content
    if not any(needle in content for needle in NEEDLES):
        return None
    if notebooks.is_notebook(file.path):
        return notebooks.source(file.path, file.display, content)
    return decode(file.path, file.display, content)


def _unreadable_neighbours(
    candidates: Sequence[SourceFile], others: Sequence[DiscoveredFile]
) -> list[Failed]:
    """Return the broken files beside the candidates: they may use what a rewrite changes.

    Files of folders without legacy code are not parsed; that would cost a
    hundred times the search for it.
    """
    folders = {source.path.parent for source in candidates}
    found = []
    for file in others:
        if file.path.parent in folders and not notebooks.is_notebook(file.path):
            problem = _problem(file)
            if problem is not None:
                found.append(problem)
    return found


def _problem(file: DiscoveredFile) -> Failed | None:
    content = read(file)
    loaded = content if isinstance(content, Failed) else decode(file.path, file.display, content)
    if isinstance(loaded, Failed):
        return loaded
    try:
        ast.parse(loaded.text)
    except SyntaxError as error:
        return _unparsable(loaded, error)
    except (RecursionError, MemoryError):
        return None  # too deep for this check only: nothing is known to be wrong with it
    return None


def _guarded(work: Callable[[SourceFile], FileOutcome], source: SourceFile) -> FileOutcome:
    """Run *work* on one file; whatever goes wrong there becomes that file's outcome."""
    try:
        return work(source)
    except RecursionError:
        pass
    except UnparsableError as error:
        return _unparsable(source, error.cause)
    except Exception as error:  # noqa: BLE001 - the one boundary: a file never stops the others
        return _internal(source, error)
    try:
        return on_deep_stack(partial(work, source))
    except UnparsableError as error:
        return _unparsable(source, error.cause)
    except (RecursionError, MemoryError):
        message = "the code is nested too deeply for the interpreter's parser"
        return Failed(source.display, "parse", message, "split the longest expression of the file")
    except Exception as error:  # noqa: BLE001 - as above, on the deep stack
        return _internal(source, error)


def _unparsable(source: SourceFile, error: SyntaxError) -> Failed:
    line = f" (line {error.lineno})" if error.lineno else ""
    advice = "correct the syntax, or run with the Python version that the file is written for"
    return Failed(source.display, "parse", f"{error.msg}{line}", advice)


def _internal(source: SourceFile, error: Exception) -> Failed:
    message = f"{type(error).__name__}: {error}"
    return Failed(source.display, "analyse", message, "leave the file out and report this as a bug")


def lint_file(project: Project, source: SourceFile) -> FileOutcome:
    """Return the lint findings of one file."""
    if project.defines_the_api(source):
        return Untouched(source.display)
    findings = tuple(lint_module(project.semantic(source)))
    if notebooks.is_notebook(source.path):
        findings = notebooks.in_cells(source.content, findings)
    return Linted(source.display, findings) if findings else Untouched(source.display)


def migrate_file(project: Project, source: SourceFile) -> FileOutcome:
    """Return the rewritten file, its refusals, or why it stays as it was.

    The rules are asked again about what they made, until they have nothing to add.
    """
    if project.defines_the_api(source):
        return Untouched(source.display)
    if notebooks.is_notebook(source.path):
        return _left_to_a_person(project, source)
    first = _one_round(project, source)
    applied: list[Applied] = []
    outcome = first
    current = source
    for _ in range(_MOST_ROUNDS):
        if not isinstance(outcome, Changed):
            break
        applied.extend(outcome.applied)
        current = _as_left(source, outcome)
        outcome = _one_round(project, current)
    if not isinstance(first, Changed) or isinstance(outcome, Failed):
        return outcome
    # The places of the first round are those of the file as the reader has it.
    later = applied[len(first.applied) :]
    left = outcome.refusals if isinstance(outcome, Refused) else ()
    return Changed(source, current.content, tuple(applied), _lasting(first.refusals, later, left))


def _lasting(
    refusals: tuple[Refusal, ...], later: list[Applied], left: tuple[Refusal, ...]
) -> tuple[Refusal, ...]:
    """Return *refusals* without those of places that a later round has rewritten.

    Places have moved since, so they are known by code and reason; *left* are the last round's.
    """
    rewritten = Counter(one.finding.code for one in later)
    still = Counter((one.finding.code, one.reason) for one in left)
    lasting = []
    for one in refusals:
        key = one.finding.code, one.reason
        if still[key] > 0:
            still[key] -= 1
        elif rewritten[one.finding.code] > 0:
            rewritten[one.finding.code] -= 1
            continue
        lasting.append(one)
    return tuple(lasting)


def _left_to_a_person(project: Project, source: SourceFile) -> FileOutcome:
    """Return the legacy code of a notebook, which is not rewritten."""
    found = tuple(f for f in lint_module(project.semantic(source)) if f.code in _LEGACY_CODES)
    if not found:
        return Untouched(source.display)
    reason = Reason.NOTEBOOK
    detail = "notebooks are not rewritten"
    places = notebooks.in_cells(source.content, found)
    return Refused(
        source.display, tuple(Refusal(f, reason, detail, ADVICE[reason]) for f in places)
    )


def _one_round(project: Project, source: SourceFile) -> FileOutcome:
    semantic = project.semantic(source)
    decision = decide(semantic)
    if not decision.proposals:
        if decision.refusals:
            return Refused(source.display, decision.refusals)
        return Untouched(source.display)
    return rewritten(semantic, source, decision)


def _decoded(source: SourceFile, content: bytes) -> str:
    return content[3 if source.bom else 0 :].decode(source.encoding)


def _guarded_rewrite(
    semantic: SemanticModel, source: SourceFile, decision: Decision
) -> FileOutcome:
    return _guarded(lambda given: rewritten(semantic, given, decision), source)
