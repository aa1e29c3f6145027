#!/usr/bin/env bash
# What two DynamoDB servers give back for a number that was not written in its shortest form.
#
# Guess: both are stand-ins of one service, so a number comes back in the service's own form.
# Really: dynalite gives 1.10 back as 1.1, 1e2 as 100 and -0 as 0, and refuses a set that holds 1 and 1.0.
#   moto gives each text back as it came, keys too, and takes the set. Both know that two items whose sort
#   keys are 1 and 1.0 are one.
# For us: a test on moto alone would accept costs that are compared or summed as texts. Amounts are
#   compared as decimals, and what is asserted about stored numbers is asserted on both servers.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.8 'moto[server]==5.2.5'
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts dynalite@4.0.0
cd "$folder"
AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=eu-central-1 \
  "$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import logging
import subprocess

import boto3
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").disabled = True
NUMBERS = ["1.10", "1e2", "-0"]
SERVE = (
    "const s = require('dynalite')({createTableMs: 1});"
    "s.listen(0, '127.0.0.1', () => console.log(s.address().port));"
    "process.stdin.on('end', () => process.exit(0)).resume()"
)


def answers(address):
    client = boto3.client("dynamodb", endpoint_url=address)
    client.create_table(
        TableName="Usage",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName="Usage", WaiterConfig={"Delay": 1})
    got = []
    for number in NUMBERS:
        key = {"pk": {"S": "a"}, "sk": {"N": number}}
        client.put_item(TableName="Usage", Item=key)
        got.append(client.get_item(TableName="Usage", Key=key)["Item"]["sk"]["N"])
    for number in ("1", "1.0"):
        client.put_item(TableName="Usage", Item={"pk": {"S": "b"}, "sk": {"N": number}})
    mine = {":p": {"S": "b"}}
    items = client.query(
        TableName="Usage", KeyConditionExpression="pk = :p", ExpressionAttributeValues=mine
    )["Count"]
    try:
        twice = {"NS": ["1", "1.0"]}
        client.put_item(TableName="Usage", Item={"pk": {"S": "c"}, "sk": {"N": "1"}, "v": twice})
        took = True
    except ClientError:
        took = False
    return got, items, took


with contextlib.redirect_stdout(io.StringIO()):
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
host, port = moto.get_host_and_port()
seen = {"moto 5.2.5": answers(f"http://{host}:{port}")}
moto.stop()
node = subprocess.Popen(["node", "-e", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
seen["dynalite 4.0.0"] = answers(f"http://127.0.0.1:{node.stdout.readline().strip()}")
node.stdin.close()
node.wait()
for name, (got, items, took) in seen.items():
    print(f"{name}: {NUMBERS} come back as {got}; keys 1 and 1.0: {items} item; the set 1, 1.0 taken: {took}")
assert seen["moto 5.2.5"] == (NUMBERS, 1, True), seen
assert seen["dynalite 4.0.0"] == (["1.1", "100", "0"], 1, False), seen
PY
