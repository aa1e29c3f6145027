"""What comes to the server by standard input, and what it writes."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path

from lsprotocol.converters import get_converter
from lsprotocol.types import PublishDiagnosticsParams
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer

from codemods.model.finding import Finding
from codemods.model.outcome import Linted, RunReport
from codemods.model.source import Span
from codemods.server.diagnostics import Shown
from codemods.server.protocol import Incoming, Protocol
from codemods.server.texts.documents import Document


def test_what_comes_in_parts_is_read_as_a_whole() -> None:
    """A line, and so many bytes, as soon as they are there; at the end there is nothing."""

    async def scenario() -> list[bytes]:
        source, target = os.pipe()
        incoming = Incoming()
        incoming.follow(source)
        found = []
        for part in (b"He", b"ad\r\nbo", b"dy"):
            os.write(target, part)
            await asyncio.sleep(0)
        found += [await incoming.readline(), await incoming.readexactly(4)]
        os.write(target, b"ab")
        os.close(target)
        return [*found, await incoming.readexactly(3), await incoming.readline()]

    assert asyncio.run(scenario()) == [b"Head\r\n", b"body", b"", b""]


def finding(line: int, path: str = "app.py") -> Finding:
    """Return a finding in columns 3 and 4 of *line*."""
    return Finding("AIU001", path, Span(line, 3, line, 5), "a \U0001f9c0")


def told(shown: Shown) -> list[tuple[int, int]]:
    """Return the first lines and columns of what is *shown*."""
    starts = [json.loads(one)["range"]["start"] for one in shown.told]
    return [(one["line"], one["character"]) for one in starts]


def test_columns_are_those_of_the_line_that_a_finding_stands_in_now() -> None:
    """The same finding is told anew where its line has other characters before it."""

    def document(text: str) -> Document:
        return Document("file:///app.py", Path("/app.py"), 1, text, "utf-16")

    first, second = finding(1), finding(2)
    report = RunReport((Linted("app.py", (first, second)),), 1, written=False)
    shown = Shown(RunReport((), 1, written=False), []).again(document("a = 1\nb = 2\n"), report)
    assert told(shown) == [(0, 2), (1, 2)]
    later = shown.again(document("a = 1\n\U0001f9c0 = 2\n"), report)
    assert told(later) == [(0, 2), (1, 3)]
    assert later.told[0] is shown.told[0]
    assert told(shown.again(document("a = 1\n"), RunReport((), 1, written=False))) == []


def test_what_is_written_is_what_the_protocol_says() -> None:
    """Diagnostics that are JSON already are put together to a message, with its length."""
    server = LanguageServer("server", "1", protocol_cls=Protocol)
    protocol = server.protocol
    assert isinstance(protocol, Protocol)
    target = io.BytesIO()
    protocol.set_writer(StdoutWriter(target))
    report = RunReport((Linted("app.py", (finding(1), finding(2))),), 1, written=False)
    document = Document("file:///\u00fc.py", Path("/\u00fc.py"), 3, "a = 1\nb = 2\n", "utf-16")
    shown = Shown(RunReport((), 1, written=False), []).again(document, report)
    for version, found in ((3, shown.told), (None, [])):
        target.seek(0)
        target.truncate()
        protocol.publish(document.uri, version, found)
        head, _, body = target.getvalue().partition(b"\r\n\r\n")
        assert head == b"Content-Length: %d" % len(body)
        message = json.loads(body)
        assert message["method"] == "textDocument/publishDiagnostics"
        params = get_converter().structure(message["params"], PublishDiagnosticsParams)
        assert (params.uri, params.version) == (document.uri, version)
        assert [one.message for one in params.diagnostics] == ["a \U0001f9c0"] * len(found)
