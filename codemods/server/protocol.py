"""The protocol, spoken on standard input and output, with our own texts.

Lines end in those as they do in Python, and in editors.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.io_ import StdoutWriter, run_async
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from pygls.lsp.server import LanguageServer

    from codemods.server.texts.documents import Documents

    Steps = Iterator[tuple[Any, tuple[object, ...], None]]

_MOST = 1 << 16


class Protocol(LanguageServerProtocol):
    """Keeps the open texts in ``documents``.

    Those of the library end a line at a form feed, too, and would put changes elsewhere.
    """

    documents: Documents

    def publish(self, uri: str, version: int | None, told: Sequence[str]) -> None:
        """Tell of the text at *uri* the diagnostics *told*, which are JSON.

        The library would make all of them anew for each letter that is typed.
        """
        about = {"uri": uri} if version is None else {"uri": uri, "version": version}
        params = f'{json.dumps(about)[:-1]}, "diagnostics": [{", ".join(told)}]}}'
        method = json.dumps(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        body = f'{{"jsonrpc": "{self.VERSION}", "method": {method}, "params": {params}}}'.encode()
        if self.writer is not None:
            self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Steps:
        """Take in a text."""
        self.documents.open(params.text_document)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Steps:
        """Change a text."""
        about = params.text_document
        self.documents.change(about.uri, about.version, params.content_changes)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Steps:
        """Forget a text."""
        self.documents.close(params.text_document.uri)
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None


class Incoming(asyncio.StreamReader):
    """What has come in, read by a thread that does nothing else.

    The library's own reader asks another thread for each line: of the time from a letter to what
    is told of it that was a good part.
    """

    def follow(self, number: int) -> None:
        """Take in what comes by the file *number*, from now on."""
        given = number, asyncio.get_running_loop()
        threading.Thread(target=self._run, args=given, name="input", daemon=True).start()

    async def readexactly(self, n: int) -> bytes:
        """Return *n* bytes, none where there are not as many any more."""
        try:
            return await super().readexactly(n)
        except asyncio.IncompleteReadError:
            return b""

    def _run(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            while content := _read(number):
                loop.call_soon_threadsafe(self.feed_data, content)
            loop.call_soon_threadsafe(self.feed_eof)


def _read(number: int) -> bytes:
    try:
        return os.read(number, _MOST)
    except OSError:
        return b""


def serve_on(server: LanguageServer, source: BinaryIO, target: BinaryIO) -> None:
    """Have *server* answer what comes by *source*, until that ends or it is told to exit."""
    server.protocol.set_writer(StdoutWriter(target))

    async def answer() -> None:
        incoming = Incoming()
        incoming.follow(source.fileno())
        ended = threading.Event()
        await run_async(ended, incoming, server.protocol, error_handler=server.report_server_error)

    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt, SystemExit):
        asyncio.run(answer())
