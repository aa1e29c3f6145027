"""LlamaIndex: models, agents, an index with its queries, of both providers."""

from __future__ import annotations

import asyncio
from typing import Any

from ._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit, weigh

REQUIREMENTS = (
    "llama-index-core",
    "llama-index-llms-openai",
    "llama-index-llms-anthropic",
    "llama-index-embeddings-openai",
    # It makes messages in a way that a later release has no more.
    "anthropic<1",
)
case = Cases()


def _openai(kit: Kit, **more: Any) -> Any:
    from llama_index.llms.openai import OpenAI

    return OpenAI(
        model=MODEL,
        api_base=kit.base_url,
        api_key="sk-not-a-key",
        openai_client=kit.openai(),
        async_openai_client=kit.async_openai(),
        **more,
    )


def _claude(kit: Kit) -> Any:
    from llama_index.llms.anthropic import Anthropic

    model = Anthropic(model=CLAUDE, base_url=kit.root_url, api_key="sk-not-a-key", max_tokens=99)
    model._client, model._aclient = kit.anthropic(), kit.async_anthropic()
    return model


def _embedder(kit: Kit) -> Any:
    from llama_index.embeddings.openai import OpenAIEmbedding

    return OpenAIEmbedding(model=EMBEDDER, api_base=kit.base_url, api_key="sk-not-a-key")


@case.with_client
def complete(kit: Kit) -> None:
    """One call."""
    assert _openai(kit).complete(kit.question()).text == "three"


@case.with_client
async def acomplete(kit: Kit) -> None:
    """One call, asynchronously."""
    assert (await _openai(kit).acomplete(kit.question())).text == "three"


@case.with_client
def stream(kit: Kit) -> None:
    """A stream."""
    assert [*_openai(kit).stream_complete(kit.question())][-1].text == "three"


@case.with_client
async def astream(kit: Kit) -> None:
    """A stream, asynchronously."""
    parts = await _openai(kit).astream_complete(kit.question())
    assert [part async for part in parts][-1].text == "three"


@case.with_client
def anthropic(kit: Kit) -> None:
    """Anthropic's model, plain and as a stream."""
    assert _claude(kit).complete(kit.question()).text == "three"
    assert [*_claude(kit).stream_complete(kit.question())][-1].text == "three"


@case.with_client
async def anthropic_async(kit: Kit) -> None:
    """Anthropic's model, asynchronously."""
    assert (await _claude(kit).acomplete(kit.question())).text == "three"


@case
def responses(kit: Kit) -> None:
    """The responses interface, plain and as a stream."""
    from llama_index.llms.openai import OpenAIResponses

    model = OpenAIResponses(model=MODEL, api_base=kit.base_url, api_key="sk-not-a-key")
    assert model.complete(kit.question()).text == "three"
    assert [*model.stream_complete(kit.question())]


@case.with_client
def typed(kit: Kit) -> None:
    """A result that follows a class."""
    from llama_index.core.prompts import PromptTemplate
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many."""

        number: int

    prompt = PromptTemplate("{question}")
    told = _openai(kit).structured_predict(Count, prompt, question=kit.question())
    assert told.number == 3


@case.with_client
async def agent(kit: Kit) -> None:
    """An agent with a tool, which streams."""
    from llama_index.core.agent.workflow import FunctionAgent

    agent = FunctionAgent(tools=[weigh], llm=_openai(kit))
    assert str(await agent.run(kit.question())) == "three"


@case
def embeddings(kit: Kit) -> None:
    """Its embedder, of one text and of several, in tasks too."""
    assert _embedder(kit).get_query_embedding(kit.question())
    assert _embedder(kit).get_text_embedding_batch([kit.question()] * 3)
    assert asyncio.run(_embedder(kit).aget_query_embedding(kit.question()))


def _index(kit: Kit) -> Any:
    from llama_index.core import Document, VectorStoreIndex

    documents = [Document(text=f"{kit.question()} {n}") for n in range(3)]
    return VectorStoreIndex.from_documents(documents, embed_model=_embedder(kit))


@case
def query(kit: Kit) -> None:
    """An index that is built, and asked."""
    engine = _index(kit).as_query_engine(llm=_openai(kit))
    assert engine.query(kit.question()).response == "three"


@case
def query_of_many(kit: Kit) -> None:
    """An answer from many parts, asked for in tasks of a loop of its own."""
    engine = _index(kit).as_query_engine(
        llm=_openai(kit), response_mode="accumulate", use_async=True
    )
    assert "three" in engine.query(kit.question()).response


@case
async def query_of_many_in_a_loop(kit: Kit) -> None:
    """The same where a loop runs already: it takes a thread."""
    engine = _index(kit).as_query_engine(
        llm=_openai(kit), response_mode="accumulate", use_async=True
    )
    assert "three" in engine.query(kit.question()).response


@case
def extractors(kit: Kit) -> None:
    """Titles that it asks for while documents are read."""
    from llama_index.core.extractors import SummaryExtractor
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import TextNode

    pipeline = IngestionPipeline(transformations=[SummaryExtractor(llm=_openai(kit))])
    assert pipeline.run(nodes=[TextNode(text=kit.question())], show_progress=False)


@case
def two_jobs_at_once(kit: Kit) -> None:
    """Two threads of the program, each with its block."""
    kit.beside(lambda own: _openai(own).complete(own.question()))
