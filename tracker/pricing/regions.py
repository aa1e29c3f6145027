"""Where a call is processed, as far as that has a price of its own.

The lists have rates by model; that the same model costs more at the address of a region, only
litellm's file says.  Where it cannot be asked, or is silent, such a call has no price.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.pricing import litellm_file

if TYPE_CHECKING:
    from decimal import Decimal

_OPENAI = re.compile(r"([\w-]+)\.api\.openai\.com")
_VERTEX = re.compile(r"(?!global-)([\w-]+)-aiplatform\.googleapis\.com")
_VERTEX_SEVERAL = re.compile(r"aiplatform\.([\w-]+)\.rep\.googleapis\.com")
_AWS = re.compile(r"bedrock[\w-]*\.([\w-]+)\..*")
#: How models, and regions, of GovCloud begin.
GOVERNMENT = "us-gov"
#: Those that litellm's file has; of a model without a factor there it says that it has none.
REGIONS_OF_OPENAI = frozenset(("us", "eu"))
#: An address of several regions, for which litellm's file has no factor.
SEVERAL = "several regions: "


def region_of(provider: str, host: str | None, model: str) -> str | None:
    """Return the region whose prices a call of *model* at *host* has, if there are such."""
    name = "" if host is None else host.partition(":")[0]
    if provider == "openai":
        found = _OPENAI.fullmatch(name)
        return None if found is None else found[1]
    if provider == "google":
        several = _VERTEX_SEVERAL.fullmatch(name)
        found = _VERTEX.fullmatch(name)
        if several is not None:
            return f"{SEVERAL}{several[1]}"
        return None if found is None else found[1]
    if provider == "aws":
        found = _AWS.fullmatch(name)
        if found is not None and found[1].startswith(f"{GOVERNMENT}-"):
            return found[1]
        return GOVERNMENT if model.startswith(f"{GOVERNMENT}.") else None
    return None


def factor(provider: str, model: str, region: str | None) -> Decimal | None:
    """Return by what a call of *model* costs more in *region*; None where no list says."""
    from decimal import Decimal

    if region is None or provider == "aws":  # whose regions have entries of their own
        return Decimal(1)
    if provider == "openai":
        name = f"regional_processing_uplift_multiplier_{region}"
        is_known = region in REGIONS_OF_OPENAI
        return litellm_file.multiplier("openai", ("", "openai/"), model, name, otherwise=is_known)
    name = "regional_endpoint_uplift_multiplier"
    found = litellm_file.multiplier("vertex_ai", ("vertex_ai/",), model, name, otherwise=True)
    return None if found != 1 and region.startswith(SEVERAL) else found
