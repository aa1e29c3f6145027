"""Pydantic AI: agents with tools and typed results, of both providers."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit, weigh

REQUIREMENTS = ("pydantic-ai-slim[openai,anthropic]",)
case = Cases()


def _chat(kit: Kit) -> Any:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=kit.async_openai()))


def _claude(kit: Kit) -> Any:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(anthropic_client=kit.async_anthropic())
    return AnthropicModel(CLAUDE, provider=provider)


def _responses(kit: Kit) -> Any:
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIResponsesModel(MODEL, provider=OpenAIProvider(openai_client=kit.async_openai()))


def _agent(model: Any, **more: Any) -> Any:
    from pydantic_ai import Agent

    return Agent(model, **more)


@case.with_client
async def run(kit: Kit) -> None:
    """One answer."""
    assert (await _agent(_chat(kit)).run(kit.question())).output == "three"


@case.with_client
def run_sync(kit: Kit) -> None:
    """One answer, for synchronous programs."""
    assert _agent(_chat(kit)).run_sync(kit.question()).output == "three"


@case.with_client
async def stream(kit: Kit) -> None:
    """A stream of text."""
    async with _agent(_chat(kit)).run_stream(kit.question()) as result:
        assert [text async for text in result.stream_text(delta=True)]


@case.with_client
async def tools(kit: Kit) -> None:
    """A tool that is asked for, and the answer behind it."""
    agent = _agent(_chat(kit), tools=[weigh])
    assert (await agent.run(kit.question())).output == "three"


@case.with_client
async def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    agent = _agent(_chat(kit), output_type=Count)
    assert (await agent.run(kit.question())).output.number == 3


@case.with_client
async def steps(kit: Kit) -> None:
    """Node by node, with a stream in each."""
    agent = _agent(_chat(kit), tools=[weigh])
    async with agent.iter(kit.question()) as steps:
        async for node in steps:
            if agent.is_model_request_node(node):
                async with node.stream(steps.ctx) as events:
                    assert [event async for event in events]


@case.with_client
async def responses(kit: Kit) -> None:
    """The responses interface, plain and as a stream."""
    assert (await _agent(_responses(kit)).run(kit.question())).output == "three"
    async with _agent(_responses(kit)).run_stream(kit.question()) as result:
        assert await result.get_output() == "three"


@case.with_client
async def anthropic(kit: Kit) -> None:
    """Anthropic's messages, with a tool."""
    agent = _agent(_claude(kit), tools=[weigh])
    assert (await agent.run(kit.question())).output == "three"


@case.with_client
async def anthropic_stream(kit: Kit) -> None:
    """A stream of Anthropic's."""
    async with _agent(_claude(kit)).run_stream(kit.question()) as result:
        assert await result.get_output() == "three"


@case
async def synchronous_tool_that_asks(kit: Kit) -> None:
    """A tool that runs in a thread, and asks by the client."""

    def ask(parcel: str) -> str:
        """Ask about a parcel."""
        told = [{"role": "user", "content": f"{parcel} {kit.question()}"}]
        completion = kit.openai().chat.completions.create(model=MODEL, messages=told)
        return str(completion.choices[0].message.content)

    assert (await _agent(_chat(kit), tools=[ask]).run(kit.question())).output == "three"


@case.with_client
async def embeddings(kit: Kit) -> None:
    """Its embedder."""
    from pydantic_ai import Embedder
    from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(openai_client=kit.async_openai())
    embedder = Embedder(OpenAIEmbeddingModel(EMBEDDER, provider=provider))
    assert (await embedder.embed_query(kit.question())).embeddings


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _agent(_chat(own)).run_sync(own.question()))
