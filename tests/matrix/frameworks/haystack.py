"""Haystack: generators, embedders, pipelines that run in tasks, agents with tools in threads."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit

REQUIREMENTS = ("haystack-ai", "anthropic-haystack")
VARIABLES = {"HAYSTACK_TELEMETRY_ENABLED": "False"}
case = Cases()


def _key() -> Any:
    from haystack.utils import Secret

    return Secret.from_token("sk-not-a-key")


def _openai(kit: Kit, **more: Any) -> Any:
    from haystack.components.generators.chat import OpenAIChatGenerator

    generator = OpenAIChatGenerator(api_key=_key(), model=MODEL, api_base_url=kit.base_url, **more)
    # It takes no clients, and makes its own when it is warmed up.
    if hasattr(generator, "warm_up"):
        generator.warm_up()
    generator.client, generator.async_client = kit.openai(), kit.async_openai()
    return generator


def _claude(kit: Kit, **more: Any) -> Any:
    from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator

    generator = AnthropicChatGenerator(
        api_key=_key(), model=CLAUDE, generation_kwargs={"max_tokens": 99}, **more
    )
    if hasattr(generator, "warm_up"):
        generator.warm_up()
    generator.client, generator.async_client = kit.anthropic(), kit.async_anthropic()
    return generator


def _asked(kit: Kit) -> list[Any]:
    from haystack.dataclasses import ChatMessage

    return [ChatMessage.from_user(kit.question())]


@case.with_client
def run(kit: Kit) -> None:
    """One call."""
    assert _openai(kit).run(_asked(kit))["replies"][0].text == "three"


@case.with_client
async def run_async(kit: Kit) -> None:
    """One call, asynchronously."""
    assert (await _openai(kit).run_async(_asked(kit)))["replies"][0].text == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream."""
    parts: list[Any] = []
    _openai(kit, streaming_callback=parts.append).run(_asked(kit))
    assert parts


@case.with_client
async def stream_async(kit: Kit) -> None:
    """A stream, asynchronously."""
    parts: list[Any] = []

    async def heard(part: Any) -> None:
        parts.append(part)

    await _openai(kit, streaming_callback=heard).run_async(_asked(kit))
    assert parts


@case
def own_clients(kit: Kit) -> None:
    """The client that it makes."""
    from haystack.components.generators.chat import OpenAIChatGenerator

    generator = OpenAIChatGenerator(api_key=_key(), model=MODEL, api_base_url=kit.base_url)
    assert generator.run(_asked(kit))["replies"][0].text == "three"


@case.with_client
def anthropic(kit: Kit) -> None:
    """Anthropic's model, plain and as a stream."""
    assert _claude(kit).run(_asked(kit))["replies"][0].text == "three"
    parts: list[Any] = []
    _claude(kit, streaming_callback=parts.append).run(_asked(kit))
    assert parts


@case.with_client
async def anthropic_async(kit: Kit) -> None:
    """Anthropic's model, asynchronously."""
    assert (await _claude(kit).run_async(_asked(kit)))["replies"][0].text == "three"


def _tool(kit: Kit) -> Any:
    from haystack.tools import create_tool_from_function

    def weigh(parcel: str) -> str:
        """Return the weight of a parcel."""
        said = kit.openai().chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": kit.question(parcel)}]
        )
        return str(said.choices[0].message.content)

    return create_tool_from_function(weigh)


@case.with_client
def agent(kit: Kit) -> None:
    """An agent, whose tool is run in a thread and asks a model itself."""
    from haystack.components.agents import Agent

    agent = Agent(chat_generator=_openai(kit), tools=[_tool(kit)])
    assert agent.run(messages=_asked(kit))["last_message"].text == "three"


@case
def pipeline(kit: Kit) -> None:
    """A pipeline."""
    from haystack import Pipeline
    from haystack.components.builders import ChatPromptBuilder

    pipeline = Pipeline()
    pipeline.add_component("prompt", ChatPromptBuilder(template=_asked(kit)))
    pipeline.add_component("model", _openai(kit))
    pipeline.connect("prompt.prompt", "model.messages")
    assert pipeline.run({})["model"]["replies"][0].text == "three"


@case
async def pipeline_async(kit: Kit) -> None:
    """Components beside each other, synchronous and not."""
    from haystack import Pipeline

    pipeline = Pipeline()
    pipeline.add_component("one", _openai(kit))
    pipeline.add_component("other", _claude(kit))
    told = await pipeline.run_async(
        {"one": {"messages": _asked(kit)}, "other": {"messages": _asked(kit)}}
    )
    assert set(told) == {"one", "other"}


@case
def extractor(kit: Kit) -> None:
    """Documents that it asks about in threads of its own."""
    from haystack import Document
    from haystack.components.extractors import LLMMetadataExtractor

    extractor = LLMMetadataExtractor(
        prompt=kit.question('{"key": "three"}') + " {{ document.content }}",
        chat_generator=_openai(kit),
        expected_keys=["key"],
        max_workers=2,
    )
    told = extractor.run([Document(content=str(n)) for n in range(3)])
    assert len(told["documents"]) == 3


@case
def embedders(kit: Kit) -> None:
    """Its embedders, of a text and of documents."""
    from haystack import Document
    from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder

    told = {"api_key": _key(), "model": EMBEDDER, "api_base_url": kit.base_url}
    assert OpenAITextEmbedder(**told).run(kit.question())["embedding"]
    embedder = OpenAIDocumentEmbedder(progress_bar=False, **told)
    assert embedder.run([Document(content=kit.question())])["documents"]


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _openai(own).run(_asked(own)))
