"""LangChain's model of Anthropic."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, Cases, Kit, weigh

REQUIREMENTS = ("langchain-anthropic", "langchain-core")
case = Cases()


def _model(kit: Kit, **more: Any) -> Any:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(
        model=CLAUDE, base_url=kit.root_url, api_key="sk-not-a-key", max_tokens=99, **more
    )


def _handed(kit: Kit) -> Any:
    """Return a model whose clients are the program's own."""
    model = _model(kit)
    # It takes none, and keeps those that it makes here.
    vars(model)["_client"], vars(model)["_async_client"] = kit.anthropic(), kit.async_anthropic()
    return model


@case.with_client
def invoke(kit: Kit) -> None:
    """One call."""
    assert _handed(kit).invoke(kit.question()).content == "three"


@case.with_client
async def ainvoke(kit: Kit) -> None:
    """One call, asynchronously."""
    assert (await _handed(kit).ainvoke(kit.question())).content == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream."""
    assert "".join(part.text for part in _handed(kit).stream(kit.question())) == "three"


@case.with_client
async def astream(kit: Kit) -> None:
    """A stream, asynchronously."""
    parts = [part.text async for part in _handed(kit).astream(kit.question())]
    assert "".join(parts) == "three"


@case
def own_clients(kit: Kit) -> None:
    """The client that it makes."""
    assert _model(kit).invoke(kit.question()).content == "three"


@case
def batch(kit: Kit) -> None:
    """Several calls in threads of its own."""
    assert len(_model(kit).batch([kit.question()] * 4)) == 4


@case
async def abatch(kit: Kit) -> None:
    """Several calls in tasks."""
    assert len(await _model(kit).abatch([kit.question()] * 4)) == 4


@case
def tools(kit: Kit) -> None:
    """A tool that the model asks for."""
    answer = _model(kit).bind_tools([weigh]).invoke(kit.question())
    assert answer.tool_calls[0]["args"] == {"parcel": "three"}


@case
def structured(kit: Kit) -> None:
    """An answer that follows a schema."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    assert _model(kit).with_structured_output(Count).invoke(kit.question()).number == 3


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _model(own).batch([own.question()] * 3))
