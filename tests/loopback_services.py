"""What the loopback server answers beside chat, completions, embeddings and messages.

A response in the background is made when it is asked for twice; a batch has ended when it is asked
for; and its file has two answers and an error.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

IMAGE_USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
    "output_tokens": 272,
    "output_tokens_details": {"image_tokens": 272, "text_tokens": 0},
    "total_tokens": 322,
}
SPEECH_USAGE = {"input_tokens": 14, "output_tokens": 101, "total_tokens": 115}
HEARD_USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 4, "audio_tokens": 10},
    "output_tokens": 45,
    "total_tokens": 59,
}
DECISION_USAGE = {
    "input_tokens": 40,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 42,
}
BACKGROUND_USAGE = {
    "input_tokens": 21,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 30,
}
BATCHED_USAGE = {"prompt_tokens": 13, "completion_tokens": 5, "total_tokens": 18}
CREATED = 1_795_000_000
#: The batches that are in a list of all.
LISTED = ("batch_a", "batch_b")

Answer = tuple[str, Any]
"""A content type, and JSON, a text, bytes, or the events of a stream."""

numbers = itertools.count(1)
asked: dict[str, int] = {}


def posted(path: str, body: dict[str, Any]) -> Answer | None:
    """Return what is answered to a POST, or None: it is none of these."""
    for end, answer in _POSTS.items():
        if path.endswith(end):
            return answer(body)
    return None


def got(path: str, *, is_stream: bool = False) -> Answer | None:
    """Return what is answered to a GET, or None."""
    if is_stream and "/responses/" in path:
        return followed(background(path.rpartition("/")[2], "in_progress"))
    for pattern, answer in _GETS.items():
        found = re.search(pattern, path)
        if found is not None:
            return answer(found[1])
    return None


def _edited(body: dict[str, Any]) -> Answer:
    return _image(body, "image_edit")


def _image(body: dict[str, Any], kind: str = "image_generation") -> Answer:
    model = str(body.get("model"))
    if body.get("stream") in (True, "true"):
        image = {"b64_json": "aGk=", "created_at": 1, "output_format": "png"}
        sized = {**image, "background": "opaque", "quality": "low", "size": "1024x1024"}
        part = {**sized, "type": f"{kind}.partial_image", "partial_image_index": 0}
        done = {**sized, "type": f"{kind}.completed", "usage": IMAGE_USAGE}
        return "events", [(part["type"], part), (done["type"], done)]
    images = [{"b64_json": "aGk="} for _ in range(int(body.get("n") or 1))]
    if model.startswith("dall-e"):
        return "json", {"created": 1, "data": images}
    told = {"quality": "low", "size": "1024x1024", "usage": IMAGE_USAGE}
    return "json", {"created": 1, "data": images, **told}


def _speech(body: dict[str, Any]) -> Answer:
    if body.get("stream_format") == "sse":
        part = {"type": "speech.audio.delta", "audio": "aGk="}
        done = {"type": "speech.audio.done", "usage": SPEECH_USAGE}
        return "events", [(None, part), (None, done)]
    return "audio/mpeg", b"\xff\xfbspoken"


def _heard(body: dict[str, Any]) -> Answer:
    if body.get("stream") in (True, "true"):
        part = {"type": "transcript.text.delta", "delta": "a "}
        done = {"type": "transcript.text.done", "text": "a receipt", "usage": HEARD_USAGE}
        return "events", [(None, part), (None, done)]
    form = body.get("response_format")
    if form in ("text", "srt", "vtt"):
        return "text/plain", b"a receipt\n"
    if str(body.get("model")) != "whisper-1":
        return "json", {"text": "a receipt", "usage": HEARD_USAGE}
    told: dict[str, Any] = {"text": "a receipt", "usage": {"type": "duration", "seconds": 9}}
    if form == "verbose_json":
        told = {"text": "a receipt", "duration": 8.47, "language": "english"}
    return "json", told


def _translated(body: dict[str, Any]) -> Answer:
    told: dict[str, Any] = {"text": "a receipt"}
    if body.get("response_format") == "verbose_json":
        told |= {"duration": 8.47, "language": "english"}
    return "json", told


def _moderated(body: dict[str, Any]) -> Answer:
    flags = {"flagged": False, "categories": {}, "category_scores": {}}
    return "json", {"id": "modr-1", "model": body.get("model"), "results": [flags]}


def _decided(body: dict[str, Any]) -> Answer:
    answer = {"type": "predicate", "probability": 0.5}
    return "json", {"model": body.get("model"), "answers": [answer], "usage": DECISION_USAGE}


def _video(body: dict[str, Any]) -> Answer:
    told = {"id": "video_1", "object": "video", "created_at": CREATED, "progress": 0}
    seconds, size = body.get("seconds") or "4", body.get("size") or "720x1280"
    terms = {"model": body.get("model") or "sora-2", "seconds": seconds, "size": size}
    return "json", {**told, **terms, "status": "queued"}


def background(response_id: str, status: str, model: str = "gpt-4o-mini") -> dict[str, Any]:
    """Return a response that is made in the background."""
    known = {"id": response_id, "object": "response", "created_at": CREATED, "model": model}
    empty: dict[str, Any] = {"output": [], "tools": [], "parallel_tool_calls": True}
    usage = BACKGROUND_USAGE if status == "completed" else None
    error = {"code": "server_error", "message": "a secret text"} if status == "failed" else None
    ended = {"completed_at": CREATED + 3} if status == "completed" else {}
    told = {"tool_choice": "auto", "background": True, "error": error, "usage": usage, **ended}
    return {**known, **empty, **told, "status": status}


def begun(body: dict[str, Any]) -> dict[str, Any]:
    """Return a new response in the background, which is completed when it is asked for twice."""
    response_id = f"resp_{next(numbers)}"
    asked[response_id] = 0
    return background(response_id, "queued", str(body.get("model")))


def streamed(body: dict[str, Any]) -> Answer:
    """Return the events of a response that is made in the background, and followed meanwhile."""
    return followed(begun(body))


def followed(known: dict[str, Any]) -> Answer:
    """Return the events from the beginning of a response, which has ended then."""
    asked[known["id"]] = 1
    done = background(known["id"], "completed", known["model"])
    part = {"item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": known},
        {"type": "response.in_progress", "response": known | {"status": "in_progress"}},
        {"type": "response.output_text.delta", "delta": "a", **part},
        {"type": "response.completed", "response": done},
    ]
    return "events", [
        (event["type"], event | {"sequence_number": number}) for number, event in enumerate(events)
    ]


def _read(response_id: str) -> Answer:
    asked[response_id] = asked.get(response_id, 0) + 1
    has_failed = response_id.startswith("resp_failed")
    end = "failed" if has_failed else "completed"
    status = end if asked[response_id] > 1 else "in_progress"
    return "json", background(response_id, status)


def batch(batch_id: str) -> dict[str, Any]:
    """Return a batch of OpenAI's that has ended."""
    known = {"id": batch_id, "object": "batch", "endpoint": "/v1/chat/completions"}
    files = {"input_file_id": "file-in", "output_file_id": f"file-out-{batch_id}"}
    times = {"created_at": CREATED, "completed_at": CREATED + 600}
    return {**known, **files, **times, "status": "completed", "completion_window": "24h"}


def batch_lines(batch_id: str) -> bytes:
    """Return the file of its results."""
    body = {"model": "gpt-4o-mini", "object": "chat.completion", "usage": BATCHED_USAGE}
    lines = []
    for number, name in enumerate(("first", "second", "third")):
        status = 400 if name == "third" else 200
        response = {"status_code": status, "request_id": f"{batch_id}-{number}", "body": body}
        line = {"id": f"batch_req_{number}", "custom_id": name, "response": response}
        lines.append(json.dumps({**line, "error": None}))
    return "\n".join(lines).encode()


_POSTS: dict[str, Any] = {
    "/images/generations": _image,
    "/images/edits": _edited,
    "/images/variations": _image,
    "/audio/speech": _speech,
    "/audio/transcriptions": _heard,
    "/audio/translations": _translated,
    "/moderations": _moderated,
    "/decisions": _decided,
    "/videos": _video,
    "/responses/input_tokens": lambda _: ("json", {"object": "response.input_tokens"}),
}
_GETS: dict[str, Any] = {
    r"/responses/([^/]+)$": _read,
    r"/v1/(batches)$": lambda _: (
        "json",
        {"object": "list", "data": [batch(name) for name in LISTED], "has_more": False},
    ),
    r"/v1/batches/([^/]+)$": lambda name: ("json", batch(name)),
    r"/files/file-out-([^/]+)/content$": lambda name: (
        "application/octet-stream",
        batch_lines(name),
    ),
}


def fields(content_type: str, content: bytes) -> dict[str, Any]:
    """Return the fields of a form, without its files."""
    mark = content_type.partition("boundary=")[2].encode()
    found = {}
    for part in content.split(b"--" + mark)[1:-1]:
        head, _, value = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        if name is not None and b"filename=" not in head:
            found[name[1].decode()] = value.decode()
    return found
