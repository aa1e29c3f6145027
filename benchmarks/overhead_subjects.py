"""What is measured of the tracker, and of its peers, in the processor time of this thread.

A *captured call* is a call of the real ``openai`` client whose transport is replaced below
our patch by an answer that is ready, so that nothing but the patch is added.
"""

from __future__ import annotations

import functools
import importlib.util
import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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
