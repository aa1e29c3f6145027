"""Answers in the forms of the interfaces: whole, and as the events of a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._replies import Reply
    from ._server import Answer

Event = tuple[str | None, dict[str, Any]]


def _arguments(reply: Reply) -> str:
    return json.dumps(reply.arguments or {})


# --- chat completions ------------------------------------------------------------------------


def chat_usage(answer: Answer) -> dict[str, Any]:
    """Return the counts as chat completions and embeddings tell them."""
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }


def _chat_message(answer: Answer, reply: Reply) -> dict[str, Any]:
    if reply.tool is None:
        return {"role": "assistant", "content": reply.text}
    function = {"name": reply.tool, "arguments": _arguments(reply)}
    call = {"id": f"call_{answer.input_tokens}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _chat_head(answer: Answer, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{answer.input_tokens}"
    return {"id": name, "created": 1, "model": answer.model, "object": kind}


def chat_object(answer: Answer, reply: Reply) -> dict[str, Any]:
    """Return a chat completion."""
    reason = "stop" if reply.tool is None else "tool_calls"
    choice = {"index": 0, "finish_reason": reason, "message": _chat_message(answer, reply)}
    head = _chat_head(answer, "chat.completion")
    return head | {"choices": [choice], "usage": chat_usage(answer)}


def chat(answer: Answer, reply: Reply, *, usage: bool) -> list[Event]:
    """Return the events of a chat completion that is streamed."""
    message = _chat_message(answer, reply)
    if reply.tool is None:
        text = reply.text or ""
        deltas = [{"role": "assistant", "content": ""}]
        deltas += [{"content": text[:3]}, {"content": text[3:]}]
    else:
        calls = [{"index": 0, **call} for call in message["tool_calls"]]
        deltas = [message | {"tool_calls": calls}]
    reason = "stop" if reply.tool is None else "tool_calls"
    head = _chat_head(answer, "chat.completion.chunk")
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    events = [head | {"choices": [choice]} for choice in choices]
    if usage:
        events.append(head | {"choices": [], "usage": chat_usage(answer)})
    return [(None, event) for event in events]


def embeddings_object(answer: Answer, count: int) -> dict[str, Any]:
    """Return *count* embeddings."""
    data = [{"object": "embedding", "index": i, "embedding": [0.5, 0.25]} for i in range(count)]
    usage = {"prompt_tokens": answer.input_tokens, "total_tokens": answer.input_tokens}
    return {"object": "list", "data": data, "model": answer.model, "usage": usage}


# --- responses -------------------------------------------------------------------------------


def _response_item(answer: Answer, reply: Reply) -> dict[str, Any]:
    number = answer.input_tokens
    if reply.tool is not None:
        call = {"name": reply.tool, "arguments": _arguments(reply), "call_id": f"call_{number}"}
        return {"type": "function_call", "id": f"fc_{number}", "status": "completed", **call}
    text = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    message = {"type": "message", "id": f"msg_{number}", "role": "assistant"}
    return {**message, "status": "completed", "content": [text]}


def response_object(answer: Answer, reply: Reply) -> dict[str, Any]:
    """Return a response."""
    return {
        "id": f"resp_{answer.input_tokens}",
        "object": "response",
        "created_at": 1,
        "model": answer.model,
        "output": [_response_item(answer, reply)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "total_tokens": answer.input_tokens + answer.output_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def response(answer: Answer, reply: Reply) -> list[Event]:
    """Return the events of a response that is streamed."""
    whole = response_object(answer, reply)
    item = whole["output"][0]
    begun = whole | {"usage": None, "status": "in_progress", "output": []}
    where = {"item_id": item["id"], "output_index": 0}
    if reply.tool is not None:
        empty = item | {"arguments": "", "status": "in_progress"}
        kind = "response.function_call_arguments"
        parts = [
            {"type": f"{kind}.delta", "delta": item["arguments"], **where},
            {"type": f"{kind}.done", "arguments": item["arguments"], "name": reply.tool, **where},
        ]
    else:
        empty = item | {"content": [], "status": "in_progress"}
        where |= {"content_index": 0}
        text, part = reply.text, item["content"][0]
        parts = [
            {"type": "response.content_part.added", "part": part | {"text": ""}, **where},
            {"type": "response.output_text.delta", "delta": text, "logprobs": [], **where},
            {"type": "response.output_text.done", "text": text, "logprobs": [], **where},
            {"type": "response.content_part.done", "part": part, **where},
        ]
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": empty},
        *parts,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [(event["type"], event | {"sequence_number": n}) for n, event in enumerate(events)]


# --- messages --------------------------------------------------------------------------------


def _message_block(answer: Answer, reply: Reply) -> dict[str, Any]:
    if reply.tool is None:
        return {"type": "text", "text": reply.text}
    call = {"id": f"toolu_{answer.input_tokens}", "name": reply.tool}
    return {"type": "tool_use", **call, "input": reply.arguments or {}}


def message_object(answer: Answer, reply: Reply) -> dict[str, Any]:
    """Return a message."""
    return {
        "id": f"msg_{answer.input_tokens}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [_message_block(answer, reply)],
        "stop_reason": "end_turn" if reply.tool is None else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens},
    }


def message(answer: Answer, reply: Reply) -> list[Event]:
    """Return the events of a message that is streamed."""
    whole = message_object(answer, reply)
    block = whole["content"][0]
    begun = {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    if reply.tool is None:
        empty = block | {"text": ""}
        delta = {"type": "text_delta", "text": reply.text}
    else:
        empty = block | {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": _arguments(reply)}
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": answer.output_tokens}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": whole | begun},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


# --- Google's contents -------------------------------------------------------------------------


def google_object(answer: Answer, reply: Reply) -> dict[str, Any]:
    """Return a content of Google's, which is the only event of its stream, too."""
    content = {"role": "model", "parts": [{"text": reply.text}]}
    usage = {
        "promptTokenCount": answer.input_tokens,
        "candidatesTokenCount": answer.output_tokens,
        "totalTokenCount": answer.input_tokens + answer.output_tokens,
    }
    return {
        "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}],
        "usageMetadata": usage,
        "modelVersion": answer.model,
    }
