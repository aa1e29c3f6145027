"""smolagents: agents that call tools and that write code, over OpenAI's client and litellm."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit

REQUIREMENTS = ("smolagents[openai,litellm]",)
VARIABLES = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
case = Cases()
CODE = "Thought: I know it.\n<code>\nfinal_answer('three')\n</code>"


def _openai(kit: Kit) -> Any:
    from smolagents import OpenAIModel

    model = OpenAIModel(MODEL, api_base=kit.base_url, api_key="sk-not-a-key")
    model.client = kit.openai()
    return model


def _claude(kit: Kit) -> Any:
    from smolagents import LiteLLMModel

    return LiteLLMModel(f"anthropic/{CLAUDE}", api_base=kit.root_url, api_key="x", max_tokens=99)


def _tool() -> Any:
    from smolagents import tool

    @tool
    def weigh(parcel: str) -> int:
        """Return the weight of a parcel.

        Args:
            parcel: The name of the parcel.
        """
        return len(parcel)

    return weigh


@case.with_client
def code_agent(kit: Kit) -> None:
    """An agent that writes code."""
    from smolagents import CodeAgent

    agent = CodeAgent(tools=[], model=_openai(kit), verbosity_level=0)
    assert agent.run(kit.question(CODE)) == "three"


@case.with_client
def code_agent_stream(kit: Kit) -> None:
    """The same, as a stream."""
    from smolagents import CodeAgent

    agent = CodeAgent(tools=[], model=_openai(kit), verbosity_level=0, stream_outputs=True)
    assert [*agent.run(kit.question(CODE), stream=True)][-1].output == "three"


@case.with_client
def tool_calling_agent(kit: Kit) -> None:
    """An agent that calls tools, which run in threads."""
    from smolagents import ToolCallingAgent

    agent = ToolCallingAgent(tools=[_tool()], model=_openai(kit), verbosity_level=0)
    assert agent.run(kit.question()) == "three"


@case.with_client
def managed(kit: Kit) -> None:
    """An agent that another one calls as a tool, in a thread."""
    from smolagents import CodeAgent, ToolCallingAgent

    inner = CodeAgent(
        tools=[], model=_openai(kit), name="helper", description="Helps.", verbosity_level=0
    )
    inner.prompt_templates["managed_agent"]["task"] = kit.question(CODE)
    agent = ToolCallingAgent(
        tools=[], managed_agents=[inner], model=_openai(kit), verbosity_level=0
    )
    assert agent.run(kit.question()) == "three"


@case
def litellm(kit: Kit) -> None:
    """Anthropic's model by litellm."""
    from smolagents import CodeAgent

    agent = CodeAgent(tools=[], model=_claude(kit), verbosity_level=0)
    assert agent.run(kit.question(CODE)) == "three"


@case
def litellm_stream(kit: Kit) -> None:
    """The same, as a stream."""
    from smolagents import CodeAgent

    agent = CodeAgent(tools=[], model=_claude(kit), verbosity_level=0, stream_outputs=True)
    assert [*agent.run(kit.question(CODE), stream=True)][-1].output == "three"


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    from smolagents import CodeAgent

    def run(own: Kit) -> None:
        CodeAgent(tools=[], model=_claude(own), verbosity_level=0).run(own.question(CODE))

    kit.beside(run)
