"""LangChain's models of OpenAI: calls, batches in its own threads, streams, tools, embeddings."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import EMBEDDER, MODEL, Cases, Kit, weigh

REQUIREMENTS = ("langchain-openai", "langchain-core")
case = Cases()


def _model(kit: Kit, **more: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=MODEL, base_url=kit.base_url, api_key="sk-not-a-key", **more)


def _handed(kit: Kit) -> Any:
    """Return a model with the program's own clients."""
    first, second = kit.openai(), kit.async_openai()
    return _model(
        kit,
        client=first.chat.completions,
        async_client=second.chat.completions,
        root_client=first,
        root_async_client=second,
    )


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
    assert "".join(part.content for part in _handed(kit).stream(kit.question())) == "three"


@case.with_client
async def astream(kit: Kit) -> None:
    """A stream, asynchronously."""
    parts = [part.content async for part in _handed(kit).astream(kit.question())]
    assert "".join(parts) == "three"


@case
def own_clients(kit: Kit) -> None:
    """The clients that it makes."""
    assert _model(kit).invoke(kit.question()).content == "three"


@case
def without_usage(kit: Kit) -> None:
    """A stream for which it does not ask for usage."""
    parts = _model(kit, stream_usage=False).stream(kit.question())
    assert "".join(part.content for part in parts) == "three"


@case
def batch(kit: Kit) -> None:
    """Several calls in threads of its own."""
    assert len(_model(kit).batch([kit.question()] * 4)) == 4


@case
def batch_as_completed(kit: Kit) -> None:
    """As they come."""
    assert len([*_model(kit).batch_as_completed([kit.question()] * 4)]) == 4


@case
async def abatch(kit: Kit) -> None:
    """Several calls in tasks."""
    assert len(await _model(kit).abatch([kit.question()] * 4)) == 4


@case
async def ainvoke_of_a_synchronous_function(kit: Kit) -> None:
    """A function that LangChain runs in a thread of the loop."""
    from langchain_core.runnables import RunnableLambda

    chain = RunnableLambda(lambda text: _model(kit).invoke(text).content)
    assert await chain.ainvoke(kit.question()) == "three"


@case
def parallel(kit: Kit) -> None:
    """Branches in threads."""
    from langchain_core.runnables import RunnableParallel

    model = _model(kit)
    assert set(RunnableParallel(a=model, b=model).invoke(kit.question())) == {"a", "b"}


@case.with_client
def tools(kit: Kit) -> None:
    """A tool that the model asks for."""
    answer = _handed(kit).bind_tools([weigh]).invoke(kit.question())
    assert answer.tool_calls[0]["args"] == {"parcel": "three"}


@case.with_client
def structured(kit: Kit) -> None:
    """An answer that follows a schema."""
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    assert _handed(kit).with_structured_output(Count).invoke(kit.question()).number == 3


@case
def responses(kit: Kit) -> None:
    """The responses interface, plain and as a stream."""
    model = _model(kit, use_responses_api=True)
    assert model.invoke(kit.question()).text == "three"
    assert "".join(part.text for part in model.stream(kit.question())) == "three"


@case
def embeddings(kit: Kit) -> None:
    """Embeddings of one text, and of several."""
    from langchain_openai import OpenAIEmbeddings

    embedder = OpenAIEmbeddings(
        model=EMBEDDER,
        base_url=kit.base_url,
        api_key="sk-not-a-key",
        check_embedding_ctx_length=False,
    )
    assert len(embedder.embed_query(kit.question())) == 2
    assert len(embedder.embed_documents([kit.question()] * 3)) == 3
    assert len(asyncio.run(embedder.aembed_query(kit.question()))) == 2


@case
def azure(kit: Kit) -> None:
    """A deployment of Azure."""
    from langchain_openai import AzureChatOpenAI

    model = AzureChatOpenAI(
        azure_endpoint=kit.root_url, api_version="2026-01-01", api_key="x", model=MODEL
    )
    assert model.invoke(kit.question()).content == "three"


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _model(own).batch([own.question()] * 3))
