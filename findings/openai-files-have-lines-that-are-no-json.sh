#!/usr/bin/env bash
# What the lines of a downloaded file of batch results are, for the clients of two providers.
#
# Guess: results are JSON lines, and `client.files.content(id).iter_lines()` of openai gives them one by one, as the
#   iterator over `messages.batches.results(id)` of anthropic does.
# Really: `iter_lines` ends a line wherever `str.splitlines` would, and JSON may have three of these characters in a text
#   unescaped: U+0085, U+2028 and U+2029. One answer that quotes a web page makes two lines or more of its result, and
#   none of them is JSON; the character itself is gone. Only LF ends a line in the text and in the bytes, and for
#   anthropic's iterator.
# For us: results are cut at LF where the capture sees their bytes and where a text is handed over, and halves of a line
#   that `iter_lines` gives are put together again.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 httpx2==2.16.2
"$folder/venv/bin/python" -W ignore - <<'PY'
import json

import anthropic
import httpx2
import openai

ANSWERS = ["plain", "next\u0085line", "two\u2028lines", "two\u2029paragraphs", "fed\fa page"]
BATCH = {"id": "b", "type": "message_batch", "processing_status": "ended", "results_url": "http://none/results"}
BODY = "".join(
    json.dumps({"custom_id": str(n), "result": {"type": "errored", "error": {"message": text}}}, ensure_ascii=False)
    + "\n"
    for n, text in enumerate(ANSWERS)
).encode()


def answer(request):
    if request.url.path.endswith("/content") or request.url.path == "/results":
        return httpx2.Response(200, headers={"content-type": "application/jsonl; charset=utf-8"}, content=BODY)
    return httpx2.Response(200, json=BATCH)


def is_json(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


transport = httpx2.MockTransport(answer)
ours = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=transport))
theirs = anthropic.Anthropic(api_key="none", http_client=httpx2.Client(transport=transport))
content = ours.files.content("file")
seen = {
    "openai, iter_lines": [is_json(line) for line in content.iter_lines()],
    "openai, text at LF": [is_json(line) for line in content.text.split("\n")[:-1]],
    "anthropic, results": [one.custom_id == str(n) for n, one in enumerate(theirs.messages.batches.results("b"))],
}
print(f"openai {openai.__version__}, anthropic {anthropic.__version__}: {len(ANSWERS)} results are")
for name, lines in seen.items():
    print(f"  {name}: {len(lines)} lines, {sum(lines)} of them JSON")
assert seen["openai, iter_lines"] == [True, *[False] * 6, True], seen
assert seen["openai, text at LF"] == seen["anthropic, results"] == [True] * 5, seen
PY
