"""The second list: the price file of litellm, where that package is installed.

The file is read and the package, which takes more than a second, is not imported.
"""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.pricing.listed import Asked, Listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SOURCE = "litellm"
FILE = "model_prices_and_context_window_backup.json"
#: The providers' names in the file, and how it begins the names of their models.
PROVIDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "openai": ("openai", ("", "openai/")),
    "azure": ("azure", ("azure/",)),
    "anthropic": ("anthropic", ("", "anthropic/")),
    "aws": ("bedrock", ("", "bedrock/", "bedrock_mantle/")),
    "google": ("gemini", ("gemini/", "")),
    "openrouter": ("openrouter", ("openrouter/",)),
    "groq": ("groq", ("groq/",)),
    "deepseek": ("deepseek", ("deepseek/", "")),
    "mistral": ("mistral", ("mistral/",)),
    "x-ai": ("xai", ("xai/",)),
    "perplexity": ("perplexity", ("perplexity/",)),
    "together": ("together_ai", ("together_ai/",)),
    "fireworks": ("fireworks_ai", ("fireworks_ai/",)),
    "cohere": ("cohere", ("", "cohere/")),
}
#: Names in the file that are of the same provider.
ALSO = {
    "openai": ("text-completion-openai",),
    "aws": ("bedrock_converse", "bedrock_mantle"),
    "cohere": ("cohere_chat",),
}
TIERS = {"flex": "_flex", "priority": "_priority", "fast": "_priority", "ultrafast": "_ultrafast"}
BATCH = "_batches"
#: The rates of plain tokens, which parts of them have where they have none of their own.
INPUT, OUTPUT = "input_cost_per_token", "output_cost_per_token"
CACHED = "cache_read_input_token_cost"
#: The longer side of a video that has the model's usual price.
USUAL_LENGTH = 1280
_THRESHOLD = re.compile(r"_above_(\d+)k_tokens")
#: A dated name of a model that was fine-tuned: the organisation and the job come behind it.
_FINE_TUNED = re.compile(r"(ft:[^:]+):.*")


class _File(NamedTuple):
    version: str
    entries: Mapping[str, Mapping[str, Any]]


@functools.cache
def _read() -> _File | None:
    """Return the file of the installed package, or None."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        package = distribution("litellm")
    except PackageNotFoundError:
        return None
    return read(_path(package.locate_file(f"litellm/{FILE}")), package.version)


def _path(located: Any) -> Path:
    from pathlib import Path

    return Path(str(located))


def read(path: Path, version: str) -> _File | None:
    """Return the entries of *path*, with exact numbers; None if it cannot be read."""
    import json

    try:
        entries = json.loads(path.read_bytes(), parse_float=Decimal)
    except (OSError, ValueError):
        return None
    return _File(version, entries) if isinstance(entries, dict) else None


def version() -> str | None:
    """Return the version of the package, None where there is none."""
    file = _read()
    return None if file is None else file.version


def find(asked: Asked) -> Listed | None:
    """Return what the file says, or None where it has no rate for something that is asked."""
    file = _read()
    if file is None:
        return None
    for name in _names(asked):
        entry = file.entries.get(name)
        if entry is not None and entry.get("litellm_provider") in _provider_names(asked.provider):
            try:
                return _priced(_Rates(entry, asked), name)
            except (LookupError, TypeError, ValueError, ArithmeticError):
                return None
    return None


def multiplier(
    provider: str, prefixes: tuple[str, ...], model: str, name: str, *, otherwise: bool
) -> Decimal | None:
    """Return the factor *name* of *model* in the file, whose *provider* begins so.

    None where the file is not there or has no such model, and, but for *otherwise*, where its entry
    has no such factor: with it, that is as good as 1.
    """
    file = _read()
    for one in () if file is None else _spelled(model):
        for prefix in prefixes:
            entry = file.entries.get(prefix + one)  # type: ignore[union-attr]
            if entry is None or not str(entry.get("litellm_provider")).startswith(provider):
                continue
            try:
                return _decimal(entry[name]) if name in entry else Decimal(1) if otherwise else None
            except TypeError:
                return None
    return None


def _provider_names(provider: str) -> tuple[str, ...]:
    known = PROVIDERS.get(provider)
    return () if known is None else (known[0], *ALSO.get(provider, ()))


def _names(asked: Asked) -> Iterator[str]:
    prefixes = PROVIDERS.get(asked.provider, ("", ()))[1]
    if asked.provider == "aws" and asked.region is not None:
        # A model that is not listed for GovCloud has no price there.
        is_its_own = asked.model.startswith("us-gov.")
        own = tuple(f"{prefix}/{asked.region}/" for prefix in ("bedrock", "bedrock_mantle"))
        prefixes = (*own, *(("",) if is_its_own else ()))
    for model in _spelled(asked.model):
        for prefix in prefixes:
            yield from (prefix + name for name in _sized(model, asked))


def _spelled(model: str) -> list[str]:
    """Return the names of *model*: of one that was fine-tuned, also those of its base."""
    models = [model]
    if (tuned := _FINE_TUNED.fullmatch(model)) is not None:
        models.append(tuned[1])
        models.append(re.sub(r"-\d{4}-\d\d-\d\d$", "", tuned[1]))
    return models


def _sized(model: str, asked: Asked) -> Iterator[str]:
    """Yield the names of *model* for pictures and videos of a quality and a size, and its own."""
    size, quality = (asked.conditions.get(name) for name in ("size", "quality"))
    if "images" in asked.quantities and size is not None:
        across = size.replace("x", "-x-")
        if quality is not None:
            yield f"{quality}/{across}/{model}"
        yield f"{across}/{model}"
    if "video_seconds" in asked.quantities and size is not None:
        if max(map(int, re.findall(r"\d+", size)), default=0) > USUAL_LENGTH:
            yield f"{model}-high-res"
    yield model


class _Rates:
    """The rates of one entry for one call: of its tier, and of its length."""

    def __init__(self, entry: Mapping[str, Any], asked: Asked) -> None:
        self.entry = entry
        self.asked = asked
        self.kinds = asked.quantities
        self._inputs = self.kinds.get("input_tokens", 0)
        self._suffix = BATCH if asked.batch else "" if asked.tier is None else TIERS[asked.tier]
        self.multiplier = Decimal(1)
        if asked.speed is not None:
            self.multiplier = _decimal(entry["provider_specific_entry"][asked.speed])

    def needed(self, base: str) -> Decimal:
        """Return the rate that must be there.  Raises LookupError if it is not."""
        rate = self.rate(base)
        if rate is None:
            raise LookupError(base)
        return rate

    def rate(self, base: str) -> Decimal | None:
        """Return a rate by the longest threshold that was passed, or None."""
        return self._rate(base, self._suffix)

    def own(self, base: str, whole: str) -> Decimal | None:
        """Return the rate of a part of the tokens, or None where it is that of all, *whole*.

        Raises LookupError where it usually is another, and the file has none for the tier: neither
        the tier's plain rate nor the usual one of the part is known to hold.
        """
        found = self.rate(base)
        if found is None and self._suffix and (usual := self._rate(base, "")) is not None:
            if usual != self._rate(whole, ""):
                raise LookupError(f"{base}{self._suffix}")
        return found

    def _rate(self, base: str, suffix: str) -> Decimal | None:
        best: tuple[int, Any] | None = None
        for name, value in self.entry.items():
            if value is None or not name.startswith(base):
                continue
            rest = name[len(base) :]
            if not rest.endswith(suffix):
                continue
            middle = rest[: len(rest) - len(suffix)]
            above = _THRESHOLD.fullmatch(middle)
            passed = int(above[1]) * 1000 if above else 0
            if (middle and not above) or (passed and self._inputs <= passed):
                continue
            if best is None or passed > best[0]:
                best = (passed, value)
        return None if best is None else _decimal(best[1])


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(value)
    return Decimal(str(value))


def _priced(rates: _Rates, name: str) -> Listed:
    kinds = rates.kinds
    total = _timed(rates)
    if total is None:
        total = _input(rates) + _output(rates)
    tools = Decimal(0)
    if searches := kinds.get("web_searches"):
        sizes = rates.entry["search_context_cost_per_query"]
        tools += _amount(searches) * _decimal(sizes["search_context_size_medium"])
    if kinds.get("storage_searches"):
        raise LookupError("storage_searches")
    return Listed(total * rates.multiplier, tools, f"{name}{rates.asked.modes}")


def _amount(count: float) -> Decimal:
    return Decimal(str(count))


def _timed(rates: _Rates) -> Decimal | None:
    """Return the price of what is billed by the second, the character or the picture, if it is."""
    kinds = rates.kinds
    if "image_tool_tokens" in kinds:
        raise LookupError("image_tool_tokens")
    for kind, names in (
        ("audio_seconds", ("input_cost_per_second", "output_cost_per_second")),
        ("video_seconds", ("output_cost_per_video_per_second", "output_cost_per_second")),
        ("input_characters", ("input_cost_per_character",)),
        ("images", ("output_cost_per_image", "input_cost_per_image")),
    ):
        if kind not in kinds:
            continue
        rate = next((found for one in names if (found := rates.rate(one)) is not None), None)
        if rate is None:
            raise LookupError(kind)
        return rate * _amount(kinds[kind])
    return None


def _input(rates: _Rates) -> Decimal:
    """Return what the input costs: what was read from a cache, written to one, heard and seen."""
    kinds = rates.kinds
    inputs = _amount(kinds.get("input_tokens", 0))
    if not inputs:
        return Decimal(0)
    base = rates.needed(INPUT)
    total = Decimal(0)
    read = _amount(kinds.get("cache_read_tokens", 0))
    written = _amount(kinds.get("cache_write_tokens", 0))
    left = inputs - read - written
    for modality in ("audio", "image", "video"):
        count = _amount(kinds.get(f"input_{modality}_tokens", 0))
        cached = _amount(kinds.get(f"cache_{modality}_read_tokens", 0))
        rate = rates.own(f"input_cost_per_{modality}_token", INPUT) if count else None
        if rate is None:
            continue
        total += (count - cached) * rate
        left -= count - cached
        cached_rate = None
        if cached:
            cached_rate = rates.own(f"cache_read_input_{modality}_token_cost", CACHED)
        if cached and cached_rate is not None:
            total += cached * cached_rate
            read -= cached
    if left < 0 or read < 0:
        raise ValueError("parts exceed the whole")
    total += left * base
    if read:
        total += read * (rates.own(CACHED, INPUT) or base)
    return total + _written(rates, written, base)


def _written(rates: _Rates, written: Decimal, base: Decimal) -> Decimal:
    kinds = rates.kinds
    if not written:
        return Decimal(0)
    total, usual = Decimal(0), written
    for kind, name in (
        ("cache_write_1h_tokens", "cache_creation_input_token_cost_above_1hr"),
        ("cache_write_12h_tokens", "cache_creation_input_token_cost_above_12hr"),
    ):
        if kinds.get(kind):
            total += _amount(kinds[kind]) * rates.needed(name)
            usual -= _amount(kinds[kind])
    rate = rates.own("cache_creation_input_token_cost", INPUT) if usual else None
    return total + usual * (base if rate is None else rate)


def _output(rates: _Rates) -> Decimal:
    kinds = rates.kinds
    outputs = _amount(kinds.get("output_tokens", 0))
    if not outputs:
        return Decimal(0)
    total = Decimal(0)
    for modality in ("audio", "image", "video", "reasoning"):
        count = _amount(kinds.get(f"output_{modality}_tokens", 0))
        rate = rates.own(f"output_cost_per_{modality}_token", OUTPUT) if count else None
        if rate is not None:
            total += count * rate
            outputs -= count
        elif count and modality == "audio":
            raise LookupError(modality)
    if outputs < 0:
        raise ValueError("parts exceed the whole")
    if outputs and rates.rate(OUTPUT) is None:
        # Of models that make pictures all that they put out is billed as one.
        return total + outputs * rates.needed("output_cost_per_image_token")
    return total + (outputs * rates.needed(OUTPUT) if outputs else 0)
