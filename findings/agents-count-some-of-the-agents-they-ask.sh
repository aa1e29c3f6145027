#!/usr/bin/env bash
# What the usage of a run of OpenAI's Agents SDK has of another agent that it asks on its way.
#
# Guess: what a run used is what it cost, other agents included, however they are asked; or the run's own model only.
# Really: it hangs on the way. `agent.as_tool` adds the other's tokens (180 here), a tool that calls `Runner.run` with the same
#   agent does not (30, for the same three requests), nor does a guardrail that asks an agent, which is what guardrails
#   are for. The run's `raw_responses` never have the other's. All requests were sent, and are billed.
# For us: each request is recorded where the client sends it, under the operation that is open there, so that a sum by
#   operation has all of them; the sum of a result's usage is no check of ours.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 httpx2==2.16.2 openai-agents==0.24.0
"$folder/venv/bin/python" - <<'PY'
import asyncio
import json
from importlib.metadata import version

import agents
import httpx2
import openai

agents.set_tracing_disabled(True)
CALL = {"id": "t", "type": "function", "function": {"name": "ask", "arguments": '{"input": "x"}'}}
billed = []


def model(tokens, asks=False):
    def answer(request):
        messages = json.loads(request.content)["messages"]
        is_asking = asks and not any(message["role"] == "tool" for message in messages)
        words = {"content": None, "tool_calls": [CALL]} if is_asking else {"content": "done"}
        billed.append(tokens)
        usage = {"prompt_tokens": tokens - 5, "completion_tokens": 5, "total_tokens": tokens}
        reason = "tool_calls" if is_asking else "stop"
        choice = {"index": 0, "message": {"role": "assistant"} | words, "finish_reason": reason}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
        return httpx2.Response(200, json=body)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return agents.OpenAIChatCompletionsModel("m", openai.AsyncOpenAI(api_key="none", http_client=http))


other = agents.Agent(name="other", model=model(150))


@agents.function_tool
async def ask(input: str) -> str:
    return (await agents.Runner.run(other, input)).final_output


@agents.input_guardrail
async def guard(context, _agent, asked):
    await agents.Runner.run(other, asked, context=context.context)
    return agents.GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)


async def main():
    seen = {}
    for name, more in {
        "as_tool": {"model": model(15, asks=True), "tools": [other.as_tool("ask", "asks")]},
        "Runner in a tool": {"model": model(15, asks=True), "tools": [ask]},
        "guardrail": {"model": model(15), "input_guardrails": [guard]},
    }.items():
        billed.clear()
        run = await agents.Runner.run(agents.Agent(name="asking", **more), "x")
        raw = sum(response.usage.total_tokens for response in run.raw_responses)
        seen[name] = sum(billed), run.context_wrapper.usage.total_tokens, raw
    return seen


seen = asyncio.run(main())
print("openai-agents", version("openai-agents"), "| billed, usage of the run, of its raw responses:", seen)
assert seen == {"as_tool": (180, 180, 30), "Runner in a tool": (180, 30, 30), "guardrail": (165, 15, 15)}, seen
PY
