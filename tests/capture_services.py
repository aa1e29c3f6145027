"""Call forms beside chat, embeddings and messages, for the matrix of ``capture_matrix``.

Images, speech, transcripts, videos and decisions; what is free; what is told by a later answer: a
response in the background, the file of a batch; and what passes on a connection.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from capture_matrix import (
    COLUMNS,
    INPUT,
    MESSAGE,
    TEXT,
    Form,
    entered,
    got,
    in_a_response,
    in_bytes,
    in_lines,
    is_asynchronous,
    items,
    plainly,
    rawly,
    rawly_streaming,
    run,
    streaming,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

IMAGE: dict[str, Any] = {"model": "gpt-image-1", "prompt": "a receipt"}
DALL_E: dict[str, Any] = {"model": "dall-e-3", "prompt": "a receipt", "size": "1024x1024"}
PICTURE = ("receipt.png", b"png", "image/png")
SOUND = ("receipt.mp3", b"mp3", "audio/mpeg")
SPEECH: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "a receipt"}
HEARD: dict[str, Any] = {"model": "gpt-4o-transcribe", "file": SOUND}
WHISPER: dict[str, Any] = {"model": "whisper-1", "file": SOUND}
MODERATION: dict[str, Any] = {"model": "omni-moderation-latest", "input": "a receipt"}
VIDEO: dict[str, Any] = {"model": "sora-2", "prompt": "a receipt", "seconds": "8"}
QUESTION: dict[str, Any] = {"type": "predicate", "predicate": "is it one?"}
DECISION: dict[str, Any] = {"model": "gpt-6-luna", "input": "a receipt", "questions": [QUESTION]}
SEARCH: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search"}
DONE: dict[str, Any] = {
    "type": "response.done",
    "event_id": "e",
    "response": {"id": "r", "usage": {"input_tokens": 40, "output_tokens": 2}, "output": []},
}

NONE = (None, None)
DRAWN, SPOKEN, WRITTEN = (50, 272), (14, 101), (14, 45)
IMAGES = {"images": 1, "input_tokens_details.image_tokens": 40}
AUDIO = {"input_token_details.audio_tokens": 10}
CHARACTERS = {"characters": len(SPEECH["input"])}
#: Where nobody replays: of a plain text nobody knows which call it is of.
NO_REPLAY = tuple(paths for paths in COLUMNS if "replayed" not in paths)
#: Where nobody says that what a function returns is a completion.
BY_CLIENT = (("captured",), ("wrapped",), ("captured", "wrapped"))

numbers = itertools.count(1)


async def heard(answer: Any, replay: Any) -> Any:
    """Take the bytes of what is spoken."""
    answer = await got(answer)
    replay(answer)
    return answer.content


async def as_text(answer: Any, replay: Any) -> Any:
    """Take a raw answer's text, and never parse it."""
    answer = await got(answer)
    replay(answer)
    return answer.http_response.text


async def without_ids(answer: Any, replay: Any) -> Any:
    """Take what is the same for each call."""
    answer = await got(answer)
    replay(answer)
    return getattr(answer, "status", answer)


def both(work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[[Any], Any]:
    """Return *work* for clients of both kinds."""
    return lambda client: work(client) if is_asynchronous() else run(work(client))


async def later(client: Any) -> Any:
    """Begin a response in the background, and ask until it has ended."""
    response = await got(client.responses.create(**INPUT, background=True))
    while response.status != "completed":
        response = await got(client.responses.retrieve(response.id))
    return response


async def batch_file(client: Any) -> Any:
    """Download the results of a batch."""
    batch = await got(client.batches.retrieve(f"batch_m{next(numbers)}"))
    return len((await got(client.files.content(batch.output_file_id))).text.splitlines())


async def batch_results(client: Any) -> Any:
    """Read the results of a message batch."""
    results = await got(client.messages.batches.results(f"msgbatch_m{next(numbers)}"))
    return [line.custom_id async for line in items(results)]


async def talk(client: Any) -> Any:
    """Say something on a connection, and read the answer."""
    async with entered(client.realtime.connect(model="gpt-realtime")) as connection:
        await got(connection.send(DONE))
        return (await got(connection.recv())).type


async def run_tools(client: Any) -> Any:
    """Let a runner of tools make the calls."""
    return await got(client.beta.messages.tool_runner(**MESSAGE, tools=[]).until_done())


def _drawn(name: str, call: Any, used: tuple[int, int] = DRAWN, **more: Any) -> Form:
    told = {"counts": IMAGES, "operation": "image", **more}
    return Form("openai", name, call, told.pop("use", plainly), used=used, **told)


def _audio(name: str, call: Any, use: Any, used: Any, counts: Any, **more: Any) -> Form:
    return Form("openai", name, call, use, used=used, counts=counts, operation="audio", **more)


IMAGE_FORMS = [
    _drawn("images", lambda c: c.images.generate(**IMAGE)),
    _drawn("images raw", lambda c: c.images.with_raw_response.generate(**IMAGE), use=rawly),
    _drawn("images edit", lambda c: c.images.edit(**IMAGE, image=PICTURE)),
    _drawn("images stream", lambda c: c.images.generate(**IMAGE, stream=True), use=streaming),
    _drawn(
        "images edit stream",
        lambda c: c.images.edit(**IMAGE, image=PICTURE, stream=True),
        use=streaming,
    ),
    _drawn(
        "images streamed lines",
        lambda c: c.images.with_streaming_response.generate(**IMAGE, stream=True),
        use=in_lines,
    ),
    Form(
        "openai",
        "images by the piece",
        lambda c: c.images.generate(**DALL_E, n=2),
        plainly,
        used=NONE,
        counts={"images": 2},
        operation="image",
    ),
    Form(
        "openai",
        "images by the piece, raw",
        lambda c: c.images.with_raw_response.create_variation(image=PICTURE, model="dall-e-2", n=2),
        as_text,
        used=NONE,
        counts={"images": 2},
        operation="image",
    ),
]
AUDIO_FORMS = [
    _audio("speech", lambda c: c.audio.speech.create(**SPEECH), heard, NONE, CHARACTERS),
    _audio(
        "speech of events",
        lambda c: c.audio.speech.create(**SPEECH, stream_format="sse"),
        heard,
        SPOKEN,
        CHARACTERS,
    ),
    _audio(
        "speech streamed bytes",
        lambda c: c.audio.speech.with_streaming_response.create(**SPEECH),
        in_bytes,
        NONE,
        CHARACTERS,
    ),
    _audio(
        "transcription",
        lambda c: c.audio.transcriptions.create(**HEARD),
        plainly,
        WRITTEN,
        AUDIO,
    ),
    _audio(
        "transcription stream",
        lambda c: c.audio.transcriptions.create(**HEARD, stream=True),
        streaming,
        WRITTEN,
        AUDIO,
    ),
    _audio(
        "transcription raw stream",
        lambda c: c.audio.transcriptions.with_raw_response.create(**HEARD, stream=True),
        rawly_streaming,
        WRITTEN,
        AUDIO,
    ),
    _audio(
        "transcription, seconds",
        lambda c: c.audio.transcriptions.create(**WHISPER),
        plainly,
        NONE,
        {"seconds": 9},
    ),
    _audio(
        "transcription as text",
        lambda c: c.audio.transcriptions.create(**WHISPER, response_format="text"),
        plainly,
        NONE,
        {},
        columns=NO_REPLAY,
    ),
    _audio(
        "translation, verbose",
        lambda c: c.audio.translations.create(**WHISPER, response_format="verbose_json"),
        plainly,
        NONE,
        {"seconds": 8.47},
    ),
    _audio(
        "translation streaming response",
        lambda c: c.audio.translations.with_streaming_response.create(
            **WHISPER, response_format="verbose_json"
        ),
        in_a_response,
        NONE,
        {"seconds": 8.47},
    ),
]
OTHER_FORMS = [
    Form(
        "openai",
        "decisions",
        lambda c: c.decisions.create(**DECISION),
        plainly,
        used=(40, 2),
        counts={"input_tokens_details.cached_tokens": 8},
        operation="decision",
    ),
    Form(
        "openai",
        "videos",
        lambda c: c.videos.create(**VIDEO),
        plainly,
        used=NONE,
        counts={"seconds": 8},
        operation="video",
    ),
    Form(
        "openai",
        "moderations",
        lambda c: c.moderations.create(**MODERATION),
        plainly,
        used=NONE,
        operation="moderation",
    ),
    Form(
        "openai",
        "responses in the background",
        both(later),
        without_ids,
        used=(21, 9),
        counts={"output_tokens_details.reasoning_tokens": 4},
    ),
    Form(
        "openai",
        "file of a batch",
        both(batch_file),
        without_ids,
        used=(13, 5),
        records=2,
        columns=NO_REPLAY,
    ),
    Form(
        "openai",
        "realtime",
        both(talk),
        without_ids,
        used=(40, 2),
        operation="realtime",
        columns=NO_REPLAY,
    ),
    Form(
        "openai",
        "counting input tokens, free",
        lambda c: c.responses.input_tokens.count(**INPUT),
        plainly,
        records=0,
        columns=BY_CLIENT,
    ),
]
MESSAGE_FORMS = [
    Form(
        "anthropic",
        "results of a batch",
        both(batch_results),
        without_ids,
        records=2,
        columns=NO_REPLAY,
    ),
    Form("anthropic", "tool runner", both(run_tools), plainly),
    Form(
        "anthropic",
        "server tools",
        lambda c: c.messages.create(**MESSAGE, tools=[SEARCH]),
        plainly,
        counts={"server_tool_use.web_search_requests": 2},
    ),
    Form(
        "anthropic",
        "counting tokens, free",
        lambda c: c.messages.count_tokens(model="m", messages=TEXT),
        plainly,
        records=0,
        columns=BY_CLIENT,
    ),
]
FORMS = [*IMAGE_FORMS, *AUDIO_FORMS, *OTHER_FORMS, *MESSAGE_FORMS]
