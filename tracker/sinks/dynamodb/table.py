"""The DynamoDB table: how it is reached, what it looks like, and how it is made.

boto3 finds region, endpoint and credentials in its own chain; nothing of them is
kept here.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.errors import SinkError
from tracker.records.clock import steady
from tracker.records.error_text import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_dynamodb import DynamoDBClient

KEYS = ("PK", "SK")
#: Each index with its partition and its sort key.
INDEXES = {
    "by-date": ("byDate", "SK"),
    "by-job": ("byJob", "SK"),
    "by-user": ("byUser", "SK"),
    "by-batch": ("byBatch", "SK"),
    "by-cost": ("byCost", "costUSD"),
}
#: What the indexes carry beside their keys: enough for sums, and no metadata.
PROJECTED = (
    "timestamp",
    "service",
    "model",
    "operation",
    "operationType",
    "jobId",
    "batchId",
    "userId",
    "environment",
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "cachedInputTokens",
    "latencyMs",
    "costUSD",
    "listCostUSD",
    "priceBasis",
    "error",
)
#: Something in the request is wrong, and will be next time.
INVALID = frozenset(
    {
        "ValidationException",
        "SerializationException",
        "ItemCollectionSizeLimitExceededException",
        "RequestEntityTooLarge",
        "413",
        "ParamValidationError",
    }
)
PATIENCE_SECONDS = 600.0
#: That one request may take to begin, and then between two parts of its answer.
CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
DENIED = "AccessDeniedException"
LONGEST_POLL_SECONDS = 2.0

_HINTS = {
    "ResourceNotFoundException": "make it with: ai-usage table create --table {table}",
    DENIED: "the credentials in use need dynamodb:BatchWriteItem, Query, Scan, DescribeTable on it,"
    " and PutItem and UpdateItem for reprice",
    "UnrecognizedClientException": "look at the credentials that boto3 finds",
    "NoCredentialsError": "boto3 finds them in its own chain: environment, profile, or role",
    "NoRegionError": "set AWS_DEFAULT_REGION, or a region in boto3's profile",
}


def connect(*, attempts: int) -> DynamoDBClient:
    """Return boto3's client, which asks *attempts* times before it gives up.

    Raises SinkError if boto3 is missing or finds no region.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise SinkError("boto3 is not installed; pip install 'ai-usage-suite[dynamodb]'") from error
    config = Config(
        retries={"total_max_attempts": attempts, "mode": "standard"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
    try:
        # A session of its own: boto3's default one must not be shared by threads.
        return boto3.session.Session().client("dynamodb", config=config)
    except BotoCoreError as error:
        raise explained(error, "") from error


@contextmanager
def connected(
    table: str, client: DynamoDBClient | None = None, *, attempts: int
) -> Iterator[DynamoDBClient]:
    """Give *client*, or one that is made for it and closed, to what asks about *table*.

    Raises SinkError for what goes wrong with it, and as ``connect`` does.
    """
    own = closing(connect(attempts=attempts)) if client is None else nullcontext(client)
    # Only now: where the library is missing, connect has said so.
    from botocore.exceptions import BotoCoreError, ClientError

    with own as used:
        try:
            yield used
        except (BotoCoreError, ClientError) as error:
            raise explained(error, table) from error


def code_of(error: Exception) -> str:
    """Return the service's code for *error*, or the name of boto3's exception."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        return str(answer.get("Error", {}).get("Code", ""))
    return type(error).__name__


def explained(error: Exception, table: str) -> SinkError:
    """Return *error* as one of ours that names the table and what to do."""
    code = code_of(error)
    hint = _HINTS.get(code, "").format(table=table)
    if code == "ResourceNotFoundException":
        return SinkError(f"there is no DynamoDB table {table!r}; {hint}")
    # A service that finds fault with a value quotes it.
    told = described(error) if code in INVALID else str(error)
    return SinkError(f"DynamoDB table {table!r}: {told}" + (f" ({hint})" if hint else ""))


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is.  ``indexes`` are those of ours that it has, ``missing`` the others."""

    name: str
    status: str
    billing: str
    items: int
    keys: tuple[str, ...]
    indexes: tuple[str, ...]
    missing: tuple[str, ...]
    active: bool

    @property
    def is_ours(self) -> bool:
        """Whether its keys are those that metrics have."""
        return self.keys == KEYS


def describe(client: DynamoDBClient, table: str) -> Table | None:
    """Return what *table* looks like, or None if there is none.  Raises SinkError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found: Any = client.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise explained(error, table) from error
    except BotoCoreError as error:
        raise explained(error, table) from error
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", ())}
    ours = {name for name, keys in INDEXES.items() if _keys(indexes.get(name, {})) == keys}
    statuses = {index.get("IndexStatus", "ACTIVE") for index in indexes.values()}
    return Table(
        name=table,
        status=found["TableStatus"],
        billing=found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        items=found.get("ItemCount", 0),
        keys=_keys(found),
        indexes=tuple(name for name in INDEXES if name in ours),
        missing=tuple(name for name in INDEXES if name not in ours),
        active=found["TableStatus"] == "ACTIVE" and statuses <= {"ACTIVE"},
    )


def check(client: DynamoDBClient, table: str) -> None:
    """Raise SinkError if *table* is not there or has other keys than metrics.

    Credentials that may write and not look are taken at their word.
    """
    try:
        found = describe(client, table)
    except SinkError as error:
        if isinstance(error.__cause__, Exception) and code_of(error.__cause__) == DENIED:
            return
        raise
    if found is None:
        raise SinkError(
            f"there is no DynamoDB table {table!r}; make it with: ai-usage table create"
            f" --table {table}"
        )
    if not found.is_ours:
        raise SinkError(
            f"the DynamoDB table {table!r} has the keys {', '.join(found.keys)} and not PK, SK;"
            " use another name and make it with: ai-usage table create --table NAME"
        )


def create(client: DynamoDBClient, table: str) -> list[str]:
    """Make *table* with its indexes, or what is missing of it, and wait until it can be used.

    Returns what was made ("table" and names of indexes); nothing, if all was there.
    Raises SinkError, also for a table with other keys.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    made: list[str] = []
    try:
        if describe(client, table) is None:
            made += _created(client, table)
        wait_until_active(client, table)
        check(client, table)
        found = describe(client, table)
        for name in found.missing if found else ():
            _add_index(client, table, name)  # DynamoDB makes one at a time
            wait_until_active(client, table)
            made.append(name)
    except (BotoCoreError, ClientError) as error:
        raise explained(error, table) from error
    return made


def wait_until_active(client: DynamoDBClient, table: str) -> None:
    """Wait until *table* and its indexes can be used.  Raises SinkError after ten minutes."""
    deadline = steady() + PATIENCE_SECONDS
    pause = 0.02
    while True:
        found = describe(client, table)
        if found is not None and found.active:
            return
        if steady() > deadline:
            status = found.status if found else "missing"
            raise SinkError(f"the DynamoDB table {table!r} is still {status}")
        time.sleep(pause)
        pause = min(LONGEST_POLL_SECONDS, pause * 2)


def _created(client: Any, table: str) -> list[str]:
    from botocore.exceptions import ClientError

    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=_definitions(list(INDEXES)),
            KeySchema=_schema(KEYS),
            GlobalSecondaryIndexes=[_index(name) for name in INDEXES],
        )
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":
            raise
        return []  # somebody else makes it at this moment
    return ["table", *INDEXES]


def _add_index(client: Any, table: str, name: str) -> None:
    client.update_table(
        TableName=table,
        AttributeDefinitions=_definitions([name]),
        GlobalSecondaryIndexUpdates=[{"Create": _index(name)}],
    )


def _index(name: str) -> dict[str, Any]:
    keys = INDEXES[name]
    projected = [attribute for attribute in PROJECTED if attribute not in keys]
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": projected}
    return {"IndexName": name, "KeySchema": _schema(keys), "Projection": projection}


def _schema(keys: tuple[str, str]) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": k, "KeyType": kind} for k, kind in zip(keys, kinds, strict=True)]


def _definitions(indexes: list[str]) -> list[dict[str, str]]:
    names = dict.fromkeys([*KEYS, *(key for name in indexes for key in INDEXES[name])])
    return [
        {"AttributeName": name, "AttributeType": "N" if name == "costUSD" else "S"}
        for name in names
    ]


def _keys(described: Any) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in described.get("KeySchema", ()))
