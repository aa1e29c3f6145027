"""The server of the tests: what one test has asked is not the next one's."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

from runtime_calls import CHAT

if TYPE_CHECKING:
    import openai
    from loopback import LoopbackServer

BODY = json.dumps({"model": "m", "messages": []}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(BODY)


def begun(server: LoopbackServer, sent: bytes) -> socket.socket:
    """Return a connection on which *sent* was sent."""
    line = socket.create_connection(server.server_address)
    line.sendall(sent)
    return line


def test_what_is_heard_late_is_forgotten(server: LoopbackServer, client: openai.OpenAI) -> None:
    """Whatever of it had come: it takes no failure that is meant for another, nor an answer."""
    for now, later in ((HEAD, BODY), (HEAD[:5], HEAD[5:] + BODY), (HEAD + BODY, b"")):
        with closing(begun(server, now)) as line:
            server.behave()
            server.failures[:] = [400]
            line.sendall(later)
            answer = line.recv(1000)
            assert answer == b"" or not later  # what had come as a whole may have had it before
            assert server.failures == [400]
        server.failures.clear()
        client.chat.completions.create(**CHAT)
        assert len(server.requests) == 1


def test_a_client_that_stays_is_heard(server: LoopbackServer, client: openai.OpenAI) -> None:
    """Its connection is an earlier one, and its request is not."""
    client.chat.completions.create(**CHAT)
    server.behave()
    client.chat.completions.create(**CHAT)
    assert len(server.requests) == 1
