"""Mirascope: calls of both providers' models, with tools, formats and streams."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit, weigh

REQUIREMENTS = ("mirascope[openai,anthropic]",)
case = Cases()
CHAT, RESPONSES, MESSAGES = (
    f"openai/{MODEL}:completions",
    f"openai/{MODEL}:responses",
    f"anthropic/{CLAUDE}",
)


def _registered(kit: Kit) -> Any:
    """Have its providers use the program's clients; return its module of models."""
    from mirascope import llm

    openai = llm.providers.OpenAIProvider(api_key="x", base_url=kit.base_url)
    for provider in (openai._completions_provider, openai._responses_provider):
        provider.client, provider.async_client = kit.openai(), kit.async_openai()
    claude = llm.providers.AnthropicProvider(api_key="x", base_url=kit.root_url)
    claude.client, claude.async_client = kit.anthropic(), kit.async_anthropic()
    llm.register_provider(openai)
    llm.register_provider(claude)
    return llm


def _text(response: Any) -> str:
    return "".join(part.text for part in response.content if part.type == "text")


@case.with_client
def call(kit: Kit) -> None:
    """One answer of each interface."""
    llm = _registered(kit)
    for model in (CHAT, RESPONSES, MESSAGES):
        assert _text(llm.model(model, max_tokens=99).call(kit.question())) == "three"


@case.with_client
async def call_async(kit: Kit) -> None:
    """The same, asynchronously."""
    llm = _registered(kit)
    for model in (CHAT, RESPONSES, MESSAGES):
        assert _text(await llm.model(model, max_tokens=99).call_async(kit.question())) == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream of each interface."""
    llm = _registered(kit)
    for model in (CHAT, RESPONSES, MESSAGES):
        response = llm.model(model, max_tokens=99).stream(kit.question())
        assert "".join(response.text_stream()).strip() == "three"


@case.with_client
async def stream_async(kit: Kit) -> None:
    """The same, asynchronously."""
    llm = _registered(kit)
    for model in (CHAT, RESPONSES, MESSAGES):
        response = await llm.model(model, max_tokens=99).stream_async(kit.question())
        parts = [part async for part in response.text_stream()]
        assert "".join(parts).strip() == "three"


@case.with_client
def tools(kit: Kit) -> None:
    """A tool that is asked for, and the answer behind it."""
    llm = _registered(kit)

    @llm.call(CHAT, tools=[llm.tool(weigh)])
    def ask() -> str:
        return kit.question()

    response = ask()
    response = response.resume(response.execute_tools())
    assert _text(response) == "three"


@case.with_client
def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    llm = _registered(kit)
    for model in (CHAT, RESPONSES):
        response = llm.model(model).call(kit.question(), format=Count)
        assert response.parse().number == 3


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    llm = _registered(kit)
    kit.beside(lambda own: llm.model(CHAT).call(own.question()))
