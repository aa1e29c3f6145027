"""LangGraph: agents with tools, graphs whose nodes run in threads and tasks."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from ._case import CLAUDE, MODEL, Cases, Kit, weigh

REQUIREMENTS = ("langgraph", "langchain", "langchain-openai", "langchain-anthropic")
case = Cases()


def _openai(kit: Kit) -> Any:
    from langchain_openai import ChatOpenAI

    first, second = kit.openai(), kit.async_openai()
    return ChatOpenAI(
        model=MODEL,
        api_key="sk-not-a-key",
        client=first.chat.completions,
        async_client=second.chat.completions,
        root_client=first,
        root_async_client=second,
    )


def _anthropic(kit: Kit) -> Any:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(model=CLAUDE, base_url=kit.root_url, api_key="sk-not-a-key", max_tokens=99)


def _agent(model: Any) -> Any:
    from langchain.agents import create_agent

    return create_agent(model, tools=[weigh])


def _asked(kit: Kit) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": kit.question()}]}


@case.with_client
def agent(kit: Kit) -> None:
    """An agent that calls a tool, and answers."""
    told = _agent(_openai(kit)).invoke(_asked(kit))
    assert told["messages"][-1].text == "three"


@case.with_client
async def agent_async(kit: Kit) -> None:
    """The same, asynchronously."""
    told = await _agent(_openai(kit)).ainvoke(_asked(kit))
    assert told["messages"][-1].text == "three"


@case.with_client
def agent_stream(kit: Kit) -> None:
    """Token by token."""
    assert [*_agent(_openai(kit)).stream(_asked(kit), stream_mode="messages")]


@case.with_client
async def agent_stream_async(kit: Kit) -> None:
    """Token by token, asynchronously."""
    parts = _agent(_openai(kit)).astream(_asked(kit), stream_mode="messages")
    assert [part async for part in parts]


@case
def agent_of_anthropic(kit: Kit) -> None:
    """Another provider's model."""
    told = _agent(_anthropic(kit)).invoke(_asked(kit))
    assert told["messages"][-1].text == "three"


@case
async def agent_of_anthropic_stream(kit: Kit) -> None:
    """Its stream, asynchronously."""
    parts = _agent(_anthropic(kit)).astream(_asked(kit), stream_mode="messages")
    assert [part async for part in parts]


class State(TypedDict):
    """What the nodes of the graph below share."""

    said: Annotated[list[str], operator.add]


def _graph(kit: Kit) -> Any:
    from langgraph.graph import END, START, StateGraph

    def node(_: State) -> dict[str, list[str]]:
        return {"said": [_openai(kit).invoke(kit.question()).text]}

    graph = StateGraph(State)
    for name in "abc":
        graph.add_node(name, node)
        graph.add_edge(START, name)
        graph.add_edge(name, END)
    return graph.compile()


@case.with_client
def branches(kit: Kit) -> None:
    """Nodes beside each other, in threads."""
    assert _graph(kit).invoke({"said": []})["said"] == ["three"] * 3


@case.with_client
async def branches_async(kit: Kit) -> None:
    """Nodes that are synchronous, run by a loop."""
    assert (await _graph(kit).ainvoke({"said": []}))["said"] == ["three"] * 3


@case
def tasks(kit: Kit) -> None:
    """Tasks of the functional interface, which are futures."""
    from langgraph.func import entrypoint, task

    @task
    def ask(text: str) -> str:
        said: str = _openai(kit).invoke(text).text
        return said

    @entrypoint()
    def flow(text: str) -> list[str]:
        return [future.result() for future in [ask(text), ask(text)]]

    assert flow.invoke(kit.question()) == ["three"] * 2


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _graph(own).invoke({"said": []}))
