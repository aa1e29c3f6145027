#!/usr/bin/env bash
# What three frameworks make of a stream whose chunks each tell the counts until then (vLLM does so when it is asked for
# `continuous_usage_stats`), all of the same bytes.
#
# Guess: the counts of the last chunk, 10 and 3, as openai's client gives them on it; or nothing, if they do not expect it.
# Really: LangChain and Pydantic AI add the chunks up: 40 tokens of input and 9 of output, for an answer of 10 and 3, and
#   Pydantic AI prices that. The more pieces an answer is sent in, the more it is said to have used. The Agents SDK takes the
#   last. Nothing in their results tells that there was more than one count.
# For us: a count that is told again replaces the one before, whoever is above the client. Sums of these frameworks
#   are no check of ours behind such a server.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 httpx2==2.16.2 langchain-openai==1.7.4 \
  openai-agents==0.24.0 "pydantic-ai-slim[openai]==2.68.0"
cat >"$folder/ask.py" <<'PY'
import asyncio
import json
import sys
from importlib.metadata import version

import httpx2
import openai


def chunk(choices, count):
    usage = {"prompt_tokens": 10, "completion_tokens": count, "total_tokens": 10 + count}
    known = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    return known | {"choices": choices, "usage": usage}


def choice(text, reason=None):
    return [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}]


CHUNKS = [chunk(choice("a"), 1), chunk(choice("b"), 2), chunk(choice("c", "stop"), 3), chunk([], 3)]
BODY = "".join(f"data: {json.dumps(one)}\n\n" for one in CHUNKS) + "data: [DONE]\n\n"


def client_of(make, http):
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=BODY)
    return make(api_key="none", http_client=http(transport=httpx2.MockTransport(lambda _: answer)))


def asynchronous():
    return client_of(openai.AsyncOpenAI, httpx2.AsyncClient)


def of_langchain():
    from langchain_openai import ChatOpenAI

    client = client_of(openai.OpenAI, httpx2.Client)
    model = ChatOpenAI(model="gpt-4o-mini", api_key="none", client=client.chat.completions, stream_usage=True)
    whole = None
    for piece in model.stream("x"):
        whole = piece if whole is None else whole + piece
    return whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]


async def of_pydantic():
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=asynchronous())))
    async with agent.run_stream("x") as run:
        async for _ in run.stream_text():
            pass
    return run.usage.input_tokens, run.usage.output_tokens


async def of_agents():
    import agents

    agents.set_tracing_disabled(True)
    model = agents.OpenAIChatCompletionsModel("gpt-4o-mini", asynchronous())
    run = agents.Runner.run_streamed(agents.Agent(name="a", model=model), "x")
    async for _ in run.stream_events():
        pass
    return run.context_wrapper.usage.input_tokens, run.context_wrapper.usage.output_tokens


name = sys.argv[1]
seen = of_langchain() if name == "langchain-openai" else asyncio.run(of_agents() if name == "openai-agents" else of_pydantic())
print(name, version(name), "input, output:", seen)
assert seen == ((10, 3) if name == "openai-agents" else (40, 9)), seen
PY
for name in langchain-openai pydantic-ai-slim openai-agents; do "$folder/venv/bin/python" -W ignore "$folder/ask.py" $name; done
