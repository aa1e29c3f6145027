"""What becomes of one file: its rewritten text, its refusals, or its findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.analysis.syntax.parsed_module import on_deep_stack
from codemods.findings.judging import judged
from codemods.interpreter import check_declarations
from codemods.linking.links import Project, UnparsableError
from codemods.model.outcome import Applied, Changed, Failed, FileOutcome, Linted, Refused, Untouched
from codemods.model.refusal import Reason
from codemods.project.embedded import files
from codemods.rules.engine import Decision, decide
from codemods.rules.engine import lint as lint_module
from codemods.rules.rounds import may_go_on
from codemods.runner.neighbours import unparsable
from codemods.runner.proving import rewritten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding
    from codemods.model.refusal import Refusal
    from codemods.model.source import SourceFile
    from codemods.project.embedded.outcomes import Document

    Choosing = Callable[[SemanticModel, SourceFile, Document | None], Decision]

# A round may uncover work for the next one; more than this would be a circle.
_MOST_ROUNDS = 5


def lint_file(project: Project, source: SourceFile) -> FileOutcome:
    """Return the lint findings of one file."""
    if project.defines_the_api(source):
        return Untouched(source.display)
    settings = project.settings(source.path)
    return files.linted(source, partial(_linted, project), examples=settings.examples)


def lint_comments(source: SourceFile) -> FileOutcome:
    """Return what is said of the comments of a file that names nothing of the API."""
    return files.linted(source, partial(_told, ()), examples=False)


def _linted(project: Project, source: SourceFile) -> FileOutcome:
    return _told(lint_module(project.semantic(source)), source)


def _told(found: Sequence[Finding], source: SourceFile) -> FileOutcome:
    told = judged(found, source.text, source.display)
    if not told.findings and not told.silenced:
        return Untouched(source.display)
    return Linted(source.display, told.findings, told.silenced)


def every_proposal(
    semantic: SemanticModel, source: SourceFile, document: Document | None
) -> Decision:
    """Return what the rules decide of a module."""
    del source, document
    return decide(semantic)


def migrate_file(
    project: Project, source: SourceFile, choose: Choosing = every_proposal
) -> FileOutcome:
    """Return the rewritten file, its refusals, or why it stays as it was.

    The rules are asked again about what they made, until they have nothing to add; *choose* says
    each time what of that is done.
    """
    if project.defines_the_api(source):
        return Untouched(source.display)
    settings = project.settings(source.path)
    work = partial(migrated, project, choose=choose)
    return files.migrated(source, work, examples=settings.examples)


def migrated(
    project: Project,
    source: SourceFile,
    document: Document | None = None,
    choose: Choosing = every_proposal,
) -> FileOutcome:
    """Return the rewritten text of *source*, whose code is Python, as ``migrate_file`` does.

    It is the code of *document*, if it stands in one.  Raises UnparsableError where it declares
    something wrongly: a result that compiles shows that it does not.
    """
    try:
        outcome = _in_rounds(project, source, document, choose)
    except (UnparsableError, RecursionError, MemoryError):
        raise
    except Exception:
        check_declared(source)
        raise
    if not isinstance(outcome, Changed):
        check_declared(source)
    return outcome


def check_declared(source: SourceFile) -> None:
    """Raise UnparsableError where *source* declares something wrongly: no result shows that."""
    try:
        check_declarations(source.text, source.display)
    except SyntaxError as error:
        raise UnparsableError(error) from error


def _in_rounds(
    project: Project, source: SourceFile, document: Document | None, choose: Choosing
) -> FileOutcome:
    first, ends = _one_round(project, source, document, choose)
    if ends:
        return first
    applied: list[Applied] = []
    outcome = first
    current = source
    for _ in range(_MOST_ROUNDS):
        if not isinstance(outcome, Changed):
            break
        applied.extend(outcome.applied)
        current = as_left(source, outcome)
        outcome, _ = _one_round(project, current, document, choose, is_result=True)
    if not isinstance(first, Changed) or isinstance(outcome, Failed):
        return outcome
    # The places of the first round are those of the file as the reader has it.
    later = applied[len(first.applied) :]
    left = outcome.refusals if isinstance(outcome, Refused) else ()
    return Changed(source, current.content, tuple(applied), _lasting(first.refusals, later, left))


def as_left(source: SourceFile, outcome: FileOutcome) -> SourceFile:
    """Return *source* as *outcome* leaves it."""
    if not isinstance(outcome, Changed):
        return source
    return replace(source, text=_decoded(source, outcome.after), content=outcome.after)


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
    # What a person said no to in a later round was possible in none before it.
    for one in left:
        key = one.finding.code, one.reason
        if one.reason is Reason.DECLINED and still[key] > 0:
            still[key] -= 1
            lasting.append(one)
    return tuple(lasting)


def _one_round(
    project: Project,
    source: SourceFile,
    document: Document | None,
    choose: Choosing,
    *,
    is_result: bool = False,
) -> tuple[FileOutcome, bool]:
    """Return what the rules make of *source*, and whether they certainly make no more of that.

    It *is_result* where an earlier round has made it.
    """
    semantic = project.semantic(source)
    semantic.is_result = is_result
    decision = choose(semantic, source, document)
    if not decision.proposals:
        if decision.refusals:
            return Refused(source.display, decision.refusals), True
        return Untouched(source.display), True
    outcome = rewritten(semantic, source, decision)
    if not isinstance(outcome, Changed) or len(outcome.applied) < len(decision.proposals):
        return outcome, False
    return outcome, not may_go_on(semantic, decision)


def _decoded(source: SourceFile, content: bytes) -> str:
    return content[3 if source.bom else 0 :].decode(source.encoding)


def guarded(work: Callable[[SourceFile], FileOutcome], source: SourceFile) -> FileOutcome:
    """Run *work* on one file; whatever goes wrong there becomes that file's outcome."""
    try:
        return work(source)
    except RecursionError:
        pass
    except UnparsableError as error:
        return unparsable(source, error.cause)
    except Exception as error:  # noqa: BLE001 - the one boundary: a file never stops the others
        return _internal(source, error)
    try:
        return on_deep_stack(partial(work, source))
    except UnparsableError as error:
        return unparsable(source, error.cause)
    except (RecursionError, MemoryError):
        message = "the code is nested too deeply for the interpreter's parser"
        return Failed(source.display, "parse", message, "split the longest expression of the file")
    except Exception as error:  # noqa: BLE001 - as above, on the deep stack
        return _internal(source, error)


def _internal(source: SourceFile, error: Exception) -> Failed:
    message = f"{type(error).__name__}: {error}"
    return Failed(source.display, "analyse", message, "leave the file out and report this as a bug")


def guarded_rewrite(semantic: SemanticModel, source: SourceFile, decision: Decision) -> FileOutcome:
    """Return *source* with what was decided of it, or that file's failure."""
    return guarded(lambda given: rewritten(semantic, given, decision), source)
