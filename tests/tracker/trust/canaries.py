"""Texts that must not be kept, and programs that fail while they hold them."""

from __future__ import annotations

import asyncio
import decimal
import enum
import importlib
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pydantic
from runtime_calls import CHAT, MESSAGE

from tracker import AIUsageTracker, ai_usage_context, ai_usage_tracked, partial_failure_context

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPT = "zebra_prompt of a patient"
COMPLETION = "marmalade_completion of a model"
# No real keys; put together here so that no scanner takes them for some.
_LETTERS = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xY"
_HEX = "0123456789abcdef" * 4
KEYS = {
    "OpenAI": "sk-" + "proj-" + _LETTERS + "_-" + _LETTERS,
    "OpenAI, older": "sk-" + _LETTERS[:20] + "T3BlbkFJ" + _LETTERS[:20],
    "OpenAI, service": "sk-" + "svcacct-" + _LETTERS,
    "Anthropic": "sk-" + "ant-api03-" + _LETTERS + "-" + _LETTERS + "AA",
    "OpenRouter": "sk-" + "or-v1-" + _HEX,
    "DeepSeek": "sk-" + _HEX[:32],
    "LiteLLM": "sk-" + "aB-3dE_5fG7hJ9kL2mN4pQ",
    "Groq": "gsk" + "_" + _LETTERS + _LETTERS[:20],
    "Hugging Face": "hf" + "_" + _LETTERS + "ab",
    "GitHub": "ghp" + "_" + _LETTERS + "abcd",
    "GitHub, fine-grained": "github" + "_pat_" + _LETTERS[:22] + "_" + _LETTERS,
    "GitLab": "glpat" + "-" + _LETTERS[:20],
    "xAI": "xai" + "-" + _LETTERS + _LETTERS,
    "AWS id": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS secret": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "Google": "AIza" + "SyA" + _LETTERS,
    "Google OAuth": "ya29" + "." + _LETTERS,
    "Azure": _LETTERS + "JQQJ99" + _LETTERS + "ACYeBjFXJ3w3AAAB",
    "Slack": "xoxb" + "-123456789012-" + _LETTERS[:24],
    "Stripe": "sk_" + "live_" + _LETTERS[:24],
    "Stripe, restricted": "rk_" + "test_" + _LETTERS[:24],
    "Cohere": _LETTERS + "bC4dE6fG",
    "Mistral": _LETTERS,
    "Replicate": "r8" + "_" + _LETTERS + "abcde",
    "Perplexity": "pplx" + "-" + _LETTERS + _LETTERS[:16],
    "Databricks": "dapi" + _HEX[:32] + "-2",
    "Fireworks": "fw" + "_" + _LETTERS[:24],
    "NVIDIA": "nvapi" + "-" + _LETTERS + _LETTERS,
    "Cerebras": "csk" + "-" + _LETTERS,
    "Pinecone": "pcsk" + "_" + _LETTERS,
    "Voyage": "pa" + "-" + _LETTERS + "abcdefgh",
    "Tavily": "tvly" + "-dev-" + _LETTERS,
    "LangSmith": "lsv2" + "_pt_" + _HEX[:32] + "_" + _HEX[:10],
    "Langfuse": "sk-" + "lf-" + "01234567-89ab-4cde-8f01-23456789abcd",
    "ElevenLabs": "sk" + "_" + _HEX[:48],
    "SendGrid": "SG" + "." + _LETTERS[:22] + "." + _LETTERS,
    "npm": "npm" + "_" + _LETTERS + "abcd",
    "PyPI": "pypi" + "-AgEIcHlwaS5vcmc" + _LETTERS,
    "JWT": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0." + _LETTERS,
    "private key": "-----BEGIN PRIVATE KEY-----\n" + _LETTERS + "\n-----END PRIVATE KEY-----",
}
KEY = KEYS["OpenAI"]
#: What of each canary is looked for: no part of it may be anywhere.
MARKS = (PROMPT, "zebra_prompt", COMPLETION, "marmalade_completion", KEY, KEY[8:30])


class Receipt(pydantic.BaseModel):
    """What a program wants of an answer."""

    total: int


class Shop(enum.Enum):
    """What a program knows."""

    CORNER = "corner"


def _wrapped(text: str) -> None:
    try:
        int(text)
    except ValueError as error:
        raise RuntimeError(f"cannot read {text!r}") from error


def _validated(text: str) -> None:
    try:
        Receipt.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise ValueError(str(error)) from error


def _noted(text: str) -> None:
    error = ValueError("bad")
    error.add_note(text)
    raise error


def _grouped(text: str) -> None:
    raise ExceptionGroup(text, [ValueError(text)])


def _asserted(text: str) -> None:
    assert text == "5", text


def _run(text: str) -> None:
    """Run what a model wrote: its functions have the names that it gave them."""
    name = text.split()[0]
    exec(compile(f"def {name}(): raise ValueError\n{name}()", f"<{text}>", "exec"), {})


def _exited(text: str) -> None:
    raise SystemExit(text)


#: What a program does with a text that is not what it expected.
MISTAKES: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "decimal": decimal.Decimal,
    "date": datetime.fromisoformat,
    "key": lambda text: {}[text],
    "enum": Shop,
    "attribute": lambda text: getattr(Shop, text.split()[0]),
    "json": json.loads,
    "pydantic": Receipt.model_validate_json,
    "pydantic, wrapped": _validated,
    "wrapped": _wrapped,
    "file": lambda text: Path(text).read_text(),
    "import": lambda text: importlib.import_module(text.split()[0]),
    "unicode": lambda text: (text + "ä").encode("ascii"),
    "assert": _asserted,
    "group": _grouped,
    "note": _noted,
    "exec": _run,
    "exit": _exited,
}


def client(name: str, *answers: httpx2.Response | Exception) -> Any:
    """Return a real client that is answered with *answers*, the last one again and again."""
    left = list(answers)

    def handle(_request: httpx2.Request) -> httpx2.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    module: Any = anthropic if name == "Anthropic" else openai
    http = httpx2.Client(transport=httpx2.MockTransport(handle))
    url = "https://anna:" + KEY + "@api.example/v1"
    return getattr(module, name)(base_url=url, api_key=KEY, max_retries=0, http_client=http)


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_HEAD = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o"}


def _completion(content: str) -> httpx2.Response:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": content},
    }
    return httpx2.Response(200, json=_HEAD | {"choices": [choice], "usage": USAGE})


def ask(content: str = "5") -> Any:
    """Have one call answered with *content*."""
    with client("OpenAI", _completion(content)) as asked:
        return asked.chat.completions.create(**CHAT)


def _echo(status: int) -> httpx2.Response:
    """Return an error that quotes the prompt, the key, and an answer."""
    text = f"cannot take {PROMPT!r} with key {KEY}: {COMPLETION}"
    error = {"message": text, "type": COMPLETION, "code": PROMPT, "param": PROMPT}
    return httpx2.Response(status, json={"type": "error", "error": error})


def _refused(name: str, status: int, *, stream: bool) -> None:
    with client(name, _echo(status)) as asked:
        if name == "OpenAI":
            asked.chat.completions.create(**CHAT, stream=stream)
        else:
            asked.messages.create(**MESSAGE, stream=stream)


def _unreachable(name: str) -> None:
    with client(name, httpx2.ConnectError(f"{KEY} {PROMPT}")) as asked:
        asked.models.list()


def _unparsed() -> None:
    with client("OpenAI", _completion(COMPLETION)) as asked:
        asked.chat.completions.parse(**CHAT, response_format=Receipt)


def _broken_stream(name: str) -> None:
    event = {"type": "error", "error": {"type": COMPLETION, "message": PROMPT, "code": KEY}}
    head = {"content-type": "text/event-stream"}
    text = f"event: error\ndata: {json.dumps(event)}\n\n"
    with client(name, httpx2.Response(200, text=text, headers=head)) as asked:
        if name == "OpenAI":
            list(asked.chat.completions.create(**CHAT, stream=True))
        else:
            list(asked.messages.create(**MESSAGE, stream=True))


#: How a provider's answer makes its SDK raise.
REFUSALS: dict[str, Callable[[], Any]] = {
    "unparsed": _unparsed,
    **{f"{n} unreachable": lambda n=n: _unreachable(n) for n in ("OpenAI", "Anthropic")},  # type: ignore[misc]
    **{f"{n} stream": lambda n=n: _broken_stream(n) for n in ("OpenAI", "Anthropic")},  # type: ignore[misc]
    **{
        f"{name} {status} {stream}": (lambda n=name, s=status, t=stream: _refused(n, s, stream=t))  # type: ignore[misc]
        for name in ("OpenAI", "Anthropic")
        for status in (400, 401, 429, 500)
        for stream in (False, True)
    },
}


def failures() -> list[Callable[[], Any]]:
    """Return every way to fail: each raises, with a canary in it."""
    return [
        *(lambda mistake=mistake: mistake(COMPLETION) for mistake in MISTAKES.values()),  # type: ignore[misc]
        *REFUSALS.values(),
    ]


def _in_block(fail: Callable[[], Any]) -> None:
    with ai_usage_context("op"):
        ask()
        fail()


def _in_async_block(fail: Callable[[], Any]) -> None:
    async def work() -> None:
        async with ai_usage_context("op"):
            ask()
            fail()

    asyncio.run(work())


def _observed(fail: Callable[[], Any]) -> None:
    AIUsageTracker().track_openai_completion(fail)()


def _observed_around_a_call(fail: Callable[[], Any]) -> None:
    def work() -> None:
        ask()
        fail()

    AIUsageTracker().track_anthropic_completion(work)()


def _decorated(fail: Callable[[], Any]) -> None:
    @ai_usage_tracked(operation_type="op")
    def work() -> None:
        ask()
        fail()

    work()


def _generator(fail: Callable[[], Any]) -> None:
    def steps() -> Any:
        yield ask()
        fail()

    list(AIUsageTracker().track_openai_completion(steps)())


def _counted(form: str) -> Callable[[Callable[[], Any]], None]:
    def work(fail: Callable[[], Any]) -> None:
        with partial_failure_context("op") as counts:
            ask()
            try:
                fail()
            except Exception as error:
                forms = {"error": error, "text": str(error)}
                forms["dict"] = {"item": 1, "error": str(error), "error_type": type(error).__name__}  # type: ignore[assignment]
                counts["errors"].append(forms[form])
                raise

    return work


#: Where a program fails, as the tracker sees it.
PLACES: dict[str, Callable[[Callable[[], Any]], None]] = {
    "block": _in_block,
    "async block": _in_async_block,
    "observed": _observed,
    "observed around a call": _observed_around_a_call,
    "decorated": _decorated,
    "generator": _generator,
    "counted error": _counted("error"),
    "counted text": _counted("text"),
    "counted dict": _counted("dict"),
}
