"""OpenAI's Agents SDK: both interfaces, tools, handoffs, streams, and litellm's models."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit

REQUIREMENTS = ("openai-agents[litellm]",)
VARIABLES = {"OPENAI_AGENTS_DISABLE_TRACING": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
case = Cases()


def _agent(kit: Kit, *, chat: bool = False, **more: Any) -> Any:
    from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel

    kind = OpenAIChatCompletionsModel if chat else OpenAIResponsesModel
    more.setdefault("model", kind(MODEL, openai_client=kit.async_openai()))
    return Agent(name="counter", instructions="Count.", **more)


def _tool() -> Any:
    from agents import function_tool

    @function_tool
    def weigh(parcel: str) -> int:
        """Return the weight of a parcel."""
        return len(parcel)

    return weigh


@case.with_client
async def run(kit: Kit) -> None:
    """One answer of the responses interface."""
    from agents import Runner

    assert (await Runner.run(_agent(kit), kit.question())).final_output == "three"


@case.with_client
def run_sync(kit: Kit) -> None:
    """One answer, for synchronous programs."""
    from agents import Runner

    assert Runner.run_sync(_agent(kit), kit.question()).final_output == "three"


@case.with_client
async def chat(kit: Kit) -> None:
    """One answer of chat completions."""
    from agents import Runner

    assert (await Runner.run(_agent(kit, chat=True), kit.question())).final_output == "three"


@case.with_client
async def stream(kit: Kit) -> None:
    """Streams of both interfaces."""
    from agents import Runner

    for chat in (False, True):
        result = Runner.run_streamed(_agent(kit, chat=chat), kit.question())
        assert [event async for event in result.stream_events()]
        assert result.final_output == "three"


@case.with_client
async def tools(kit: Kit) -> None:
    """A tool that is asked for, and the answer behind it."""
    from agents import Runner

    for chat in (False, True):
        agent = _agent(kit, chat=chat, tools=[_tool()])
        assert (await Runner.run(agent, kit.question())).final_output == "three"


@case.with_client
async def handoff(kit: Kit) -> None:
    """An agent that hands over to another."""
    from agents import Runner

    agent = _agent(kit, handoffs=[_agent(kit).clone(name="other")])
    result = await Runner.run(agent, kit.question())
    assert (result.final_output, result.last_agent.name) == ("three", "other")


@case.with_client
async def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from agents import Runner
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    result = await Runner.run(_agent(kit, output_type=Count), kit.question())
    assert result.final_output.number == 3


@case.with_client
async def default_client(kit: Kit) -> None:
    """The client that is set for all agents."""
    from agents import Runner, set_default_openai_client

    set_default_openai_client(kit.async_openai(), use_for_tracing=False)
    result = await Runner.run(_agent(kit, model=MODEL), kit.question())
    assert result.final_output == "three"


@case.with_client
async def guardrail(kit: Kit) -> None:
    """A guardrail that asks a model beside the agent."""
    from agents import GuardrailFunctionOutput, InputGuardrail, Runner

    async def looked_at(_context: Any, _agent_: Any, text: Any) -> Any:
        result = await Runner.run(_agent(kit), text)
        return GuardrailFunctionOutput(result.final_output, tripwire_triggered=False)

    agent = _agent(kit, input_guardrails=[InputGuardrail(looked_at)])
    assert (await Runner.run(agent, kit.question())).final_output == "three"


@case
async def litellm(kit: Kit) -> None:
    """Anthropic's model by litellm, plain and as a stream."""
    from agents import Runner
    from agents.extensions.models.litellm_model import LitellmModel

    model = LitellmModel(f"anthropic/{CLAUDE}", base_url=kit.root_url, api_key="x")
    agent = _agent(kit, model=model, tools=[_tool()])
    assert (await Runner.run(agent, kit.question())).final_output == "three"
    result = Runner.run_streamed(agent, kit.question())
    assert [event async for event in result.stream_events()]


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    from agents import Runner

    kit.beside(lambda own: asyncio.run(Runner.run(_agent(own), own.question())))
