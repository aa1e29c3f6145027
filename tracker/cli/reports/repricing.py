"""Pricing the calls of other stores than the embedded one that had no price: lines, and items.

Programs may append to a file of lines at any moment, so it is never written to: a new one is.  An
item is changed only where it still has no price, whoever writes it meanwhile.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.sources.dynamodb import ATTEMPTS, READERS, row_of_item
from tracker.cli.reports.sources.jsonl import LONGEST_LINE, row_of_line
from tracker.cli.reports.unpriced import NEEDED, New, priced
from tracker.errors import SinkError
from tracker.sinks.dynamodb.item import cost_partition, typed
from tracker.sinks.dynamodb.table import code_of, connected
from tracker.sinks.user_files import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader
    from pathlib import Path
    from typing import BinaryIO

    from types_boto3_dynamodb import DynamoDBClient


def new_price(row: Mapping[str, object]) -> New | None:
    """Return what *row*, by column, costs by now; None if nobody knows, or if it has a price."""
    return priced(tuple(row.get(name) for name in NEEDED)) if is_without(row) else None


def is_without(row: Mapping[str, object]) -> bool:
    """Return whether *row* is a call that lacks a price, as ``unpriced`` lists them."""
    failed = row.get("error") is not None and row.get("input_tokens") is None
    return row.get("cost_picodollars") is None and not failed


def reprice_lines(path: Path, into: Path) -> tuple[int, int]:
    """Write the lines of *path* to the new file *into*, with prices; return as ``reprice`` does.

    All other lines are copied as they are.  Raises FileNotFoundError if there is no *path*, and
    SinkError if *into* is there already or a file cannot be used; then *into* is not made.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    handle = _opened_new(into)
    try:
        with path.open("rb") as given, os.fdopen(handle, "wb") as written:
            found = _rewritten(given, written)
            written.flush()
            os.fsync(written.fileno())
    except BaseException as error:
        into.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SinkError(f"cannot write {into}: {error.strerror}") from error
        raise
    return found


def _opened_new(path: Path) -> int:
    """Return the handle of the file *path*, which was not there.  Raises SinkError."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError as error:
        raise SinkError(f"{path} is there already: name a file that is not") from error
    except OSError as error:
        raise SinkError(f"cannot write {path}: {error.strerror}") from error


def _rewritten(given: BufferedReader, written: BinaryIO) -> tuple[int, int]:
    """Copy lines; return of how many records the price is known now, and of how many it is not."""
    known: dict[str, bool] = {}
    is_whole = True
    while line := given.readline(LONGEST_LINE):
        # A piece of a line that is too long for one of ours is copied, and no more.
        is_one = is_whole and (line.endswith(b"\n") or len(line) < LONGEST_LINE)
        is_whole = line.endswith(b"\n")
        row = row_of_line(line, len(known)) if is_one and line.strip() else None
        if row is not None and is_without(row):
            said = json.loads(line)
            # A log_file has no prices, and neither the ids nor the counts to find them.
            price = new_price(row) if "price_basis" in said and "id" in said else None
            if price is not None:
                line = _with_price(said, price)
            row_id = str(row["id"])
            known[row_id] = known.get(row_id, False) or price is not None
        written.write(line)
    return sum(known.values()), len(known) - sum(known.values())


def _with_price(said: dict[str, object], price: New) -> bytes:
    said |= {
        "cost_usd": float(price.cost),
        "list_cost_usd": float(price.list_cost),
        "price_basis": price.basis,
        "price_source": price.source,
        "price_version": price.version,
        "price_rule": price.rule,
    }
    return f"{json.dumps(said, ensure_ascii=False)}\n".encode("utf-8", "replace")


def reprice_table(table: str, client: DynamoDBClient | None = None) -> tuple[int, int]:
    """Price the items of *table* that can be priced by now; return as ``reprice`` does.

    Raises SinkError if the table cannot be read or changed.
    """
    with connected(table, client, attempts=ATTEMPTS) as used:
        return _repriced(used, table)


def _repriced(client: Any, table: str) -> tuple[int, int]:
    def work(segment: int) -> tuple[int, int]:
        number = left = 0
        pages = client.get_paginator("scan").paginate(
            TableName=table,
            Segment=segment,
            TotalSegments=READERS,
            ConsistentRead=True,
            FilterExpression="attribute_not_exists(costUSD)",
        )
        for page in pages:
            for item in page["Items"]:
                row = row_of_item(item, 0)
                if row is None or "id" not in item or not is_without(row):
                    continue
                # Of a batch's result nothing but the metadata says so.
                price = None if "metadataDropped" in item else new_price(row)
                if price is None or not _is_changed(client, table, item, price):
                    left += 1
                else:
                    number += 1
        return number, left

    with ThreadPoolExecutor(READERS) as readers:
        found = list(readers.map(work, range(READERS)))
    return sum(number for number, _ in found), sum(left for _, left in found)


def _is_changed(client: Any, table: str, item: Any, price: New) -> bool:
    """Set the price of *item*, with its place in the index by cost; return whether it is there.

    One that has got a price meanwhile, or is gone, stays as it is.
    """
    from botocore.exceptions import ClientError

    values: dict[str, object] = {
        "costUSD": price.cost,
        "listCostUSD": price.list_cost,
        "priceBasis": price.basis,
        "priceSource": price.source,
        "priceVersion": price.version,
        "priceRule": price.rule,
        "byCost": cost_partition(item["timestamp"]["S"], item["id"]["S"]),
    }
    told = {name: value for name, value in values.items() if value is not None}
    try:
        client.update_item(
            TableName=table,
            Key={name: item[name] for name in ("PK", "SK")},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in told),
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(costUSD)",
            ExpressionAttributeNames={f"#{name}": name for name in told},
            ExpressionAttributeValues={f":{name}": typed(value) for name, value in told.items()},
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True
