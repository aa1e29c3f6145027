#!/usr/bin/env bash
# What boto3's `batch_writer` does with items that DynamoDB does not take, and with those of a block that raises.
#
# Guess: what a table gives back as unprocessed, since it is throttled, is sent again after growing pauses, as the service asks
#   for and as boto3 does for all other errors, up to its number of tries; and a `with` block that raises, or a flush that
#   does, leaves nothing behind of which the caller would have to know.
# Really: unprocessed items are sent again at once and for ever: the answer has status 200, so that no retry mode of the
#   client sees it, and a table that stays throttled holds the block and is asked thousands of times a second. A block that
#   raises writes what it had gathered by then. A flush that raises has its items out of the buffer: whoever catches the
#   error and goes on has never written them, and is not told so at the end. And what is sent again goes into one batch with
#   what came meanwhile, so that a newer item of the same key is a duplicate, which the service refuses (the option
#   `overwrite_by_pkeys` keeps it from that).
# For us: the sink calls `batch_write_item` itself, waits between tries, and keeps each item until the table has taken it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.8
"$folder/venv/bin/python" - <<'PY'
import time

import boto3
from boto3.dynamodb.table import BatchWriter
from botocore.config import Config

TRIES = 200
config = Config(retries={"mode": "adaptive", "total_max_attempts": 2})
keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
table = boto3.resource("dynamodb", region_name="us-east-1", config=config, **keys).Table("costs")
client = table.meta.client
sent, slept = [], []


def answering(answer):
    """Have *answer* say what becomes of each batch, which is noted by its keys and values."""

    def batch_write_item(RequestItems):
        puts = [put["PutRequest"]["Item"] for put in RequestItems["costs"]]
        sent.append([(item["key"], item["cost"]) for item in puts])
        return {"UnprocessedItems": answer(RequestItems)}

    sent.clear()
    client.batch_write_item = batch_write_item


def throttled(requests):
    if len(sent) == TRIES:
        raise KeyboardInterrupt
    return requests


def first_fails(requests):
    if len(sent) == 1:
        raise ConnectionError
    return {}


def first_gives_one_back(requests):
    return {"costs": requests["costs"][:1]} if len(sent) == 1 else {}


seen = {}
answering(lambda _: {})
try:
    with table.batch_writer() as writer:
        writer.put_item(Item={"key": 1, "cost": 1})
        raise ValueError
except ValueError:
    seen["the block raised"] = list(sent)

time.sleep = slept.append
answering(throttled)
try:
    with table.batch_writer() as writer:
        writer.put_item(Item={"key": 1, "cost": 1})
except KeyboardInterrupt:
    seen["throttled"] = (len(sent), slept)

answering(first_fails)
with BatchWriter("costs", client, flush_amount=2) as writer:
    for key in range(4):
        try:
            writer.put_item(Item={"key": key, "cost": 1})
        except ConnectionError:
            pass
seen["a flush raised"] = list(sent)

for name, option in (("again", None), ("again by key", ["key"])):
    answering(first_gives_one_back)
    with BatchWriter("costs", client, flush_amount=2, overwrite_by_pkeys=option) as writer:
        for key, cost in ((1, 1), (2, 1), (1, 5)):
            writer.put_item(Item={"key": key, "cost": cost})
    seen[name] = list(sent)

print("boto3", boto3.__version__)
for name, value in seen.items():
    print(f"  {name}: {value}")
assert seen == {
    "the block raised": [[(1, 1)]],
    "throttled": (TRIES, []),
    "a flush raised": [[(0, 1), (1, 1)], [(2, 1), (3, 1)]],
    "again": [[(1, 1), (2, 1)], [(1, 1), (1, 5)]],
    "again by key": [[(1, 1), (2, 1)], [(1, 5)]],
}, seen
PY
