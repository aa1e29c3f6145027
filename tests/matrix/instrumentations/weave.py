"""Weave, by Weights & Biases: calls of both clients' resources, on a server in memory."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = ("weave",)
VARIABLES = {"WANDB_ERROR_REPORTING": "false", "WANDB_API_KEY": "0" * 40, "WANDB_MODE": "offline"}


class Server:
    """As much of Weave's trace server as its client needs to record calls."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def call_start(self, request: Any) -> dict[str, str]:
        """Keep the beginning of a call."""
        start = request["start"]
        self.records.append({"begun": {key: start.get(key) for key in ("op_name", "inputs")}})
        return {"id": start["id"], "trace_id": start["trace_id"]}

    def call_end(self, request: Any) -> dict[str, str]:
        """Keep the end of a call."""
        end = request["end"]
        kept = ("output", "summary", "exception")
        self.records.append({"ended": {key: end.get(key) for key in kept}})
        return {}

    def obj_create(self, request: Any) -> SimpleNamespace:
        """Know an object by what it is."""
        return SimpleNamespace(digest=hashlib.sha256(repr(request).encode()).hexdigest())

    file_create = table_create = obj_create

    def get_call_processor(self) -> None:
        """Have no queue of its own."""

    get_feedback_processor = get_call_processor


def install() -> Callable[[], list[Any]]:
    """Give Weave a client for the server, and have it patch both clients."""
    import anthropic
    import openai
    from weave.integrations.patch import implicit_patch
    from weave.trace import weave_client
    from weave.trace.context import weave_client_context

    server = Server()
    client = weave_client.WeaveClient("matrix", "matrix", server, ensure_project_exists=False)
    weave_client_context.set_weave_client_global(client)
    assert openai, anthropic
    implicit_patch()

    def drain() -> list[Any]:
        client.flush()
        # Threads of Weave's send both, so that an end can overtake its beginning.
        seen, server.records[:] = sorted(server.records, key=lambda record: "ended" in record), []
        return seen

    return drain
