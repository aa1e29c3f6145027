"""Agno: agents, teams and workflows of both providers' models."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit, weigh

REQUIREMENTS = ("agno", "openai", "anthropic")
VARIABLES = {"AGNO_TELEMETRY": "false"}
case = Cases()


def _chat(kit: Kit) -> Any:
    from agno.models.openai import OpenAIChat

    model = OpenAIChat(id=MODEL, api_key="sk-not-a-key", base_url=kit.base_url)
    model.client, model.async_client = kit.openai(), kit.async_openai()
    return model


def _responses(kit: Kit) -> Any:
    from agno.models.openai import OpenAIResponses

    return OpenAIResponses(id=MODEL, api_key="sk-not-a-key", base_url=kit.base_url)


def _claude(kit: Kit) -> Any:
    from agno.models.anthropic import Claude

    model = Claude(id=CLAUDE, api_key="sk-not-a-key")
    model.client, model.async_client = kit.anthropic(), kit.async_anthropic()
    return model


def _agent(model: Any, **more: Any) -> Any:
    from agno.agent import Agent

    return Agent(model=model, telemetry=False, **more)


@case.with_client
def run(kit: Kit) -> None:
    """One answer."""
    assert _agent(_chat(kit)).run(kit.question()).content == "three"


@case.with_client
async def arun(kit: Kit) -> None:
    """One answer, asynchronously."""
    assert (await _agent(_chat(kit)).arun(kit.question())).content == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream."""
    assert [*_agent(_chat(kit)).run(kit.question(), stream=True)]


@case.with_client
async def astream(kit: Kit) -> None:
    """A stream, asynchronously."""
    parts = _agent(_chat(kit)).arun(kit.question(), stream=True)
    assert [part async for part in parts]


@case.with_client
def tools(kit: Kit) -> None:
    """A tool that is asked for, and the answer behind it."""
    assert _agent(_chat(kit), tools=[weigh]).run(kit.question()).content == "three"


@case.with_client
async def tools_async(kit: Kit) -> None:
    """The same, asynchronously."""
    told = await _agent(_chat(kit), tools=[weigh]).arun(kit.question())
    assert told.content == "three"


@case.with_client
def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    assert _agent(_chat(kit), output_schema=Count).run(kit.question()).content.number == 3


@case
def responses(kit: Kit) -> None:
    """The responses interface, plain and as a stream."""
    assert _agent(_responses(kit)).run(kit.question()).content == "three"
    assert [*_agent(_responses(kit)).run(kit.question(), stream=True)]


@case.with_client
def anthropic(kit: Kit) -> None:
    """Anthropic's model, plain and as a stream."""
    assert _agent(_claude(kit)).run(kit.question()).content == "three"
    assert [*_agent(_claude(kit)).run(kit.question(), stream=True)]


@case.with_client
async def anthropic_async(kit: Kit) -> None:
    """Anthropic's model with a tool, asynchronously."""
    told = await _agent(_claude(kit), tools=[weigh]).arun(kit.question())
    assert told.content == "three"


@case
def team(kit: Kit) -> None:
    """A team, whose leader hands on."""
    from agno.team import Team

    member = _agent(_chat(kit), name="member")
    team = Team(members=[member], model=_chat(kit), telemetry=False)
    assert team.run(kit.question()).content


@case
def workflow(kit: Kit) -> None:
    """Steps beside each other, in threads of its own."""
    from agno.workflow import Parallel, Step, Workflow

    steps = [Step(name=f"step {n}", agent=_agent(_chat(kit))) for n in range(3)]
    workflow = Workflow(name="flow", steps=[Parallel(*steps, name="beside")], telemetry=False)
    assert workflow.run(input=kit.question()).content


@case
def embedder(kit: Kit) -> None:
    """Its embedder."""
    from agno.knowledge.embedder.openai import OpenAIEmbedder

    embedder = OpenAIEmbedder(id=EMBEDDER, api_key="sk-not-a-key", base_url=kit.base_url)
    assert embedder.get_embedding(kit.question())


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _agent(_chat(own)).run(own.question()))
