"""Prices of a deployment's own, calls without a price, and what a batch block declares."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from runtime_calls import CHAT

from tracker import (
    AIUsageTracker,
    Metric,
    ai_usage_context,
    batch_ai_usage_context,
    record_batch_results,
)
from tracker.cli.main import cli
from tracker.config import settings
from tracker.errors import ConfigurationError
from tracker.pricing.quote import ALL_ZERO, UNPRICED, Served, quote
from tracker.records.builder import _tell_of_batch_prices
from tracker.records.metric import Usage
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

    from tracker.testing import CapturedMetrics

DAY = datetime(2026, 11, 20, tzinfo=UTC)
THOUSAND = Usage(1000, 1000, 2000)


def use(tmp_path: Path, *tables: str) -> Path:
    """Configure a file with one ``[[price]]`` a table, and return it."""
    file = tmp_path / "prices.toml"
    file.write_text("".join(f"[[price]]\n{table}\n" for table in tables))
    settings.configure(prices=file)
    return file


def cost_of(model: str, usage: Usage = THOUSAND, *, batch: bool = False) -> Decimal | None:
    """Return what a call of *model* costs."""
    return quote("openai", model, usage, DAY, batch=batch).cost


@pytest.mark.parametrize(
    ("rates", "cost"),
    [
        ("input = 1\noutput = 3", None),
        ("input = 1\noutput = 3\ncall = 0.01", Decimal("0.01")),
        ("input = 0\noutput = 0", Decimal(0)),
        ("call = 0.01", Decimal("0.01")),
    ],
)
def test_own_prices_of_a_call_that_told_only_zeros(
    rates: str, cost: Decimal | None, tmp_path: Path
) -> None:
    """A rate for tokens gives no price where none are told; one for a call does; free is free."""
    use(tmp_path, f'provider = "openai"\nmodel = "mine"\n{rates}')
    served = Served(operation="completion")
    price = quote("openai", "mine", Usage(0, 0, 0), DAY, batch=False, served=served)
    assert price.cost == cost
    assert price.why == ("all of its counts are 0" if cost is None else None)


def test_a_model_of_one_s_own(tmp_path: Path) -> None:
    """Rates are dollars for a million tokens, exact; the metric names file and version."""
    use(tmp_path, 'provider = "openai"\nmodel = "mine"\ninput = 0.1\noutput = 3')
    price = quote("openai", "mine", THOUSAND, DAY, batch=False)
    assert (price.cost, price.list_cost) == (Decimal("0.0031"), Decimal("0.0031"))
    assert (price.basis, price.source) == ("standard", "prices.toml")
    assert price.version is not None
    assert len(price.version) == 12


def test_other_models_come_from_the_list(tmp_path: Path) -> None:
    """An override adds to the list, and goes before it for its own model."""
    listed = cost_of("gpt-4o-mini")
    use(tmp_path, 'provider = "openai"\nmodel = "gpt-4o"\ninput = 1\noutput = 1')
    assert cost_of("gpt-4o-mini") == listed
    assert cost_of("gpt-4o") == Decimal("0.002")
    assert quote("azure", "gpt-4o", THOUSAND, DAY, batch=False).source != "prices.toml"


def test_exact_names_go_before_patterns(tmp_path: Path) -> None:
    """And then the first entry that holds on the day of the call."""
    use(
        tmp_path,
        'provider = "openai"\nmodel = "m*"\ninput = 1000',
        'provider = "openai"\nmodel = "m-1"\ninput = 1\nuntil = 2026-11-19',
        'provider = "openai"\nmodel = "m-1"\ninput = 2\nfrom = 2026-11-20\nuntil = 2026-11-20',
        'provider = "openai"\nmodel = "m-1"\ninput = 3',
    )
    only_input = Usage(1000, 0, 1000)
    assert cost_of("m-1", only_input) == Decimal("0.002")
    assert cost_of("m-2", only_input) == Decimal(1)
    later = datetime(2026, 11, 21, tzinfo=UTC)
    assert quote("openai", "m-1", only_input, later, batch=False).cost == Decimal("0.003")


@pytest.mark.parametrize(
    ("rates", "usage", "cost"),
    [
        ("input = 10\ncached_input = 1", Usage(1000, 0, cached_input_tokens=400), "0.0064"),
        ("input = 10", Usage(1000, 0, cached_input_tokens=400), "0.01"),
        ("input = 10\ncache_write = 20", Usage(1000, 0, cache_write_tokens=100), "0.011"),
        ("input = 10", Usage(1000), "0.01"),
        ("call = 0.017", Usage(), "0.017"),
        ("call = 0.5\ninput = 10", Usage(1000, 0), "0.51"),
        ("input = 10", THOUSAND, None),
        ("input = 10\noutput = 0", THOUSAND, "0.01"),
        ("input = 10", Usage(), None),
        ("input = 10", Usage(1000, cached_input_tokens=1001), None),
    ],
)
def test_rates(rates: str, usage: Usage, cost: str | None, tmp_path: Path) -> None:
    """Cached and written tokens have rates; what a rate or a count lacks has no price, not 0."""
    use(tmp_path, f'provider = "openai"\nmodel = "mine"\n{rates}')
    assert cost_of("mine", usage) == (None if cost is None else Decimal(cost))


@pytest.mark.parametrize(
    ("rates", "cost", "basis"),
    [
        ("input = 1\noutput = 1", "0.001", "batch_assumed"),
        ("input = 1\noutput = 1\nbatch = 0.25", "0.0005", "batch"),
        ("input = 1\noutput = 1\nbatch_input = 0.1\nbatch_output = 0.2", "0.0003", "batch"),
    ],
)
def test_batch_rates(rates: str, cost: str, basis: str, tmp_path: Path) -> None:
    """A factor, rates of their own, or half where neither is given; the list price stays."""
    use(tmp_path, f'provider = "openai"\nmodel = "mine"\n{rates}')
    price = quote("openai", "mine", THOUSAND, DAY, batch=True)
    assert (price.cost, price.basis) == (Decimal(cost), basis)
    assert price.list_cost == Decimal("0.002")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", r"write one \[\[price\]\]"),
        ("price = 3", r"write one \[\[price\]\]"),
        ("[price]\ninput = 1", r"write one \[\[price\]\]"),
        ("price = [1]", "write it as a table"),
        ("[[price]]\nmodel = 'm'\ninput = 1", "provider = "),
        ("[[price]]\nprovider = 'p'\nmodel = 3\ninput = 1", "model = "),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'", "write input"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\noutput = 1", "write input"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ncall = 1\noutput = 1", "need input"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = '1'", "without quotes"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = -1", "0 or more"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = inf", "0 or more"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = nan", "0 or more"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = true", "0 or more"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = 1\ninptu = 1", "inptu is not known"),
        ("[[price]]\nprovider = 'p'\nmodel = 'm'\ninput = 1\nbatch = 50", "factor"),
        ("[[price]]\nprovider='p'\nmodel='m'\ninput=1\nbatch=0.5\nbatch_input=1", "not both"),
        ("[[price]]\nprovider='p'\nmodel='m'\ninput=1\nbatch_input=1", "together"),
        ("[[price]]\nprovider='p'\nmodel='m'\ninput=1\nfrom='2026-01-01'", "without quotes"),
        ("[[price]]\nprovider='p'\nmodel='m'\ninput=1\nfrom=2026-01-01T00:00:00", "a day"),
        (
            "[[price]]\nprovider='p'\nmodel='m'\ninput=1\nfrom=2026-02-01\nuntil=2026-01-01",
            "before",
        ),
        ("[[price]\n", "not TOML"),
    ],
)
def test_mistakes_are_loud(text: str, advice: str, tmp_path: Path) -> None:
    """The error names the file and says what to write; it comes when the setting is made."""
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=advice) as raised:
        settings.configure(prices=file)
    assert str(file) in str(raised.value)


def test_a_missing_file_is_loud_where_the_first_tracker_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only the environment names it: in the program's own thread, not in ours."""
    settings.reset()
    monkeypatch.setenv("AI_USAGE_PRICES", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        AIUsageTracker()
    file = tmp_path / "latin.toml"
    file.write_bytes(b"\xff")
    monkeypatch.setenv("AI_USAGE_PRICES", str(file))
    with pytest.raises(ConfigurationError, match="not TOML"), ai_usage_context("op"):
        pass
    monkeypatch.delenv("AI_USAGE_PRICES")


def test_embeddings_and_old_requests_have_no_batch_rate() -> None:
    """The list gives the ordinary price for them; half of it is assumed, and said to be."""
    before = datetime(2026, 10, 13, tzinfo=UTC)
    usage = Usage(1000, 0, 1000)
    for model, at in (("text-embedding-3-small", DAY), ("gpt-4o-mini", before)):
        price = quote("openai", model, usage, at, batch=True)
        assert price.basis == "batch_assumed", model
        assert price.list_cost is not None
        assert price.cost == price.list_cost / 2


def reply(**_: object) -> Any:
    """Return a result that no observed client made."""
    usage = SimpleNamespace(prompt_tokens=100, completion_tokens=50, total_tokens=150)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


@pytest.fixture
def warnings_of_batch(caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """Return the warnings about batch prices, which are told anew."""
    _tell_of_batch_prices.cache_clear()
    with caplog.at_level(logging.WARNING, "tracker"):
        yield lambda: [text for text in caplog.messages if "Batch prices" in text]
    _tell_of_batch_prices.cache_clear()


def test_ordinary_calls_at_batch_prices_are_told_once(
    client: openai.OpenAI, metrics: CapturedMetrics, warnings_of_batch: Any
) -> None:
    """What the block declares is booked, the list price is kept, and one warning says so."""
    with batch_ai_usage_context("b"):
        client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    assert [metric.price_basis for metric in metrics] == ["batch", "batch"]
    assert metrics[0].list_cost_usd == 2 * (metrics[0].cost_usd or 0)
    (warning,) = warnings_of_batch()
    assert "list_cost_usd" in warning
    assert metrics[0].metadata["is_batch"] is True


def test_results_that_are_declared_batch_results_are_not_told(
    metrics: CapturedMetrics, warnings_of_batch: Any
) -> None:
    """``is_batch=True`` on a function that makes no ordinary call, and ordinary prices."""
    observed = AIUsageTracker().track_openai_completion(reply)
    observed(is_batch=True)
    observed()
    assert [metric.price_basis for metric in metrics] == ["batch", "standard"]
    assert ["is_batch" in metric.metadata for metric in metrics] == [True, False]
    assert warnings_of_batch() == []


def test_results_of_a_batch_are_not_told(metrics: CapturedMetrics, warnings_of_batch: Any) -> None:
    """They came from the batch API."""
    body = {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 10, "completion_tokens": 2}}
    line = {"custom_id": "a", "response": {"status_code": 200, "body": body}}
    record_batch_results([line], {"id": "batch_1", "completed_at": DAY.timestamp()})
    assert [metric.price_basis for metric in metrics] == ["batch"]
    assert warnings_of_batch() == []


def recorded(tmp_path: Path) -> Path:
    """Return a database with calls of known and unknown prices."""
    database = tmp_path / "usage.db"
    base = Metric(
        id="known",
        service="openai",
        model="gpt-4o-mini",
        operation="completion",
        timestamp=DAY,
        user_id="anna",
        environment="development",
        input_tokens=1000,
        output_tokens=1000,
        cost_usd=Decimal(1),
        list_cost_usd=Decimal(1),
        price_basis="standard",
    )
    none: dict[str, Any] = {"cost_usd": None, "list_cost_usd": None, "price_basis": "unpriced"}
    mine = replace(base, model="mine", **none)
    tokenless = {"input_tokens": None, "output_tokens": None, **none}
    sink = SqliteSink(database)
    sink.write(
        [
            base,
            replace(mine, id="a"),
            replace(mine, id="b", metadata={"is_batch": True}),
            replace(base, id="p", service="google_places", model="unknown", **tokenless),
            replace(base, id="failed", error="TimeoutError", **tokenless),
        ]
    )
    sink.close()
    return database


def run(*arguments: str) -> Any:
    """Run ``ai-usage``."""
    return CliRunner().invoke(cli, list(arguments))


def test_unpriced_lists_them(tmp_path: Path) -> None:
    """By model, with the reason; failures that told no tokens are left out; status 1."""
    result = run("unpriced", "--database", str(recorded(tmp_path)), "--format", "json")
    assert result.exit_code == 1
    found = {row["model"]: row for row in json.loads(result.stdout)}
    assert found.keys() == {"mine", "unknown"}
    assert (found["mine"]["calls"], found["mine"]["reason"]) == (2, "no price")
    assert (found["mine"]["input_tokens"], found["mine"]["first"]) == (2000, "2026-11-20")
    assert found["unknown"]["reason"] == "no tokens"


@pytest.mark.parametrize("form", ["table", "csv"])
def test_unpriced_in_other_formats(form: str, tmp_path: Path) -> None:
    """Each group is a line below the head."""
    result = run("unpriced", "--database", str(recorded(tmp_path)), "--format", form)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("service")
    assert len(lines) == 3


def test_reprice_and_then_nothing_is_unpriced(tmp_path: Path) -> None:
    """Prices of one's own price what was recorded before, batch results at batch prices."""
    database = recorded(tmp_path)
    file = tmp_path / "prices.toml"
    mine = '[[price]]\nprovider = "openai"\nmodel = "mine"\ninput = 1\noutput = 1\n'
    file.write_text(mine)
    result = run("reprice", "--database", str(database), "--prices", str(file))
    assert result.exit_code == 1
    assert result.stdout == "2 calls priced, 1 still without a price\n"
    more = tmp_path / "more.toml"
    more.write_text(f'{mine}[[price]]\nprovider = "google_places"\nmodel = "*"\ncall = 0.017\n')
    assert run("reprice", "--database", str(database), "--prices", str(more)).exit_code == 0
    result = run("unpriced", "--database", str(database))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "every call" in result.stderr
    report = run("report", "--database", str(database), "--by", "model", "--format", "json")
    costs = {row["model"]: row["cost_usd"] for row in json.loads(report.stdout)}
    assert costs == {"mine": "0.003", "unknown": "0.017", "gpt-4o-mini": "1.00"}


@pytest.mark.parametrize("command", ["unpriced", "reprice"])
@pytest.mark.parametrize("kind", ["missing", "foreign", "prices"])
def test_files_that_cannot_be_used(command: str, kind: str, tmp_path: Path) -> None:
    """Status 2, and a message that names the file."""
    wrong = tmp_path / "wrong"
    arguments = [command, "--database", str(wrong)]
    if kind == "foreign":
        wrong.write_bytes(b"something else" * 100)
    if kind == "prices":
        arguments = ["reprice", "--database", str(recorded(tmp_path)), "--prices", str(wrong)]
    result = run(*arguments)
    assert result.exit_code == 2
    assert str(wrong) in result.stderr


def test_a_failed_call_is_not_priced(tmp_path: Path, metrics: CapturedMetrics) -> None:
    """Nobody knows whether it was billed: not even where a call as such has a price."""
    use(tmp_path, 'provider = "openai"\nmodel = "*"\ncall = 1')
    tracker = AIUsageTracker()

    def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        tracker.track_openai_completion(fail)()
    tracker.track_openai_completion(reply)()
    assert [metric.cost_usd for metric in metrics] == [None, Decimal(1)]
    assert quote("openai", None, Usage(), DAY, batch=False).cost == 1
    settings.reset()
    assert quote("openai", None, Usage(), DAY, batch=False) is UNPRICED


PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()


def test_the_page_of_settings_names_all() -> None:
    """Each choice of a deployment has its line, under the name of its variable."""
    lines = set(re.findall(r"^\| `(AI_USAGE_\w+)` \|", PAGE, re.MULTILINE))
    chosen = {f"AI_USAGE_{field.name.upper()}" for field in fields(settings.Settings)}
    assert chosen <= lines


def test_the_prices_of_the_page_hold(tmp_path: Path) -> None:
    """What stands there can be copied."""
    (table,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "prices.toml"
    file.write_text(table)
    settings.configure(prices=file)
    place = quote("google_places", "details", Usage(), DAY, batch=False)
    assert (place.cost, place.source) == (Decimal("0.017"), "prices.toml")
    served = Served(base_url="https://llm.example.com/v1", conditions={"service_tier": "flex"})
    call = quote("openai", "gpt-4o", THOUSAND, DAY, batch=False, served=served)
    assert (call.cost, call.source) == (Decimal("0.0125"), "prices.toml")


def test_the_reasons_of_the_page() -> None:
    """It tells of each by the words that the command prints."""
    assert f"`{ALL_ZERO}`" in PAGE
    assert all(f"`{reason}`" in PAGE for reason in ("no price", "no tokens", "unknown endpoint"))
