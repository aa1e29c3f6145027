"""Standard input and output as the server reads and writes them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING

from pygls.io_ import StdoutWriter, run_async

if TYPE_CHECKING:
    from typing import BinaryIO

    from pygls.lsp.server import LanguageServer

_MOST = 1 << 16


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
