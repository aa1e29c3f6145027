"""The protocol with our own texts: lines end in them as they do in Python, and in editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.server.texts.documents import Documents

    Steps = Iterator[tuple[Any, tuple[object, ...], None]]


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
