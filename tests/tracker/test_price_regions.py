"""Where a call is processed, as far as that has a price of its own: by what the lists say."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tracker.cli.main import cli
from tracker.context.state import BLANK
from tracker.pricing import litellm_file
from tracker.pricing import quote as quoting
from tracker.pricing.quote import Served, quote
from tracker.pricing.regions import SEVERAL, factor, region_of
from tracker.records.builder import metric_of
from tracker.records.metric import Call, Usage
from tracker.records.pending_record import opened
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tracker import Metric

DAY = datetime(2026, 11, 20, tzinfo=UTC)
USAGE = Usage(100_000, 0, 100_000)
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"


def entry(provider: str, rate: float, **more: object) -> dict[str, object]:
    """Return an entry of litellm's file."""
    rates = {"input_cost_per_token": rate, "output_cost_per_token": rate}
    return {"litellm_provider": provider, **rates, **more}


LISTED = {
    "gpt-uplifted": entry(
        "openai",
        1e-06,
        regional_processing_uplift_multiplier_eu=1.1,
        regional_processing_uplift_multiplier_us=1.2,
    ),
    "gpt-4o-mini": entry("openai", 1.5e-07),
    "gpt-odd": entry("openai", 1e-06, regional_processing_uplift_multiplier_eu="much"),
    "vertex_ai/claude-sonnet-4-5": entry(
        "vertex_ai-anthropic_models", 1, regional_endpoint_uplift_multiplier=1.1
    ),
    "vertex_ai/gemini-2.5-flash": entry("vertex_ai-language-models", 1),
    f"us-gov.{SONNET}": entry("bedrock_converse", 3.6e-06),
    f"bedrock/us-gov-west-1/{SONNET}": entry("bedrock", 3.7e-06),
    HAIKU: entry("bedrock", 1e-06),
}
OPENAI = "https://api.openai.com/v1"
CACHE = ("cached_tokens", "cache_write_tokens")
EU, US, JP = (f"https://{region}.api.openai.com/v1" for region in ("eu", "us", "jp"))
BEDROCK = "https://bedrock-runtime.{}.amazonaws.com"
GOV = BEDROCK.format("us-gov-west-1")
VERTEX = "https://{}aiplatform.googleapis.com/v1"
SEVERAL_REGIONS = "https://aiplatform.eu.rep.googleapis.com/v1"
CLAUDE = ("anthropic", "claude-sonnet-4-5")
#: Service, model and address; the price by both lists, and by the first alone.
CASES = {
    "a factor of the region": ("openai", "gpt-uplifted", EU, "0.11", None),
    "another one": ("openai", "gpt-uplifted", US, "0.12", None),
    "no region": ("openai", "gpt-uplifted", OPENAI, "0.1", None),
    "a model without a factor": ("openai", "gpt-4o-mini", EU, "0.015", None),
    "an unheard region": ("openai", "gpt-uplifted", JP, None, None),
    "the same, without a factor": ("openai", "gpt-4o-mini", JP, None, None),
    "a factor that is none": ("openai", "gpt-odd", EU, None, None),
    "a model of the first list": ("openai", "gpt-4o", EU, None, None),
    "Vertex, one region": (
        "anthropic",
        "claude-sonnet-4-5",
        VERTEX.format("us-east5-"),
        "0.33",
        None,
    ),
    "Vertex": (*CLAUDE, VERTEX.format(""), "0.3", "0.3"),
    "Vertex, global": (*CLAUDE, VERTEX.format("global-"), "0.3", "0.3"),
    "Vertex, several regions": (*CLAUDE, SEVERAL_REGIONS, None, None),
    "the same, no factor": ("google", "gemini-2.5-flash", SEVERAL_REGIONS, "0.03", None),
    "GovCloud by the model": ("anthropic", f"us-gov.{SONNET}", GOV, "0.36", None),
    "GovCloud by the address": ("anthropic", SONNET, GOV, "0.37", None),
    "not listed for GovCloud": ("anthropic", HAIKU, GOV, None, None),
    "its other region": ("anthropic", SONNET, BEDROCK.format("us-gov-east-1"), None, None),
    "a usual region": ("anthropic", SONNET, BEDROCK.format("us-west-2"), "0.33", "0.33"),
}


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what has litellm's file say so, or be missing; it is missing to begin with."""

    def have(found: Any) -> None:
        quoting._quoted.cache_clear()
        file = None if found is None else litellm_file._File("1.0", found)
        monkeypatch.setattr(litellm_file, "_read", lambda: file)

    have(None)
    yield have
    quoting._quoted.cache_clear()


def price(service: str, model: str, url: str, **conditions: str) -> Any:
    """Return the price of so many tokens, at the address *url*."""
    if "bedrock" in url:
        conditions["requested_model"] = model
    return quote(service, model, USAGE, DAY, batch=False, served=Served({}, conditions, url))


@pytest.mark.parametrize("case", CASES)
def test_prices_of_regions(case: str, litellm: Any) -> None:
    """As litellm's file has them; where it is silent, or missing, there is none, and the reason."""
    service, model, url, by_both, by_first = CASES[case]
    for file, expected in ((LISTED, by_both), (None, by_first)):
        litellm(file)
        found = price(service, model, url)
        assert found.cost == (None if expected is None else Decimal(expected))
        if expected is not None:
            assert found.why is None
            assert ("region=" in found.rule) == (expected != by_first) or url == OPENAI
        elif url != OPENAI:
            assert "in the region" in found.why


@pytest.mark.parametrize("tier", ["flex", "performance", "on_demand", "auto"])
def test_tiers_of_groq(tier: str, litellm: Any) -> None:
    """No list has a price for its flex tier: it is not taken for the ordinary one."""
    model, url = "openai/gpt-oss-120b", "https://api.groq.com/openai/v1"
    litellm({f"groq/{model}": entry("groq", 1.5e-07)})
    found = price("openai", model, url, service_tier=tier)
    if tier in ("on_demand", "auto"):
        assert (found.cost, found.why) == (Decimal("0.015"), None)
    else:
        assert (found.cost, found.why) == (None, f"no list says what it costs in the tier {tier}")


TIERED: dict[str, Any] = {
    # The o-series in batches, say: the file has no rate for what was cached.
    "cached": {"cache_read_input_token_cost": 2e-07},
    "heard": {"input_cost_per_audio_token": 3e-06},
    "heard as told": {
        "input_cost_per_audio_token": 3e-06,
        "input_cost_per_audio_token_TIER": 2e-06,
    },
    "seen": {"input_cost_per_image_token": 1e-06},
    "written": {"cache_creation_input_token_cost": 1.25e-06},
    "thought": {"output_cost_per_reasoning_token": 3e-06},
    "thought as usual": {"output_cost_per_reasoning_token": 1e-06},
    "nothing of it": {"output_cost_per_audio_token": 9e-06, "cache_read_input_token_cost": 2e-07},
}
#: The price of each at a tier of half the rates; None where the file does not tell one.
AT_TIER = {
    "heard as told": "0.095",
    "seen": "0.065",
    "thought as usual": "0.065",
    "nothing of it": "0.065",
}
COUNTS: dict[str, dict[str, float]] = {
    "cached": {"prompt_tokens_details.cached_tokens": 20_000},
    "heard": {"prompt_tokens_details.audio_tokens": 20_000},
    "seen": {"prompt_tokens_details.image_tokens": 20_000},
    "written": {"prompt_tokens_details.cache_write_tokens": 20_000},
    "thought": {"completion_tokens_details.reasoning_tokens": 20_000},
    "nothing": {},
}


@pytest.mark.parametrize("tier", ["flex", "priority", "batches"])
@pytest.mark.parametrize("case", TIERED)
def test_a_tier_without_a_rate_for_a_part_of_the_tokens(case: str, tier: str, litellm: Any) -> None:
    """The part has neither the tier's plain rate nor its usual one: there is no price, and of a
    batch half of the usual one is assumed.  Where both rates are usually one, they are at the tier.
    """
    at_tier = {f"{one}_cost_per_token_{tier}": 5e-07 for one in ("input", "output")}
    more = {name.replace("TIER", tier): rate for name, rate in TIERED[case].items()}
    litellm({"gpt-odd": entry("openai", 1e-06, **at_tier, **more)})
    counts = {"prompt_tokens": 100_000, "completion_tokens": 30_000, **COUNTS[case.split()[0]]}
    cached, written = (counts.get(f"prompt_tokens_details.{name}") for name in CACHE)
    usage = Usage(100_000, 30_000, 130_000, cached, written)  # type: ignore[arg-type]
    is_batch, words = tier == "batches", {} if tier == "batches" else {"service_tier": tier}
    served = Served(counts, words, OPENAI, "completion")
    found = quote("openai", "gpt-odd", usage, DAY, batch=is_batch, served=served)
    expected = AT_TIER.get(case)
    if expected is not None:
        assert (found.cost, found.why) == (Decimal(expected), None)
        assert found.basis == ("batch" if is_batch else "standard")
    elif is_batch:
        usual = quote("openai", "gpt-odd", usage, DAY, batch=False, served=served).cost
        assert usual is not None
        assert (found.cost, found.basis) == (usual / 2, "batch_assumed")
    else:
        assert (found.cost, found.why) == (None, f"no list says what it costs in the tier {tier}")


MANTLE = "https://bedrock-mantle.us-east-1.api.aws/openai/v1"
GOVERNMENT = "https://bedrock-mantle.us-gov-west-1.api.aws/openai/v1"


def test_models_that_bedrock_has_at_its_own_interface_of_openai(litellm: Any) -> None:
    """Their entries have a name of their own, in GovCloud that of the region, too."""
    listed = {
        "bedrock_mantle/xai.odd": entry("bedrock_mantle", 1e-06),
        "bedrock_mantle/us-gov-west-1/xai.odd": entry("bedrock_mantle", 2e-06),
        "bedrock_mantle/xai.here": entry("bedrock_mantle", 3e-06),
    }
    litellm(listed)
    assert price("openai", "xai.odd", MANTLE).cost == Decimal("0.1")
    assert price("openai", "xai.odd", GOVERNMENT).cost == Decimal("0.2")
    assert price("openai", "xai.here", GOVERNMENT).cost is None
    assert price("openai", "xai.nowhere", MANTLE).cost is None
    assert price("openai", "xai.odd", OPENAI).cost is None


def test_factors(litellm: Any) -> None:
    """Only addresses that name a region have one; of those that look alike none is believed."""
    litellm(LISTED)
    assert factor("openai", "gpt-uplifted", None) == 1
    assert factor("openai", "ft:unheard:org::id", "eu") is None
    assert factor("google", "claude-sonnet-4-5", f"{SEVERAL}eu") is None
    assert region_of("groq", "eu.api.openai.com", "x") is None
    assert region_of("openai", None, "us-gov.x") is None
    assert region_of("aws", None, "us-gov.x") == "us-gov"
    assert region_of("openai", "a.eu.api.openai.com", "x") is None


def record(url: str) -> Metric:
    """Return the metric of a call at *url*."""
    home: Any = type("Home", (), {"is_block": False, "state": BLANK})()
    one = opened(home, home, BLANK)
    one.at = DAY.timestamp()
    one.base_url = url
    one.call = Call("openai", "completion", "gpt-uplifted", USAGE)
    return metric_of(one, tags={}, environment="development", default_user="x", priced=True)


def test_what_has_no_price_says_why_and_is_priced_later(tmp_path: Path, litellm: Any) -> None:
    """A record has the region's address, so that ``reprice`` does not take it for the usual one."""
    database = tmp_path / "usage.db"
    metric = record(EU)
    assert metric.metadata["api_host"] == "eu.api.openai.com"
    assert "api_host" not in record(OPENAI).metadata
    with closing(SqliteSink(database)) as sink:
        sink.write([metric])
    arguments = ["--database", str(database)]
    told = CliRunner().invoke(cli, ["unpriced", *arguments, "--format", "json"])
    (row,) = json.loads(told.stdout)
    assert row["reason"] == "no list says what it costs in the region eu"
    litellm(LISTED)
    CliRunner().invoke(cli, ["reprice", *arguments])
    report = CliRunner().invoke(cli, ["report", *arguments, "--format", "json"])
    assert json.loads(report.stdout)[0]["cost_usd"] == "0.11"
