"""litellm: by OpenAI's client, by HTTP handlers of its own, and in threads of its own."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit

REQUIREMENTS = ("litellm",)
#: Its table of prices is not to be fetched.
VARIABLES = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
case = Cases()
GEMINI = "gemini-2.0-flash"
TOOL = {
    "type": "function",
    "function": {
        "name": "weigh",
        "parameters": {"type": "object", "properties": {"parcel": {"type": "string"}}},
    },
}


def _asked(kit: Kit, **more: Any) -> dict[str, Any]:
    """Return the arguments of a call by OpenAI's client."""
    messages = [{"role": "user", "content": kit.question()}]
    where = {"api_base": kit.base_url, "api_key": "sk-not-a-key", "num_retries": 0}
    return {"model": f"openai/{MODEL}", "messages": messages, **where, **more}


def _claude(kit: Kit, **more: Any) -> dict[str, Any]:
    """Return the arguments of a call that litellm posts by itself."""
    return _asked(kit, model=f"anthropic/{CLAUDE}", api_base=kit.root_url, max_tokens=99, **more)


def _text(answer: Any) -> str:
    said: str = answer.choices[0].message.content
    return said


def _part(chunk: Any) -> str:
    return chunk.choices[0].delta.content or "" if chunk.choices else ""


@case.with_client
def completion(kit: Kit) -> None:
    """By OpenAI's client, which it may be handed."""
    import litellm

    assert _text(litellm.completion(**_asked(kit, client=kit.openai()))) == "three"


@case.with_client
async def acompletion(kit: Kit) -> None:
    """The same, asynchronously."""
    import litellm

    answer = await litellm.acompletion(**_asked(kit, client=kit.async_openai()))
    assert _text(answer) == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream of it."""
    import litellm

    parts = litellm.completion(**_asked(kit, client=kit.openai(), stream=True))
    assert "".join(_part(chunk) for chunk in parts) == "three"


@case.with_client
async def astream(kit: Kit) -> None:
    """A stream of it, asynchronously."""
    import litellm

    parts = await litellm.acompletion(**_asked(kit, client=kit.async_openai(), stream=True))
    assert "".join([_part(chunk) async for chunk in parts]) == "three"


@case
def own_clients(kit: Kit) -> None:
    """OpenAI's client as litellm makes it."""
    import litellm

    assert _text(litellm.completion(**_asked(kit))) == "three"


@case
def embedding(kit: Kit) -> None:
    """Embeddings, by OpenAI's client."""
    import litellm

    asked = {"model": f"openai/{EMBEDDER}", "api_base": kit.base_url, "api_key": "x"}
    assert litellm.embedding(input=[kit.question()], **asked).data


@case
async def aembedding(kit: Kit) -> None:
    """Embeddings, asynchronously."""
    import litellm

    asked = {"model": f"openai/{EMBEDDER}", "api_base": kit.base_url, "api_key": "x"}
    assert (await litellm.aembedding(input=[kit.question()], **asked)).data


@case
def posted(kit: Kit) -> None:
    """A call of Anthropic, which litellm posts by itself."""
    import litellm

    assert _text(litellm.completion(**_claude(kit))) == "three"


@case
async def posted_async(kit: Kit) -> None:
    """The same, asynchronously."""
    import litellm

    assert _text(await litellm.acompletion(**_claude(kit))) == "three"


@case
def posted_stream(kit: Kit) -> None:
    """A stream that litellm reads by itself."""
    import litellm

    parts = litellm.completion(**_claude(kit, stream=True))
    assert "".join(_part(chunk) for chunk in parts) == "three"


@case
async def posted_stream_async(kit: Kit) -> None:
    """The same, asynchronously."""
    import litellm

    parts = await litellm.acompletion(**_claude(kit, stream=True))
    assert "".join([_part(chunk) async for chunk in parts]) == "three"


@case
def posted_tools(kit: Kit) -> None:
    """A tool that Anthropic's model asks for."""
    import litellm

    answer = litellm.completion(**_claude(kit, tools=[TOOL]))
    assert answer.choices[0].message.tool_calls[0].function.name == "weigh"


@case
def posted_to_google(kit: Kit) -> None:
    """A call of Google's model, plain and as a stream."""
    import litellm

    told = _asked(kit, model=f"gemini/{GEMINI}")
    told["api_base"] = f"{kit.root_url}/v1beta/models/{GEMINI}"
    assert _text(litellm.completion(**told)) == "three"
    parts = litellm.completion(**told, stream=True)
    assert "".join(_part(chunk) for chunk in parts) == "three"


@case
def responses(kit: Kit) -> None:
    """The responses interface, which litellm posts to by itself, plain and as a stream."""
    import litellm

    asked = {"model": f"openai/{MODEL}", "api_base": kit.base_url, "api_key": "sk-not-a-key"}
    assert litellm.responses(input=kit.question(), **asked).output
    assert [*litellm.responses(input=kit.question(), stream=True, **asked)]


@case
async def responses_async(kit: Kit) -> None:
    """The same, asynchronously."""
    import litellm

    asked = {"model": f"openai/{MODEL}", "api_base": kit.base_url, "api_key": "sk-not-a-key"}
    assert (await litellm.aresponses(input=kit.question(), **asked)).output
    parts = await litellm.aresponses(input=kit.question(), stream=True, **asked)
    assert [part async for part in parts]


@case
async def messages(kit: Kit) -> None:
    """Anthropic's own interface.

    Its streams need the packages of litellm's proxy, one of which no registry has for the newest
    release; they pass the same two handlers.
    """
    import litellm

    told = _claude(kit)
    del told["num_retries"]
    assert (await litellm.anthropic.messages.acreate(**told))["content"]


@case
def batch_completion(kit: Kit) -> None:
    """Several calls in threads of its own."""
    import litellm

    told = _asked(kit)
    told["messages"] = [told["messages"]] * 4
    assert [_text(answer) for answer in litellm.batch_completion(**told)] == ["three"] * 4


@case
def batch_completion_posted(kit: Kit) -> None:
    """Several calls in threads of its own, which litellm posts by itself."""
    import litellm

    told = _claude(kit)
    told["messages"] = [told["messages"]] * 4
    assert [_text(answer) for answer in litellm.batch_completion(**told)] == ["three"] * 4


@case
def batch_completion_of_models(kit: Kit) -> None:
    """One question to several models, in threads; all of them answer."""
    import litellm

    told = _asked(kit)
    del told["model"]
    models = [f"openai/{MODEL}"] * 3
    answers = litellm.batch_completion_models_all_responses(models=models, **told)
    assert len(answers) == 3


def _router(kit: Kit) -> Any:
    import litellm

    models = [
        {"model_name": name, "litellm_params": {"model": model, "api_base": base, "api_key": "x"}}
        for name, model, base in (
            ("gpt", f"openai/{MODEL}", kit.base_url),
            ("claude", f"anthropic/{CLAUDE}", kit.root_url),
        )
    ]
    return litellm.Router(model_list=models)


@case
def router(kit: Kit) -> None:
    """Its router, to both kinds of model."""
    told = [{"role": "user", "content": kit.question()}]
    for model in ("gpt", "claude"):
        assert _text(_router(kit).completion(model=model, messages=told)) == "three"


@case
async def router_async(kit: Kit) -> None:
    """The same, asynchronously."""
    told = [{"role": "user", "content": kit.question()}]
    for model in ("gpt", "claude"):
        assert _text(await _router(kit).acompletion(model=model, messages=told)) == "three"


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    import litellm

    def both(own: Kit) -> None:
        litellm.completion(**_asked(own))
        litellm.completion(**_claude(own))

    kit.beside(both)
