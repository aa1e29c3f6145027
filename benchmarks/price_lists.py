"""What genai-prices and litellm say that an answer costs, worked out of their own rates.

Neither calculator of theirs is asked, and no code of ours: the rates are multiplied here, so that
three figures stand beside one another which nobody has copied.  All are US dollars.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.price_scenarios import Scenario

#: When the calls were made; prices change by the day.
DAY = datetime(2026, 11, 20, tzinfo=UTC)
MILLION = Decimal(1_000_000)
FILE = "litellm/model_prices_and_context_window_backup.json"
#: Providers of genai-prices, with their names in litellm's file and what stands before a model.
LITELLM = {
    "openai": (("openai", "text-completion-openai"), ("", "openai/")),
    "anthropic": (("anthropic",), ("", "anthropic/")),
    "aws": (("bedrock", "bedrock_converse"), ("",)),
    "google": (("gemini",), ("gemini/", "")),
    "azure": (("azure",), ("azure/",)),
}
SUFFIXES = {
    "flex": "_flex",
    "priority": "_priority",
    "fast": "_priority",
    "ultrafast": "_ultrafast",
}
_STEP = re.compile(r"_above_(\d+)k_tokens")


class Genai:
    """genai-prices' own rates, multiplied here; ``why`` says what it has no rate for."""

    def __init__(self) -> None:
        from genai_prices import data_snapshot

        self._snapshot = data_snapshot.get_snapshot()
        self.version = version("genai-prices")

    def models(self, provider: str) -> list[str]:
        """Return the names of a provider's models."""
        (found,) = [one for one in self._snapshot.providers if one.id == provider]
        return [model.id for model in found.models if "*" not in model.id]

    def rates(self, provider: str, model: str, scenario: Scenario) -> dict[str, Any] | None:
        """Return the rates of the day, of the mode in which the call was served, or None."""
        try:
            _, found = self._snapshot.find_provider_model(model, None, provider, None)
        except LookupError:
            return None
        plain = {k: v for k, v in vars(found.get_prices(DAY)).items() if v is not None}
        context = {}
        if scenario.batch:
            context["processing"] = "batch"
        if scenario.tier is not None:
            context["service_tier"] = scenario.tier
        if scenario.speed is not None:
            context["speed"] = scenario.speed
        if not context:
            return plain
        served = {k: v for k, v in vars(found.get_prices(DAY, context)).items() if v is not None}
        return None if served == plain else served

    def price(self, provider: str, model: str, scenario: Scenario) -> tuple[Decimal | None, str]:
        """Return the price, or None and why the list has none."""
        rates = self.rates(provider, model, scenario)
        if rates is None:
            mode = scenario.tier or scenario.speed or ("batch" if scenario.batch else None)
            return None, f"no {mode} rates" if mode else "not in the list"
        if scenario.geography:
            return None, "no rates by geography"
        try:
            return sum(self._amounts(rates, scenario), Decimal(0)), ""
        except LookupError as error:
            return None, f"no rate for {error.args[0]}"

    def _amounts(self, rates: dict[str, Any], scenario: Scenario) -> Iterator[Decimal]:
        for kinds in (scenario.kinds, scenario.more):
            if kinds:
                yield from self._of(rates, dict(kinds))

    def _of(self, rates: dict[str, Any], kinds: dict[str, int]) -> Iterator[Decimal]:
        inputs, outputs = kinds.get("input", 0), kinds.get("output", 0)

        def rate(*names: str) -> Decimal:
            for name in names:
                if name in rates:
                    return _tier(rates[name], inputs)
            raise LookupError(names[0])

        left = inputs
        for kind, names in (
            ("written_12h", ("cache_write_12h_mtok",)),
            ("written_1h", ("cache_write_1h_mtok",)),
            ("written", ("cache_write_mtok", "input_mtok")),
            ("read", ("cache_read_mtok", "input_mtok")),
            ("input_audio", ("input_audio_mtok", "input_mtok")),
            ("input_image", ("input_image_mtok", "input_mtok")),
        ):
            count = kinds.get(kind, 0)
            if kind == "written":
                count -= kinds.get("written_1h", 0) + kinds.get("written_12h", 0)
            if count:
                yield count * rate(*names) / MILLION
                left -= count
        if left:
            yield left * rate("input_mtok") / MILLION
        heard = kinds.get("output_audio", 0)
        if heard:
            yield heard * rate("output_audio_mtok") / MILLION
        painted = kinds.get("output_image", 0)
        if painted:
            yield painted * rate("output_image_mtok", "output_mtok") / MILLION
        if outputs - heard - painted:
            yield (outputs - heard - painted) * rate("output_mtok") / MILLION
        for kind, name, per in (
            ("searches", "web_searches_kcount", 1000),
            ("files", "storage_searches_kcount", 1000),
            ("seconds", "audio_hours", 3600),
            ("characters", "input_mchars", 1_000_000),
        ):
            if kinds.get(kind):
                yield kinds[kind] * rate(name) / per


def _tier(rate: Any, inputs: int) -> Decimal:
    """Return the rate for prompts of so many tokens; all are billed at that of the highest step."""
    if isinstance(rate, Decimal):
        return rate
    passed = [tier.price for tier in rate.tiers if inputs > tier.start]
    found: Decimal = passed[-1] if passed else rate.base
    return found


class Litellm:
    """The rates of litellm's file, multiplied as its own calculator multiplies them."""

    def __init__(self, folder: Path | None) -> None:
        self.version = "not there"
        self.entries: dict[str, dict[str, Any]] = {}
        if folder is not None:
            self.entries = json.loads((folder / FILE).read_bytes(), parse_float=Decimal)
            (info,) = folder.glob("litellm-*.dist-info")
            self.version = info.name.removesuffix(".dist-info").removeprefix("litellm-")

    def models(self, provider: str, start: str = "") -> list[str]:
        """Return the names of a provider's models that begin with *start*."""
        owners, _ = LITELLM[provider]
        return [
            name
            for name, entry in self.entries.items()
            if entry.get("litellm_provider") in owners and name.startswith(start)
        ]

    def entry(self, provider: str, model: str) -> dict[str, Any] | None:
        """Return what the file says of a model."""
        owners, prefixes = LITELLM[provider]
        found = (self.entries.get(prefix + model) for prefix in prefixes)
        return next((one for one in found if one and one["litellm_provider"] in owners), None)

    def price(self, provider: str, model: str, scenario: Scenario) -> tuple[Decimal | None, str]:
        """Return the price, or None and why the file has none."""
        entry = self.entry(provider, model)
        if entry is None:
            return None, "not in the file"
        factor = Decimal(1)
        special = entry.get("provider_specific_entry") or {}
        for word in (scenario.speed, scenario.geography):
            if word is not None and word not in special:
                return None, f"no factor for {word}"
            factor *= Decimal(special[word]) if word is not None else 1
        try:
            tokens = self._tokens(entry, scenario.kinds, scenario)
            if scenario.more:
                tokens += self._tokens(entry, scenario.more, scenario)
            return tokens * factor + self._tools(entry, scenario.kinds), ""
        except LookupError as error:
            return None, f"no rate for {error.args[0]}"

    def _tools(self, entry: dict[str, Any], kinds: dict[str, int]) -> Decimal:
        if kinds.get("files"):
            raise LookupError("file searches")
        if not kinds.get("searches"):
            return Decimal(0)
        sizes = entry.get("search_context_cost_per_query")
        if sizes is None:
            raise LookupError("web searches")
        return kinds["searches"] * Decimal(sizes["search_context_size_medium"])

    def _tokens(self, entry: dict[str, Any], kinds: dict[str, int], scenario: Scenario) -> Decimal:
        suffix = "_batches" if scenario.batch else SUFFIXES.get(scenario.tier or "", "")
        above = sorted({int(step[1]) for k in entry if (step := _STEP.search(k)) is not None})
        passed = [f"_above_{n}k_tokens" for n in above if kinds.get("input", 0) > n * 1000]

        def rate(base: str) -> Decimal | None:
            for step in (*reversed(passed), ""):
                for end in (suffix, ""):
                    if entry.get(f"{base}{step}{end}") is not None:
                        return Decimal(entry[f"{base}{step}{end}"])
            return None

        def needed(*bases: str) -> Decimal:
            found = next((one for base in bases if (one := rate(base)) is not None), None)
            if found is None:
                raise LookupError(bases[0])
            return found

        if "seconds" in kinds:
            return kinds["seconds"] * needed("input_cost_per_second", "output_cost_per_second")
        if "characters" in kinds:
            return kinds["characters"] * needed("input_cost_per_character")
        if suffix and entry.get(f"input_cost_per_token{suffix}") is None:
            raise LookupError(f"{suffix.strip('_')}")
        return self._of(kinds, needed, rate, suffix)

    def _of(self, kinds: dict[str, int], needed: Any, rate: Any, suffix: str) -> Decimal:
        base = needed("input_cost_per_token")
        total, left = Decimal(0), kinds["input"]
        if kinds.get("written_1h") and suffix:
            # Its calculator falls back on the rate for five minutes, which is no rate for this.
            raise LookupError(f"an hour's writes of {suffix.strip('_')}")
        write = rate("cache_creation_input_token_cost")
        lasting = kinds.get("written_1h", 0), kinds.get("written_12h", 0)
        for count, price in (
            (kinds.get("read", 0), rate("cache_read_input_token_cost")),
            (kinds.get("written", 0) - sum(lasting), write),
            (kinds.get("input_audio", 0), rate("input_cost_per_audio_token")),
            (kinds.get("input_image", 0), rate("input_cost_per_image_token")),
        ):
            total += count * (base if price is None else price)
            left -= count
        for count, ends in zip(lasting, ("1hr", "12hr"), strict=True):
            if count:
                total += count * needed(f"cache_creation_input_token_cost_above_{ends}")
                left -= count
        total += left * base
        heard = kinds.get("output_audio", 0)
        thought = kinds.get("reasoning", 0)
        if heard:
            total += heard * needed("output_cost_per_audio_token")
        painted = kinds.get("output_image", 0)
        if painted:
            total += painted * needed("output_cost_per_image_token", "output_cost_per_token")
        outputs = kinds["output"] - heard - painted
        if thought and (of_thought := rate("output_cost_per_reasoning_token")) is not None:
            total += thought * of_thought
            outputs -= thought
        if outputs:
            total += outputs * needed("output_cost_per_token")
        return total
