#!/usr/bin/env bash
# What three instrumentations of the anthropic client say of one and the same stream.
#
# Guess: the same; two of them use the same attribute, `gen_ai.usage.output_tokens`, whose meaning is laid down.
# Really: the counts of a `message_delta` are those of the whole message until then. OpenLLMetry adds them up, and what
#   `message_start` told on top: 1, 100 and 150 are 251 output tokens, of an answer that had 150. Its input tokens
#   are those of the start for good, where a server tool made them 30 later. OpenInference and Logfire have 30 and 150,
#   as the client's own final message does. An answer that is not streamed is the same for all three.
# For us: the last count told replaces those before it. Sums by this attribute are no check of ours without asking
#   who wrote it, and prices that a backend makes of it are too high for streams.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0 httpx2==2.16.2 logfire==5.4.0 \
  openinference-instrumentation-anthropic==3.1.0 opentelemetry-instrumentation-anthropic==0.62.4 opentelemetry-sdk==1.45.2
cat >"$folder/ask.py" <<'PY'
import json
import sys
from importlib.metadata import version

import anthropic
import httpx2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5"}
WHOLE = MESSAGE | {"stop_reason": "end_turn", "usage": {"input_tokens": 30, "output_tokens": 150}}
TOLD = [{"input_tokens": 30, "output_tokens": count} for count in (100, 150)]
EVENTS = [
    {"type": "message_start", "message": MESSAGE | {"usage": {"input_tokens": 10, "output_tokens": 1}}},
    *({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage} for usage in TOLD),
    {"type": "message_stop"},
]
STREAM = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
MODULES = {"OpenInference": "openinference.instrumentation.anthropic",
           "OpenLLMetry": "opentelemetry.instrumentation.anthropic"}


def answer(request):
    if json.loads(request.content).get("stream"):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=STREAM)
    return httpx2.Response(200, json=WHOLE)


peer, spans = sys.argv[1], InMemorySpanExporter()
if peer == "Logfire":
    import logfire

    kept = [SimpleSpanProcessor(spans)]
    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=kept)
    logfire.instrument_anthropic()
else:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    module = __import__(MODULES[peer], fromlist=["AnthropicInstrumentor"])
    module.AnthropicInstrumentor().instrument(tracer_provider=provider)
transport = httpx2.Client(transport=httpx2.MockTransport(answer))
messages = anthropic.Anthropic(api_key="none", http_client=transport).messages
ask = {"model": "claude-sonnet-4-5", "max_tokens": 900, "messages": [{"role": "user", "content": "x"}]}


def counts():
    told = {name: value for span in spans.get_finished_spans() for name, value in span.attributes.items()}
    spans.clear()
    names = [("llm.token_count.prompt", "llm.token_count.completion"),
             ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")]
    return [[told[one], told[other]] for one, other in names if one in told][0]


messages.create(**ask)
plain = counts()
for _ in messages.create(**ask, stream=True):
    pass
streamed = counts()
with messages.stream(**ask) as stream:
    usage = stream.get_final_message().usage
final = [usage.input_tokens, usage.output_tokens]
print(peer, "plain", plain, "streamed", streamed, "| final message of anthropic", version("anthropic"), final)
assert plain == final == [30, 150] and streamed == ([10, 251] if peer == "OpenLLMetry" else final)
PY
for peer in OpenInference Logfire OpenLLMetry; do "$folder/venv/bin/python" -W ignore "$folder/ask.py" $peer; done
