"""CrewAI: crews whose agents ask by both providers' clients and by litellm, and flows."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit

REQUIREMENTS = ("crewai[anthropic,litellm]",)
VARIABLES = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_TESTING": "true",
    "OTEL_SDK_DISABLED": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
case = Cases()
SAID = "Thought: I now can give a great answer\\nFinal Answer: three"


def _openai(kit: Kit, **more: Any) -> Any:
    from crewai import LLM

    return LLM(model=f"openai/{MODEL}", base_url=kit.base_url, api_key="sk-not-a-key", **more)


def _claude(kit: Kit) -> Any:
    from crewai import LLM

    return LLM(
        model=f"anthropic/{CLAUDE}", base_url=kit.root_url, api_key="sk-not-a-key", max_tokens=99
    )


def _litellm(kit: Kit) -> Any:
    from crewai import LLM

    return LLM(
        model=f"anthropic/{CLAUDE}",
        base_url=kit.root_url,
        api_key="sk-not-a-key",
        is_litellm=True,
    )


def _crew(kit: Kit, model: Any, **more: Any) -> Any:
    from crewai import Agent, Crew, Task

    agent = Agent(role="counter", goal="Count.", backstory="Counts.", llm=model, **more)
    tasks = [
        Task(description=kit.question(SAID), expected_output="a word", agent=agent)
        for _ in range(2)
    ]
    return Crew(agents=[agent], tasks=tasks)


@case
def call(kit: Kit) -> None:
    """A model, asked directly, of each kind."""
    for model in (_openai(kit), _claude(kit), _litellm(kit)):
        assert model.call(kit.question()) == "three"


@case
def stream(kit: Kit) -> None:
    """A model that streams."""
    assert _openai(kit, stream=True).call(kit.question()) == "three"


@case
async def call_async(kit: Kit) -> None:
    """A model, asked asynchronously."""
    assert await _openai(kit).acall(kit.question()) == "three"


@case
def crew(kit: Kit) -> None:
    """A crew of OpenAI's model."""
    assert "three" in _crew(kit, _openai(kit)).kickoff().raw


@case
def crew_of_anthropic(kit: Kit) -> None:
    """A crew of Anthropic's model."""
    assert "three" in _crew(kit, _claude(kit)).kickoff().raw


@case
def crew_of_litellm(kit: Kit) -> None:
    """A crew of Anthropic's model by litellm."""
    assert "three" in _crew(kit, _litellm(kit)).kickoff().raw


@case
async def crew_async(kit: Kit) -> None:
    """A crew that a loop runs in a thread."""
    assert "three" in (await _crew(kit, _openai(kit)).kickoff_async()).raw


@case
async def crew_in_tasks(kit: Kit) -> None:
    """A crew that awaits its model."""
    assert "three" in (await _crew(kit, _openai(kit)).akickoff()).raw


@case
def tasks_beside(kit: Kit) -> None:
    """A task that the crew does in a thread of its own."""
    crew = _crew(kit, _openai(kit))
    crew.tasks[0].async_execution = True
    assert "three" in crew.kickoff().raw


@case
def tool(kit: Kit) -> None:
    """A tool that the model asks for."""
    from crewai.tools import tool

    @tool("weigh")
    def weigh(parcel: str) -> int:
        """Return the weight of a parcel."""
        return len(parcel)

    assert _crew(kit, _openai(kit), tools=[weigh]).kickoff().raw


@case
def flow(kit: Kit) -> None:
    """A flow whose steps ask, beside each other."""
    from crewai.flow.flow import Flow, start

    class Count(Flow):
        """Counts."""

        @start()
        def one(self) -> str:
            """Ask."""
            return str(_openai(kit).call(kit.question()))

        @start()
        def other(self) -> str:
            """Ask another."""
            return str(_claude(kit).call(kit.question()))

    assert Count().kickoff() == "three"


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _crew(own, _openai(own)).kickoff())
