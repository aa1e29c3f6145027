"""Our prices beside those of genai-prices and of litellm, pair by pair: ``make prices``.

A pair is a model and an answer.  Ours is what a record of that answer costs; theirs are worked out
here, of the lists' own rates and without our code.  It fails if ours is off from both, or has no
price where one of them has, and prints each pair on which the two lists disagree: which of them
ours follows, and why.

``python -m benchmarks.prices [--litellm FOLDER] [--all]``: FOLDER has litellm's wheel, unpacked as
far as its price file and its version.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import price_scenarios as scenarios

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.price_scenarios import Scenario

#: When the calls were made; prices change by the day.
DAY = datetime(2026, 11, 20, tzinfo=UTC)
MILLION = Decimal(1_000_000)
CLOSE = Decimal("1e-9")
FILE = "litellm/model_prices_and_context_window_backup.json"
#: Providers of genai-prices, with their names in litellm's file and what stands before a model.
LITELLM = {
    "openai": (("openai", "text-completion-openai"), ("", "openai/")),
    "anthropic": (("anthropic",), ("", "anthropic/")),
    "aws": (("bedrock", "bedrock_converse"), ("",)),
    "google": (("gemini",), ("gemini/", "")),
    "azure": (("azure",), ("azure/",)),
}
#: Where the clients of these providers send their requests.
URLS = {
    "aws": "https://bedrock-runtime.us-east-1.amazonaws.com",
    "azure": "https://x.openai.azure.com",
}
SERVICES = {"aws": "anthropic", "azure": "openai"}
SUFFIXES = {
    "flex": "_flex",
    "priority": "_priority",
    "fast": "_priority",
    "ultrafast": "_ultrafast",
}


#: What is behind the lists' disagreements: provider, part of the model, answer; and the reason.
WHY = (
    (
        "openai",
        "",
        "web searches",
        "the tool is $10 for 1,000; litellm has its preview's $25",
    ),
    ("openai", "transcribe", "audio in", "litellm bills audio that is heard as text"),
    ("openai", "", "long prompt", "litellm has a step for long prompts, genai-prices none"),
    ("openai", "ft:", "cache written", "litellm bills writes to the cache with the input, no more"),
    ("aws", "us-gov", "", "genai-prices counts GovCloud to the regions, litellm lists it apart"),
    ("aws", "claude-3-opus", "", "genai-prices has no rates for this model's cache"),
    ("google", "", "cached input", "genai-prices has no rate for this model's cache"),
    ("google", "", "audio heard", "genai-prices has no rate for audio of its own here"),
    ("azure", "", "embedding", "litellm has the price of a data zone, 1.1 times the global one"),
)
_STEP = re.compile(r"_above_(\d+)k_tokens")


@dataclass(frozen=True)
class Pair:
    """One model and one answer, with what each says that it costs."""

    provider: str
    model: str
    scenario: Scenario
    genai: Decimal | None
    litellm: Decimal | None
    ours: Decimal | None
    source: str | None
    rule: str | None
    why: str

    @property
    def name(self) -> str:
        """What it is, for people."""
        return f"{self.provider}/{self.model}: {self.scenario.name}"

    @property
    def is_listed(self) -> bool:
        """Whether one of the lists has a price."""
        return self.genai is not None or self.litellm is not None

    @property
    def is_off(self) -> bool:
        """Whether ours is neither list's price."""
        return not any(_same(self.ours, theirs) for theirs in (self.genai, self.litellm))

    @property
    def is_disputed(self) -> bool:
        """Whether the lists have two prices."""
        both = self.genai is not None and self.litellm is not None
        return both and not _same(self.genai, self.litellm)


def _same(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one - other) <= CLOSE * max(one, other, Decimal(1) / MILLION)


# --- genai-prices -----------------------------------------------------------------------------


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


# --- litellm ----------------------------------------------------------------------------------


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


# --- ours -------------------------------------------------------------------------------------


def ours(provider: str, model: str, scenario: Scenario) -> Any:
    """Return the price of a record of the answer, by the way that a record takes."""
    from tracker.instrumentation.providers.beside import beside
    from tracker.instrumentation.providers.usage import usage_of
    from tracker.pricing.quote import Served, quote
    from tracker.records.counts import conditions_in, counts_in, words_among

    told, counts, words = beside(scenario.answer)
    further = counts_in(counts) if "characters" not in scenario.answer else scenario.answer
    conditions = conditions_in(told) | words_among(words or {})
    if provider == "aws":
        conditions["requested_model"] = model
    served = Served(counts_in(told) | further, conditions, URLS.get(provider), scenario.operation)
    service = SERVICES.get(provider, provider)
    usage = usage_of(scenario.answer)
    return quote(service, model, usage, DAY, batch=scenario.batch, served=served)


def pairs(genai: Genai, litellm: Litellm, models: frozenset[str] | None = None) -> Iterator[Pair]:
    """Yield all pairs; of *models* only, if they are given."""
    for provider, model, scenario in _asked(genai, litellm):
        if models is not None and model not in models:
            continue
        first, why_not_first = genai.price(provider, model, scenario)
        second, why_not_second = litellm.price(provider, model, scenario)
        if first is None and second is None:
            continue
        price = ours(provider, model, scenario)
        why = why_not_first or why_not_second
        yield Pair(
            provider,
            model,
            scenario,
            first,
            second,
            price.cost if price.basis != "batch_assumed" else None,
            price.source,
            price.rule,
            why,
        )


def _asked(genai: Genai, litellm: Litellm) -> Iterator[tuple[str, str, Scenario]]:
    s = scenarios
    everything = (*s.CHAT, s.LASTING, s.FILES, *s.SPEECH, *s.IMAGES, s.SECONDS, s.CHARACTERS)
    for model in sorted({*genai.models("openai"), *_bare(litellm.models("openai"))}):
        for scenario in (*everything, s.EMBEDDING):
            if _fits(genai, litellm, "openai", model, scenario):
                yield "openai", model, scenario
    for model in sorted({*genai.models("anthropic"), *litellm.models("anthropic")}):
        for scenario in (*s.MESSAGES, s.FAST, s.GEOGRAPHY):
            yield "anthropic", model, scenario
    regional = [name for name in litellm.models("aws") if name.split(".")[1:2] == ["anthropic"]]
    for model in sorted(regional):
        for scenario in s.MESSAGES[:5]:
            yield "aws", model, scenario
    for model in sorted(name for name in genai.models("google") if "embedding" not in name):
        for scenario in s.GOOGLE:
            yield "google", model, scenario
    for model in sorted(genai.models("azure")):
        for scenario in (s.CHAT[0], s.CHAT[1], s.EMBEDDING):
            if _fits(genai, litellm, "azure", model, scenario):
                yield "azure", model, scenario


def _bare(names: Iterable[str]) -> Iterator[str]:
    """Yield names without sizes and qualities, of which only the file's own names have some."""
    return (name for name in names if "/" not in name)


def _fits(genai: Genai, litellm: Litellm, provider: str, model: str, scenario: Scenario) -> bool:
    """Return whether a model may give such an answer: one of the lists has rates of that kind."""
    plain = genai.rates(provider, model, scenarios.CHAT[0]) or {}
    entry = litellm.entry(provider, model) or {}
    kinds = scenario.kinds
    if scenario in scenarios.IMAGES:
        return "image" in model
    if "image" in model:
        return False
    if scenario is scenarios.EMBEDDING:
        return "output_mtok" not in plain and not entry.get("output_cost_per_token")
    if "seconds" in kinds:
        return "audio_hours" in plain
    if "characters" in kinds:
        return "input_mchars" in plain or "input_cost_per_character" in entry
    if "output_audio" in kinds:
        return "output_audio_mtok" in plain
    if "input_audio" in kinds:
        return "transcribe" in model and "input_audio_mtok" in plain
    if "input_audio_mtok" in plain or entry.get("mode") not in (None, "chat", "responses"):
        return False
    if "output_mtok" not in plain and not entry.get("output_cost_per_token"):
        return False
    if "written" in kinds:
        return "cache_write_mtok" in plain or "cache_creation_input_token_cost" in entry
    return "read" not in kinds or "cache_read_mtok" in plain


def report(found: list[Pair], *, everything: bool) -> int:
    """Print what was found; return how many pairs are off."""
    off = [pair for pair in found if pair.is_off]
    disputed = [pair for pair in found if pair.is_disputed]
    for pair in found if everything else disputed:
        follows = "genai-prices" if _same(pair.ours, pair.genai) else "litellm"
        why = "the first list" if follows == "genai-prices" else f"genai-prices: {pair.why}"
        why = f"{why}; {_reason(pair)}" if pair.is_disputed else why
        print(
            f"{pair.name}: genai-prices {_money(pair.genai)}, litellm {_money(pair.litellm)};"
            f" ours {_money(pair.ours)} follows {follows} ({why}; rule {pair.rule})"
        )
    kinds = Counter(pair.scenario.name for pair in found)
    print("\npairs by kind of answer:")
    for name, number in kinds.most_common():
        print(f"  {number:5} {name}")
    sources = Counter(pair.source for pair in found)
    alone = sum(pair.genai is None or pair.litellm is None for pair in found)
    print(
        f"\n{len(found)} pairs: on {len(found) - len(disputed) - alone} both lists agree, on"
        f" {len(disputed)} they do not, {alone} are in one list only"
    )
    print("ours is from", ", ".join(f"{name} {number}" for name, number in sources.most_common()))
    for pair in off:
        print(
            f"OFF {pair.name}: ours {_money(pair.ours)}, genai-prices {_money(pair.genai)},"
            f" litellm {_money(pair.litellm)} ({pair.rule}; {pair.why})"
        )
    print(f"{len(off)} pairs in which ours is off from both")
    return len(off)


def _reason(pair: Pair) -> str:
    """Return what is behind a disagreement."""
    for provider, part, answer, reason in WHY:
        if provider == pair.provider and part in pair.model:
            if answer in ("", pair.scenario.name):
                return reason
    return "their rates differ"


def _money(dollars: Decimal | None) -> str:
    return "none" if dollars is None else f"${dollars.normalize():f}"


def main() -> int:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litellm", type=Path, help="folder with litellm's price file")
    parser.add_argument("--all", action="store_true", help="print pairs on which both agree, too")
    parser.add_argument("--least", type=int, default=1_000, help="how many pairs there must be")
    options = parser.parse_args()
    if options.litellm is not None:
        sys.path.insert(0, str(options.litellm))  # as if it were installed
    genai, litellm = Genai(), Litellm(options.litellm)
    print(f"genai-prices {genai.version}, litellm {litellm.version}, prices of {DAY:%Y-%m-%d}\n")
    found = list(pairs(genai, litellm))
    failed = report(found, everything=options.all)
    if len(found) < options.least:
        print(f"only {len(found)} pairs")
    return 1 if failed or len(found) < options.least else 0


if __name__ == "__main__":
    sys.exit(main())
