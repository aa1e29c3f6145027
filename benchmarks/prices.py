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
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import price_scenarios as scenarios
from benchmarks.price_lists import DAY, MILLION, Genai, Litellm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.price_scenarios import Scenario

CLOSE = Decimal("1e-9")
#: Where the clients of these providers send their requests.
URLS = {
    "aws": "https://bedrock-runtime.us-east-1.amazonaws.com",
    "azure": "https://x.openai.azure.com",
}
SERVICES = {"aws": "anthropic", "azure": "openai"}


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
