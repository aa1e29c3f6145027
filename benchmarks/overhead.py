"""What the tracker costs the program that it observes, beside its peers, in one run.

``python -m benchmarks.overhead`` (``make overhead``) prints each figure, the peer's, their
ratio and the goal, and exits 1 if a goal is missed.  The subjects take turns, round by
round, and medians are compared, so that a busy machine disturbs all of them alike.
Figures are the processor time of the calling thread; waiting for a store is not part of it.

A *captured call* is a call of the real ``openai`` client whose transport is replaced below
our patch by an answer that is ready, so that nothing but the patch is added.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Noted."}}
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "delta": {"content": "Noted."}}],
}
REQUESTED = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
}
ANSWERED = {
    "gen_ai.response.model": "gpt-4o-mini",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 9,
    "gen_ai.usage.output_tokens": 3,
}
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One line of the table; ``limit`` is what ``ours / peer`` may be, or ours alone."""

    what: str
    ours: float
    unit: str
    limit: float | None
    peer: float | None = None
    peer_name: str = ""

    def passes(self) -> bool:
        """Whether the goal is reached; a line without one is for information."""
        return self.limit is None or self.ours / (self.peer or 1.0) <= self.limit

    def __str__(self) -> str:
        peer = "" if self.peer is None else f"{self.peer:9.2f} {self.unit} {self.peer_name}"
        ratio = "" if self.peer is None else f"{self.ours / self.peer:.4f}"
        goal = "" if self.limit is None else f"<= {self.limit:.4g}"
        verdict = "" if self.limit is None else ("pass" if self.passes() else "MISS")
        return (
            f"{self.what:46}{self.ours:9.2f} {self.unit:3} {peer:45}{ratio:>8} {goal:>9}  {verdict}"
        )


class Subjects:
    """What is timed: each method runs *number* times and returns microseconds for one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._answers: list[Any] = []
        self._prepare_client()
        self._prepare_peers()
        from tracker import AIUsageTracker, ai_usage_context

        self._context = ai_usage_context
        self._tracker = AIUsageTracker()

    def _prepare_client(self) -> None:
        import openai
        from openai._models import FinalRequestOptions
        from openai.types.chat import ChatCompletion

        # Below the patch, which is installed when the first tracker is made.
        def answer_at_once(*_args: Any, **_kwargs: Any) -> Any:
            return self._answers.pop()

        openai.OpenAI.request = answer_at_once  # type: ignore[method-assign]
        self._unpatched = answer_at_once
        self._client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9", max_retries=0)
        self._kind = ChatCompletion
        asked = {"method": "post", "url": "/chat/completions"}
        body = {"model": "gpt-4o-mini"}
        self._options = FinalRequestOptions.construct(**asked, json_data=body)
        # A stream that is asked for its usage is counted by its chunks, and not by its bytes.
        body = {**body, "stream_options": {"include_usage": True}}
        self._for_stream = lambda: FinalRequestOptions.construct(**asked, json_data=body)
        self._serial = 0

    def _prepare_peers(self) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import (
            BatchSpanProcessor,
            SpanExporter,
            SpanExportResult,
        )

        class Nowhere(SpanExporter):
            def export(self, spans: Any) -> SpanExportResult:  # noqa: ARG002 - their signature
                return SpanExportResult.SUCCESS

        self._spans = TracerProvider()
        self._spans.add_span_processor(BatchSpanProcessor(Nowhere()))
        self._otel = self._spans.get_tracer("benchmark")
        self._observed: Callable[[], object] | None = None
        if importlib.util.find_spec("langfuse"):
            self._observed = self._langfuse(TracerProvider(), Nowhere())

    def _langfuse(self, provider: Any, exporter: Any) -> Callable[[], object]:
        from langfuse import Langfuse, observe

        # A provider and an exporter of its own: nothing leaves the process.
        Langfuse(
            public_key="pk-lf-none",
            secret_key="sk-lf-none",
            base_url="http://127.0.0.1:9",
            tracer_provider=provider,
            span_exporter=exporter,
        )
        observed: Callable[[], object] = observe(name="op")(lambda: None)
        return observed

    def _answer(self) -> None:
        for _ in range(self.number):
            self._serial += 1
            answer = self._kind.model_validate(BODY)
            answer._request_id = f"req_{self._serial}"
            self._answers.append(answer)

    def _timed(self, run: Callable[[], None]) -> float:
        began = time.thread_time_ns()
        run()
        return (time.thread_time_ns() - began) / self.number / 1000.0

    def context(self) -> float:
        """A context's enter and exit."""

        def run() -> None:
            for _ in range(self.number):
                with self._context("op", tracker=self._tracker, job_id="job"):
                    pass

        return self._timed(run)

    def own(self) -> float:
        """The same, of a context that makes a tracker of its own."""

        def run() -> None:
            for _ in range(self.number):
                with self._context("op", job_id="job"):
                    pass

        return self._timed(run)

    def captured(self) -> float:
        """A call inside a context, with its share of the context's end."""
        self._answer()

        def run() -> None:
            with self._context("op", tracker=self._tracker, job_id="job"):
                for _ in range(self.number):
                    self._client.request(self._kind, self._options)

        return self._timed(run)

    def _stream(self) -> Any:
        """Return a stream of the real class, whose chunks are ready."""
        import httpx2
        import openai
        from openai.types.chat import ChatCompletionChunk as Chunk

        answer = httpx2.Response(200, request=httpx2.Request("POST", "http://127.0.0.1:9/"))
        stream = openai.Stream(cast_to=Chunk, response=answer, client=self._client)
        end = CHUNK | {"choices": [], "usage": BODY["usage"]}
        told = [*[CHUNK] * (self.number - 1), end]
        stream._iterator = iter([Chunk.model_validate(one) for one in told])
        return stream

    def _read(self, request: Callable[..., Any]) -> float:
        self._answers.append(self._stream())
        options = self._for_stream()

        def run() -> None:
            for _ in request(self._kind, options, stream=True, stream_cls=None):
                pass

        with self._context("op", tracker=self._tracker, job_id="job"):
            return self._timed(run)

    def chunk(self) -> float:
        """A chunk of a captured stream."""
        return self._read(self._client.request)

    def bare_chunk(self) -> float:
        """The same chunk without the patch."""
        return self._read(functools.partial(self._unpatched, self._client))

    def idle(self) -> float:
        """A call through the patch, with no context active."""
        self._answer()

        def run() -> None:
            for _ in range(self.number):
                self._client.request(self._kind, self._options)

        return self._timed(run)

    def bare(self) -> float:
        """The same call without the patch."""
        self._answer()

        def run() -> None:
            for _ in range(self.number):
                self._unpatched(self._client, self._kind, self._options)

        return self._timed(run)

    def span(self) -> float:
        """An OpenTelemetry span, made current, with the one attribute that the context has."""

        def run() -> None:
            for _ in range(self.number):
                with self._otel.start_as_current_span("op", attributes={"job_id": "job"}):
                    pass

        took = self._timed(run)
        self._spans.force_flush()
        return took

    def call_span(self) -> float:
        """An OpenTelemetry span that says what an instrumentation says of a call."""

        def run() -> None:
            for _ in range(self.number):
                with self._otel.start_as_current_span("chat", attributes=REQUESTED) as span:
                    span.set_attributes(ANSWERED)

        took = self._timed(run)
        self._spans.force_flush()
        return took

    def langfuse(self) -> float:
        """An empty function under langfuse's decorator; not a number where it is missing."""
        observed = self._observed
        if observed is None:
            return float("nan")

        def run() -> None:
            for _ in range(self.number):
                observed()

        return self._timed(run)


def medians(subjects: Subjects, rounds: int) -> dict[str, float]:
    """Return the median figure of each subject; they take turns."""
    methods = [
        subjects.context,
        subjects.own,
        subjects.span,
        subjects.bare,
        subjects.captured,
        subjects.call_span,
        subjects.idle,
        subjects.chunk,
        subjects.bare_chunk,
        subjects.langfuse,
    ]
    figures: dict[str, list[float]] = {method.__name__: [] for method in methods}
    for number in range(rounds + 1):
        for method in methods:
            figure = method()
            if number:  # the first round warms up
                figures[method.__name__].append(figure)
    return {name: statistics.median(found) for name, found in figures.items()}


LOOPBACK = """
import statistics, sys, time
sys.path.insert(0, {tests!r})
import loopback, openai
from loopback import loopback_server
# Small packets wait for an acknowledgement otherwise: 40 ms that would hide any cost.
loopback._Handler.disable_nagle_algorithm = True
times = []
with loopback_server() as server, openai.OpenAI(base_url=server.base_url, api_key="x") as client:
    for _ in range({calls}):
        began = time.perf_counter()
        client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "x"}}])
        times.append(time.perf_counter() - began)
print(statistics.median(times) * 1e6)
"""
MEMORY = """
import gc, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from benchmarks.overhead import Subjects
subjects = Subjects(1000)
def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
for _ in range({warm}):
    subjects.captured()
before = resident()
for _ in range({blocks}):
    subjects.captured()
print(resident() - before)
"""
IMPORT = """
import time
began = time.perf_counter()
import tracker
print(time.perf_counter() - began)
"""


def _asked(program: str) -> float:
    """Return the number that *program* prints, run by an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return float(done.stdout.split()[-1])


def measure(number: int, rounds: int, records: int) -> list[Line]:
    """Return the lines of the table."""
    found = medians(Subjects(number), rounds)
    calls = max(number, 20)
    loopback = _asked(LOOPBACK.format(tests=str(ROOT / "tests"), calls=calls))
    captured = found["captured"] - found["bare"]
    idle = max(found["idle"] - found["bare"], 0.0)
    chunk = found["chunk"] - found["bare_chunk"]
    lines = [
        Line("context, enter and exit", found["context"], "us", 1 / 10, found["span"], "OTel span"),
        Line(
            "the same, its own tracker made", found["own"], "us", None, found["span"], "OTel span"
        ),
        Line("captured call, added", captured, "us", 1 / 5, found["span"], "OTel span"),
        Line("captured call, added", captured, "us", None, found["call_span"], "OTel gen_ai span"),
        Line("chunk of a captured stream, added", chunk, "us", 2.0),
        Line("idle call, added", idle, "us", 0.02, loopback, "openai call, loopback"),
        Line("import tracker", _asked(IMPORT) * 1000.0, "ms", None),
    ]
    if found["langfuse"] == found["langfuse"]:
        peer = found["langfuse"]
        lines.insert(4, Line("captured call, added", captured, "us", 1.0, peer, "langfuse observe"))
    if records:
        blocks = max(records // 1000, 1)
        program = MEMORY.format(root=str(ROOT), warm=max(blocks // 20, 1), blocks=blocks)
        growth = _asked(program) / MEGABYTE
        lines.append(Line(f"memory growth over {blocks * 1000:,} records", growth, "MiB", 16.0))
    return lines


def main() -> int:
    """Print the table; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="What the tracker costs the observed program.")
    parser.add_argument("--number", type=int, default=400, help="runs in a round")
    parser.add_argument("--rounds", type=int, default=41, help="rounds of each subject")
    parser.add_argument("--records", type=int, default=1_000_000, help="records for the memory")
    parser.add_argument("--report-only", action="store_true", help="exit 0 whatever is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AI_USAGE_DATABASE"] = str(Path(folder, "usage.db"))
        os.environ["AI_USAGE_SPOOL"] = str(Path(folder, "spool.db"))
        os.environ["LANGFUSE_TRACING_ENABLED"] = "true"
        lines = measure(options.number, options.rounds, options.records)
        print(f"{'':46}{'ours':>9} {'':3} {'peer':>9} {'':35}{'ratio':>8} {'goal':>9}")
        for line in lines:
            print(line)
        from tracker.delivery import writer

        writer.finish()
    missed = sum(not line.passes() for line in lines)
    print(f"{missed} goals missed" if missed else "all goals reached")
    return 1 if missed and not options.report_only else 0


if __name__ == "__main__":
    sys.exit(main())
