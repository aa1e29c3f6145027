#!/usr/bin/env bash
# What pynamodb makes of an amount in DynamoDB, whose numbers are decimals of 38 digits.
#
# Guess: a Decimal, as boto3, on which it is built, gives: a float could not hold what the table holds.
# Really: `NumberAttribute` reads numbers as JSON: a fraction is a float. An item that is read, changed elsewhere and saved
#   writes the rounded amount back, without a word, and a sum of three dimes is 0.30000000000000004. It takes no
#   Decimal at all: TypeError. boto3 is as strict the other way: it takes no float. So no value with a fraction can be
#   handed from one to the other.
# For us: costs in the table are decimals, written by boto3; whoever reads them through models of pynamodb
#   needs an attribute class of their own for them, and must not save such an item.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pynamodb==6.1.0 boto3==1.44.8
"$folder/venv/bin/python" - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pynamodb.attributes import NumberAttribute

STORED = "1234567.890123456789"  # dollars, with the twelve places of a token's price
number = NumberAttribute()
read, exact = number.deserialize(STORED), TypeDeserializer().deserialize({"N": STORED})
saved = number.serialize(read)
dimes = sum(number.deserialize("0.1") for _ in range(3))
print("pynamodb", version("pynamodb"), repr(read), "saved as", saved, "| three dimes", dimes, "| boto3", version("boto3"), exact)
assert isinstance(read, float) and saved != STORED and exact == Decimal(STORED) and dimes != 0.3
refused = []
for write in (lambda: number.serialize(exact), lambda: TypeSerializer().serialize(read)):
    try:
        write()
    except TypeError as error:
        refused.append(str(error))
print("  refused:", refused)
assert len(refused) == 2
PY
