"""Comparison with exports of OpenAI and Anthropic: each known difference is found, and no other."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from many_cases import each_of

from tracker import Metric
from tracker.cli.main import cli
from tracker.cli.reports.invoice.line import canonical
from tracker.cli.reports.invoice.reading import Invoice, read_invoice
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = date(2026, 11, 2)
MODELS = {
    "openai": ("gpt-4o-2024-08-06", "gpt-4o-mini", "text-embedding-3-small"),
    "anthropic": ("claude-sonnet-4-5-20250929", "claude-haiku-4-5"),
}
SHOWN = {
    "claude-sonnet-4-5-20250929": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
}
DAYS = 4
CALLS = 5
#: One call: 1000 tokens in, of which 200 were cached, 100 out, for a fifth of a dollar.
CALL = Metric(
    id="",
    service="openai",
    model="gpt-4o",
    operation="completion",
    timestamp=datetime(2026, 11, 2, 8, tzinfo=UTC),
    user_id="anna",
    environment="production",
    input_tokens=1000,
    output_tokens=100,
    cached_input_tokens=200,
    cost_usd=Decimal("0.2"),
    list_cost_usd=Decimal("0.2"),
    price_basis="standard",
)


def recorded(provider: str) -> list[Metric]:
    """Return the calls of all days and models of *provider*, and of one that is not asked about."""
    found = []
    for name, models in MODELS.items():
        for day in range(DAYS):
            for model in models:
                for n in range(CALLS):
                    at = datetime(2026, 11, 2 + day, 1 + n, tzinfo=UTC)
                    key = f"{name}-{day}-{model}-{n}"
                    found.append(replace(CALL, id=key, service=name, model=model, timestamp=at))
    return found


Told = dict[tuple[int, str], dict[str, Decimal | int]]


def theirs(provider: str) -> Told:
    """Return what *provider* would say of the same calls, by day and model."""
    each: dict[str, Decimal | int] = {
        "cost": Decimal("0.2") * CALLS,
        "input": 800 * CALLS,
        "cached": 200 * CALLS,
        "output": 100 * CALLS,
        "calls": CALLS,
    }
    return {(day, model): dict(each) for day in range(DAYS) for model in MODELS[provider]}


def _seconds(day: int) -> int:
    return int(datetime(2026, 11, 2 + day, tzinfo=UTC).timestamp())


def _pages(buckets: list[dict[str, Any]]) -> str:
    """Return the pages that an API answers, two buckets on each."""
    pages = [{"object": "page", "data": buckets[n : n + 2]} for n in range(0, len(buckets), 2)]
    return json.dumps(pages, default=float)


def openai_costs_json(told: Told) -> str:
    """Costs by line item."""
    return _pages(
        [
            {
                "object": "bucket",
                "start_time": _seconds(day),
                "end_time": _seconds(day + 1),
                "results": [
                    {
                        "object": "organization.costs.result",
                        "amount": {
                            "value": round(sums["cost"] * Decimal(part), 6),
                            "currency": "usd",
                        },
                        "line_item": f"{model}, {kind}",
                        "project_id": None,
                    }
                    for (at, model), sums in told.items()
                    if at == day
                    for kind, part in (("input", "0.5"), ("cached input", "0.1"), ("output", "0.4"))
                ],
            }
            for day in range(DAYS)
        ]
    )


def openai_usage_json(told: Told) -> str:
    """Completions by model."""
    return _pages(
        [
            {
                "object": "bucket",
                "start_time": _seconds(day),
                "results": [
                    {
                        "object": "organization.usage.completions.result",
                        "input_tokens": sums["input"] + sums["cached"],
                        "input_cached_tokens": sums["cached"],
                        "output_tokens": sums["output"],
                        "num_model_requests": sums["calls"],
                        "model": model,
                        "batch": None,
                    }
                    for (at, model), sums in told.items()
                    if at == day
                ],
            }
            for day in range(DAYS)
        ]
    )


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def openai_costs_csv(told: Told) -> str:
    """The dashboard's file of costs."""
    return _csv(
        [
            {
                "start_time": _seconds(day),
                "end_time": _seconds(day + 1),
                "start_time_iso": f"{FIRST + timedelta(days=day)}T00:00:00+00:00",
                "amount_value": sums["cost"],
                "amount_currency": "usd",
                "line_item": f"{model}, input",
                "project_name": "Default",
            }
            for (day, model), sums in told.items()
        ]
    )


def openai_usage_csv(told: Told) -> str:
    """The dashboard's file of completions."""
    return _csv(
        [
            {
                "start_time": _seconds(day),
                "model": model,
                "num_model_requests": sums["calls"],
                "input_tokens": sums["input"] + sums["cached"],
                "output_tokens": sums["output"],
                "input_cached_tokens": sums["cached"],
            }
            for (day, model), sums in told.items()
        ]
    )


def anthropic_costs_json(told: Told) -> str:
    """The cost report by description, in cents."""
    return _pages(
        [
            {
                "starting_at": f"{FIRST + timedelta(days=day)}T00:00:00Z",
                "ending_at": f"{FIRST + timedelta(days=day + 1)}T00:00:00Z",
                "results": [
                    {
                        "currency": "USD",
                        "amount": str(sums["cost"] * 50),
                        "description": f"{model} Usage - {kind} Tokens",
                        "model": model if kind == "Input" else None,
                        "cost_type": "tokens",
                    }
                    for (at, model), sums in told.items()
                    if at == day
                    for kind in ("Input", "Output")
                ],
            }
            for day in range(DAYS)
        ]
    )


def anthropic_usage_json(told: Told) -> str:
    """The usage report by model, one page a line."""
    return "\n".join(
        json.dumps(
            {
                "data": [
                    {
                        "starting_at": f"{FIRST + timedelta(days=day)}T00:00:00Z",
                        "results": [
                            {
                                "uncached_input_tokens": int(sums["input"]) - 30,
                                "cache_creation": {
                                    "ephemeral_1h_input_tokens": 10,
                                    "ephemeral_5m_input_tokens": 20,
                                },
                                "cache_read_input_tokens": sums["cached"],
                                "output_tokens": sums["output"],
                                "model": model,
                                "service_tier": "standard",
                            }
                            for (at, model), sums in told.items()
                            if at == day
                        ],
                    }
                ],
                "has_more": True,
            }
        )
        for day in range(DAYS)
    )


def anthropic_costs_csv(told: Told) -> str:
    """The console's file of costs, which shows names of models."""
    return _csv(
        [
            {
                "usage_date_utc": str(FIRST + timedelta(days=day)),
                "model": SHOWN[model],
                "workspace": "Default",
                "token_type": kind,
                "cost_usd": sums["cost"] / 2,
                "cost_type": "token",
            }
            for (day, model), sums in told.items()
            for kind in ("input", "output")
        ]
    )


def anthropic_usage_csv(told: Told) -> str:
    """The console's file of tokens."""
    return _csv(
        [
            {
                "usage_date_utc": str(FIRST + timedelta(days=day)),
                "model_version": model,
                "usage_type": "standard",
                "usage_input_tokens_no_cache": int(sums["input"]) - 30,
                "usage_input_tokens_cache_write_5m": 20,
                "usage_input_tokens_cache_write_1h": 10,
                "usage_input_tokens_cache_read": sums["cached"],
                "usage_output_tokens": sums["output"],
                "web_search_count": 0,
            }
            for (day, model), sums in told.items()
        ]
    )


FORMS: dict[str, tuple[str, Callable[[Told], str], Callable[[Told], str]]] = {
    "openai json": ("openai", openai_costs_json, openai_usage_json),
    "openai csv": ("openai", openai_costs_csv, openai_usage_csv),
    "anthropic json": ("anthropic", anthropic_costs_json, anthropic_usage_json),
    "anthropic csv": ("anthropic", anthropic_costs_csv, anthropic_usage_csv),
}


def compare(folder: Path, ours: list[Metric], *texts: str, options: tuple[str, ...] = ()) -> Any:
    """Run ``ai-usage compare`` on records and exports."""
    database = folder / "usage.db"
    with closing(SqliteSink(database)) as sink:
        sink.write(ours)
    arguments = ["compare", "--database", str(database), "--format", "json", *options]
    for number, text in enumerate(texts):
        place = folder / f"invoice-{number}"
        place.write_text(text, encoding="utf-8", newline="")
        arguments += ["--invoice", str(place)]
    return CliRunner().invoke(cli, arguments)


def verdicts(result: Any) -> dict[tuple[str, str], str]:
    """Return what is said of each day and model that parts."""
    assert result.exit_code in (0, 1), result.output
    return {(row["day"], row["model"]): row["verdict"] for row in json.loads(result.stdout)}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_calls_are_the_same(form: str, tmp_path: Path) -> None:
    """Costs, usage, and both together, whatever snapshots and names of models are called."""
    provider, costs, usage = FORMS[form]
    told = theirs(provider)
    for texts in ((costs(told),), (usage(told),), (costs(told), usage(told))):
        result = compare(tmp_path, recorded(provider), *texts, options=("--all",))
        found = verdicts(result)
        assert set(found.values()) == {"the same"}, result.stdout
        assert (len(found), result.exit_code) == (DAYS * len(MODELS[provider]), 0)
        assert "both sides say the same" in result.stderr


def test_pages_may_be_lines_of_json(tmp_path: Path) -> None:
    """A line ends where its page does, whatever signs are in the name of a project."""
    pages = json.loads(openai_costs_json(theirs("openai")))
    for page in pages:
        for bucket in page["data"]:
            for found in bucket["results"]:
                found["project_name"] = "one\u2028two\x85"
    text = "".join(json.dumps(page, ensure_ascii=False) + "\r\n" for page in pages)
    result = compare(tmp_path, recorded("openai"), text, options=("--all",))
    assert set(verdicts(result).values()) == {"the same"}, result.output


@pytest.mark.parametrize("form", FORMS)
def test_each_difference_is_found(form: str, tmp_path: Path) -> None:
    """On its day and model, with what it is of, and nowhere else."""
    provider, costs, usage = FORMS[form]
    told = theirs(provider)
    ours = {one.id: one for one in recorded(provider)}
    first, second = MODELS[provider][:2]
    names = [canonical(model) for model in (first, second)]
    days = [str(FIRST + timedelta(days=day)) for day in range(DAYS)]

    def change(day: int, model: str, **changes: Any) -> None:
        for n in range(CALLS):
            key = f"{provider}-{day}-{model}-{n}"
            ours[key] = replace(ours[key], **changes)

    for n in range(CALLS):
        del ours[f"{provider}-0-{first}-{n}"]
    del told[(0, second)]
    del ours[f"{provider}-1-{first}-0"]
    told[(1, second)]["cost"] *= Decimal("1.05")
    change(2, first, cost_usd=Decimal("0.1"), price_basis="batch_assumed")
    change(2, second, cost_usd=None, list_cost_usd=None, price_basis="unpriced")
    told[(3, first)]["output"] = 90 * CALLS
    told[(3, second)]["cost"] *= Decimal("1.008")  # no difference that one has to know of
    result = compare(tmp_path, list(ours.values()), costs(told), usage(told))
    assert verdicts(result) == {
        (days[0], names[0]): "not recorded here",
        (days[0], names[1]): "not in the invoice",
        (days[1], names[0]): "tokens differ",
        (days[1], names[1]): "prices differ",
        (days[2], names[0]): "booked at batch prices, billed in full",
        (days[2], names[1]): "some have no price here",
        (days[3], names[0]): "tokens differ",
    }
    assert result.exit_code == 1
    exact = compare(
        tmp_path, list(ours.values()), costs(told), usage(told), options=("--tolerance", "0.1")
    )
    assert verdicts(exact)[(days[3], names[1])] == "prices differ"


def test_both_sides_stand_beside_each_other(tmp_path: Path) -> None:
    """Costs, tokens and calls of each, and the difference; a table shows what parts only."""
    told = theirs("openai")
    told[(1, "gpt-4o-mini")]["cost"] = Decimal("1.5")
    texts = openai_costs_json(told), openai_usage_json(told)
    (row,) = json.loads(compare(tmp_path, recorded("openai"), *texts).stdout)
    assert (row["their_cost_usd"], row["our_cost_usd"]) == ("1.50", "1.00")
    assert (row["difference_usd"], row["their_calls"], row["our_calls"]) == ("-0.50", 5, 5)
    assert (row["their_input_tokens"], row["our_input_tokens"]) == (5000, 5000)
    table = compare(tmp_path, [], *texts, options=("--format", "table"))
    assert table.stdout.splitlines()[0].split()[:3] == ["day", "(UTC)", "provider"]
    assert table.stdout.splitlines()[1].endswith("prices differ")


def test_costs_without_models_are_compared_by_day(tmp_path: Path) -> None:
    """A costs export that is not grouped has one sum a day."""
    buckets = [
        {
            "start_time": _seconds(day),
            "results": [
                {
                    "object": "organization.costs.result",
                    "amount": {"value": 3.0 if day else 2.0, "currency": "usd"},
                    "line_item": None,
                }
            ],
        }
        for day in range(DAYS)
    ]
    result = compare(tmp_path, recorded("openai"), json.dumps({"data": buckets}))
    assert verdicts(result) == {(str(FIRST), "(all)"): "prices differ"}


def test_days_without_calls_are_days_of_the_invoice(tmp_path: Path) -> None:
    """An export that says nothing of any call names no provider; failures are in none."""
    unknown = replace(CALL, cost_usd=None, input_tokens=None, output_tokens=None)
    failed = replace(unknown, id="f", error="boom")
    billed = replace(CALL, id="b", timestamp=CALL.timestamp + timedelta(days=1))
    told: Told = {}
    result = compare(tmp_path, [failed, billed], openai_costs_json(told))
    assert verdicts(result) == {}
    # An empty export names no provider: nobody knows whose calls would be missing in it.
    assert "both sides say the same of 0" in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "{}",
        "[1, 2]",
        '{"data": [{"results": [{"object": "x"}], "start_time": 1}]}',
        '{"data": [{"results": []}]}',
        '{"data": [{"start_time": "x", "results": []}]}',
        "[" * 100_000,
        "usage_date_utc,model,cost_usd\nyesterday,m,1\n",
        "usage_date_utc,model,cost_usd\n2026-11-02,m,lots\n",
        "usage_date_utc,model,cost_usd\n2026-11-02,m,1E+999999\n",
        "start_time,amount_value,amount_currency,line_item\n1793577600,1,eur,x\n",
        "amount_value,amount_currency,line_item\n1,usd,x\n",
    ],
)
def test_what_is_no_export_is_an_error(text: str, tmp_path: Path) -> None:
    """T53: with the file's name and a reason, and status 2."""
    result = compare(tmp_path, [CALL], text)
    assert result.exit_code == 2, result.output
    assert str(tmp_path / "invoice-0") in result.stderr


@each_of(
    ("given", "known"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("openai/gpt-5.2", "gpt-5.2"),
        ("chatgpt-4o-latest", "chatgpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc", "ft-gpt-4o-mini"),
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("claude-opus-4@20250514", "claude-opus-4"),
        ("text-embedding-3-small", "text-embedding-3-small"),
        ("o3", "o3"),
    ],
)
def test_models_are_known_by_one_name(given: str, known: str) -> None:
    """Snapshots, providers' prefixes and names for people."""
    assert canonical(given) == known


def test_older_activity_exports(tmp_path: Path) -> None:
    """OpenAI's files of before: a time as text, and counts under other names."""
    place = tmp_path / "activity.csv"
    place.write_text(
        "timestamp,snapshot_id,n_requests,n_context_tokens_total,n_generated_tokens_total\n"
        "1762041600,gpt-4o-2024-08-06,7,100,20\n",
        encoding="utf-8",
    )
    invoice = Invoice()
    read_invoice(place, invoice)
    (line,) = invoice.lines
    assert (line.model, line.calls, line.input_tokens, line.output_tokens) == ("gpt-4o", 7, 100, 20)
