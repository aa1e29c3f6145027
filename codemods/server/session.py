"""What the server knows of the open texts, and what it is just finding out."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from codemods.model.outcome import RunReport
from codemods.project.config import ConfigError
from codemods.server.analysis import Asked, Migration, Surroundings
from codemods.server.diagnostics import Shown, encoded
from codemods.server.notebooks import SYNC
from codemods.server.protocol import Protocol
from codemods.server.retelling import Bases
from codemods.server.targets import Target
from codemods.server.texts.documents import Documents
from codemods.server.work import Superseded, Ticket, Urgency, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codemods.server.notebooks import Notebook
    from codemods.server.texts.documents import Document

T = TypeVar("T")
_NOTHING = RunReport((), 1, written=False)
_NOT_SHOWN = Shown(_NOTHING, [])


class Session(LanguageServer):
    """The server, for one editor."""

    def __init__(self, version: str) -> None:
        super().__init__(
            "ai-usage-server", version, notebook_document_sync=SYNC, protocol_cls=Protocol
        )
        self.documents = Documents()
        self.notebooks: dict[str, Notebook] = {}
        assert isinstance(self.protocol, Protocol)
        self.protocol.documents = self.documents
        self._worker = Worker()
        self._tickets: defaultdict[str, set[Ticket]] = defaultdict(set)
        # What was found out holds until anything changes, in whatever text.
        self._reports: dict[Document, RunReport] = {}
        self._migrations: dict[Document, Migration] = {}
        self._bases = Bases()
        self._shown: dict[str, Shown] = {}
        self._complaint = ""

    async def tell(self, document: Document, urgency: Urgency) -> None:
        """Publish what there is to tell of *document*, if nothing has changed until then."""
        try:
            report = await self.report(document, urgency)
        except JsonRpcContentModified:
            return
        if self.documents.is_current(document):
            self._publish(document.uri, document.version, self._told(document, report))

    def _told(self, document: Document, report: RunReport) -> Sequence[str]:
        """Return what the editor is told of *report*: what is told again stands where it stood."""
        shown = self._shown.get(document.uri, _NOT_SHOWN)
        if shown.report is not report:
            shown = shown.again(document, report)
            self._shown[document.uri] = shown
        return shown.told

    async def tell_notebook(self, notebook: Notebook, urgency: Urgency) -> None:
        """Publish what there is to tell of each cell, if nothing has changed until then."""
        try:
            report = await self.report(notebook.whole, urgency)
        except JsonRpcContentModified:
            return
        if self.notebooks.get(notebook.whole.uri) is notebook:
            for cell, found in notebook.told(report):
                self._publish(cell.uri, cell.version, list(map(encoded, found)))

    def target(self, uri: str) -> Target | None:
        """Return the text at *uri*, which may be a cell of a notebook; None if it is not open."""
        document = self.documents.get(uri)
        if document is not None:
            return Target(document, document)
        cells = (Target.of_cell(uri, notebook) for notebook in self.notebooks.values())
        return next((cell for cell in cells if cell is not None), None)

    def tell_nothing(self, uri: str) -> None:
        """Publish that there is nothing to tell of the text at *uri*."""
        self._shown.pop(uri, None)
        self._publish(uri, None, [])

    def _publish(self, uri: str, version: int | None, told: Sequence[str]) -> None:
        assert isinstance(self.protocol, Protocol)
        self.protocol.publish(uri, version, told)

    async def report(self, document: Document, urgency: Urgency = Urgency.ASKED) -> RunReport:
        """Return what lint finds in *document*."""
        if not document.is_asked_about:
            return _NOTHING
        known, bases = self._reports, self._bases
        again = bases.told(document)
        if again is not None:
            return again
        return await self._known(
            document, urgency, known, _NOTHING, lambda asked: asked.linted(bases)
        )

    async def migration(self, document: Document) -> Migration:
        """Return what migrate makes of *document*."""
        from codemods.model.outcome import Untouched

        nothing = Migration(Untouched(document.uri))
        if not document.is_asked_about:
            return nothing
        known = self._migrations
        return await self._known(document, Urgency.ASKED, known, nothing, Asked.migrated)

    async def _known(
        self,
        document: Document,
        urgency: Urgency,
        known: dict[Document, T],
        nothing: T,
        find: Callable[[Asked], T],
    ) -> T:
        """Return what is *known* of *document*, or is to be found out."""

        def work(asked: Asked) -> T:
            if document not in known:
                found = find(asked)
                asked.require()
                known[document] = found
            return known[document]

        return await self.asked(document, work, nothing, urgency)

    async def asked(
        self,
        document: Document,
        work: Callable[[Asked], T],
        nothing: T,
        urgency: Urgency = Urgency.ASKED,
    ) -> T:
        """Return what *work* says of *document*; *nothing* where its configuration is wrong.

        Raises JsonRpcContentModified if the text changes before that is known.
        """
        around = Surroundings(self._folders, tuple(self.documents))
        with self._waiting(document) as ticket:
            try:
                return await self._worker.done(
                    urgency, ticket, lambda: work(Asked(document, around, ticket))
                )
            except Superseded:
                raise JsonRpcContentModified from None
            except ConfigError as error:
                self._complain(str(error))
                return nothing

    @contextmanager
    def _waiting(self, document: Document) -> Iterator[Ticket]:
        ticket = Ticket()
        self._tickets[document.uri].add(ticket)
        try:
            yield ticket
        finally:
            self._tickets[document.uri].discard(ticket)

    def changed(self, uri: str | None = None) -> None:
        """Take note that the text at *uri* is another one, or what is on disk."""
        self._reports = {}
        self._migrations = {}
        self._bases = self._bases.only(uri) if uri is not None else Bases()
        for ticket in self._tickets.pop(uri, ()) if uri is not None else ():
            ticket.end()
        if uri is None:
            for one in tuple(self._tickets):
                self.changed(one)

    def _complain(self, text: str) -> None:
        """Show *text*, once until it is another one."""
        if text != self._complaint:
            self._complaint = text
            kind = types.MessageType.Error
            self.window_show_message(types.ShowMessageParams(kind, text))

    @property
    def _folders(self) -> list[Path]:
        found = [to_fs_path(uri) for uri in self.workspace.folders]
        if not found and self.workspace.root_path:
            found = [self.workspace.root_path]
        return [Path(one) for one in found if one]
