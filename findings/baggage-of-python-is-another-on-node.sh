#!/usr/bin/env bash
# What OpenTelemetry's propagators for Python and for Node make of one and the same baggage header.
#
# Guess: W3C baggage has one way to write a blank in a value, %20, and OpenTelemetry's SDKs agree on it; what stands
#   behind a semicolon is a property of the member, no part of its value, and goes along as it came.
# Really: Python's writes a blank as a plus, and reads a plus as a blank; Node's takes a plus for a plus. A user who was
#   sent as "Ada Lovelace" is billed as "Ada+Lovelace" one service on, and an id "a+b" that Node's reads right becomes
#   "a b" in Python. Python's has the properties in the value, and passes them on escaped: one hop later they are
#   part of the value for everybody, in the members of others too.
# For us: our members are read and written by our own codec where OpenTelemetry is installed too, with percent escapes
#   only and a plus read as a blank; the members of others go on as they came, letter by letter.
#
# Needs node and npm, and network access to PyPI and npm.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opentelemetry-api==1.45.2
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  @opentelemetry/core@2.12.1 @opentelemetry/api@1.9.1
cat >"$folder/hop.js" <<'JS'
const api = require("@opentelemetry/api");
const { W3CBaggagePropagator } = require("@opentelemetry/core");
const propagator = new W3CBaggagePropagator();
const hops = JSON.parse(process.argv[2]).map((header) => {
  const context = propagator.extract(api.ROOT_CONTEXT, { baggage: header }, api.defaultTextMapGetter);
  const sent = {};
  propagator.inject(context, sent, api.defaultTextMapSetter);
  return [api.propagation.getBaggage(context).getEntry("user").value, sent.baggage];
});
console.log(JSON.stringify(hops));
JS
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json
import subprocess
from importlib.metadata import version

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

propagator = W3CBaggagePropagator()


def sent(context):
    carrier = {}
    propagator.inject(carrier, context)
    return carrier["baggage"]


def hop(header):
    context = propagator.extract({"baggage": header}, Context())
    return [baggage.get_baggage("user", context), sent(context)]


HEADERS = {
    "sent by Python": sent(baggage.set_baggage("user", "Ada Lovelace", Context())),
    "escaped": "user=Ada%20Lovelace",
    "a plus": "user=a+b",
    "a property": "user=a;seen=1",
}
by_python = [hop(header) for header in HEADERS.values()]
node = subprocess.run(["node", "hop.js", json.dumps(list(HEADERS.values()))], capture_output=True, check=True)
by_node = json.loads(node.stdout)
print("opentelemetry-api", version("opentelemetry-api"), "| header, then value and header sent on, by Python, by Node")
for (name, header), python, other in zip(HEADERS.items(), by_python, by_node, strict=True):
    print(f"  {name}: {header} {python} {other}")
assert HEADERS["sent by Python"] == "user=Ada+Lovelace"
assert [value for value, _ in by_python] == ["Ada Lovelace", "Ada Lovelace", "a b", "a;seen=1"], by_python
assert [value for value, _ in by_node] == ["Ada+Lovelace", "Ada Lovelace", "a+b", "a"], by_node
assert by_python[3][1] == "user=a%3Bseen%3D1" and by_node[3][1] == "user=a;seen=1", (by_python, by_node)
PY
