"""What calls cost by all that they are billed for, and which rule of which list said so."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from loopback import message_object, response_object
from many_cases import each_of
from runtime_calls import CHAT, MESSAGE

from benchmarks.price_lists import Genai, Litellm
from benchmarks.prices import pairs
from tracker import Metric, ai_usage_context, configure
from tracker.cli.main import cli
from tracker.config import settings
from tracker.errors import ConfigurationError
from tracker.instrumentation.providers.usage import usage_in
from tracker.pricing import hosts, litellm_file
from tracker.pricing import quote as quoting
from tracker.pricing.hosts import host_of, provider_at
from tracker.pricing.quantities import SAME_FOR_ALL
from tracker.pricing.quote import UNPRICED, Served, quote
from tracker.records.counts import conditions_in, counts_in
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai
    from loopback import LoopbackServer

    from tracker.records.metric import Price
    from tracker.testing import CapturedMetrics

DAY = datetime(2026, 11, 20, tzinfo=UTC)
AZURE = "https://mine.openai.azure.com/openai"
BEDROCK = "https://bedrock-runtime.eu-central-1.amazonaws.com"
ROUTER = "https://openrouter.ai/api/v1"
CHAT_USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
MESSAGES = {"input_tokens": 1000, "output_tokens": 100}
HOUR = {
    "cache_creation_input_tokens": 1000,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1000},
}
COMPACTED = {"iterations": [{"type": "compaction", "input_tokens": 5000, "output_tokens": 500}]}
#: An extract of litellm's file, laid out as its package is when it is installed.
LITELLM = Path(__file__).with_name("prices_of_litellm")
DETAILED = counts_in(
    {
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "input_tokens": 1,
        "output_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 1, "image_tokens": 1},
        "output_tokens_details": {"audio_tokens": 1, "image_tokens": 1},
        "cache_creation_input_tokens": 1,
        "iterations": [{"type": "compaction", "input_tokens": 1, "output_tokens": 1}],
    }
)
MODELS = frozenset(("gpt-5.6-sol", "gpt-5", "gpt-4.1", "claude-opus-4-8", "claude-sonnet-4-5"))


def price(
    service: str,
    model: str,
    usage: dict[str, Any],
    base_url: str | None = None,
    operation: str = "completion",
    *,
    batch: bool = False,
    **words: str,
) -> Price:
    """Return the price of a call that told *usage* and *words*."""
    conditions = conditions_in(usage) | words
    served = Served(counts_in(usage), conditions, base_url, operation)
    return quote(service, model, usage_in(usage), DAY, batch=batch, served=served)


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have litellm's price file installed."""
    monkeypatch.syspath_prepend(LITELLM)
    for cache in (litellm_file._read, quoting._quoted):
        cache.cache_clear()
    yield
    monkeypatch.undo()
    for cache in (litellm_file._read, quoting._quoted):
        cache.cache_clear()


@pytest.fixture
def no_gateways() -> Iterator[None]:
    """Have the servers of tests be nobody's."""
    configure(gateways=())
    yield
    settings.reset()


ROWS = {
    "cache for an hour": ("anthropic", "claude-sonnet-4-5", MESSAGES | HOUR, {}, "0.0105"),
    "cache_write_tokens": (
        *("openai", "gpt-5.6-sol"),
        CHAT_USAGE | {"prompt_tokens_details": {"cache_write_tokens": 800}},
        {},
        "0.0068",
    ),
    "flex": ("openai", "gpt-5", CHAT_USAGE, {"service_tier": "flex"}, "0.001125"),
    "priority": ("openai", "gpt-5", CHAT_USAGE, {"service_tier": "priority"}, "0.0045"),
    "fast tier": ("openai", "gpt-5", CHAT_USAGE, {"service_tier": "fast"}, "0.0045"),
    "default tier": ("openai", "gpt-5", CHAT_USAGE, {"service_tier": "default"}, "0.00225"),
    "fast mode": ("anthropic", "claude-opus-4-8", MESSAGES | {"speed": "fast"}, {}, "0.015"),
    "geography": (
        "anthropic",
        "claude-opus-4-8",
        MESSAGES | {"inference_geo": "us"},
        {},
        "0.00825",
    ),
    "audio of a chat": (
        *("openai", "gpt-audio"),
        CHAT_USAGE
        | {
            "prompt_tokens_details": {"audio_tokens": 500},
            "completion_tokens_details": {"audio_tokens": 60},
        },
        {},
        "0.02149",
    ),
    "audio of a transcription": (
        *("openai", "gpt-4o-transcribe"),
        {"input_tokens": 100, "output_tokens": 50, "input_token_details": {"audio_tokens": 90}},
        {},
        "0.001065",
    ),
    "images": (
        *("openai", "gpt-image-1"),
        {"input_tokens": 100, "output_tokens": 1000, "input_tokens_details": {"image_tokens": 60}},
        {},
        "0.0408",
    ),
    "searches of Anthropic's": (
        *("anthropic", "claude-opus-4-8"),
        MESSAGES | {"server_tool_use": {"web_search_requests": 3}, "inference_geo": "us"},
        {},
        "0.03825",  # the factor of the geography is one of tokens
    ),
    "compaction": (
        *("anthropic", "claude-opus-4-8"),
        MESSAGES
        | {"iterations": [{"type": "compaction", "input_tokens": 5000, "output_tokens": 500}]},
        {},
        "0.045",
    ),
    "an adviser of another model": (
        *("anthropic", "claude-haiku-4-5"),
        MESSAGES
        | {
            "iterations": [
                {"type": "message", **MESSAGES},
                {"type": "advisor_message", "model": "claude-opus-4-8", **MESSAGES},
            ]
        },
        {},
        "0.009",
    ),
    "seconds": ("openai", "whisper-1", {"type": "duration", "seconds": 60}, {}, "0.006"),
    "characters": ("openai", "tts-1", {"characters": 1000}, {}, "0.015"),
    "prefix": ("openai", "openai/gpt-4o-mini", CHAT_USAGE, {}, "0.00021"),
    "fine-tuned": ("openai", "ft:gpt-4o-mini-2024-07-18:me::1", CHAT_USAGE, {}, "0.00042"),
    "a batch, as the answer says": (
        *("anthropic", "claude-opus-4-8"),
        MESSAGES | {"service_tier": "batch"},
        {},
        "0.00375",
    ),
    "output beside reasoning": (
        *("openai", "gpt-5"),
        CHAT_USAGE | {"total_tokens": 1300, "completion_tokens_details": {"reasoning_tokens": 200}},
        {},
        "0.00425",
    ),
}


@each_of("name", ROWS)
def test_what_is_billed_is_priced(name: str) -> None:
    """Each kind of count and of service at its own rate; list, version and rule are told."""
    service, model, usage, words, right = ROWS[name]
    found = price(service, model, usage, **words)
    assert found.cost == Decimal(right)
    assert (found.source, found.version is not None) == ("genai-prices", True)
    assert found.rule is not None
    for word in words.values():
        assert word in found.rule or word in ("default",)


UNKNOWN = {
    "a tier that the list has not": ("gpt-5", CHAT_USAGE, {"service_tier": "ultrafast"}),
    "a tier that was paid in advance": ("gpt-5", CHAT_USAGE, {"service_tier": "scale"}),
    "flex of a model without": ("gpt-4o", CHAT_USAGE, {"service_tier": "flex"}),
    "a speed without rates": ("gpt-4o", CHAT_USAGE, {"speed": "fast"}),
    "writes for 12 hours": (
        "gpt-5.6-sol",
        CHAT_USAGE
        | {
            "prompt_tokens_details": {
                "cache_write_tokens": 9,
                "cache_write_tokens_details": {"ttl_12h_tokens": 9},
            }
        },
        {},
    ),
    "pictures of a tool": (
        "gpt-5",
        CHAT_USAGE | {"tool_usage": {"image_gen": {"total_tokens": 9}}},
        {},
    ),
    "seconds of a model of tokens": ("gpt-4o", {"seconds": 3}, {}),
    "characters of a model of tokens": ("gpt-4o", {"characters": 3}, {}),
    "audio of a model of texts": (
        "gpt-4o",
        CHAT_USAGE | {"prompt_tokens_details": {"audio_tokens": 5}},
        {},
    ),
    "searches without a rate": ("gpt-3.5-turbo", CHAT_USAGE | {"num_search_queries": 3}, {}),
    "nothing": ("gpt-4o", {}, {}),
    "fine-tuned without rates": ("ft:gpt-4.1-2025-04-14:me::1", CHAT_USAGE, {}),
}


@each_of("name", UNKNOWN)
def test_what_has_no_rate_has_no_price(name: str) -> None:
    """It is None, and neither 0 nor the price of the rest."""
    model, usage, words = UNKNOWN[name]
    found = price("openai", model, usage, **words)
    assert replace(found, why=None) == UNPRICED
    assert (found.why is None) == words.keys().isdisjoint(("service_tier", "speed"))


@pytest.mark.usefixtures("litellm")
def test_the_second_list_fills_gaps() -> None:
    """Where litellm is installed its file is read, and named with its version and its rule."""
    lasting = UNKNOWN["writes for 12 hours"][1]
    tuned = price("openai", "ft:gpt-4.1-2025-04-14:me::1", CHAT_USAGE)
    assert (tuned.cost, tuned.source, tuned.version) == (Decimal("0.0042"), "litellm", "1.110.2")
    assert tuned.rule == "ft:gpt-4.1-2025-04-14"
    assert price("openai", "gpt-5.6-sol", lasting).source == "litellm"
    fast = price("openai", "gpt-6-astra", CHAT_USAGE, service_tier="ultrafast")
    slow = price("openai", "gpt-6-astra", CHAT_USAGE)
    assert fast.source == "litellm"
    assert fast.cost is not None
    assert slow.cost is not None
    assert fast.cost > slow.cost
    assert price("openai", "gpt-4o-mini", CHAT_USAGE).source == "genai-prices"
    pieces = price("openai", "gpt-image-1.5", {"images": 2}, quality="high", size="1024x1024")
    assert (pieces.cost, pieces.rule) == (Decimal("0.266"), "high/1024-x-1024/gpt-image-1.5")
    film = price("openai", "sora-2-pro", {"seconds": 8}, None, "video", size="1792x1024")
    assert (film.cost, film.rule) == (Decimal(4), "sora-2-pro-high-res")
    assert price(
        "openai", "sora-2", {"seconds": 8}, None, "video", size="1280x720"
    ).cost == Decimal("0.8")
    assert price("openai", "no-such-model", CHAT_USAGE) is UNPRICED
    assert price("openai", "gpt-4o-mini", {"seconds": 3}) is UNPRICED


def test_pictures_that_are_not_told_apart() -> None:
    """All that an endpoint of pictures puts out is pictures, though the answer does not say so."""
    usage = {"input_tokens": 1000, "output_tokens": 1000, "images": 1}
    chat = price("openai", "gpt-image-1.5", usage)
    picture = price("openai", "gpt-image-1.5", usage, None, "image")
    assert (chat.cost, picture.cost) == (Decimal("0.015"), Decimal("0.037"))


@pytest.mark.usefixtures("litellm")
def test_ours_is_never_off_from_both() -> None:
    """The short form of ``make prices``: both lists, worked out without our code."""
    found = list(pairs(Genai(), Litellm(LITELLM), MODELS))
    assert len(found) >= 55
    assert [pair.name for pair in found if pair.is_off] == []
    assert {pair.scenario.name for pair in found if pair.is_disputed} == {"web searches"}


NAMES = sorted({name for names in SAME_FOR_ALL.values() for name in names} | DETAILED.keys())


@given(
    st.sampled_from(["gpt-5", "gpt-audio", "gpt-image-1", "whisper-1", "claude-opus-4-8", "x"]),
    st.sampled_from(["openai", "anthropic", "google", "azure", "x"]),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**63 - 1) | st.floats(0, 1e18)),
    st.dictionaries(
        st.sampled_from(["service_tier", "speed", "inference_geo", "size", "quality"]),
        st.sampled_from(["flex", "priority", "batch", "fast", "us", "1x1", "?"]),
    ),
    st.sampled_from([None, "completion", "image", "video", "audio", "decision"]),
    st.booleans(),
)
def test_whatever_is_told_is_no_error(
    model: str,
    service: str,
    counts: dict[str, float],
    words: dict[str, str],
    operation: str | None,
    batch: bool,
) -> None:
    """Counts that contradict one another give no price; none is negative, or absurd."""
    usage = usage_in({name: count for name, count in counts.items() if "." not in name})
    served = Served(counts, words, None, operation)
    found = quote(service, model, usage, DAY, batch=batch, served=served)
    assert found.cost is None or 0 <= found.cost <= quoting.MOST_DOLLARS
    assert (found.cost is None) == (found.basis == "unpriced") == (found.rule is None)


HOSTS = {
    None: "openai",
    "https://api.openai.com/v1/": "openai",
    "https://eu.api.openai.com/v1": "openai",
    AZURE: "azure",
    BEDROCK: "aws",
    ROUTER: "openrouter",
    "https://api.groq.com/openai/v1": "groq",
    "http://127.0.0.1:9/v1": "openai",  # the tests' gateway
    "http://llm.local:8000/v1": None,
    "https://api.openai.com.evil.example/v1": None,
    "https://api.openai.com@evil.example/v1": None,
    "https://evil.example/?api.openai.com": None,
    "http://[::1": None,
    "": "openai",
}


@each_of("url", HOSTS)
def test_whose_prices_hold_where(url: str | None) -> None:
    """A provider's own addresses have its prices; others have none, however they are written."""
    host = None if url is None else host_of(url)
    assert provider_at("openai", host) == HOSTS[url]


def test_a_server_of_one_s_own_has_no_public_price() -> None:
    """Only what it states is booked, and a rule of the user's."""
    local = "http://llm.local:8000/v1"
    assert price("openai", "gpt-4o-mini", CHAT_USAGE, local) is UNPRICED
    stated = price("openai", "gpt-4o-mini", CHAT_USAGE | {"cost": 0.0123}, local)
    assert (stated.cost, stated.source, stated.rule) == (
        *(Decimal("0.0123"), "llm.local:8000"),
        "usage.cost",
    )


def test_the_router_s_own_cost() -> None:
    """OpenRouter's is booked; with a key of one's own, the provider's bill is added."""
    cost = CHAT_USAGE | {"cost": 0.01, "cost_details": {"upstream_inference_cost": 0.25}}
    assert price("openai", "openai/gpt-4o-mini", cost, ROUTER).cost == Decimal("0.01")
    own_key = cost | {"is_byok": True}
    assert price("openai", "openai/gpt-4o-mini", own_key, ROUTER).cost == Decimal("0.26")
    assert price("openai", "openai/gpt-4o-mini", CHAT_USAGE, ROUTER).cost == Decimal("0.00021")
    # At a provider's own address its list is what is billed.
    assert price("openai", "gpt-4o-mini", cost).cost == Decimal("0.00021")


def test_azure_and_bedrock() -> None:
    """An old name of a deployment is an embedding's; the id that was asked for has the region."""
    embedding = {"prompt_tokens": 1000, "total_tokens": 1000}
    assert price("openai", "ada", embedding, AZURE, "embedding").cost == Decimal("0.0001")
    regional = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    found = price("anthropic", "claude-haiku-4-5", MESSAGES, BEDROCK, requested_model=regional)
    assert found.cost == Decimal("0.00165")
    worldwide = regional.replace("eu.", "global.")
    found = price("anthropic", "claude-haiku-4-5", MESSAGES, BEDROCK, requested_model=worldwide)
    assert found.cost == Decimal("0.0015")


def use(tmp_path: Path, text: str) -> None:
    """Configure a file of prices."""
    file = tmp_path / "prices.toml"
    file.write_text(text)
    settings.configure(prices=file)


EVERY_KIND = """
[[price]]
provider = "openai"
model = "mine"
input = 1
output = 10
cached_input = 0.5
cache_write = 2
input_audio = 100
output_audio = 1000
output_reasoning = 20
[price.each]
"tool_usage.web_search.num_requests" = 0.5
pages = 0.25
[[price]]
provider = "openai"
model = "mine"
service_tier = "flex"
input = 0.5
output = 5
[[price]]
provider = "openai"
model = "mine"
host = "llm.*"
input = 0
output = 0
[[price]]
provider = "openai"
model = "pages-only"
[price.each]
pages = 0.25
"""


def test_own_prices_of_every_kind(tmp_path: Path) -> None:
    """Kinds of tokens, whatever else is counted, tiers and hosts; the nearest entry holds."""
    use(tmp_path, EVERY_KIND)
    million = 1_000_000
    usage = {
        "prompt_tokens": 10 * million,
        "completion_tokens": 10 * million,
        "total_tokens": 20 * million,
        "prompt_tokens_details": {
            "cached_tokens": million,
            "cache_write_tokens": 2 * million,
            "audio_tokens": 3 * million,
        },
        "completion_tokens_details": {"audio_tokens": million, "reasoning_tokens": 2 * million},
        "tool_usage": {"web_search": {"num_requests": 2}},
        "pages": 4,
    }
    found = price("openai", "mine", usage)
    assert found.cost == Decimal("0.5") + 4 + 300 + 4 + 1000 + 40 + 70 + 1 + 1
    assert (found.source, found.rule) == ("prices.toml", "openai/mine")
    assert price("openai", "mine", CHAT_USAGE, service_tier="flex").cost == Decimal("0.001")
    assert price("openai", "mine", usage, "http://llm.local/v1").cost == 0
    assert price("openai", "pages-only", {"pages": 2}).cost == Decimal("0.5")
    assert price("openai", "pages-only", CHAT_USAGE) is UNPRICED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("each = 3\ninput = 1", "price.each"),
        ("input = 1\n[price.each]\nn = -1", "each.n"),
        ("input = 1\nhost = 3", "host"),
        ("service_tier = 'flex'", "input"),
    ],
)
def test_mistakes_in_own_prices(tmp_path: Path, text: str, message: str) -> None:
    """They are told with what to write."""
    with pytest.raises(ConfigurationError, match=message):
        use(tmp_path, f'[[price]]\nprovider = "openai"\nmodel = "m"\n{text}')


@pytest.fixture
def claude(server: LoopbackServer) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client."""
    with anthropic.Anthropic(base_url=server.root_url, api_key="no", max_retries=0) as client:
        yield client


def test_from_the_answer_to_the_cost(
    client: openai.OpenAI,
    claude: anthropic.Anthropic,
    server: LoopbackServer,
    metrics: CapturedMetrics,
) -> None:
    """What real clients read of an answer is what is billed, and the record says by which rule."""
    message = message_object("claude-opus-4-8") | {"usage": MESSAGES | COMPACTED}
    response = response_object("gpt-5") | {"service_tier": "priority"}
    search = {
        "type": "web_search_call",
        "id": "1",
        "status": "completed",
        "action": {"type": "search"},
    }
    response["output"] = [search, *response["output"]]
    response["usage"] = response["usage"] | {"input_tokens": 1000, "output_tokens": 100}
    server.answers = {"/v1/messages": message, "/responses": response}
    with ai_usage_context("op"):
        claude.messages.create(**MESSAGE)
        client.responses.create(model="gpt-5", input="x")
    compacted, searched = metrics
    assert compacted.cost_usd == Decimal("0.045")
    assert (compacted.input_tokens, compacted.output_tokens) == (6000, 600)
    assert searched.cost_usd == Decimal("0.0145")
    assert searched.price_rule == "openai/gpt-5 service_tier=priority"


def test_services_that_are_billed_by_the_piece(
    client: openai.OpenAI, metrics: CapturedMetrics
) -> None:
    """Characters that were asked for, seconds that were heard, and tokens of pictures."""
    with ai_usage_context("op"):
        client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 2000)
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
        client.images.generate(model="gpt-image-1", prompt="x")
    spoken, heard, drawn = metrics
    assert (spoken.cost_usd, spoken.counts["characters"]) == (Decimal("0.03"), 2000)
    assert heard.cost_usd == Decimal(str(heard.counts["seconds"])) * Decimal("0.0001")
    assert drawn.cost_usd == (10 * 5 + 40 * 10 + 272 * 40) / Decimal(1_000_000)


@pytest.mark.usefixtures("no_gateways")
def test_a_local_server_is_named_and_priced_later(
    client: openai.OpenAI, metrics: CapturedMetrics, tmp_path: Path
) -> None:
    """Its record has the host and no cost; a rule of the user's prices it by ``reprice``."""
    with ai_usage_context("op"):
        client.chat.completions.create(**CHAT)
    (metric,) = metrics
    assert (metric.cost_usd, metric.price_basis) == (None, "unpriced")
    assert str(metric.metadata["api_host"]).startswith("127.0.0.1:")
    database, file = tmp_path / "usage.db", tmp_path / "prices.toml"
    SqliteSink(database).write([metric])
    assert reprice(database) == "0 calls priced, 1 still without a price\n"
    file.write_text(LOCAL)
    assert reprice(database, "--prices", str(file)) == "1 calls priced, 0 still without a price\n"


LOCAL = """
[[price]]
provider = "openai"
model = "*"
host = "127.*"
input = 1
output = 1
"""


def reprice(database: Path, *options: str) -> str:
    """Run the command and return what it prints."""
    return CliRunner().invoke(cli, ["reprice", "--database", str(database), *options]).stdout


def test_reprice_reads_all_that_was_counted(tmp_path: Path) -> None:
    """What had no price is priced by its counts and its terms, in a file of any version."""
    database = tmp_path / "usage.db"
    metric = Metric(
        *("a", "anthropic", "claude-sonnet-4-5", "completion", DAY, "me", "development"),
        input_tokens=2000,
        output_tokens=100,
        cache_write_tokens=1000,
        counts=counts_in(MESSAGES | HOUR),
    )
    tiered = replace(
        metric,
        id="b",
        service="openai",
        model="gpt-5",
        input_tokens=1000,
        cache_write_tokens=None,
        counts=counts_in(CHAT_USAGE),
        conditions={"service_tier": "flex"},
    )
    SqliteSink(database).write([metric, tiered])
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("UPDATE usage_metrics SET conditions = '[1]', counts = '3' WHERE id = 'c'")
    assert reprice(database) == "2 calls priced, 0 still without a price\n"
    with closing(sqlite3.connect(database)) as opened:
        rows = opened.execute("SELECT cost_usd, price_rule FROM ai_usage ORDER BY id").fetchall()
    assert rows == [
        (0.0105, "anthropic/claude-sonnet-4-5"),
        (0.001125, "openai/gpt-5 service_tier=flex"),
    ]
    assert json.loads(json.dumps(metric.counts)) == metric.counts


def test_bedrock_s_answer_names_no_region(
    server: LoopbackServer, metrics: CapturedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the id that was asked for is kept, and has the price."""
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    server.answers = {"/invoke": message_object("claude-sonnet-4-5") | {"usage": MESSAGES}}
    monkeypatch.setattr("tracker.pricing.hosts.OWN", ((re.compile(r"127\.0\.0\.1"), "aws"),))
    configure(gateways=())
    hosts._provider_at.cache_clear()
    keys = {"aws_access_key": "a", "aws_secret_key": "s", "aws_region": "us-east-1"}
    bedrock = anthropic.AnthropicBedrock(base_url=server.root_url, **keys)
    with bedrock, ai_usage_context("op"):
        bedrock.messages.create(**MESSAGE | {"model": model})
    (metric,) = list(metrics)
    settings.reset()
    hosts._provider_at.cache_clear()
    assert metric.conditions["requested_model"] == model
    assert (metric.model, metric.cost_usd) == ("claude-sonnet-4-5", Decimal("0.00495"))
    assert str(metric.metadata["api_host"]).startswith("127.0.0.1:")
