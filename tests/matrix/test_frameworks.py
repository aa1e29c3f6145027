"""The frameworks' part of the matrix: what its server answers, and what its judge finds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from many_cases import each_of

from matrix.catalogue import entries, selected
from matrix.frameworks import ALONE, cells
from matrix.frameworks._case import CLAUDE, EMBEDDER, MODEL, Cases, Kit
from matrix.frameworks._program import (
    in_a_block,
    judged,
    trouble,
    wrapped,
    wrapped_in_a_block,
)
from matrix.frameworks._replies import Reply, example, reply_to
from matrix.frameworks._server import Answer, serving

ASKED_FOR = """
langchain_openai langchain_anthropic langgraph llama_index pydantic_ai instructor openai_agents
dspy smolagents haystack agno autogen crewai semantic_kernel mirascope litellm
""".split()
FIRST = Answer("req-1", "openai", MODEL, 10_001, 501, "job-1")
SECOND = Answer("req-2", "openai", MODEL, 10_002, 502, None)


def metric(answer: Answer, **other: Any) -> Any:
    """Return a record as it should be of *answer*, but for *other*."""
    told = {
        "request_id": answer.request_id,
        "service": answer.service,
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "job_id": answer.job,
        "error": None,
        "partial": False,
        "late": False,
    }
    return SimpleNamespace(**(told | other))


def test_every_framework_has_its_file() -> None:
    """Each with what to install, and with uses, of which none is declared twice."""
    found = {entry.name: entry for entry in entries() if entry.kind == "frameworks"}
    assert found.keys() == set(ASKED_FOR)
    for entry in found.values():
        cases = __import__(f"matrix.frameworks.{entry.name}", fromlist=["case"]).case.found
        names = [case.name for case in cases]
        assert len(set(names)) == len(names) > 4, entry.name


def test_records_that_are_the_server_s_log_are_right() -> None:
    """In any order; where a prompt told no job, the use's own is meant."""
    metrics = [metric(SECOND, job_id="job-9"), metric(FIRST)]
    assert trouble([FIRST, SECOND], metrics, "job-9") is None


@each_of(
    ("metrics", "expected"),
    [
        ([], "1 answers, 0 records"),
        ([metric(FIRST), metric(FIRST)], "1 answers, 2 records"),
        ([metric(FIRST, input_tokens=None)], "not recorded"),
        ([metric(FIRST, output_tokens=502)], "not recorded"),
        ([metric(FIRST, job_id="job-2")], "not recorded"),
        ([metric(FIRST, request_id="req-2")], "not recorded"),
        ([metric(FIRST, partial=True)], "error, partial, late"),
        ([metric(FIRST, late=True)], "error, partial, late"),
        ([metric(FIRST, error="no")], "error, partial, late"),
    ],
)
def test_whatever_differs_is_told(metrics: list[Any], expected: str) -> None:
    """A record too few or too many, another count, another job, another answer."""
    assert expected in str(trouble([FIRST], metrics, "job-1"))


def test_a_use_that_asks_nobody_is_not_ok() -> None:
    """It would show nothing."""
    assert trouble([], [], "job-1") == "the server was not asked"


case = Cases()


@case.with_client
def of_openai(kit: Kit) -> None:
    """All of its interfaces, plain and as streams."""
    told = [{"role": "user", "content": kit.question()}]
    with kit.openai() as client:
        for extra in ({}, {"stream": True}):
            answer = client.chat.completions.create(model=MODEL, messages=told, **extra)
            assert not extra or [*answer]
            answer = client.responses.create(model=MODEL, input=kit.question(), **extra)
            assert not extra or [*answer]
        assert client.embeddings.create(model=EMBEDDER, input=kit.question()).data


@case.with_client
async def of_anthropic(kit: Kit) -> None:
    """Its messages, plain and as a stream."""
    asked: Any = {"model": CLAUDE, "max_tokens": 9}
    asked["messages"] = [{"role": "user", "content": kit.question()}]
    async with kit.async_anthropic() as client:
        assert (await client.messages.create(**asked)).content
        async with client.messages.stream(**asked) as stream:
            assert await stream.get_final_text() == "three"


@case.with_client
def beside(kit: Kit) -> None:
    """Two blocks at once."""
    kit.beside(of_openai)


@case
def failing(kit: Kit) -> None:
    """A use that does not get what it wants."""
    assert kit.question() is None


@each_of("way", [in_a_block, wrapped, wrapped_in_a_block])
def test_the_clients_themselves_pass(way: Any) -> None:
    """The short form of the matrix: nothing is wrong where the clients are asked directly."""
    with serving() as server:
        uses = {use.name: use for use in case.found}
        assert judged(uses["of openai"], server, way) == (None, "")
        assert judged(uses["of anthropic"], server, way) == (None, "")
        if way is in_a_block:
            assert judged(uses["beside"], server, way) == (None, "")
        trouble, raised = judged(uses["failing"], server, way)
        assert "in failing" in str(trouble)
        assert raised.startswith("AssertionError")


def test_a_use_in_no_block_is_found_out() -> None:
    """Nothing is recorded then, and that is not ok."""

    def nowhere(use: Any, server: Any) -> Kit:
        kit = Kit(server)
        use.run(kit)
        return kit

    with serving() as server:
        assert "5 answers, 0 records" in str(judged(case.found[0], server, nowhere)[0])


class Program:
    """Stands for the runs of an entry's program: what each order tells."""

    def __init__(self, alone: str) -> None:
        self.alone = alone
        self.orders: list[str] = []

    def run(self, module: str, name: str, order: str, **_: object) -> list[dict[str, Any]]:
        """Return the records of one run: a use that passes, and one that raises with us."""
        self.orders.append(order)
        if order == ALONE:
            return [{"use": "a", "raised": ""}, {"use": "b", "raised": self.alone}]
        found = {"cell": "a", "use": "a", "trouble": None, "raised": ""}
        return [found, {"cell": "b", "use": "b", "trouble": "lines", "raised": "TypeError: x"}]


@each_of(("alone", "excused"), [("TypeError: x", True), ("TypeError: y", False), ("", False)])
def test_a_use_that_raises_is_tried_without_us(alone: str, excused: bool) -> None:
    """Once for both orders; only the very same error there says that it is none of ours."""
    program = Program(alone)
    entry = selected(["semantic_kernel"])[0]
    found = list(cells(entry, program))  # type: ignore[arg-type]
    assert [(one.name, one.alone) for one in found if one.trouble] == [
        ("ours first, b", excused),
        ("theirs first, b", excused),
    ]
    assert program.orders.count(ALONE) == 1


@each_of(
    ("schema", "value"),
    [
        ({"type": "integer"}, 3),
        ({"enum": ["a", "b"]}, "a"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"type": "array", "items": {"type": "number"}}, [3.0]),
        (
            {"properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"const": 5}}},
            {"x": 5},
        ),
    ],
)
def test_a_schema_is_filled(schema: dict[str, Any], value: Any) -> None:
    """With the plainest value that it allows."""
    assert example(schema) == value


def test_the_server_calls_a_tool_once() -> None:
    """The first tool, then the last one if there is one, else it says what it is told to say."""
    tools = [{"function": {"name": name, "parameters": {}}} for name in ("weigh", "final_answer")]
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": '<<say a\n"b" say>>'}]}
    again = {"messages": [*asked["messages"], {"role": "tool", "content": "5"}]}
    assert reply_to({**asked, "tools": tools}).tool == "weigh"
    assert reply_to({**again, "tools": tools}).tool == "final_answer"
    assert reply_to({**again, "tools": tools[:1]}) == Reply('a\n"b"')
    forced = {"type": "function", "function": {"name": "final_answer"}}
    assert reply_to({**asked, "tools": tools, "tool_choice": forced}).tool == "final_answer"
