"""AutoGen: agents and teams over its model clients."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit, weigh

#: It gives Anthropic's client arguments that a later release of it does not take.
REQUIREMENTS = ("autogen-agentchat", "autogen-ext[openai,anthropic]", "anthropic<1")
case = Cases()


def _openai(kit: Kit, **more: Any) -> Any:
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    model = OpenAIChatCompletionClient(
        model=MODEL, base_url=kit.base_url, api_key="sk-not-a-key", **more
    )
    model._client = kit.async_openai()
    return model


def _claude(kit: Kit) -> Any:
    from autogen_ext.models.anthropic import AnthropicChatCompletionClient

    model = AnthropicChatCompletionClient(
        model=CLAUDE, base_url=kit.root_url, api_key="sk-not-a-key", max_tokens=99
    )
    model._client = kit.async_anthropic()
    return model


def _asked(kit: Kit) -> list[Any]:
    from autogen_core.models import UserMessage

    return [UserMessage(content=kit.question(), source="user")]


def _agent(model: Any, **more: Any) -> Any:
    from autogen_agentchat.agents import AssistantAgent

    return AssistantAgent("counter", model_client=model, **more)


@case.with_client
async def create(kit: Kit) -> None:
    """A model, asked directly."""
    assert (await _openai(kit).create(_asked(kit))).content == "three"


@case.with_client
async def create_stream(kit: Kit) -> None:
    """A stream of it."""
    assert [part async for part in _openai(kit).create_stream(_asked(kit))]


@case.with_client
async def anthropic(kit: Kit) -> None:
    """Anthropic's model, plain and as a stream."""
    assert (await _claude(kit).create(_asked(kit))).content == "three"
    assert [part async for part in _claude(kit).create_stream(_asked(kit))]


@case.with_client
async def agent(kit: Kit) -> None:
    """An agent."""
    told = await _agent(_openai(kit)).run(task=kit.question())
    assert told.messages[-1].content == "three"


@case.with_client
async def agent_stream(kit: Kit) -> None:
    """An agent whose model streams."""
    agent = _agent(_openai(kit), model_client_stream=True)
    assert [part async for part in agent.run_stream(task=kit.question())]


@case.with_client
async def tools(kit: Kit) -> None:
    """A tool that is asked for, and the answer behind it."""
    agent = _agent(_openai(kit), tools=[weigh], reflect_on_tool_use=True)
    assert (await agent.run(task=kit.question())).messages[-1].content == "three"


@case.with_client
async def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    told = await _openai(kit).create(_asked(kit), json_output=Count)
    assert Count.model_validate_json(told.content).number == 3


@case.with_client
async def team(kit: Kit) -> None:
    """Agents in turn, each in a runtime's task."""
    from autogen_agentchat.conditions import MaxMessageTermination
    from autogen_agentchat.teams import RoundRobinGroupChat

    agents = [_agent(_openai(kit)), _agent(_claude(kit))]
    agents[1]._name = "other"
    team = RoundRobinGroupChat(agents, termination_condition=MaxMessageTermination(3))
    assert len((await team.run(task=kit.question())).messages) == 3


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: asyncio.run(_openai(own).create(_asked(own))))
