"""An editor for tests: a real client, and the server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.io_ import run_async
from pygls.lsp.client import LanguageClient

from tests.warm import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

START = "import sys; from codemods.server.__main__ import main; sys.exit(main([]))"
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Editor:
    """A client with the texts that it has open."""

    def __init__(self, client: LanguageClient, encoding: str) -> None:
        self.client = client
        self.encoding = encoding
        self.texts: dict[str, tuple[int, str]] = {}
        self.told: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.shown: asyncio.Queue[str] = asyncio.Queue()
        self.applied: asyncio.Queue[lsp.WorkspaceEdit] = asyncio.Queue()
        client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(
            lambda told: self.told.put_nowait(told)
        )
        client.feature(lsp.WINDOW_SHOW_MESSAGE)(lambda shown: self.shown.put_nowait(shown.message))
        client.feature(lsp.WORKSPACE_APPLY_EDIT)(lambda asked: self._apply(asked))

    def _apply(self, params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        self.applied.put_nowait(params.edit)
        return lsp.ApplyWorkspaceEditResult(applied=True)

    def open(self, path: Path, text: str) -> str:
        """Open *text* as the content of *path*; return its address."""
        uri = path.as_uri()
        self.texts[uri] = (1, text)
        item = lsp.TextDocumentItem(uri, "python", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return uri

    def type(self, uri: str, start: int, end: int, text: str) -> int:
        """Put *text* in the place of some characters; return the version."""
        version, before = self.texts[uri]
        places = lsp.Range(self.position(before, start), self.position(before, end))
        self.texts[uri] = (version + 1, before[:start] + text + before[end:])
        change = lsp.TextDocumentContentChangePartial(places, text)
        about = lsp.VersionedTextDocumentIdentifier(uri=uri, version=version + 1)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(about, [change]))
        return version + 1

    def close(self, uri: str) -> None:
        """Close the text."""
        about = lsp.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(about))

    async def diagnostics(self, uri: str, version: int | None = 1) -> Sequence[lsp.Diagnostic]:
        """Return what is told of *version* of the text, when it is told."""
        while True:
            told = await self.told.get()
            if told.uri == uri and told.version == version:
                return told.diagnostics

    def position(self, text: str, offset: int) -> lsp.Position:
        """Return where *offset* is, as the protocol counts."""
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        name, size = UNITS[self.encoding]
        return lsp.Position(before.count("\n"), len(line.encode(name)) // size)

    def offset(self, text: str, position: lsp.Position) -> int:
        """Return what is at *position*: looked for, in the place of another way to count."""
        found = (at for at in range(len(text) + 1) if self.position(text, at) == position)
        return max(found)  # between CR and LF is no place

    def edited(self, uri: str, edit: lsp.WorkspaceEdit) -> str:
        """Return the text as *edit* leaves it."""
        text = self.texts[uri][1]
        changes = (edit.changes or {}).get(uri, ())
        for one in edit.document_changes or ():
            assert isinstance(one, lsp.TextDocumentEdit)
            if one.text_document.uri == uri:
                assert one.text_document.version == self.texts[uri][0]
                changes = one.edits
        places = [
            (self.offset(text, c.range.start), self.offset(text, c.range.end), c.new_text)
            for c in changes
        ]
        for start, end, new in sorted(places, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    async def actions(self, uri: str, word: str, *only: str) -> dict[str, lsp.CodeAction]:
        """Return what is offered where *word* begins, by its title."""
        text = self.texts[uri][1]
        place = self.position(text, text.index(word))
        context = lsp.CodeActionContext([], only=list(only) or None)
        about = lsp.TextDocumentIdentifier(uri)
        params = lsp.CodeActionParams(about, lsp.Range(place, place), context)
        found = await self.client.text_document_code_action_async(params)
        return {one.title: one for one in found or () if isinstance(one, lsp.CodeAction)}

    async def hover(self, uri: str, word: str) -> str | None:
        """Return what is shown where *word* begins."""
        text = self.texts[uri][1]
        place = self.position(text, text.index(word))
        about = lsp.TextDocumentIdentifier(uri)
        found = await self.client.text_document_hover_async(lsp.HoverParams(about, place))
        if found is None:
            return None
        assert isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value

    async def lenses(self, uri: str) -> Sequence[lsp.CodeLens]:
        """Return what stands above functions."""
        about = lsp.TextDocumentIdentifier(uri)
        return await self.client.text_document_code_lens_async(lsp.CodeLensParams(about)) or ()

    async def run(self, command: lsp.Command) -> object:
        """Have the server do *command*."""
        params = lsp.ExecuteCommandParams(command.command, command.arguments)
        return await self.client.workspace_execute_command_async(params)


def capabilities(encodings: Sequence[str], *, resolving: bool) -> lsp.ClientCapabilities:
    """Return what an editor says of itself that counts columns in one of *encodings*."""
    support = lsp.ClientCodeActionResolveOptions(["edit"]) if resolving else None
    return lsp.ClientCapabilities(
        general=lsp.GeneralClientCapabilities(position_encodings=list(encodings)),
        workspace=lsp.WorkspaceClientCapabilities(
            workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=resolving)
        ),
        text_document=lsp.TextDocumentClientCapabilities(
            code_action=lsp.CodeActionClientCapabilities(resolve_support=support)
        ),
    )


@asynccontextmanager
async def editor(
    folder: Path,
    encodings: Sequence[str] = ("utf-16",),
    before: str = "",
    *,
    resolving: bool = False,
    warm: bool = True,
) -> AsyncIterator[Editor]:
    """Start the server for *folder*, with *before* as the first lines of its program.

    Where it is not to be *warm*, a process is started as editors start it.
    """
    client = LanguageClient("an editor", "1")
    command = [sys.executable, "-c", f"{before}\n{START}"]
    async with (_warm if warm else _cold)(client, command, folder) as ended:
        asked = lsp.InitializeParams(
            capabilities(encodings, resolving=resolving), root_uri=folder.as_uri()
        )
        answer = await client.initialize_async(asked)
        encoding = lsp.PositionEncodingKind(answer.capabilities.position_encoding)
        mine = Editor(client, encoding.value)
        client.initialized(lsp.InitializedParams())
        yield mine
        await client.shutdown_async(None)
        client.exit(None)
        assert await ended() == 0


@asynccontextmanager
async def _cold(
    client: LanguageClient, command: list[str], folder: Path
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Start *command* from nothing; gives what waits for its end."""
    await client.start_io(*command, cwd=folder)
    server = client._server
    assert server is not None
    try:
        yield server.wait
    finally:
        if server.returncode is None:
            server.kill()
        await client.stop()


@asynccontextmanager
async def _warm(
    client: LanguageClient, command: list[str], folder: Path
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Start *command* where all is imported already; gives what waits for its end."""
    ours, its = socket.socketpair()
    with its, tempfile.TemporaryFile() as errors:
        files = (its.fileno(), its.fileno(), errors.fileno())
        running = started(command, folder, os.environ, files, also="server")
    reader, writer = await asyncio.open_connection(sock=ours)
    client.protocol.set_writer(writer)
    stop = threading.Event()
    talk = asyncio.create_task(run_async(stop, reader, client.protocol))
    try:
        yield lambda: asyncio.to_thread(running.wait)
    finally:
        running.kill()
        stop.set()
        writer.close()
        await talk


def play(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run *scenario* to its end."""
    asyncio.run(scenario())
