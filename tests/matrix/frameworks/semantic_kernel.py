"""Semantic Kernel: its services, prompts with functions, and agents."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit

REQUIREMENTS = ("semantic-kernel", "anthropic")
case = Cases()


def _openai(kit: Kit) -> Any:
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion

    return OpenAIChatCompletion(ai_model_id=MODEL, async_client=kit.async_openai())


def _claude(kit: Kit) -> Any:
    from semantic_kernel.connectors.ai.anthropic import AnthropicChatCompletion

    return AnthropicChatCompletion(
        ai_model_id=CLAUDE, api_key="sk-not-a-key", async_client=kit.async_anthropic()
    )


def _asked(kit: Kit) -> Any:
    from semantic_kernel.contents import ChatHistory

    history = ChatHistory()
    history.add_user_message(kit.question())
    return history


def _settings(service: Any) -> Any:
    return service.instantiate_prompt_execution_settings(max_tokens=99)


def _kernel(kit: Kit) -> Any:
    from semantic_kernel import Kernel
    from semantic_kernel.functions import kernel_function

    class Scales:
        """Weighs parcels."""

        @kernel_function
        def weigh(self, parcel: str) -> int:
            """Return the weight of a parcel."""
            return len(parcel)

    kernel = Kernel()
    kernel.add_service(_openai(kit))
    kernel.add_plugin(Scales(), plugin_name="scales")
    return kernel


@case.with_client
async def chat(kit: Kit) -> None:
    """One answer."""
    service = _openai(kit)
    told = await service.get_chat_message_content(_asked(kit), _settings(service))
    assert str(told) == "three"


@case.with_client
async def stream(kit: Kit) -> None:
    """A stream."""
    service = _openai(kit)
    parts = service.get_streaming_chat_message_content(_asked(kit), _settings(service))
    assert [part async for part in parts]


@case.with_client
async def anthropic(kit: Kit) -> None:
    """Anthropic's model, plain and as a stream."""
    service = _claude(kit)
    told = await service.get_chat_message_content(_asked(kit), _settings(service))
    assert str(told) == "three"
    parts = service.get_streaming_chat_message_content(_asked(kit), _settings(service))
    assert [part async for part in parts]


@case.with_client
async def prompt(kit: Kit) -> None:
    """A prompt of the kernel."""
    assert str(await _kernel(kit).invoke_prompt(kit.question())) == "three"


@case.with_client
async def functions(kit: Kit) -> None:
    """A function that the model calls, and the answer behind it."""
    from semantic_kernel.connectors.ai import FunctionChoiceBehavior

    kernel, service = _kernel(kit), _openai(kit)
    settings = _settings(service)
    settings.function_choice_behavior = FunctionChoiceBehavior.Auto()
    told = await service.get_chat_message_content(_asked(kit), settings, kernel=kernel)
    assert str(told) == "three"


@case.with_client
async def agent(kit: Kit) -> None:
    """An agent, plain and as a stream."""
    from semantic_kernel.agents import ChatCompletionAgent

    agent = ChatCompletionAgent(service=_openai(kit), name="counter")
    assert str(await agent.get_response(messages=kit.question())) == "three"
    parts = agent.invoke_stream(messages=kit.question())
    assert [part async for part in parts]


@case.with_client
async def embeddings(kit: Kit) -> None:
    """Its embedder."""
    from semantic_kernel.connectors.ai.open_ai import OpenAITextEmbedding

    embedder = OpenAITextEmbedding(ai_model_id=EMBEDDER, async_client=kit.async_openai())
    assert len(await embedder.generate_embeddings([kit.question()])) == 1


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""

    async def ask(own: Kit) -> None:
        service = _openai(own)
        await service.get_chat_message_content(_asked(own), _settings(service))

    kit.beside(lambda own: asyncio.run(ask(own)))
