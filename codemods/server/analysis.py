"""What the tools say of an open text: the same as the commands of files with these contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from codemods.findings.mending.retouching import place_of
from codemods.findings.texts import Linter, Text, is_left_out, source_of
from codemods.model.options import LintOptions, Mode, Options
from codemods.model.outcome import Changed, Failed, Refused, Untouched
from codemods.project.config import Tables
from codemods.project.embedded.files import load
from codemods.project.sources import LARGEST, encode
from codemods.report import display
from codemods.server.texts.positions import MARK
from codemods.server.work import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from codemods.findings.mending.retouching import Place
    from codemods.linking.links import Project
    from codemods.model.finding import Finding
    from codemods.model.options import ProjectConfig
    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.model.refusal import Refusal
    from codemods.model.source import SourceFile
    from codemods.server.retelling import Bases
    from codemods.server.texts.documents import Document


@dataclass(frozen=True)
class Surroundings:
    """What is open beside a text, and the folders of the editor's workspace."""

    folders: Sequence[Path]
    documents: Sequence[Document] = field(default=())


@dataclass(frozen=True)
class Migration:
    """What migrate makes of a text, and the places of the text that it found something to do at."""

    outcome: FileOutcome
    seen: frozenset[Place] = frozenset()

    @property
    def made(self) -> frozenset[Place]:
        """The places of the text that are rewritten."""
        if not isinstance(self.outcome, Changed):
            return frozenset()
        return self.seen & {place_of(one.finding) for one in self.outcome.applied}

    @property
    def refusals(self) -> Sequence[Refusal]:
        """What is left to a person."""
        return self.outcome.refusals if isinstance(self.outcome, Changed | Refused) else ()


class _Wanted(Tables):
    """The configuration, for work that ends where nobody waits for it any more."""

    def __init__(self, cwd: Path, ticket: Ticket) -> None:
        super().__init__(cwd)
        self._ticket = ticket

    def keep(self) -> None:
        """Go on from now on, whoever waits: others will ask, too."""
        self._ticket = Ticket()

    def of(self, path: Path) -> ProjectConfig:
        """Return what holds for *path*; raises ConfigError, or Superseded."""
        self._ticket.check()
        return super().of(path)


class Asked:
    """One question about *document*; what is open *around* it counts before the disk."""

    def __init__(self, document: Document, around: Surroundings, ticket: Ticket) -> None:
        self._document = document
        self._ticket = ticket
        self._cwd = _folder(document.path, around.folders)
        self._options = Options(
            paths=(document.path,), cwd=self._cwd, mode=Mode.CHECK, force_exclude=True
        )
        self._config = _Wanted(self._cwd, ticket)
        self._around = around

    @property
    def shown(self) -> str:
        """How reports name the text."""
        return self._shown(self._document.path)

    def require(self) -> None:
        """Raise Superseded where nobody waits for the answer any more."""
        self._ticket.check()

    def linted(self, bases: Bases | None = None) -> RunReport:
        """Return what lint finds in it; raises ConfigError.

        *bases* may know most of it already, and learn it, if it follows from this text alone.
        """
        known = bases.linted(self._document, self._part) if bases is not None else None
        if known is not None:
            return known
        linter = self._linter()
        report, is_alone = self._report(linter, self._document.content)
        if bases is not None and is_alone:
            self._config.keep()
            bases.learn(self._document, report, linter)
        return report

    def _part(self, text: str, linter: Linter | None) -> RunReport | None:
        report, is_alone = self._report(linter or self._linter(), encode(text))
        return report if is_alone else None

    def _linter(self) -> Linter:
        options = self._options, LintOptions()
        return Linter(*options, self._config, self._document.path, self.shown, self._others)

    def _report(self, linter: Linter, content: bytes) -> tuple[RunReport, bool]:
        """Return what lint finds in *content*, and whether that follows from it alone."""
        looked_at: set[Path] = set()
        report = linter.of(content, looked_at)
        self.require()
        failed = any(isinstance(outcome, Failed) for outcome in report.outcomes)
        return report, not failed and looked_at <= {self._document.path}

    def migrated(self) -> Migration:
        """Return what migrate makes of it; raises ConfigError."""
        from codemods.review.choosing import Seen
        from codemods.runner.one_file import migrate_file

        seen = Seen()
        outcome = self._outcome(partial(migrate_file, choose=seen))
        return Migration(outcome, seen.first or frozenset())

    def migrated_in_part(self, wanted: Callable[[Finding], bool]) -> FileOutcome:
        """Return what migrate makes of what is *wanted* in it; raises ConfigError."""
        from codemods.review.choosing import Chosen, as_told
        from codemods.runner.one_file import migrate_file

        choose = Chosen(lambda finding, document: wanted(as_told(finding, document)))
        return self._outcome(partial(migrate_file, choose=choose))

    def silenced(self, place: Place, reason: str) -> FileOutcome:
        """Return it with a comment that silences the finding at *place*; raises ConfigError."""
        return self._retouched(place, reason)

    def mended(self, place: Place) -> FileOutcome:
        """Return it without what is needless in the comment at *place*; raises ConfigError."""
        return self._retouched(place, None)

    def after(self, outcome: FileOutcome) -> str | None:
        """Return what *outcome* makes of the text, None where that is nothing."""
        if not isinstance(outcome, Changed):
            return None
        return MARK * self._document.text.startswith(MARK) + outcome.after_text

    def _retouched(self, place: Place, reason: str | None) -> FileOutcome:
        from codemods.findings.mending.retouching import Retouch, retouch_file

        retouch = Retouch({self.shown: frozenset([place])}, reason)
        return self._outcome(partial(retouch_file, retouch))

    def _outcome(self, work: Callable[[Project, SourceFile], FileOutcome]) -> FileOutcome:
        text = self._text
        source = None
        if not is_left_out(self._options, self._config.excludes, text.path):
            source = source_of(text)
        if source is None:
            return Untouched(text.shown)
        if isinstance(source, Failed):
            return source
        from codemods.runner.pipeline import outcome_of

        return outcome_of(self._options, self._config, source, self._others, work)

    @property
    def _text(self) -> Text:
        return Text(self._document.path, self.shown, self._document.content)

    def _shown(self, path: Path) -> str:
        found = path.relative_to(self._cwd) if path.is_relative_to(self._cwd) else path
        return display.line(found.as_posix())

    @cached_property
    def _others(self) -> Mapping[Path, SourceFile]:
        """The other open texts of the folder by their paths."""
        found = {}
        for one in self._around.documents:
            mine = one.path != self._document.path and one.path.is_relative_to(self._cwd)
            if mine and len(one.content) <= LARGEST:
                source = load(one.path, self._shown(one.path), one.content)
                if not isinstance(source, Failed):
                    found[one.path] = source
        return found


def _folder(path: Path, folders: Sequence[Path]) -> Path:
    """Return the folder of the workspace that *path* is in: a command would be started there."""
    above = [one for one in folders if path.is_relative_to(one)]
    return max(above, key=lambda one: len(one.parts), default=path.parent)
