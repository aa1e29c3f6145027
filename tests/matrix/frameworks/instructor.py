"""Instructor: structured answers of a client that it is handed."""

from __future__ import annotations

from typing import Any

from ._case import CLAUDE, MODEL, Cases, Kit

REQUIREMENTS = ("instructor[anthropic]",)
case = Cases()


def _count() -> Any:
    from pydantic import BaseModel

    class Count(BaseModel):
        """How many they are."""

        number: int

    return Count


def _asked(kit: Kit) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": kit.question('{"number": 3}')}],
        "response_model": _count(),
        "max_retries": 0,
    }


@case.with_client
def create(kit: Kit) -> None:
    """Tools, by default."""
    import instructor

    client = instructor.from_openai(kit.openai())
    assert client.chat.completions.create(model=MODEL, **_asked(kit)).number == 3


@case.with_client
async def create_async(kit: Kit) -> None:
    """Tools, asynchronously."""
    import instructor

    client = instructor.from_openai(kit.async_openai())
    assert (await client.chat.completions.create(model=MODEL, **_asked(kit))).number == 3


@case.with_client
def create_with_completion(kit: Kit) -> None:
    """JSON, with the answer that it was read from."""
    import instructor

    client = instructor.from_openai(kit.openai(), mode=instructor.Mode.JSON)
    found, completion = client.create_with_completion(model=MODEL, **_asked(kit))
    assert (found.number, completion.usage.prompt_tokens > 0) == (3, True)


@case.with_client
def json_schema(kit: Kit) -> None:
    """A schema that the provider holds the answer to."""
    import instructor

    client = instructor.from_openai(kit.openai(), mode=instructor.Mode.JSON_SCHEMA)
    assert client.create(model=MODEL, **_asked(kit)).number == 3


@case.with_client
def responses(kit: Kit) -> None:
    """Tools of the responses interface."""
    import instructor

    client = instructor.from_openai(kit.openai(), mode=instructor.Mode.RESPONSES_TOOLS)
    assert client.create(model=MODEL, **_asked(kit)).number == 3


@case.with_client
def partial(kit: Kit) -> None:
    """A stream of ever fuller answers."""
    import instructor

    client = instructor.from_openai(kit.openai())
    assert [*client.create_partial(model=MODEL, **_asked(kit))][-1].number == 3


@case.with_client
async def partial_async(kit: Kit) -> None:
    """The same, asynchronously."""
    import instructor

    client = instructor.from_openai(kit.async_openai())
    stream = client.create_partial(model=MODEL, **_asked(kit))
    assert [item async for item in stream][-1].number == 3


@case.with_client
def iterable(kit: Kit) -> None:
    """Several answers in a stream."""
    import instructor

    client = instructor.from_openai(kit.openai())
    assert len([*client.create_iterable(model=MODEL, **_asked(kit))]) >= 1


@case.with_client
def anthropic(kit: Kit) -> None:
    """Tools of Anthropic."""
    import instructor

    client = instructor.from_anthropic(kit.anthropic())
    assert client.create(model=CLAUDE, max_tokens=99, **_asked(kit)).number == 3


@case.with_client
async def anthropic_async(kit: Kit) -> None:
    """The same, asynchronously."""
    import instructor

    client = instructor.from_anthropic(kit.async_anthropic())
    assert (await client.create(model=CLAUDE, max_tokens=99, **_asked(kit))).number == 3


@case.with_client
def patched(kit: Kit) -> None:
    """The older way, which puts its own ``create`` into the client."""
    import instructor

    client = instructor.patch(kit.openai())
    assert client.chat.completions.create(model=MODEL, **_asked(kit)).number == 3
